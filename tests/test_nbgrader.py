"""Assignments for nbgrader: its metadata, nothing of a solution outside its marks, fair points."""

import re

import nbformat
import pytest

from tools import nbgrader
from tools.learner import exported
from tools.lib.exercises import effort, exercise_cells, read_solutions
from tools.lib.layout import ROOT, Refused, read_notebooks

NOTEBOOKS = read_notebooks()
REGION = re.compile(rf"^ *{nbgrader.BEGIN}\n.*?^ *{nbgrader.END}$", re.MULTILINE | re.DOTALL)


def released(source):
    """A cell as students get it: what stands between the marks is left to them."""
    return REGION.sub(lambda m: re.match(" *", m[0])[0] + "raise NotImplementedError()", source)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stage)
def test_each_function_and_exercise_has_an_answer_and_a_test_and_no_solution_is_left(notebook):
    content = nbgrader.assignment(ROOT, notebook)
    nbformat.validate(content)
    facts = [cell.metadata.nbgrader for cell in content.cells if "nbgrader" in cell.metadata]
    assert len({fact.grade_id for fact in facts}) == len(facts)
    points = {fact.grade_id: fact.points for fact in facts if fact.grade}
    wanted = dict.fromkeys(exported(notebook), 1) if notebook.is_stage else {}
    for name, (task, *_) in exercise_cells(notebook):
        wanted[name] = effort(task).difficulty
    assert points == wanted
    assert all(fact.solution != fact.grade == fact.locked for fact in facts)
    kept = "\n".join(released(cell.source) for cell in content.cells if cell.cell_type == "code")
    for name, known in read_solutions(ROOT, notebook).items():
        if name in wanted and known.solution:
            assert f"{known.solution}\n" not in f"{kept}\n", name
    assert "SystemExit" not in kept  # of a setup cell that looks for a clone
    assert not any("<summary>Solution</summary>" in cell.source for cell in content.cells)


def test_answers_pass_their_tests_and_what_students_get_does_not():
    notebook = next(notebook for notebook in NOTEBOOKS if notebook.stage == "activation")
    cells = nbgrader.assignment(ROOT, notebook).cells
    graded = [cell for cell in cells if "nbgrader" in cell.metadata]
    names = {}
    exec("import numpy as np\nfrom nnfs_course.exercises import activation as judge", names)
    exec("from nnfs_core.validation import Array, guard_values", names)
    failed = []
    for cell in graded:
        exec(cell.source, names)  # a test would raise
    for cell in graded:
        try:
            exec(released(cell.source), names)
        except (AssertionError, NotImplementedError):
            failed += [cell.metadata.nbgrader.grade_id] * cell.metadata.nbgrader.grade
    tests = [cell.metadata.nbgrader.grade_id for cell in graded if cell.metadata.nbgrader.grade]
    assert failed == tests


def test_a_docstring_of_the_stub_comes_with_the_solution():
    asked = 'def f(x):\n    """Say it."""\n    raise NotImplementedError("f")'
    assert nbgrader.marked("def f(x):\n    y = x\n    return y", asked) == (
        'def f(x):\n    """Say it."""\n    ### BEGIN SOLUTION\n    y = x\n    return y\n'
        "    ### END SOLUTION"
    )


def test_the_command_writes_a_folder_for_each_and_refuses_what_is_no_stage(tmp_path, capsys):
    nbgrader.main([str(tmp_path), "3"])
    path = tmp_path / "source" / "03_activation" / "03_activation.ipynb"
    assert capsys.readouterr().out == f"{path}\n"
    nbformat.validate(nbformat.read(path, as_version=4))
    for wrong in ([], [str(tmp_path), "99"], [str(tmp_path), "activation"]):
        with pytest.raises(Refused, match="expected nbgrader's folder, then stages of 0, 1"):
            nbgrader.main(wrong)
