"""Stored notebooks: run what is stale, keep them in one form, say what is wrong with them.

The stored outputs are what CI compares with. notebooks/stored.sha256 has a line for each notebook:
a digest of what it runs (its code, the data, the modules that it imports), which tells whether its
outputs are still those of the code; a digest of the outputs, so that nobody edits them; its name.

A cell tagged `times` draws a picture of measured times alone, which is another one at each run: the
stored one stays for as long as the cell's source does.
"""

import copy
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from tools.lib.execution import execute_all
from tools.lib.layout import (
    APART,
    DATA,
    HANDWRITTEN,
    MACHINE_PATH,
    PACKAGE,
    ROOT,
    Notebook,
    code_lines,
    read_notebooks,
    tags,
)
from tools.lib.normal_form import normalise
from tools.lib.package import imports, public_names

LOCK = "notebooks/stored.sha256"
LONGEST_CELL, LONGEST_CLASS = 35, 60  # lines; about 25 is the aim, but no class can be cut
LARGEST = 1_000_000  # bytes of a notebook, so that a clone stays small


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
    owners |= {name: f"{PACKAGE}.{home}" for home, names in HANDWRITTEN.items() for name in names}
    found: dict[Path, None] = {}

    def follow(source: str) -> None:
        for name in imports(source):
            package, *rest = name.split(".")
            if package == PACKAGE and rest and rest[0] in owners:
                name = owners[rest[0]]
            parts = name.split(".")
            for end in (len(parts), len(parts) - 1):  # a module, or a name in one
                path = root.joinpath(*parts[:end])
                subpackage = end > 1 and package == PACKAGE
                inside = sorted(path.glob("*.py")) if subpackage else []
                for file in [path.with_suffix(".py"), *inside]:
                    if file.is_file() and file not in found:
                        found[file] = None
                        follow(file.read_text("utf-8"))

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
    data = sorted((root / DATA).parent.glob("*.csv"))
    for path in [*data, *modules(root, notebook, notebooks)]:
        content = path.read_bytes()
        if path.suffix == ".py":  # without its docstring, which holds the notebook's title
            content = re.sub(rb'\A""".*?"""\n', b"", content, flags=re.DOTALL)
        inputs.update(f"{path.name} {hashlib.sha256(content).hexdigest()}\n".encode())
    outputs = json.dumps([cell.outputs for cell in codes], sort_keys=True)
    return [inputs.hexdigest(), hashlib.sha256(outputs.encode()).hexdigest()]


def shown(cell: NotebookNode) -> str:
    """Text that a cell's outputs show."""
    texts = []
    for output in cell.get("outputs", []):
        texts.append(output.get("text", ""))
        texts += [text for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(texts)


def returned(cell: NotebookNode) -> str:
    """Text of what a cell's last line returned."""
    results = [output for output in cell.outputs if output.output_type == "execute_result"]
    return "".join(output.data.get("text/plain", "") for output in results)


def problems(notebook: Notebook) -> Iterator[str]:
    """Faults in the cells: what would make CI's comparison fail or mean nothing."""
    if (size := notebook.path.stat().st_size) > LARGEST:
        too_large = f"is {size:,} bytes, at most {LARGEST:,}"
        yield f"notebooks/{notebook.path.name}: {too_large}: draw smaller or fewer pictures"
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
        a_class = re.match(r"(@.+\n)*class ", cell.source)
        longest = LONGEST_CLASS if a_class else LONGEST_CELL
        if (lines := code_lines(cell)) > longest:
            yield f"{where}: {lines} lines of code, at most {longest}: split the cell"
        figure = any("image/png" in output.get("data", {}) for output in cell.outputs)
        if figure and re.search(r"matplotlib|^Text\(|<Axes", returned(cell)):
            yield f"{where}: shows the repr of a plot: end the cell with plt.show()"
        if figure and not cell.metadata.get("alt"):
            unseen = "says nothing to who cannot see it"
            yield f"{where}: {unseen}: write what it shows into the cell's metadata, key alt"
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


def pictures(cell: NotebookNode) -> list[NotebookNode]:
    """Outputs of a cell that hold a PNG."""
    return [output for output in cell.outputs if "image/png" in output.get("data", {})]


def keep_pictures(before: list[NotebookNode], after: list[NotebookNode]) -> None:
    """Put the pictures of times that `before` shows into `after`, where the source is the same.

    The metadata of such a picture say of which source it is.
    """
    old = {cell.id: pictures(cell) for cell in before if "times" in tags(cell)}
    for cell in [cell for cell in after if "times" in tags(cell)]:
        source = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        for place, picture in enumerate(pictures(cell)):
            picture.metadata = NotebookNode(source=source)
            for stored in old.get(cell.id, [])[place : place + 1]:
                if stored.metadata == picture.metadata:
                    picture.data["image/png"] = stored.data["image/png"]


def store(root: Path = ROOT) -> list[str]:
    """Run what is stale and store all in normal form; the names of the notebooks that ran."""
    notebooks = read_notebooks(root)
    known = {notebook.path.name for notebook in notebooks}
    lock = {name: found for name, found in read_lock(root).items() if name in known}
    stale, before = [], {}

    def write(notebook: Notebook) -> None:
        name = notebook.path.name
        if name in before:
            keep_pictures(before[name], notebook.content.cells)
        text = normalise(root, notebook, notebooks)
        if text != notebook.path.read_bytes().decode():
            notebook.path.write_text(text, "utf-8", newline="\n")
        lock[name] = digests(root, notebook, notebooks)
        write_lock(root, lock)

    for notebook in notebooks:
        normalise(root, notebook, notebooks)
        if lock.get(notebook.path.name) == digests(root, notebook, notebooks):
            write(notebook)
        else:
            stale.append(notebook)
            before[notebook.path.name] = copy.deepcopy(notebook.content.cells)
    if stale:
        execute_all(stale, done=write)
    return [notebook.path.name for notebook in stale]
