"""A class at a glance: what `python -m tools.progress --class FOLDER` prints and writes."""

import csv
from collections import Counter
from pathlib import Path

from tools.lib.layout import ROOT, Refused

LEARNER = "learner"  # where a copy has its notebooks, if it is a whole clone
DONE = ("right", "filled")
STATES = ("right", "filled", "wrong", "not attempted", "not readable")
Rows = list[dict[str, str]]


def copies(folder: Path) -> dict[str, Path]:
    """Folder of notebooks by the name of who handed it in; raises Refused if there is none."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            found[path.name] = path / LEARNER if (path / LEARNER).is_dir() else path
    if not found:
        raise Refused(f"{folder}: no copies in it: expected a folder for each, or its clone")
    return found


def head(names: list[str], notebooks: list[str]) -> str:
    """Line above the table: the numbers of the notebooks, and the states."""
    numbers = "".join(f"{int(name[:2]):>6}" for name in notebooks)
    return f"{'copy':{width(names)}}{numbers}  " + "".join(f"{state:>15}" for state in STATES)


def width(names: list[str]) -> int:
    """Width of the column of names."""
    return max(map(len, ["copy", *names]))


def line(name: str, rows: Rows, names: list[str]) -> str:
    """Line of a copy: how much of each notebook is done, and how many tasks are in each state."""
    done, every = Counter(), Counter(row["notebook"] for row in rows)
    done.update(row["notebook"] for row in rows if row["state"] in DONE)
    shares = "".join(f"{f'{done[stage]}/{every[stage]}':>6}" for stage in sorted(every))
    states = Counter(row["state"] for row in rows)
    counts = "".join(f"{states[state] or '':>15}" for state in STATES)
    return f"{name:{width(names)}}{shares}  {counts}".rstrip()


def write(found: dict[str, Rows], root: Path = ROOT) -> None:
    """Write a line for each copy and task into build/progress.csv."""
    path = root / "build" / "progress.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["copy", "notebook", "task", "state", "message"])
        for name, rows in found.items():
            for row in rows:
                writer.writerow([name, row["notebook"], row["task"], row["state"], row["message"]])
    print(f"build/{path.name}: a line for each copy and task, with what the judge says")
