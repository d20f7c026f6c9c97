"""Stubs are told from answers, solutions pass, each wrong answer is told its own fault."""

import ast
import importlib

import numpy as np
import pytest

import nnfs_core
from nnfs_course import judge
from tests.notebook_helpers import code, shown, text, toy_project
from tools import exercise, export
from tools.learner import exported
from tools.lib import exercises
from tools.lib.asking import around
from tools.lib.exercises import exercise_cells, read_solutions
from tools.lib.layout import COURSE, EXERCISES, PACKAGE, ROOT, Refused, read_notebooks, tags

NOTEBOOKS = [notebook for notebook in read_notebooks() if list(exercise_cells(notebook))]
BY_STAGE = {notebook.stage: notebook for notebook in NOTEBOOKS}
SOLUTIONS = {notebook.stage: read_solutions(ROOT, notebook) for notebook in NOTEBOOKS}
CELLS = {notebook.stage: dict(exercise_cells(notebook)) for notebook in NOTEBOOKS}
TASKS = [(stage, name) for stage in CELLS for name in CELLS[stage]]
EXPORTS = [
    (notebook.stage, name)
    for notebook in NOTEBOOKS
    for name in SOLUTIONS[notebook.stage]
    if name not in CELLS[notebook.stage]
]


def verdict(stage, name, answer):
    """What the notebook's own judge cell says to an answer."""
    _, stub, judge, _ = CELLS[stage][name]
    names = around(BY_STAGE[stage], f"{stub.source}\n{answer}\n{judge.source}", stub)
    exec(stub.source, names)  # the stub may define what the answer needs
    exec(answer, names)
    return eval(judge.source, names)


@pytest.mark.parametrize(("stage", "name"), TASKS)
def test_a_stub_is_not_attempted(stage, name):
    stub = CELLS[stage][name][1].source
    assert repr(verdict(stage, name, stub)) == f"{name}: not attempted yet"


@pytest.mark.parametrize(("stage", "name"), TASKS)
def test_the_folded_solution_is_right(stage, name):
    solution = SOLUTIONS[stage][name].solution
    folds = CELLS[stage][name][3].source
    assert f"```python\n{solution}\n```" in folds
    assert all(hint in folds for hint in SOLUTIONS[stage][name].hints)
    said = verdict(stage, name, solution)
    assert said.right, said
    assert said.message.startswith("right")


@pytest.mark.parametrize(("stage", "name"), TASKS)
def test_each_wrong_answer_is_told_its_own_fault(stage, name):
    wrong = SOLUTIONS[stage][name].wrong
    said = [verdict(stage, name, answer.code) for answer in wrong]
    assert not any(one.right for one in said)
    assert [one.message for one in said] == [answer.message for answer in wrong]
    assert len({one.message for one in said}) == len(wrong)


@pytest.mark.parametrize(("stage", "name"), TASKS)
def test_no_message_shows_a_line_of_the_solution(stage, name):
    lines = [line.strip() for line in SOLUTIONS[stage][name].solution.splitlines()[1:]]
    for answer in SOLUTIONS[stage][name].wrong:
        assert not any(line in answer.message for line in lines if len(line) > 3)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of an answer: in a notebook it stops nothing
@pytest.mark.parametrize(("stage", "name"), EXPORTS)
def test_the_judge_of_a_stage_passes_its_own_function_and_no_wrong_one(stage, name):
    module = importlib.import_module(f"{COURSE}.{EXERCISES}.{stage}")
    judged = getattr(module, name)
    assert judged(getattr(importlib.import_module(f"{PACKAGE}.{stage}"), name)).right
    for answer in SOLUTIONS[stage][name].wrong:
        names = around(BY_STAGE[stage], answer.code)
        exec(answer.code, names)
        said = judged(names[name])
        assert (said.right, said.message) == (False, answer.message), answer.title


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stage)
def test_every_exported_function_has_a_judge_hints_and_a_wrong_answer(notebook):
    judges = importlib.import_module(f"{COURSE}.{EXERCISES}.{notebook.stage}")
    functions = set(exported(notebook))
    assert functions == {name for stage, name in EXPORTS if stage == notebook.stage}
    for name in functions:
        known = SOLUTIONS[notebook.stage][name]
        assert hasattr(judges, name), name
        assert [bool(hint) for hint in known.hints] == [True, True], name
        assert known.wrong, name


def test_judges_import_nothing_from_a_later_stage():
    stages = [notebook.stage for notebook in NOTEBOOKS if notebook.is_stage]
    for number, stage in enumerate(stages, start=1):
        source = (ROOT / COURSE / EXERCISES / f"{stage}.py").read_text("utf-8")
        later = set(stages[number:])
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith((PACKAGE, COURSE)):
                names = {*node.module.split("."), *(alias.name for alias in node.names)}
                assert not names & later, f"{stage} imports {names & later}"


def test_the_notebooks_have_their_predictions_and_exercises():
    assert not [f for nb in read_notebooks() for f in exercises.problems(ROOT, nb)]


class Silent(BaseException):
    """An error that cannot even say its message."""

    def __str__(self):
        raise ValueError


def fail_without_words():
    raise Silent


def test_a_wrong_attempt_does_not_spoil_the_next_one():
    def in_place(Z):
        Z[Z < 0] = 0
        return Z

    from nnfs_course.exercises import activation

    assert "changes its input" in activation.relu(in_place).message
    assert not activation.relu(lambda Z: Z).right
    assert activation.relu(nnfs_core.relu).right


@judge.exercise
def toy(toy):
    judge.same(
        "the result", judge.called(toy, np.arange(6.0).reshape(3, 2)), np.array([[1.0], [5], [9]])
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda Z: Z.sum(axis=1, keepdims=True), "right"),
        (..., "not attempted yet"),
        (5, "expected a function, not int: give its name without parentheses"),
        (lambda Z: None, "your function returns None: is a `return` missing?"),
        (
            lambda Z: Z.sum(axis=1),
            "the result has the right values but shape (3,) instead of (3, 1): look at keepdims or "
            "reshape",
        ),
        (lambda Z: Z, "the result has shape (3, 2) instead of (3, 1)"),
        (lambda Z: -Z.sum(axis=1, keepdims=True), "the result has the wrong sign"),
        (
            lambda Z: Z.mean(axis=1, keepdims=True),
            "the result is 0.5 times what it should be: is a factor missing?",
        ),
        (lambda Z: Z[:, :1] * np.nan, "the result holds NaN or infinite values"),
        (lambda Z: [[1.0], [5], [9]], "the result is a list; expected an array of shape (3, 1)"),
        (lambda Z: np.array([["1"], ["5"], ["x"]]), "the result holds no numbers"),
        (lambda Z: np.array([[1.0], [4], [9]]), "the result at (1, 0) is 4; expected 5"),
        (
            lambda Z: Z.__imul__(0) + 1,
            "your function changes its input: make a new array instead of writing into it",
        ),
        (lambda Z: Z @ Z, "your code stops with ValueError: matmul"),
        (lambda Z: 1 / 0, "your code stops with ZeroDivisionError: division by zero"),
        (lambda Z: exit(), "your code stops with SystemExit"),
        (lambda Z: fail_without_words(), "your code stops with Silent"),
        (lambda: 1, "the judge could not use your answer: TypeError: "),
    ],
)
def test_what_a_judge_says(answer, message):
    said = toy(answer)
    assert said.right == (message == "right")
    assert said.message.startswith(message)
    assert repr(said).startswith(f"toy: {said.message}")


def test_the_judges_of_the_overview_take_an_array_and_refuse_nan():
    from nnfs_course.exercises import overview

    right = [6, -3, 6, 4, 3, (3, 8), 17, np.array([3, 7]), (8, 2), (3, 8)]
    assert overview.ready(right).right
    assert "wrong: 8." in overview.ready([*right[:7], np.array([4, 6]), *right[8:]]).message
    assert not overview.which_way("up", float("nan")).right


def stops_within(Z):
    total = np.zeros(2)
    return np.sum(Z[:, 9]) + total


def test_a_judge_names_the_line_that_stopped_and_tells_its_own_from_the_readers():
    said = toy(stops_within)
    line = stops_within.__code__.co_firstlineno + 2
    assert said.where == f"line {line} of your code: return np.sum(Z[:, 9]) + total"
    assert repr(said) == f"toy: {said.message}\n  {said.where}"
    assert toy(lambda: 1).where == ""
    assert toy(lambda Z: Z.sum(axis=1)).where == ""


@pytest.mark.parametrize(("error", "right"), [(RuntimeError, True), (NotImplementedError, False)])
def test_a_stub_is_not_taken_for_a_refusal(error, right):
    def answer(Z):
        raise error("toy" if error is NotImplementedError else "")

    @judge.exercise
    def toy(toy):
        judge.refused(toy, 1, error=RuntimeError)

    assert toy(answer).right == right


def test_keys_say_what_was_found():
    with pytest.raises(judge.Wrong, match=r"the keys \['W0'\]; expected a dict .* \['W1'\]"):
        judge.same_keys({"W0": 1}, ["W1"])
    with pytest.raises(judge.Wrong, match=r"a list; expected a dict with the keys \['W1'\]"):
        judge.same_keys([1], {"W1": 1})


EXERCISE = """\
## double

### Hint 1

Twice.

### Hint 2

Two times.

### Solution

```python
def double(x):
    return 2 * x
```
"""
WRONG = """
### Wrong: number {0}

> no, {0}

```python
def double(x):
    return {0}
```
"""


FOLD = "<details><summary>Compare</summary>Two.</details>"
WHOLE = EXERCISE + WRONG.format(3)


LINE = "*Difficulty 1 of 5 · 5 minutes · matters: a little*"


def lesson(
    tmp_path, *, solutions=WHOLE, drop=(), judges="def double(double):\n    pass\n", line=LINE
):
    """A project whose first notebook has a prediction and an exercise, but for what is dropped."""
    said = [shown({"text/plain": "double: not attempted yet"})]
    cells = [
        text(f"**Predict before you run.** What?\n\n{FOLD}"),
        code("1 + 1"),
        text(f"### Exercise 1: double\n\n{line}\n\nDouble it."),
        code("double = ...", "stub"),
        code("judge.double(double)", "judge", outputs=said),
        text("", "folds"),
    ]
    kept = [cell for place, cell in enumerate(cells) if place not in drop]
    root = toy_project(tmp_path, *kept)
    (root / "solutions").mkdir()
    (root / "solutions" / "01_activation.md").write_text(f"# Exercises\n\n{solutions}", "utf-8")
    (root / "nnfs_course" / "exercises").mkdir(parents=True)
    (root / "nnfs_course" / "exercises" / "activation.py").write_text(judges, "utf-8")
    return root


def faults(root):
    return list(exercises.problems(root, read_notebooks(root)[0]))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, None),
        ({"drop": range(6), "solutions": "", "judges": ""}, None),
        ({"drop": [1]}, "a prediction that no cell answers"),
        ({"drop": [2]}, "expected a task '### Exercise ...' and cells tagged stub"),
        ({"drop": [5]}, "expected a task '### Exercise ...' and cells tagged stub"),
        ({"drop": [4]}, "1 cells tagged stub for 0 tagged judge"),
        ({"drop": [3, 4]}, "1 cells tagged folds for 0 tagged judge"),
        ({"line": ""}, "double: expected a line such as '*Difficulty 3 of 5 · 15 minutes"),
        ({"line": LINE.replace("1 of", "6 of")}, "double: expected a line such as"),
        ({"line": LINE.replace("5 minutes", "some minutes")}, "double: expected a line such as"),
        ({"line": LINE.replace("a little", "a lot")}, "double: expected a line such as"),
        ({"line": f"Double it.\n\n{LINE}"}, "double: expected a line such as"),
        ({"judges": ""}, "nnfs_course/exercises/activation.py: expected a judge 'def double(...)'"),
        ({"judges": "def double(d):\n    pass  # TODO: a case"}, "activation.py, line 2: 'pass"),
        ({"solutions": ""}, "solutions/01_activation.md, ## double: 0 of 2 '### Hint'"),
        ({"solutions": ""}, "solutions/01_activation.md, ## double: 0 of 1 '### Solution'"),
        ({"solutions": EXERCISE}, "## double: 0 of 1 '### Wrong: ...'"),
        ({"solutions": WHOLE.replace("### Hint 2", "")}, "double: 1 of 2 '### Hint'"),
        ({"solutions": WHOLE.replace("Two times.", "")}, "double: 1 of 2 '### Hint'"),
        ({"solutions": WHOLE.replace("Two times.", "TODO: say")}, "## double: 'TODO: say': write"),
        ({"solutions": WHOLE.replace("return 2 * x", "TODO")}, "## double: 'TODO': write it"),
        ({"solutions": EXERCISE.replace("double", "triple")}, "for the solution of triple"),
    ],
)
def test_what_a_notebook_lacks_is_named(tmp_path, change, fault):
    found = faults(lesson(tmp_path, **change))
    assert (not found) if fault is None else any(fault in one for one in found), found


def test_export_refuses_an_exercise_without_a_solution_before_anything_runs(tmp_path):
    root = lesson(tmp_path, solutions="")
    before = {path: path.read_bytes() for path in root.rglob("*.*")}
    with pytest.raises(Refused, match="0 of 1 '### Solution' with words or code"):
        export.main(root)
    assert before == {path: path.read_bytes() for path in root.rglob("*.*")}


def test_a_prediction_without_a_fold_and_a_stub_that_answers_are_named(tmp_path):
    root = lesson(tmp_path)
    path = root / "notebooks" / "01_activation.ipynb"
    content = path.read_text("utf-8").replace("</summary>Two.</details>", "</summary></details>", 1)
    path.write_text(content.replace("double: not attempted yet", "double: right", 1), "utf-8")
    (fold,) = faults(root)
    (verdict,) = exercises.verdicts(read_notebooks(root)[0])
    assert "without a fold" in fold and "the judge says 'double: right' to the stub" in verdict


def test_a_new_exercise_is_whole_but_for_its_todos(tmp_path, capsys):
    root = lesson(tmp_path, judges="from nnfs_course.judge import called, exercise, same\n")
    exercise.main(["1", "depth"], root)
    changed = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert "solutions/01_activation.md" in changed and len(changed) == 3
    cells = dict(exercise_cells(read_notebooks(root)[0]))["depth"]
    assert [tags(cell) for cell in cells] == [[], ["stub"], ["judge"], ["folds"]]
    assert cells[0].source.startswith("### Exercise 2: TODO")
    found = [fault for fault in faults(root) if "'def double(...)'" not in fault]
    assert found and all("TODO" in fault for fault in found)
    for where in changed:
        assert any(fault.startswith(where) for fault in found), where
        text = (root / where).read_text("utf-8")
        (root / where).write_text(text.replace("TODO", "2"), "utf-8")
    assert [fault for fault in faults(root) if "'def double(...)'" not in fault] == []
    names = {}
    exec((root / "nnfs_course" / "exercises" / "activation.py").read_text("utf-8"), names)
    assert names["depth"](lambda x: x).right
    assert not names["depth"](lambda x: 2 * x).right


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["9", "depth"], "no notebook 9: give one of 1, 2"),
        (["1", "double"], "'double' is no name of a function, or activation.py has it"),
        (["1", "two-fold"], "'two-fold' is no name of a function"),
    ],
)
def test_a_new_exercise_needs_a_notebook_and_a_name_of_its_own(tmp_path, arguments, message):
    with pytest.raises(Refused, match=message):
        exercise.main(arguments, lesson(tmp_path))


def test_a_solution_file_with_an_unknown_part_is_refused(tmp_path):
    with pytest.raises(Refused, match="double, 'Remark': expected Hint"):
        faults(lesson(tmp_path, solutions=EXERCISE.replace("Hint 2", "Remark")))


def test_the_second_hint_unfolds_inside_the_first(tmp_path):
    root = lesson(tmp_path)
    solutions = read_solutions(root, read_notebooks(root)[0])
    folded = exercises.folds(solutions, code("judge.double(double)", "judge"))
    assert folded.index("Hint 1") < folded.index("Hint 2") < folded.index("</details>")
    assert folded.index("Solution") > folded.index("</details>\n\n</details>")
    assert folded.endswith("```python\ndef double(x):\n    return 2 * x\n```\n\n</details>")
