"""Stored notebooks: run what is stale, keep them in one form, say what is wrong with them.

The stored outputs are what CI compares with. notebooks/stored.sha256 has a line for each notebook:
a digest of what it runs (its code, the data, the modules that it imports), which tells whether its
outputs are still those of the code; a digest of the outputs, so that nobody edits them; its name.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from tools.lib.execution import execute
from tools.lib.layout import (
    APART,
    DATA,
    MACHINE_PATH,
    PACKAGE,
    ROOT,
    Notebook,
    Refused,
    code_lines,
    read_notebooks,
    tags,
)
from tools.lib.normal_form import normalise
from tools.lib.package import imports, public_names

LOCK = "notebooks/stored.sha256"
LONGEST_CELL, LONGEST_CLASS = 35, 60  # lines; about 25 is the aim, but no class can be cut


def read_lock(root: Path) -> dict[str, list[str]]:
    """Digests of inputs and outputs by notebook name."""
    lines = (root / LOCK).read_text().splitlines() if (root / LOCK).exists() else []
    return {name: digests for *digests, name in (line.split() for line in lines)}


def write_lock(root: Path, lock: dict[str, list[str]]) -> None:
    """Write the digests, a line a notebook."""
    lines = [" ".join([*digests, name]) + "\n" for name, digests in sorted(lock.items())]
    (root / LOCK).write_text("".join(lines), newline="\n")


def modules(root: Path, notebook: Notebook, notebooks: list[Notebook]) -> list[Path]:
    """Files of our packages that a notebook imports, and that these import."""
    owners = {
        name: f"{PACKAGE}.{other.stage}"
        for other in notebooks
        if other.stage not in APART
        for name in public_names(other)
    }
    found: dict[Path, None] = {}

    def follow(source: str) -> None:
        for name in imports(source):
            package, *rest = name.split(".")
            if package == PACKAGE and rest and rest[0] in owners:
                name = owners[rest[0]]
            parts = name.split(".")
            for end in (len(parts), len(parts) - 1):  # a module, or a name in one
                path = root.joinpath(*parts[:end]).with_suffix(".py")
                if path.is_file() and path not in found:
                    found[path] = None
                    follow(path.read_text("utf-8"))

    for _, cell in notebook.cells():
        if cell.cell_type == "code":
            follow(cell.source)
    return sorted(found)


def digests(root: Path, notebook: Notebook, notebooks: list[Notebook]) -> list[str]:
    """Digests of what a notebook runs on, and of its outputs."""
    codes = [cell for _, cell in notebook.cells() if cell.cell_type == "code"]
    inputs = hashlib.sha256()
    for cell in codes:
        if "setup" not in tags(cell):  # it only finds the package
            inputs.update(f"{cell.source}\n".encode())
    for path in [root / DATA, *modules(root, notebook, notebooks)]:
        inputs.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    outputs = json.dumps([cell.outputs for cell in codes], sort_keys=True)
    return [inputs.hexdigest(), hashlib.sha256(outputs.encode()).hexdigest()]


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


def faults(root: Path = ROOT) -> Iterator[str]:
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
        if lock.pop(notebook.path.name, None) != digests(root, notebook, notebooks):
            yield f"{name}: stored for other code, data or modules: run `make export`"
    for name in lock:
        yield f"{LOCK}: {name} is no notebook: run `make export`"


def store(root: Path = ROOT) -> list[str]:
    """Run what is stale and store all in normal form; the names of the notebooks that ran."""
    notebooks = read_notebooks(root)
    known = {notebook.path.name for notebook in notebooks}
    lock = {name: digests for name, digests in read_lock(root).items() if name in known}
    ran = []
    for notebook in notebooks:
        name = notebook.path.name
        normalise(root, notebook, notebooks)
        if lock.get(name) != digests(root, notebook, notebooks):
            execute(notebook)
            ran.append(name)
        text = normalise(root, notebook, notebooks)
        if text != notebook.path.read_bytes().decode():
            notebook.path.write_text(text, "utf-8", newline="\n")
        lock[name] = digests(root, notebook, notebooks)
        write_lock(root, lock)
    return ran
