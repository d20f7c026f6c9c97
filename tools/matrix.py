"""Try the course on each Python, with the oldest, Colab's and the newest versions, on each kernel.

`python -m tools.matrix [--only WORDS] [--stage N]` runs the rows of a table: unit tests and
notebooks with other versions; and the notebooks with the versions at hand on other kernels of
OpenBLAS, whose sums differ in the last digit, on one thread and on two. It stops for nothing: what
fails or does not install is a line of the table. --only keeps the rows whose name has all these
words, as "kernels haswell" or "3.13 newest". The table is in build/matrix/table.md, too, and what
was said of each failure lies beside it. The exit code is 1 if something failed, not if something
could not be tried. The environments stay in build/matrix: delete them for what is newest today.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.lib import environments
from tools.lib.layout import ROOT, Refused, read_notebooks
from tools.lib.outcomes import NBVAL, Outcome, run_tests

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
VERSIONS = {"oldest": "requirements-oldest.txt", "colab": "requirements-colab.txt", "newest": ""}
# By their names, and what OpenBLAS calls them once it runs: Katmai and Prescott are one.
KERNELS = {"Prescott": "Katmai", "Nehalem": "Nehalem", "Sandybridge": "Sandybridge"}
KERNELS |= {"Haswell": "Haswell", "SkylakeX": "SkylakeX"}
THREADS = ("1", "2")
# Which kernels NumPy and SciPy took: a processor that lacks what was asked for gets another one.
TAKEN = """\
import numpy, scipy.linalg, threadpoolctl
print(*{p["architecture"] for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"})"""


class Row(NamedTuple):
    """A row of the table: versions, or a kernel and its threads."""

    name: str
    python: str = ""
    constraints: str = ""
    kernel: str = ""
    threads: str = "1"


def rows(only: str = "") -> list[Row]:
    """All rows, or those whose name has all the words."""
    table = [
        Row(f"kernels {kernel.lower()} threads={threads}", kernel=kernel, threads=threads)
        for kernel in KERNELS
        for threads in THREADS
    ]
    table += [
        Row(f"versions {python} {name}", python, constraints)
        for python in PYTHONS
        for name, constraints in VERSIONS.items()
    ]
    return [row for row in table if set(only.lower().split()) <= set(row.name.split())]


def try_notebooks(python: Path, stage: int | None, root: Path, **settings: str) -> Iterator:
    """Name and outcome of each notebook, or of one, run where it lies."""
    for notebook in read_notebooks(root):
        if stage in (None, notebook.number):
            arguments = [*NBVAL, notebook.path.name]
            yield notebook.path.stem, run_tests(python, arguments, notebook.path.parent, **settings)


def taken(python: Path, settings: dict[str, str]) -> list[str]:
    """Return the kernels that NumPy and SciPy take with these settings."""
    environment = os.environ | settings
    command = [str(python), "-c", TAKEN]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return sorted(done.stdout.split())


def try_row(row: Row, stage: int | None, root: Path = ROOT) -> Iterator[tuple[str, Outcome | str]]:
    """What was tried in a row, and its outcome; a text if nothing could be tried."""
    if row.kernel:
        settings = {"OPENBLAS_CORETYPE": row.kernel, "OPENBLAS_NUM_THREADS": row.threads}
        python = Path(sys.executable)
        found = taken(python, settings)
        if found != [KERNELS[row.kernel]]:
            yield "kernel", f"not tried: it would run on {' and '.join(found) or 'none of these'}"
            return
    else:
        settings = {"OPENBLAS_NUM_THREADS": "1"}
        if (base := environments.interpreter(row.python)) is None:
            yield "Python", "not tried: not on this machine"
            return
        folder = root / "build" / "matrix" / row.name.replace(" ", "-")
        try:
            python = environments.install(folder, base, "test", row.constraints, wheels_only=True)
        except environments.NotInstalled as error:
            yield "installation", f"not tried: {' '.join(str(error).split())[-200:]}"
            return
        if stage is None:
            yield "unit tests", run_tests(python, ["-n", "2", "tests"], root, **settings)
    yield from try_notebooks(python, stage, root, **settings)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", metavar="WORDS", help="rows with all these words")
    parser.add_argument("--stage", type=int, help="number of the one notebook to run")
    asked = parser.parse_args(arguments)
    if not (chosen := rows(asked.only)):
        raise Refused(f"no row has the words {asked.only!r}: there are {[r.name for r in rows()]}")
    place = root / "build" / "matrix"
    place.mkdir(parents=True, exist_ok=True)
    lines = ["| row | what | outcome |", "| --- | --- | --- |"]
    failed = False
    for row in chosen:
        for what, outcome in try_row(row, asked.stage, root):
            if isinstance(outcome, Outcome) and outcome.failed:
                failed = True
                name = f"{row.name} {what}.txt".replace(" ", "-")
                (place / name).write_text(outcome.said, "utf-8")
            lines.append(f"| {row.name} | {what} | {outcome} |")
            print(lines[-1], flush=True)
            (place / "table.md").write_text("\n".join(lines) + "\n", "utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
