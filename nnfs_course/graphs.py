"""A graph of a computation, drawn as one would by hand."""

import numpy as np


def draw_run(axes, nodes, title):
    """Draw a graph as it was computed, from the left to the right.

    nodes: of each, in the order in which they were computed, its name, its value, its gradient and
    the places of its inputs in this list. Values stand above in blue, gradients below in orange.
    """
    places = range(len(nodes))
    users = [[user for user in places if place in nodes[user][3]] for place in places]
    column = {}
    for place, node in enumerate(nodes):  # behind all its inputs
        column[place] = 1 + max((column[i] for i in node[3]), default=-1)
    for place in [place for place in places if not nodes[place][3]]:  # close to its first use
        column[place] = min((column[user] for user in users[place]), default=1) - 1
    row = {}
    for across in range(max(column.values()), -1, -1):
        here = [place for place in column if column[place] == across]
        here.sort(key=lambda place: np.mean([row[user] for user in users[place]] or [0]))
        middle = np.mean([row[user] for place in here for user in users[place]] or [0])
        for up, place in enumerate(here):
            row[place] = middle + up - (len(here) - 1) / 2
    for place, (name, value, gradient, inputs) in enumerate(nodes):
        spot = 1.6 * column[place], -1.5 * row[place]
        box = {"boxstyle": "round,pad=0.35", "fc": "white"}
        axes.text(*spot, name, ha="center", va="center", bbox=box, zorder=3)
        axes.text(spot[0], spot[1] + 0.34, f"{value:.4g}", color="C0", ha="center")
        axes.text(spot[0], spot[1] - 0.55, f"{gradient:.4g}", color="C1", ha="center")
        for which, i in enumerate(inputs):
            start = 1.6 * column[i], -1.5 * row[i]
            again = 0.3 * (inputs[:which].count(i) - (inputs.count(i) - 1) / 2)  # beside each other
            for shift, style, ends, color in [(0.06, "-", "->", "C0"), (-0.06, "--", "<-", "C1")]:
                arrow = {"arrowstyle": ends, "linestyle": style, "color": color}
                arrow |= {"shrinkA": 14, "shrinkB": 14}
                up = shift + again
                axes.annotate(
                    "", (spot[0], spot[1] + up), (start[0], start[1] + up), arrowprops=arrow
                )
    ups = [-1.5 * up for up in row.values()]
    axes.set(xlim=(-0.6, 1.6 * max(column.values()) + 0.6), title=title)
    axes.set_ylim(min(ups) - 0.8, max(ups) + 0.7)
    axes.axis("off")
