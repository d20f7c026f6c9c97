"""Run the notebooks, store them in one form: `python -m tools.store [--check] [--all] [FILE...]`.

The stored outputs are what CI compares with. notebooks/stored.sha256 tells which of them are still
those of the code: the others are run, or all with --all, or the given ones. --check runs nothing.
"""

import argparse
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from tools.execution import execute
from tools.layout import (
    DATA,
    EXERCISES,
    HANDWRITTEN,
    MACHINE_PATH,
    PACKAGE,
    ROOT,
    Notebook,
    Refused,
    code_lines,
    read_notebooks,
    tags,
)
from tools.normal_form import normalise

LOCK = "notebooks/stored.sha256"
LONGEST_CELL, LONGEST_CLASS = 35, 60  # lines; about 25 is the aim, but no class can be cut


def read_lock(root: Path) -> dict[str, str]:
    """Digests by notebook name."""
    lines = (root / LOCK).read_text().splitlines() if (root / LOCK).exists() else []
    return {name: value for value, name in (line.split() for line in lines)}


def write_lock(root: Path, digests: dict[str, str]) -> None:
    """Write the digests as sha256sum would."""
    lines = [f"{value}  {name}\n" for name, value in sorted(digests.items())]
    (root / LOCK).write_text("".join(lines), newline="\n")


def digest(root: Path, notebook: Notebook, notebooks: list[Notebook]) -> str:
    """Digest of a stored notebook and of what it runs on: data and the modules before it."""
    stages = [other.stage for other in notebooks[: notebook.number]]
    checks = [f"{EXERCISES}/{stage}" for stage in stages]
    modules = [root / PACKAGE / f"{name}.py" for name in [*HANDWRITTEN, *stages[:-1], *checks]]
    total = hashlib.sha256()
    for path in [notebook.path, root / DATA, *(path for path in modules if path.exists())]:
        total.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def shown(cell: NotebookNode) -> str:
    """Text that a cell's outputs show."""
    texts = []
    for output in cell.get("outputs", []):
        texts.append(output.get("text", ""))
        texts += [text for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(texts)


def problems(notebook: Notebook) -> Iterator[str]:
    """Faults in the cells: what would make CI's comparison fail or mean nothing."""
    if any(cell.get("execution_count", 0) is None for _, cell in notebook.cells()):
        yield f"notebooks/{notebook.path.name}: has a cell that never ran: run `make export`"
    for where, cell in notebook.cells():
        if path := MACHINE_PATH.search(f"{cell.source}\n{shown(cell)}"):
            yield f"{where}: a path of one machine ({path[0]}...): use a relative path"
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"{where}: ends with {output.ename}: catch it, or repair the cell"
            if output.get("name") == "stderr":
                yield f"{where}: writes to stderr ({output.text.strip()[:60]!r}): mend the cause"
        if address := re.search(r"at 0x\w+", shown(cell)):
            yield f"{where}: shows a memory address ({address[0]}): print what it is about"
        longest = LONGEST_CLASS if cell.source.startswith("class ") else LONGEST_CELL
        if (lines := code_lines(cell)) > longest:
            yield f"{where}: {lines} lines of code, at most {longest}: split the cell"
        figure = any("image/png" in output.get("data", {}) for output in cell.outputs)
        closed = cell.source.rstrip().endswith("plt.show()") or "interactive(" in cell.source
        if figure and not closed:
            yield f"{where}: makes a figure: end the cell with plt.show()"
        excused = re.search(r"#.*\bnbval\b\W+\w", cell.source)
        if "nbval-ignore-output" in tags(cell) and not excused:
            yield f"{where}: nbval-ignore-output without a reason: say why in '# nbval: ...'"


def check(root: Path = ROOT) -> Iterator[str]:
    """Faults of the stored notebooks; runs nothing."""
    notebooks = read_notebooks(root)
    lock = read_lock(root)
    for notebook in notebooks:
        name = f"notebooks/{notebook.path.name}"
        yield from problems(notebook)
        stored, normal = notebook.path.read_bytes().decode(), normalise(root, notebook, notebooks)
        if stored != normal:
            line = os.path.commonprefix([stored, normal]).count("\n") + 1
            yield f"{name}, line {line}: not in normal form: run `make export`"
        if lock.pop(notebook.path.name, "") != digest(root, notebook, notebooks):
            yield f"{name}: stored for other code, data or modules: run `make export`"
    for name in lock:
        yield f"{LOCK}: {name} is no notebook: run `make export`"


def store(root: Path = ROOT, names: list[str] | None = None, everything: bool = False) -> None:
    """Run what is stale (or the named notebooks, or everything) and store it in normal form."""
    notebooks = read_notebooks(root)
    wanted = {Path(name).stem for name in names or []}
    if unknown := wanted - {notebook.path.stem for notebook in notebooks}:
        raise Refused(f"no notebook {unknown.pop()!r} in notebooks/: give one that is there")
    known = {notebook.path.name for notebook in notebooks}
    lock = {name: value for name, value in read_lock(root).items() if name in known}
    for notebook in notebooks:
        stale = lock.get(notebook.path.name) != digest(root, notebook, notebooks)
        text = normalise(root, notebook, notebooks)
        if everything or (notebook.path.stem in wanted if wanted else stale):
            execute(notebook)
            text = normalise(root, notebook, notebooks)
        elif stale:
            continue  # not among the named: its outputs stay what they are, stale
        notebook.path.write_text(text, "utf-8", newline="\n")
        lock[notebook.path.name] = digest(root, notebook, notebooks)
        write_lock(root, lock)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="run nothing, list what is wrong")
    parser.add_argument("--all", action="store_true", help="run all notebooks, not the stale alone")
    parser.add_argument("notebooks", nargs="*", metavar="FILE", help="notebooks to run")
    given = parser.parse_args(arguments)
    if not given.check:
        store(root, given.notebooks, given.all)
    elif faults := list(check(root)):
        raise Refused("\n".join(faults))


if __name__ == "__main__":
    main()
