"""Toy projects for the tests of the tools, and parts of the real notebooks."""

import ast
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.export import write
from tools.lib import package, readme, stored
from tools.lib.layout import read_notebooks
from tools.lib.normal_form import normalise

PYPROJECT = """\
[project]
version = "0.1.0"
[project.urls]
Repository = "https://github.com/someone/some-course"
[tool.ruff]
line-length = 100
"""
MARKS = ("hours", "picture", "short way", "stages", "tools")
MARKS += tuple(f"results {kind}" for kind in readme.KINDS)
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAE="
ACTIVATION = (
    'import numpy as np\n\n\ndef relu(Z):\n    """max(0, Z)"""\n    return np.maximum(0, Z)'
)
LAYER = (
    "from nnfs_core.activation import relu\n\n\n"
    'def dense(Z):\n    """A layer"""\n    return relu(Z)'
)


def code(source: str, *tags: str, outputs: list[dict] | None = None) -> NotebookNode:
    """Code cell that looks as if it had been run."""
    cell = nbformat.v4.new_code_cell(source, outputs=outputs or [], execution_count=1)
    cell.metadata["tags"] = list(tags)
    return cell


def text(source: str, *tags: str) -> NotebookNode:
    """Markdown cell."""
    cell = nbformat.v4.new_markdown_cell(source)
    cell.metadata["tags"] = list(tags)
    return cell


def printed(words: str, name: str = "stdout") -> dict:
    """Output of a print."""
    return nbformat.v4.new_output("stream", name=name, text=words)


def shown(data: dict[str, str]) -> dict:
    """Output of a display."""
    return nbformat.v4.new_output("display_data", data=data)


def add_notebook(root: Path, name: str, *cells: NotebookNode) -> Path:
    """Write a notebook whose skeleton is whole, with these cells in its middle."""
    number, _, stage = name.removesuffix(".ipynb").partition("_")
    content = nbformat.v4.new_notebook()
    content.cells = [
        text(f"# Stage {number}: {stage}\n\n**You will build:** the {stage} stage."),
        text("links", "links"),
        code("setup", "setup"),
        *cells,
        text("gained", "gained"),
    ]
    for number, cell in enumerate(content.cells):
        cell["id"] = f"cell-{number}"  # so that a test sees the same file each time
    path = root / "notebooks" / name
    path.write_text(nbformat.writes(content) + "\n", "utf-8")
    return path


def edit(path: Path, number: int, **changes: object) -> None:
    """Change a cell of a notebook, counted from 1."""
    content = nbformat.read(path, as_version=4)
    content.cells[number - 1].update(changes)
    path.write_text(nbformat.writes(content) + "\n", "utf-8")


def toy_project(root: Path, *cells: NotebookNode) -> Path:
    """Write a project of two stages into a folder; the cells go into the first notebook."""
    for folder in ("notebooks", "nnfs_core", "data"):
        (root / folder).mkdir()
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "data" / "tracks.csv").write_text("popularity\n1\n")
    marks = "".join(f"<!-- {mark} -->\n<!-- /{mark} -->\n" for mark in MARKS)
    (root / "README.md").write_text(f"# Course\n\n{marks}\nThe end.\n")
    add_notebook(root, "01_activation.ipynb", code(ACTIVATION, "export"), *cells)
    add_notebook(root, "02_layer.ipynb", code(LAYER, "export"))
    return root


def seal(root: Path) -> Path:
    """Bring a project into its stored form as if all had been run; starts no kernel."""
    write(package.generate(root))
    notebooks = read_notebooks(root)
    for notebook in notebooks:
        notebook.path.write_text(normalise(root, notebook, notebooks), "utf-8")
    lock = {nb.path.name: stored.digests(root, nb, notebooks) for nb in notebooks}
    stored.write_lock(root, lock)
    return root


def imported(notebook):
    """Names that the cells of a notebook import."""
    names: dict = {}
    for _, cell in notebook.cells():
        if cell.cell_type == "code":
            statements = ast.parse(cell.source).body
            imports = [s for s in statements if isinstance(s, ast.Import | ast.ImportFrom)]
            exec(compile(ast.Module(imports, []), notebook.path.name, "exec"), names)
    return names
