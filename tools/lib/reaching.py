"""Run milestones on a reader's functions, in a process of its own: see tools/milestone.py."""

import json
import sys
from pathlib import Path

from matplotlib.figure import Figure

from nnfs_course.milestones import SIZE, milestone
from tools.lib.judging import load_mine


def main(folder: Path, report: Path, *names: str) -> None:
    """Write into the report what is done, and how each milestone went; draw those into PNGs."""
    sys.path.append(str(folder))
    load_mine(folder)

    def write(kind: str, *what: object) -> None:
        with report.open("a", encoding="utf-8") as file:
            file.write(json.dumps([kind, *what]) + "\n")

    for name in names:
        figure = Figure(figsize=SIZE, layout="constrained")
        said = milestone(name, figure, say=lambda doing: write("doing", doing))
        picture = folder / "milestones" / f"{name}.png"
        if figure.axes:  # also of one that was tried and not reached
            picture.parent.mkdir(exist_ok=True)
            figure.savefig(picture, dpi=120)
        message = "\n  ".join(filter(None, [said.message, said.where]))
        write("said", name, said.right, message, bool(figure.axes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
