"""Say what of learner/, or of each FOLDER, is right; --json for a teacher.

Judges each function and exercise of the saved notebooks, right, wrong or not attempted; of several
copies if their folders are named. What a reader wrote runs apart, for a minute a notebook at most.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.learner import FOLDER, exported
from tools.lib.exercises import exercise_cells
from tools.lib.layout import ROOT, Notebook, Refused, read_notebooks

LIMIT = 60  # seconds for a notebook


def tasks(notebook: Notebook) -> list[str]:
    """Names of the functions and of the exercises of a notebook of the course."""
    return [*exported(notebook), *(name for name, _ in exercise_cells(notebook))]


def judged(path: Path, names: list[str], limit: float = LIMIT) -> Iterator[tuple[str, str, str]]:
    """Name, state and message of each task of a reader's notebook."""
    end, names = time.monotonic() + limit, list(names)
    while names:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report"
            report.touch()
            command = [sys.executable, "-P", "-m", "tools.lib.judging", path, report, *names]
            quiet = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.DEVNULL)
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
            left = end - time.monotonic()
            try:
                subprocess.run(
                    command, cwd=path.parent, env=environment, timeout=left, **quiet, check=False
                )
                why = "it ends Python: is there an exit() in it?"
            except subprocess.TimeoutExpired:
                why = f"no answer after {limit:.0f} seconds: an endless loop?"
            for line in report.read_text("utf-8").splitlines():
                yield json.loads(line)
                names.pop(0)
        if names:
            yield names.pop(0), "wrong", why
        if time.monotonic() > end:
            for name in names:
                yield name, "wrong", "no time left for it: see the one that takes so long"
            return


def progress(folder: Path, notebooks: list[Notebook]) -> Iterator[dict[str, str]]:
    """A row for each task of the stages, for a reader's folder."""

    def found(notebook: Notebook) -> list[dict[str, str]]:
        path = (folder / notebook.path.name).resolve()
        rows = judged(path, tasks(notebook))
        if not path.exists():
            rows = [(name, "not attempted", "no such notebook") for name in tasks(notebook)]
        where = {"folder": str(folder), "notebook": path.name}
        return [where | dict(zip(("task", "state", "message"), row, strict=True)) for row in rows]

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for a process of its own
        for rows in pool.map(found, [notebook for notebook in notebooks if notebook.is_stage]):
            yield from rows


def main(argv: list[str]) -> None:
    """Run the command."""
    folders = [Path(name) for name in argv if name != "--json"] or [ROOT / FOLDER]
    for folder in folders:
        if not folder.is_dir():
            raise Refused(f"{folder}: no such folder: `make learner` writes {FOLDER}/")
    notebooks = read_notebooks()
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
