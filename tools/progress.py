"""Say what of learner/, or of each FOLDER, is right; --json or --class for a teacher.

Judges each function and exercise of the saved notebooks, right, wrong or not attempted; of several
copies if their folders are named. What a reader wrote runs apart, for half a minute a notebook at
most: of the processor, since a busy machine is no endless loop. --class FOLDER looks at each copy
in a folder, prints a row for each, and writes build/progress.csv.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import nbformat
from nbformat import NotebookNode

from tools import learner
from tools.learner import FILLED, FOLDER, exported
from tools.lib import apart, class_table
from tools.lib.exercises import exercise_cells
from tools.lib.layout import ROOT, Notebook, Refused, read_notebooks, tags

LIMIT = 30  # seconds of the processor for a notebook; the course's own take up to 4
# Signals that end a process which used up its limit; Windows has neither, and waits instead.
OUT_OF_TIME = {getattr(signal, name, 0) for name in ("SIGXCPU", "SIGKILL")}
WAIT = 10  # times as long for one that sleeps, or waits for the processor


def tasks(notebook: Notebook) -> list[str]:
    """Names of the functions and of the exercises of a notebook of the course."""
    return [*exported(notebook), *(name for name, _ in exercise_cells(notebook))]


def judged(
    path: Path, names: list[str], limit: float = LIMIT, stop: Event | None = None
) -> Iterator[tuple[str, str, str]]:
    """Name, state and message of each task of a reader's notebook, until it is asked to stop."""
    end, names, stop = time.monotonic() + WAIT * limit, list(names), stop or Event()
    while names and not stop.is_set():
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report"
            report.touch()
            given = [path, report, str(limit), *names]
            why = "it ends Python: is there an exit() in it?"
            try:
                code = apart.run("tools.lib.judging", given, path.parent, end, stop)
                over = -code in OUT_OF_TIME
            except subprocess.TimeoutExpired:
                over = True
            for row in reported(report, names):
                yield row
                names.pop(0)
        if names:
            late = f"no answer after {limit:.0f} seconds: an endless loop?"
            yield names.pop(0), "wrong", late if over else why
        if over:
            for name in names:
                yield name, "wrong", "no time left for it: see the one that takes so long"
            return


def reported(report: Path, names: list[str]) -> list[tuple[str, str, str]]:
    """Rows of a report, up to one that does not fit: the reader's program can write there, too."""
    rows = []
    try:
        for expected, line in zip(names, report.read_text("utf-8").splitlines(), strict=False):
            name, state, message = json.loads(line)
            if name != expected or state not in class_table.STATES:
                break
            rows.append((name, state, class_table.plain(message)))
    except Exception:  # whatever it wrote
        pass
    return rows


def sources(content: NotebookNode) -> list[str]:
    """Return what a copy leaves to the reader: the cells of functions and of exercises."""
    return [cell.source for cell in content.cells if {"export", "stub"} & set(tags(cell))]


def unread(path: Path, notebook: Notebook) -> list[tuple[str, str, str]] | None:
    """Name, state and message of each task of a notebook that nobody need run, or None.

    That is one which is missing, is damaged, or is as `make learner` wrote it.
    """
    names = tasks(notebook)
    if not path.exists():
        if others := sorted(path.parent.glob(f"{path.name[:3]}*.ipynb")):
            said = f"no such notebook, but {class_table.plain(others[0].name)}: rename it"
            return [(name, "not readable", said) for name in names]
        return [(name, "not attempted", class_table.MISSING) for name in names]
    try:
        if not path.is_file():  # a folder, or a device that never ends
            raise ValueError("this is no file")
        content = nbformat.read(path, as_version=4)
        given = sources(content)
    except Exception as error:  # whatever a damaged file makes of nbformat
        said = class_table.plain(str(error).partition("\n")[0][:100])
        return [(name, "not readable", f"{type(error).__name__}: {said}") for name in names]
    filled = any(cell.source.startswith(FILLED[:20]) for cell in content.cells)
    if given != sources(learner.copy(ROOT, notebook, filled)):
        return None
    own = exported(notebook) if filled else []
    return [(name, "filled" if name in own else "not attempted", "") for name in names]


def progress(folder: Path, notebooks: list[Notebook]) -> Iterator[dict[str, str]]:
    """A row for each task of the stages, for a reader's folder."""
    stop = Event()

    def found(notebook: Notebook) -> list[dict[str, str]]:
        path = folder.resolve() / notebook.path.name
        rows = unread(path, notebook) or judged(path, tasks(notebook), stop=stop)
        where = {"folder": str(folder), "notebook": path.name}
        return [where | dict(zip(("task", "state", "message"), row, strict=True)) for row in rows]

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for a process of its own
        try:
            for rows in pool.map(found, [notebook for notebook in notebooks if notebook.is_stage]):
                yield from rows
        finally:
            stop.set()  # Ctrl+C ends what runs, too


def main(argv: list[str]) -> None:
    """Run the command."""
    folders = [Path(name) for name in argv if not name.startswith("--")] or [ROOT / FOLDER]
    wanted = f"`make learner` writes {FOLDER}/"
    if "--class" in argv:
        wanted = "expected one with a folder for each copy"
    for folder in folders:
        if not folder.is_dir():
            raise Refused(f"{folder}: no such folder: {wanted}")
    notebooks = read_notebooks()
    if "--class" in argv:
        if len(folders) > 1:
            raise Refused(f"--class {folders}: expected one folder, with a copy in each of its own")
        copies = class_table.copies(folders[0])
        found = {}
        print(class_table.head([*copies], [nb.path.name for nb in notebooks if nb.is_stage]))
        for name, folder in copies.items():
            found[name] = list(progress(folder, notebooks))
            print(class_table.line(name, found[name], [*copies]), flush=True)
            class_table.write(found)  # after each: nobody waits twice for those that are done
        print(f"{class_table.TABLE}: a line for each copy and task, with what the judge says")
        if beside := class_table.left_out(folders[0]):
            print(beside)
        return
    if "--json" in argv:
        rows = [row for folder in folders for row in progress(folder, notebooks)]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for folder in folders:
        states, seen = Counter(), ""
        for row in progress(folder, notebooks):
            if row["notebook"] != seen:
                seen = row["notebook"]
                print(f"\n{folder.name}/{seen}")
            said = row["state"] + f": {row['message']}" * bool(row["message"])
            print(f"  {row['task']:24} " + said.replace("\n", "\n" + 27 * " "), flush=True)
            states[row["state"]] += 1
        print(f"\n{folder}: " + ", ".join(f"{count} {state}" for state, count in states.items()))


if __name__ == "__main__":
    main(sys.argv[1:])
