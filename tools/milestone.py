"""Run the milestones on the functions of learner/: `python -m tools.milestone [NAME ...]`.

Each says which notebooks it needs, what is missing there, or what it reached, and draws it. What a
reader wrote runs apart, for two minutes at most. With names, it fails if one is not reached.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from nnfs_course.milestones import NAMES, needs, title
from tools.learner import FILLED, FOLDER
from tools.lib import apart
from tools.lib.layout import ROOT, Refused

LIMIT = 120  # seconds for all of them


def reached(
    folder: Path, names: list[str], limit: float = LIMIT
) -> Iterator[tuple[str, bool, str, bool]]:
    """Name, whether it is reached, message, and whether it is drawn, of each milestone."""
    end, names = time.monotonic() + limit, list(names)
    while names:
        doing = ""
        with tempfile.TemporaryDirectory() as place:
            report = Path(place) / "report"
            report.touch()
            try:
                apart.run("tools.lib.reaching", [folder, report, *names], folder, end)
                why = "it ended Python: is there an exit() in it?"
            except subprocess.TimeoutExpired:
                why = f"no answer after {limit:.0f} seconds: an endless loop?"
            for line in report.read_text("utf-8").splitlines():
                kind, *what = json.loads(line)
                if kind == "said":
                    yield tuple(what)
                    names.pop(0)
                doing = f"{what[0]}: " if kind == "doing" else ""
        if names:
            yield names.pop(0), False, f"not yet. {doing}{why}", False
        if time.monotonic() > end:
            for name in names:
                yield name, False, "no time left for it: see the one that takes so long", False
            return


def came(folder: Path, notebook: str) -> str:
    """Whether a notebook came filled, in words: so nobody takes the course's work for theirs."""
    path = folder / f"{notebook}.ipynb"
    filled = path.is_file() and FILLED[:20] in path.read_text("utf-8", "replace")
    return " (came filled)" if filled else ""


def main(argv: list[str]) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.milestone", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(NAMES)}")
    parser.add_argument("--folder", type=Path, default=ROOT / FOLDER, help="of the notebooks")
    asked = parser.parse_args(argv)
    if unknown := set(asked.names) - set(NAMES):
        raise Refused(f"no milestone {min(unknown)}: expected some of {', '.join(NAMES)}")
    folder = asked.folder.resolve()
    if not folder.is_dir():
        raise Refused(f"{asked.folder}: no such folder: `make learner` writes {FOLDER}/")
    count, names = 0, asked.names or list(NAMES)
    for name, right, message, drawn in reached(folder, names):
        stands_on = ", ".join(notebook + came(folder, notebook) for notebook in needs(name))
        print(f"\n{name}: {title(name)}\n  needs {stands_on}\n  {message}")
        if drawn:
            print(f"  picture: {asked.folder.name}/milestones/{name}.png", flush=True)
        count += right
    print(f"\n{count} of {len(names)} milestones reached")
    if asked.names and count < len(names):
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
