"""What the judges of a notebook are asked about: its exercises and the functions it exports."""

import ast
import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nbformat import NotebookNode

from nnfs_course.judge import Verdict
from tools.learner import exported
from tools.lib.exercises import exercise_cells, read_solutions
from tools.lib.layout import COURSE, EXERCISES, PACKAGE, ROOT, Notebook
from tools.lib.mutation import GUARDS
from tools.lib.needed import needed


class Task(NamedTuple):
    """An exercise or a function, the right answer, and what asks the judge about another."""

    stage: str
    name: str
    source: str
    ask: Callable[[str], Verdict]


def around(notebook: Notebook, source: str, end: NotebookNode | None = None) -> dict:
    """What a source finds in its notebook, of the cells before the one named."""
    cells = notebook.content.cells
    before = cells[: cells.index(end)] if end else cells
    sources = [cell.source for cell in before if cell.cell_type == "code"]
    return dict(_run(needed(sources, source)))


@functools.cache
def _run(source: str) -> dict:
    """Names that a source defines."""
    names = {"__name__": "an exercise"}
    exec(source, names)
    return names


def exercises(notebook: Notebook) -> Iterator[Task]:
    """Task for each exercise of a notebook, judged by the notebook's own cell."""
    solutions = read_solutions(ROOT, notebook)
    for name, (_, stub, judge, _) in exercise_cells(notebook):
        right = solutions[name].solution

        @functools.cache
        def known(stub=stub, judge=judge, right=right):
            return around(notebook, f"{stub.source}\n{right}\n{judge.source}", stub)

        def ask(answer, stub=stub, judge=judge, known=known):
            names = dict(known())
            exec(stub.source, names)  # the stub may define what the answer needs
            exec(answer, names)
            return eval(judge.source, names)

        yield Task(notebook.stage, name, right, ask)


def functions(notebook: Notebook) -> Iterator[Task]:
    """Task for each function and class that a notebook exports; a helper is judged by its users."""
    if not (judged := exported(notebook)):
        return
    module = importlib.import_module(f"{PACKAGE}.{notebook.stage}")
    judges = importlib.import_module(f"{COURSE}.{EXERCISES}.{notebook.stage}")
    given = "".join(cell.source for _, cell in notebook.cells("given"))
    whole = ast.parse(inspect.getsource(module)).body
    parts = {part.name: ast.unparse(part) for part in whole if hasattr(part, "name")}
    used = {part.name: names_in(part) for part in whole if hasattr(part, "name")}
    for name, source in parts.items():
        if name.startswith(GUARDS) or f"def {name}(" in given or f"class {name}" in given:
            continue
        users = {name}
        while more := {user for user, names in used.items() if names & users} - users:
            users |= more
        asked = [name] if name in judged else [user for user in judged if user in users]

        def ask(answer, name=name, asked=asked):
            names = {"__name__": module.__name__, "__file__": module.__file__}
            for part in whole:
                exec(answer if getattr(part, "name", "") == name else ast.unparse(part), names)
            said = [getattr(judges, user)(names[user]) for user in asked]
            return next((one for one in said if not one.right), said[-1])

        if asked:
            yield Task(notebook.stage, name, source, ask)


def names_in(tree: ast.AST) -> set[str]:
    """Names that a part of a source uses."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
