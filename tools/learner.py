"""Write learner/, a copy of the course to write yourself: `python -m tools.learner`.

In each notebook the functions that go into the package are stubs, each followed by its check. They
come together by learner/mine.py, which imports what the reader wrote, never the package's version.
"""

import ast
import re
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.lib.layout import EXERCISES, HANDWRITTEN, PACKAGE, ROOT, Notebook, read_notebooks, tags

FOLDER = "learner"
WELCOME = """\
**This is your copy.** The functions of the course are yours to write: look for `# your code`. A
check follows each of them. **Save the notebook** when a function is right: the next ones import
your functions from it (if you change one later, run that import again). Whatever a function needs,
its helpers too, belongs in cells tagged `export`, as the stubs are. To compare:
[the course's version](../notebooks/{})."""
CHECK = """\
from {package}.{exercises} import {stage} as check

check.{function}({function})"""


def stub(source: str) -> tuple[str, list[str]]:
    """Source with the body of each public function and method left to the reader.

    Signatures and docstrings stay. Returns the names of the functions and classes, too.
    """
    lines, names, places = source.splitlines(), [], []
    for node in ast.parse(source).body:
        parts = node.body if isinstance(node, ast.ClassDef) else [node]
        functions = [part for part in parts if isinstance(part, ast.FunctionDef)]
        if public := [part for part in functions if not part.name.startswith("_")]:
            names.append(node.name)
            places += [(node.name, part) for part in public]
    for name, function in reversed(places):
        first = function.body[0]
        documented = ast.get_docstring(function) is not None
        start = first.end_lineno if documented else first.lineno - 1
        raised = f'raise NotImplementedError("{name}")  # your code instead of this line'
        lines[start : function.end_lineno] = [" " * first.col_offset + raised]
    return "\n".join(lines), names


def own_imports(source: str) -> str:
    """Source that imports the stages from `mine`; what no notebook makes stays the package's."""
    kept = "|".join([*HANDWRITTEN, EXERCISES])
    return re.sub(
        rf"^from {PACKAGE}(?!\.({kept})\b)(\.\w+)? import",
        "from mine import",
        source,
        flags=re.MULTILINE,
    )


def copy(notebook: Notebook) -> NotebookNode:
    """A notebook for the reader to write."""
    content = nbformat.from_dict(notebook.content)
    cells = []
    for cell in content.cells:
        functions = []
        if "setup" in tags(cell):
            cell.source += (
                f'\nassert os.path.exists("mine.py"), "open this from the folder {FOLDER}"'
            )
        if "links" in tags(cell):
            cell.source = WELCOME.format(notebook.path.name)
        if cell.cell_type == "code":
            cell.source, cell.outputs, cell.execution_count = own_imports(cell.source), [], None
        if "export" in tags(cell) and "given" not in tags(cell):
            cell.source, functions = stub(cell.source)
        cells.append(cell)
        for function in functions:
            call = CHECK.format(
                package=PACKAGE, exercises=EXERCISES, stage=notebook.stage, function=function
            )
            metadata = {"tags": ["check"]}
            cells.append(nbformat.v4.new_code_cell(call, metadata=metadata, id=f"check-{function}"))
    content.cells = cells
    return content


def main(root: Path = ROOT) -> None:
    """Write the notebooks that are not there yet: none that the reader has is overwritten."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    shutil.copy(Path(__file__).with_name("mine.py"), folder)
    for notebook in read_notebooks(root):
        path = folder / notebook.path.name
        if not notebook.is_stage:
            continue
        if path.exists():
            print(f"{FOLDER}/{path.name} is there and stays as it is: move it away for a new one")
        else:
            nbformat.write(copy(notebook), path)
            print(f"{FOLDER}/{path.name} written")


if __name__ == "__main__":
    main()
