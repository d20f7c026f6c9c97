"""The map of the course: a road through the notebooks, each of them a stop that one may click.

It is drawn twice, for a wide window and for a telephone; the style sheet shows one of them.
"""

import textwrap
from html import escape

from tools.lib.layout import Notebook, reading_minutes

# Parts of the course by the number of their first notebook. What has no number comes last.
PARTS = {
    0: "Begin",
    2: "A network that learns",
    7: "A network of parts",
    9: "Better training",
    13: "Further",
}
WIDE, GAP, ROW = 6, 142, 150  # stops in a row, and distances in pixels
STEP = 58  # from stop to stop on a telephone


def place(notebook: Notebook) -> tuple[bool, int]:
    """What notebooks are sorted by: a notebook without a number comes last."""
    return not notebook.path.name[0].isdigit(), notebook.number


def part(notebook: Notebook) -> int:
    """Number of the part that a notebook belongs to."""
    return sum(first <= notebook.number for first in PARTS) - 1


def name(notebook: Notebook) -> tuple[str, str]:
    """What stands in a stop and beside it."""
    _, _, rest = notebook.title.partition(": ")
    title = rest or notebook.title
    sign = str(int(notebook.path.name[:2])) if notebook.path.name[0].isdigit() else "★"
    return sign, title[0].upper() + title[1:]


def stop(notebook: Notebook, x: float, y: float, beside: bool) -> str:
    """A stop with its title beside or below it, as a link."""
    sign, title = name(notebook)
    minutes = f"{reading_minutes(notebook.content)} min"
    lines = [title, minutes] if beside else [*textwrap.wrap(title, 17), minutes]
    left, top, step = (x + 32, y - 3, 17) if beside else (x, y + 42, 16)
    # What a finger or the mouse may hit: the room between sign and words, too.
    start, width, height = (0, 340, 56) if beside else (x - 66, 132, 50 + 16 * len(lines))
    spans = "".join(
        f'<tspan x="{left}" y="{top + step * i}" class="{"minutes" if text is minutes else ""}">'
        f"{escape(text)}</tspan>"
        for i, text in enumerate(lines)
    )
    return (
        f'<a href="notebooks/{notebook.path.stem}.html" class="part{part(notebook)}">'
        f'<rect class="touched" x="{start}" y="{y - 28}" width="{width}" height="{height}"/>'
        f'<circle cx="{x}" cy="{y}" r="22"/><text class="sign" x="{x}" y="{y + 6}">{sign}</text>'
        f'<text class="{"beside" if beside else "below"}">{spans}</text></a>'
    )


def svg(kind: str, width: int, height: int, road: str, stops: list[str]) -> str:
    """A drawing of a road with stops."""
    return (
        f'<svg class="map {kind}" viewBox="0 0 {width} {height}" role="group" '
        f'aria-label="Map of the course: the notebooks in order, each a link">'
        f'<path class="road" d="{road}"/>{"".join(stops)}</svg>'
    )


def wide(notebooks: list[Notebook]) -> str:
    """The road winds: its rows run to the right and to the left by turns."""
    points = []
    for i in range(len(notebooks)):
        row, column = divmod(i, WIDE)
        column = WIDE - 1 - column if row % 2 else column
        points.append((95 + GAP * column, 36 + ROW * row))
    road = f"M{points[0][0]} {points[0][1]}"
    for (_, before), (x, y) in zip(points, points[1:], strict=False):
        side = 118 if x > 450 else -118
        turn = f"C{x + side} {before} {x + side} {y} {x} {y}" if y != before else f"L{x} {y}"
        road += turn
    stops = [stop(nb, x, y, beside=False) for nb, (x, y) in zip(notebooks, points, strict=True)]
    return svg("wide", 900, points[-1][1] + 104, road, stops)


def narrow(notebooks: list[Notebook]) -> str:
    """The road runs down."""
    ends = [28, 28 + STEP * (len(notebooks) - 1)]
    stops = [stop(nb, 28, 28 + STEP * i, beside=True) for i, nb in enumerate(notebooks)]
    return svg("narrow", 340, ends[1] + 28, f"M28 {ends[0]}L28 {ends[1]}", stops)


def draw(notebooks: list[Notebook]) -> str:
    """Both drawings, as a block of HTML."""
    return f'<div class="maps">{wide(notebooks)}{narrow(notebooks)}</div>'
