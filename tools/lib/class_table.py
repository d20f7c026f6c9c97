"""A class at a glance: what `python -m tools.progress --class FOLDER` prints and writes."""

import csv
from collections import Counter
from pathlib import Path

from tools.lib.layout import ROOT, Refused

LEARNER = "learner"  # where a copy has its notebooks, if it is a whole clone
TABLE = "build/progress.csv"
MISSING = "no such notebook"
LONGEST = 1000  # characters of a message
STATES = ("right", "filled", "wrong", "not attempted", "not readable")
Rows = list[dict[str, str]]


def plain(text: str) -> str:
    """Return what a reader's program or folder says, without what would steer a terminal."""
    return "".join(one if one.isprintable() or one == "\n" else "?" for one in text[:LONGEST])


def copies(folder: Path) -> dict[str, Path]:
    """Folder of notebooks by the name of who handed it in; raises Refused if there is none."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith((".", "__")):  # of macOS's ZIPs, too
            # A whole clone, or what a ZIP had inside: mine.py stands beside the notebooks.
            inside = [path / LEARNER, *sorted(path.glob(f"*/{LEARNER}"))]
            inside += [file.parent for file in sorted(path.glob("*/mine.py"))]
            found[plain(path.name)] = next(filter(Path.is_dir, inside), path)
    if not found:
        raise Refused(
            f"{folder}: no copies in it: expected a folder for each, or its clone; unpack ZIPs"
        )
    return found


def left_out(folder: Path) -> str:
    """Line that names what lies beside the copies and is no folder; empty if there is nothing."""
    names = [path.name for path in sorted(folder.iterdir()) if not path.is_dir()]
    shown = ", ".join(plain(name) for name in names if not name.startswith("."))
    return f"no folders, so without a row: {shown} (unpack a ZIP into a folder)" if shown else ""


def head(names: list[str], notebooks: list[str]) -> str:
    """Line above the table: the numbers of the notebooks, and the states."""
    numbers = "".join(f"{int(name[:2]):>6}" for name in notebooks)
    return f"{'copy':{width(names)}}{numbers}  " + "".join(f"{state:>15}" for state in STATES)


def width(names: list[str]) -> int:
    """Width of the column of names."""
    return max(map(len, ["copy", *names]))


def line(name: str, rows: Rows, names: list[str]) -> str:
    """Line of a copy: how much the reader did of each notebook, and how many tasks in each state.

    What came filled is no part of the former.
    """
    right, every = Counter(), Counter()
    for row in rows:
        every[row["notebook"]] += row["state"] != "filled"
        right[row["notebook"]] += row["state"] == "right"
    shares = "".join(f"{f'{right[stage]}/{every[stage]}':>6}" for stage in sorted(every))
    states = Counter(row["state"] for row in rows)
    counts = "".join(f"{states[state] or '':>15}" for state in STATES).rstrip()
    none = all(row["message"] == MISSING for row in rows)
    return f"{name:{width(names)}}{shares}  {counts}" + "  no notebook in it" * none


def cell(text: str) -> str:
    """Return a text as a cell in which no spreadsheet sees a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def write(found: dict[str, Rows], root: Path = ROOT) -> None:
    """Write a line for each copy and task into build/progress.csv."""
    path = root / TABLE
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["copy", "notebook", "task", "state", "message"])
        for name, rows in found.items():
            for row in rows:
                said = row["state"], cell(row["message"])
                writer.writerow([cell(name), row["notebook"], row["task"], *said])
