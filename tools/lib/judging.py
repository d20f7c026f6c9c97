"""Judge tasks of a reader's notebook, in a process of its own: see tools/progress.py."""

import contextlib
import importlib
import json
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
from nbformat import NotebookNode

from nnfs_course.judge import Verdict, exercise
from tools.learner import FILLED
from tools.lib.exercises import judged
from tools.lib.layout import COURSE, EXERCISES, tags
from tools.lib.needed import needed

MEMORY = 4 * 2**30  # bytes that a notebook may ask for; the course's own ask for up to 1.6 GB


def load_mine(folder: Path) -> ModuleType:
    """Module `mine` for a reader's folder, from the course's source: theirs may be an older one."""
    source = Path(__file__).with_name("mine.py")
    module = sys.modules["mine"] = ModuleType("mine")
    module.__file__ = str(folder / "mine.py")
    exec(compile(source.read_text("utf-8"), str(source), "exec"), vars(module))
    return module


def judge_exercise(cells: list[NotebookNode], end: int, name: str) -> Verdict:
    """What the judge in a cell says to an exercise: runs what it needs of the cells before it."""
    stubs = [place for place, cell in enumerate(cells[:end]) if "stub" in tags(cell)]
    start, judge = stubs[-1] if stubs else end - 1, cells[end].source
    sources = [cell.source for cell in cells[:end]]
    names: dict[str, Any] = {"__name__": "exercise"}

    said = []

    def answer() -> None:
        for source in sources[start:]:
            compile(source, f"the cell of {name}", "exec")  # a SyntaxError names its line
        wanted = "\n".join([*sources[start:], judge])
        for source in [needed(sources[:start], wanted), *sources[start:]]:
            label = f"<{name}>"
            linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
            exec(compile(source, label, "exec"), names)
        said.append(eval(judge, names))

    answer.__name__ = name
    stopped = exercise(answer)()  # tells what stops before the judge is asked as a judge does
    return said[0] if said else stopped


def limit_resources(seconds: float) -> None:
    """Let the system end this process after so many seconds of the processor, where it can.

    A list that grows in an endless loop meets a limit, too, before the machine's memory is full.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    least = max(int(seconds), 1)
    resource.setrlimit(resource.RLIMIT_CPU, (least, least + 1))
    with contextlib.suppress(ValueError, OSError):  # macOS
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main(path: Path, report: Path, limit: float, *tasks: str) -> None:
    """Write name, state and message of each task into the report, a line a task."""
    limit_resources(limit)
    sys.path.append(str(path.parent))
    mine = load_mine(path.parent)
    judges = importlib.import_module(f"{COURSE}.{EXERCISES}.{path.stem[3:]}")
    content = nbformat.read(path, as_version=4)
    filled = any(cell.source.startswith(FILLED[:20]) for cell in content.cells)
    cells = [cell for cell in content.cells if cell.cell_type == "code"]
    exercises = {judged(cell): end for end, cell in enumerate(cells) if "judge" in tags(cell)}
    for name in tasks:
        if name in exercises:
            said = judge_exercise(cells, exercises[name], name)
        else:
            said = mine.verdict(getattr(judges, name))
        state, message = "wrong", "\n".join(filter(None, [said.message, said.where]))
        if said.right:
            state, message = "right", message.removeprefix("right").removeprefix(". ")
        elif message.endswith("not attempted yet"):
            state, message = "not attempted", message.removesuffix("not attempted yet").rstrip(": ")
        if filled and said.right and name not in exercises:
            state = "filled"
        with report.open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, state, message]) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:])
