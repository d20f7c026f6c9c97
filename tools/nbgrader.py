"""Write the notebooks as nbgrader's assignments: `python -m tools.nbgrader COURSE [STAGE ...]`.

COURSE/source/NN_stage/ then has the notebook with its solutions between nbgrader's marks, and the
judges as its tests; `nbgrader generate_assignment NN_stage` makes what students get. Functions of
earlier stages come from nnfs_core, so each notebook can be handed out alone. A function is worth a
point, an exercise as many as it is difficult. The kernel needs this repository: `pip install -e .`
"""

import ast
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.learner import public, stub
from tools.lib.exercises import effort, exercise_cells, read_solutions
from tools.lib.layout import COURSE, EXERCISES, ROOT, Notebook, Refused, read_notebooks, tags

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
TEST = "verdict = {call}\nprint(verdict)\nassert verdict.right, verdict.message"
SETUP = 'import os\n\nos.environ.setdefault("OPENBLAS_NUM_THREADS", "1")'  # nothing to look for
IMPORT = f"from {COURSE}.{EXERCISES} import {{}} as judge\n\n"


def marked(source: str, asked: str = "") -> str:
    """Return source with each body between the marks, and the docstrings that `asked` has."""
    lines, words = source.splitlines(), asked.splitlines()
    said = {part.name: part.body[0] for _, part in public(asked) if ast.get_docstring(part)}
    for _, part in reversed([*public(source)]):
        indent, first = " " * part.body[0].col_offset, part.body[0].lineno - 1
        doc = said.get(part.name)
        before = words[doc.lineno - 1 : doc.end_lineno] if doc else []
        if ast.get_docstring(part):
            before, first = [], part.body[0].end_lineno
        body = lines[first : part.end_lineno]
        lines[first : part.end_lineno] = [*before, indent + BEGIN, *body, indent + END]
    return "\n".join(lines)


def graded(cell: NotebookNode, name: str, points: int = 0) -> NotebookNode:
    """Return a cell with nbgrader's metadata: a test if it has points, else a solution."""
    facts = {"schema_version": 3, "grade_id": name, "task": False, "cell_type": "code"}
    facts |= {"grade": points > 0, "locked": points > 0, "solution": points == 0}
    cell.metadata["nbgrader"] = facts | ({"points": points} if points else {})
    return cell


def assignment(root: Path, notebook: Notebook) -> NotebookNode:
    """Return a notebook of the course as nbgrader's source of an assignment."""
    content = nbformat.from_dict(notebook.content)
    solutions = read_solutions(root, notebook)
    dropped, cells = set(), []
    for name, (task, asked, judge, folds) in exercise_cells(notebook._replace(content=content)):
        own, function = solutions[name].solution, "raise NotImplementedError" in asked.source
        rest = f"{asked.source}\n{BEGIN}\n{own}\n{END}"
        asked.source = marked(own, asked.source) if function else rest
        graded(asked, f"{name}-answer")
        judge.source = TEST.format(call=judge.source)
        graded(judge, name, effort(task).difficulty)
        dropped.add(folds.id)  # hints and solution
    for cell in [cell for cell in content.cells if cell.id not in dropped]:
        names = stub(cell.source)[1] if {"export"} == {*tags(cell)} & {"export", "given"} else []
        cells.append(cell)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if "setup" in tags(cell):
            cell.source = SETUP
        if names:
            cell.source = marked(cell.source)
            graded(cell, f"{names[0]}-answer")
        for name in names:
            test = IMPORT.format(notebook.stage) + TEST.format(call=f"judge.{name}({name})")
            cells.append(graded(nbformat.v4.new_code_cell(test, id=f"test-{name}"), name, 1))
    content.cells = cells
    return content


def main(argv: list[str], root: Path = ROOT) -> None:
    """Run the command."""
    notebooks = {str(notebook.number): notebook for notebook in read_notebooks(root)}
    if not argv or set(argv[1:]) - notebooks.keys():
        known = ", ".join(notebooks)
        raise Refused(f"{' '.join(argv)!r}: expected nbgrader's folder, then stages of {known}")
    for number in argv[1:] or notebooks:
        path = notebooks[number].path
        folder = Path(argv[0]) / "source" / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(assignment(root, notebooks[number]), folder / path.name)
        print(folder / path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
