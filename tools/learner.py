"""Write learner/, a copy of the course whose functions are left to the reader.

In each notebook the functions that go into the package are stubs, each followed by its judge and
its hints. Stages before the one to begin at, 2 if none is named, come filled. The notebooks come
together by learner/mine.py, which imports what stands in them, never the package's version.
"""

import ast
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.lib.exercises import hints, read_solutions
from tools.lib.layout import (
    BEGIN,
    COURSE,
    EXERCISES,
    HANDWRITTEN,
    PACKAGE,
    ROOT,
    Notebook,
    Refused,
    read_notebooks,
    tags,
)

FOLDER = "learner"
WELCOME = """\
**This is your copy.** The functions of the course are yours to write: look for `# your code`. A
judge follows each of them, and hints. It runs your function alone, as the next notebooks will
import it: whatever the function needs, its helpers too, belongs in cells tagged `export`, as the
stubs are. **Save the notebook** (Ctrl+S) when a function is right, since the next notebooks read
the saved file. If you change a function later, save, and run the import of the notebook that uses
it again. `make progress` lists what is right so far. To compare:
[the course's version](../notebooks/{})."""
FILLED = """\
**This notebook comes filled**, since you begin at a later stage: its functions are the course's,
and the next notebooks import them from here. To write them yourself, move this file away and run
`make learner FROM={}`."""
JUDGE = """\
import mine
from {course}.{exercises} import {stage} as judge

mine.verdict(judge.{function}, {function})"""


def public(source: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the public functions and methods of a source, each after its name or its class's."""
    for node in ast.parse(source).body:
        for part in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                yield node.name, part


def _own(function):
    """The function whose body is the reader's: if one only makes another, that one."""
    match function.body[ast.get_docstring(function) is not None :]:
        case [ast.FunctionDef() as made, ast.Return(ast.Name(name))] if name == made.name:
            return made
    return function


def stub(source: str) -> tuple[str, list[str]]:
    """Source with the body of each public function and method left to the reader.

    Signatures and docstrings stay, and so does the frame of a function that makes another one.
    Returns the names of the functions and classes, too.
    """
    lines, places = source.splitlines(), list(public(source))
    for name, function in reversed([(name, _own(function)) for name, function in places]):
        first = function.body[0]
        documented = ast.get_docstring(function) is not None
        start = first.end_lineno if documented else first.lineno - 1
        raised = f'raise NotImplementedError("{name}")  # your code instead of this line'
        lines[start : function.end_lineno] = [" " * first.col_offset + raised]
    return "\n".join(lines), list(dict.fromkeys(name for name, _ in places))


def exported(notebook: Notebook) -> list[str]:
    """Names of the functions and classes of a notebook that are the reader's to write."""
    cells = [cell for _, cell in notebook.cells("export") if "given" not in tags(cell)]
    return [name for cell in cells for name in stub(cell.source)[1]]


def own_imports(source: str) -> str:
    """Source that imports the stages from `mine`; what no notebook makes stays the package's."""
    kept = "|".join([*HANDWRITTEN, EXERCISES])
    return re.sub(
        rf"^from {PACKAGE}(?!\.({kept})\b)(\.\w+)? import",
        "from mine import",
        source,
        flags=re.MULTILINE,
    )


def copy(root: Path, notebook: Notebook, filled: bool) -> NotebookNode:
    """A notebook for the reader to write, or one that comes filled."""
    content = nbformat.from_dict(notebook.content)
    solutions = read_solutions(root, notebook)
    cells = []
    for cell in content.cells:
        functions = []
        if "setup" in tags(cell):
            cell.source += (
                f'\nassert os.path.exists("mine.py"), "open this from the folder {FOLDER}"'
            )
        if "links" in tags(cell):
            number, name = notebook.number, notebook.path.name
            cell.source = FILLED.format(number) if filled else WELCOME.format(name)
        if cell.cell_type == "code":
            cell.source, cell.outputs, cell.execution_count = own_imports(cell.source), [], None
        if "export" in tags(cell) and "given" not in tags(cell) and not filled:
            cell.source, functions = stub(cell.source)
        cells.append(cell)
        for function in functions:
            call = JUDGE.format(
                course=COURSE, exercises=EXERCISES, stage=notebook.stage, function=function
            )
            metadata = {"tags": ["judge"]}
            cells.append(nbformat.v4.new_code_cell(call, metadata=metadata, id=f"judge-{function}"))
            if function in solutions:
                folded = hints(solutions[function])
                cells.append(nbformat.v4.new_markdown_cell(folded, id=f"hints-{function}"))
    content.cells = cells
    return content


def main(argv: list[str], root: Path = ROOT) -> None:
    """Write the notebooks that are not there yet: none that the reader has is overwritten."""
    stages = [notebook for notebook in read_notebooks(root) if notebook.is_stage]
    begin = argv[0] if argv else str(BEGIN)
    if begin not in [str(notebook.number) for notebook in stages] or argv[1:]:
        raise Refused(f"FROM={' '.join(argv)}: expected one stage to begin at, 1 to {len(stages)}")
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    kept = 0
    shutil.copy(Path(__file__).parent / "lib" / "mine.py", folder)
    for notebook in stages:
        path, filled = folder / notebook.path.name, notebook.number < int(begin)
        if path.exists():
            kept += 1
            print(f"{FOLDER}/{path.name} is there and stays as it is: move it away for a new one")
        else:
            nbformat.write(copy(root, notebook, filled), path)
            print(f"{FOLDER}/{path.name} written{', filled' * filled}")
    if kept:
        print(f"FROM={begin} counts for those that were written now, not for the {kept} that stay.")
    else:
        print(f"You begin at stage {begin}." + " FROM=1 gives you stage 1, too." * (begin == "2"))


if __name__ == "__main__":
    main(sys.argv[1:])
