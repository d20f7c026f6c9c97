"""Write what README.md shows of notebooks, commands and results, between its marks.

The picture is that of the first cell tagged `picture`, and its words are that cell's alt text.
`make results`, `make marks` and `python -m tools.use` write docs/results-*.txt.
"""

import base64
import re
from pathlib import Path

from nbformat import NotebookNode

from tools.lib.exercises import MATTERS, Effort, effort, exercise_cells
from tools.lib.layout import (
    BEGIN,
    ROOT,
    Notebook,
    Refused,
    colab_badge,
    read_notebooks,
    reading_minutes,
    tags,
)
from tools.lib.steps import commands

PICTURE = "docs/picture.png"
KINDS = ("synthetic", "real", "classes")  # of docs/results-KIND.txt
KINDS += ("use-popularity", "use-predictions", "use-table", "use-compare", "use-mistakes")
SHORT, READING = 180, 155  # minutes of the short way at most, and of its reading


def stages(root: Path = ROOT) -> str:
    """Table of the notebooks; it has no badges while the course has no address."""
    rows = [["stage", "what you build", "minutes", "open"], ["---"] * 4]
    for notebook in read_notebooks(root):
        name = f"[{notebook.title}](notebooks/{notebook.path.name})"
        built = notebook.line("**You will build:**").replace("|", r"\|")
        minutes = str(reading_minutes(notebook.content))
        rows.append([name, built, minutes, colab_badge(root, notebook.path)])
    if not rows[-1][-1]:
        rows = [row[:-1] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def efforts(notebook: Notebook) -> list[tuple[str, Effort]]:
    """Title and effort of each exercise that says how hard it is."""
    tasks = [parts[0] for _, parts in exercise_cells(notebook)]
    said = [(task.source.partition("\n")[0].lstrip("# "), effort(task)) for task in tasks]
    return [(title, found) for title, found in said if found]


def reading(notebook: Notebook, end: int | None = None) -> int:
    """Minutes to read the cells before this place, or all, without the exercises."""
    exercises = [cell for _, cells in exercise_cells(notebook) for cell in cells]
    kept = [cell for cell in notebook.content.cells[:end] if cell not in exercises]
    return reading_minutes(NotebookNode(cells=kept))


def short_part(notebook: Notebook) -> tuple[str, int | None]:
    """Last section of the short way, the one after the last function, and its end; or all."""
    cells = notebook.content.cells
    last = max((place for place, cell in enumerate(cells) if "export" in tags(cell)), default=None)
    found = [
        (place, heading)
        for place, cell in enumerate(cells)
        for heading in re.findall(r"^## (.+)", cell.source, re.MULTILINE)
        if last is not None and cell.cell_type == "markdown" and place > last
    ]
    return (found[0][1], found[1][0]) if len(found) > 1 else ("", None)


def hours(root: Path = ROOT) -> str:
    """How many notebooks there are, and how long they take."""
    notebooks = read_notebooks(root)
    reads = sum(reading(notebook) for notebook in notebooks)
    doing = sum(found.minutes for notebook in notebooks for _, found in efforts(notebook))
    more = f", and {max(round(doing / 60), 1)} more for the exercises" if doing else ""
    return f"{len(notebooks)} notebooks, {max(round(reads / 60), 1)} hours to read{more}."


def short_way(root: Path = ROOT) -> str:
    """Table of what leads to a network that learns, and of its exercises that matter most.

    The reading comes first, in order and without a gap; then the shortest exercises that fit.
    """
    way, minutes = [], 0
    for notebook in read_notebooks(root):
        takes = reading(notebook, short_part(notebook)[1])
        if 0 < notebook.number < BEGIN:
            continue
        if minutes + takes > READING:
            break
        way.append(notebook)
        minutes += takes
    most = [
        (found.minutes, place, title)
        for place, notebook in enumerate(way)
        for title, found in efforts(notebook)
        if found.matters == MATTERS[-1]
    ]
    chosen = []
    for exercise in sorted(most):
        if minutes + exercise[0] <= SHORT:
            chosen.append(exercise)
            minutes += exercise[0]
    rows = [["read", "minutes", "and do"], ["---"] * 3]
    for place, notebook in enumerate(way):
        own = sorted((title, takes) for takes, at, title in chosen if at == place)
        do = "; ".join(f"{title} ({takes} minutes)" for title, takes in own)
        section, end = short_part(notebook)
        name = f"[{notebook.title}](notebooks/{notebook.path.name})" + f", to *{section}*" * bool(
            end
        )
        rows.append([name, str(reading(notebook, end)), do])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\nTogether {minutes} minutes."


def tools(root: Path = ROOT) -> str:
    """Table of the commands."""
    rows = [f"| `python -m tools.{name}` | {line} |" for name, line in commands(root).items()]
    return "\n".join(["| command | what it does |", "| --- | --- |", *rows])


def results(kind: str, root: Path = ROOT) -> str:
    """What a tool stored in docs/results-KIND.txt."""
    path = root / "docs" / f"results-{kind}.txt"
    return f"```\n{path.read_text('utf-8')}```" if path.exists() else ""


def picture(root: Path = ROOT) -> tuple[str, bytes] | None:
    """Alt text and PNG of the first cell tagged picture that shows one."""
    for notebook in read_notebooks(root):
        for _, cell in notebook.cells("picture"):
            for output in cell.outputs:
                if png := output.get("data", {}).get("image/png"):
                    return cell.metadata.get("alt", ""), base64.b64decode(png)
    return None


def fill(path: Path, parts: dict[str, str]) -> bytes:
    """Text of a page with these parts between their marks; raises Refused at a missing mark."""
    text = path.read_text("utf-8")
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (opened and closed):
            raise Refused(
                f"{path.name}: expected a line '{begin}' and after it a line '{end}': add them"
            )
        text = f"{before}{begin}\n{part}\n{end}{after}"
    return text.encode()


def generate(root: Path = ROOT) -> dict[Path, bytes]:
    """README.md with what stands between its marks, and its picture."""
    path = root / "README.md"
    shown = picture(root)
    parts = {
        "hours": hours(root),
        "picture": f"![{shown[0]}]({PICTURE})" if shown else "",
        "short way": short_way(root),
        "stages": stages(root),
        "tools": tools(root),
    }
    parts |= {f"results {kind}": results(kind, root) for kind in KINDS}
    return {path: fill(path, parts)} | ({root / PICTURE: shown[1]} if shown else {})
