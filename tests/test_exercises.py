"""Stubs are told from answers, solutions pass, each wrong answer is told its own fault."""

import ast
import importlib

import numpy as np
import pytest

import nnfs_core
from nnfs_course import judge
from tests.notebook_helpers import code, imported, shown, text, toy_project
from tools.lib import exercises
from tools.lib.exercises import exercise_cells, read_solutions
from tools.lib.package import public_names
from tools.lib.layout import EXERCISES, PACKAGE, ROOT, Refused, read_notebooks

NOTEBOOKS = [notebook for notebook in read_notebooks() if list(exercise_cells(notebook))]
SOLUTIONS = {notebook.stage: read_solutions(ROOT, notebook) for notebook in NOTEBOOKS}
CELLS = {notebook.stage: dict(exercise_cells(notebook)) for notebook in NOTEBOOKS}
TASKS = [(stage, name) for stage in CELLS for name in CELLS[stage]]
EXPORTS = [
    (notebook.stage, name)
    for notebook in NOTEBOOKS
    for name in SOLUTIONS[notebook.stage]
    if name not in CELLS[notebook.stage]
]


@pytest.fixture(scope="module")
def namespace():
    """Return a function that makes what an exercise finds in its notebook."""
    cleaned = nnfs_core.clean_tracks(nnfs_core.load_tracks())
    data = nnfs_core.prepare_dataset(cleaned.sample(5000, random_state=0))
    X, Y = data.X_train[:, :1000], data.Y_train[:, :1000]
    layer_sizes = [len(X), 64, 32, 16, 1]
    starts = [nnfs_core.initialize_parameters(layer_sizes, seed) for seed in range(20)]
    alive = [(nnfs_core.predict(X, start) > 0).mean() for start in starts]
    known = {"cleaned": cleaned, "data": data, "X_few": X, "Y_few": Y, "layer_sizes": layer_sizes}
    known["dead"] = starts[alive.index(0)]
    known["living_seed"] = lambda X: next(i for i, share in enumerate(alive) if share > 0.5)

    def make(stage):
        notebook = next(notebook for notebook in NOTEBOOKS if notebook.stage == stage)
        modules = [nnfs_core]
        if notebook.is_stage:  # with the private names that its cells define
            modules.append(importlib.import_module(f"{PACKAGE}.{stage}"))
        names = {name: value for module in modules for name, value in vars(module).items()}
        return names | imported(notebook) | known

    return make


def verdict(names, stage, name, answer):
    """What the notebook's own check cell says to an answer."""
    exec(CELLS[stage][name][1].source, names)  # the stub may define what the answer needs
    exec(answer, names)
    return eval(CELLS[stage][name][2].source, names)


@pytest.mark.parametrize(("stage", "name"), TASKS)
def test_a_stub_is_not_attempted(namespace, stage, name):
    stub = CELLS[stage][name][1].source
    assert repr(verdict(namespace(stage), stage, name, stub)) == f"{name}: not attempted yet"


@pytest.mark.parametrize(("stage", "name"), TASKS)
def test_the_folded_solution_is_right(namespace, stage, name):
    solution = SOLUTIONS[stage][name].solution
    folds = CELLS[stage][name][3].source
    assert f"```python\n{solution}\n```" in folds
    assert all(hint in folds for hint in SOLUTIONS[stage][name].hints)
    said = verdict(namespace(stage), stage, name, solution)
    assert said.right, said
    assert said.message.startswith("right")


@pytest.mark.parametrize(("stage", "name"), TASKS)
def test_each_wrong_answer_is_told_its_own_fault(namespace, stage, name):
    wrong = SOLUTIONS[stage][name].wrong
    said = [verdict(namespace(stage), stage, name, answer.code) for answer in wrong]
    assert not any(one.right for one in said)
    assert [one.message for one in said] == [answer.message for answer in wrong]
    assert len({one.message for one in said}) == len(wrong)


@pytest.mark.parametrize(("stage", "name"), TASKS)
def test_no_message_shows_a_line_of_the_solution(stage, name):
    lines = [line.strip() for line in SOLUTIONS[stage][name].solution.splitlines()[1:]]
    for answer in SOLUTIONS[stage][name].wrong:
        assert not any(line in answer.message for line in lines if len(line) > 3)


@pytest.mark.parametrize(("stage", "name"), EXPORTS)
def test_the_check_of_a_stage_passes_its_own_function_and_no_wrong_one(namespace, stage, name):
    module = importlib.import_module(f"{PACKAGE}.{EXERCISES}.{stage}")
    checked = getattr(module, name)
    assert checked(getattr(nnfs_core, name)).right
    for answer in SOLUTIONS[stage][name].wrong:
        names = namespace(stage)
        exec(answer.code, names)
        said = checked(names[name])
        assert (said.right, said.message) == (False, answer.message), answer.title


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stage)
def test_every_exported_function_has_a_check_and_a_wrong_answer(notebook):
    given = "".join(cell.source for _, cell in notebook.cells("given"))
    functions = {
        name
        for name in public_names(notebook)
        if callable(getattr(nnfs_core, name)) and not hasattr(getattr(nnfs_core, name), "_fields")
        if f"def {name}(" not in given
    }
    assert functions == {name for stage, name in EXPORTS if stage == notebook.stage}
    assert all(SOLUTIONS[notebook.stage][name].wrong for name in functions)


def test_checks_and_exercises_import_nothing_from_a_later_stage():
    stages = [notebook.stage for notebook in NOTEBOOKS if notebook.is_stage]
    for number, stage in enumerate(stages, start=1):
        source = (ROOT / PACKAGE / EXERCISES / f"{stage}.py").read_text("utf-8")
        later = set(stages[number:])
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith(PACKAGE):
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


@check.exercise
def toy(toy):
    check.same(
        "the result", check.called(toy, np.arange(6.0).reshape(3, 2)), np.array([[1.0], [5], [9]])
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
        (lambda Z: np.array([[1.0], [4], [9]]), "the result has a wrong value at (1, 0): 4"),
        (
            lambda Z: Z.__imul__(0) + 1,
            "your function changes its input: make a new array instead of writing into it",
        ),
        (lambda Z: Z @ Z, "your code stops with ValueError: matmul"),
        (lambda Z: 1 / 0, "your code stops with ZeroDivisionError: division by zero"),
        (lambda Z: exit(), "your code stops with SystemExit"),
        (lambda Z: fail_without_words(), "your code stops with Silent"),
        (lambda: 1, "your code stops with TypeError: "),
    ],
)
def test_what_a_check_says(answer, message):
    said = toy(answer)
    assert said.right == (message == "right")
    assert said.message.startswith(message)
    assert repr(said) == f"toy: {said.message}"


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
WHOLE = EXERCISE + "".join(WRONG.format(number) for number in "345")


def lesson(tmp_path, *, solutions=WHOLE, drop=()):
    """A project whose first notebook has predictions and exercises, but for what is dropped."""
    said = [shown({"text/plain": "double: not attempted yet"})]
    cells = []
    for _ in range(4):
        cells += [text(f"**Predict before you run.** What?\n\n{FOLD}"), code("1 + 1")]
    for _ in range(3):
        parts = [text("### Exercise 1: double"), code("double = ...", "stub")]
        parts += [code("check.double(double)", "check", outputs=said), text("", "folds")]
        cells += parts
    kept = [cell for place, cell in enumerate(cells) if place not in drop]
    root = toy_project(tmp_path, *kept)
    (root / "solutions").mkdir()
    (root / "solutions" / "01_activation.md").write_text(f"# Exercises\n\n{solutions}", "utf-8")
    return root


def faults(root):
    return list(exercises.problems(root, read_notebooks(root)[0]))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, None),
        ({"drop": [0]}, "3 predictions, expected 4"),
        ({"drop": [1]}, "a prediction that no cell answers"),
        ({"drop": range(16, 20)}, "2 exercises, expected 3"),
        ({"drop": [8]}, "expected a task '### Exercise ...' and cells tagged stub"),
        ({"drop": [11]}, "expected a task '### Exercise ...' and cells tagged stub"),
        ({"drop": [14]}, "3 cells tagged stub for 2 tagged check"),
        ({"drop": [9, 10]}, "3 cells tagged folds for 2 tagged check"),
        ({"solutions": ""}, "double: 0 hints, not 2"),
        ({"solutions": EXERCISE}, "double: 0 wrong answers, not 3"),
        ({"solutions": EXERCISE.replace("### Hint 2", "")}, "double: 1 hints, not 2"),
        ({"solutions": EXERCISE.replace("Two times.", "")}, "double: 1 hints, not 2"),
        ({"solutions": EXERCISE.replace("double", "triple")}, "for the solution of triple"),
    ],
)
def test_what_a_notebook_lacks_is_named(tmp_path, change, fault):
    found = faults(lesson(tmp_path, **change))
    assert (not found) if fault is None else any(fault in one for one in found), found


def test_a_prediction_without_a_fold_and_a_stub_that_answers_are_named(tmp_path):
    root = lesson(tmp_path)
    path = root / "notebooks" / "01_activation.ipynb"
    content = path.read_text("utf-8").replace("</summary>Two.</details>", "</summary></details>", 1)
    path.write_text(content.replace("double: not attempted yet", "double: right", 1), "utf-8")
    found = faults(root)
    assert ["without a fold" in found[0], "the check says 'double: right'" in found[1]] == [
        True
    ] * 2


def test_a_solution_file_with_an_unknown_part_is_refused(tmp_path):
    with pytest.raises(Refused, match="double, 'Remark': expected Hint"):
        faults(lesson(tmp_path, solutions=EXERCISE.replace("Hint 2", "Remark")))


def test_the_second_hint_unfolds_inside_the_first(tmp_path):
    root = lesson(tmp_path)
    solutions = read_solutions(root, read_notebooks(root)[0])
    folded = exercises.folds(solutions, code("check.double(double)", "check"))
    assert folded.index("Hint 1") < folded.index("Hint 2") < folded.index("</details>")
    assert folded.index("Solution") > folded.index("</details>\n\n</details>")
    assert folded.endswith("```python\ndef double(x):\n    return 2 * x\n```\n\n</details>")
