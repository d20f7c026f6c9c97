"""Figures: a network with its numbers, and figures that a reader can move."""

import ipywidgets
import numpy as np
from IPython import get_ipython

from nnfs_core.screen import in_open_notebook


def interactive(draw, **sliders):
    """Draw a figure with sliders of ipywidgets, draw(name=value); a move draws it anew.

    Where nobody can move them (on GitHub, under nbval) the figure is drawn once, as they stand.
    """
    if get_ipython() and in_open_notebook():
        ipywidgets.interact(draw, **sliders)
    else:
        draw(**{name: slider.value for name, slider in sliders.items()})


def draw_tracks(axes, X, Y):
    """Draw tracks of two features as dots: how recent, how energetic, the colour their target."""
    axes.scatter(*X, c=Y[0], cmap="cividis", vmin=0, vmax=1, s=80, edgecolor="black", zorder=2)
    axes.set(xlim=(-0.08, 1.12), ylim=(0, 1), xlabel="how recent", ylabel="how energetic")


def draw_network(axes, title, numbers, weights, backward=False):
    """Draw one hidden layer between inputs and outputs: a number in each circle, one on each line.

    numbers: three columns, from the inputs on. weights: the two matrices between them, (n_after,
    n_before). A hidden unit with 0 in its circle is silent: its lines are grey. backward: with
    dashed arrows to the left.
    """
    spots = [
        [(2 * layer, (len(column) + 1) / 2 - unit) for unit in range(len(column))]
        for layer, column in enumerate(numbers)
    ]
    arrow = {"arrowstyle": "<-" if backward else "->", "linestyle": "--" if backward else "-"}
    arrow |= {"shrinkA": 20, "shrinkB": 20, "linewidth": 1}
    middle = {"ha": "center", "va": "center"}
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    for layer, matrix in enumerate(weights):
        for (after, before), weight in np.ndenumerate(matrix):
            start, end = np.array(spots[layer][before]), np.array(spots[layer + 1][after])
            silent = numbers[1][before if layer else after, 0] == 0
            color = "0.75" if silent else "C1" if backward else "C0"
            axes.annotate("", end, start, arrowprops=arrow | {"color": color})
            place = start + (0.45 if layer else 0.2) * (end - start)  # where lines are apart
            axes.text(*place, f"{weight:.3g}", fontsize=9, bbox=box, **middle)
    for layer, column in enumerate(numbers):
        for spot, number in zip(spots[layer], column[:, 0], strict=True):
            axes.plot(*spot, "o", color="white", markeredgecolor="black", markersize=36)
            axes.text(*spot, f"{number:.4g}", fontsize=8, **middle)
    axes.set(xlim=(-0.5, 4.5), ylim=(-0.5, 2.5), title=title)
    axes.axis("off")
