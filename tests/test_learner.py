"""In the learner's copy the reader's functions are judged, never the package's."""

import importlib
import importlib.util
import linecache
import os
import sys

import nbformat
import numpy as np
import pytest

from nnfs_core import load_dataset, scoreboard
from nnfs_course import judge
from tests.notebook_helpers import code, edit, toy_project
from tools import learner
from tools.lib.execution import execute
from tools.lib.exercises import read_solutions
from tools.lib.layout import (
    COURSE,
    EXERCISES,
    PACKAGE,
    ROOT,
    Notebook,
    Refused,
    read_notebooks,
    tags,
)

STAGES = [notebook for notebook in read_notebooks() if notebook.is_stage]


@pytest.fixture
def project(tmp_path):
    """A project with the real notebooks, and a learner/ that nobody has touched yet."""
    for name in (PACKAGE, COURSE, "data", "notebooks", "solutions", "benchmarks"):
        (tmp_path / name).symlink_to(ROOT / name)
    learner.main(["1"], tmp_path)
    return tmp_path


def written(project, number):
    """One of the reader's notebooks."""
    path = project / "learner" / STAGES[number - 1].path.name
    return Notebook(path, number, STAGES[number - 1].stage, nbformat.read(path, as_version=4))


def fill(project, number, *changes):
    """Fill the stubs with the package's code, changed; those of the exercises with solutions."""
    notebook, course = written(project, number), STAGES[number - 1]
    exported = [learner.own_imports(cell.source) for _, cell in course.cells("export")]
    solutions = [one.solution for one in read_solutions(ROOT, course).values() if one.solution]
    for cell in notebook.content.cells:
        if "export" in tags(cell):
            cell.source = exported.pop(0)
            for before, after in changes:
                cell.source = cell.source.replace(before, after)
        elif "stub" in tags(cell):
            cell.source = f"{cell.source}\n\n\n{solutions.pop(0)}"
    nbformat.write(notebook.content, notebook.path)
    return notebook


def load_mine(project, monkeypatch):
    """The module `mine` of a project, as the reader's notebooks import it."""
    spec = importlib.util.spec_from_file_location("mine", project / "learner" / "mine.py")
    monkeypatch.setitem(sys.modules, "mine", module := importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


def verdicts(mine, number):
    """What the judges say to the saved functions of one of the reader's notebooks."""
    judges = importlib.import_module(f"{COURSE}.{EXERCISES}.{STAGES[number - 1].stage}")
    return [mine.verdict(getattr(judges, name)) for name in learner.exported(STAGES[number - 1])]


@pytest.mark.parametrize("number", range(1, len(STAGES) + 1))
def test_an_untouched_copy_is_not_attempted_and_a_filled_one_right(project, monkeypatch, number):
    mine = load_mine(project, monkeypatch)
    untouched = verdicts(mine, number)
    assert untouched
    assert {one.message for one in untouched} == {"not attempted yet"}
    for earlier in range(1, number + 1):
        fill(project, earlier)
    filled = verdicts(mine, number)
    assert [one.exercise for one in filled] == [one.exercise for one in untouched]
    assert all(one.right for one in filled), filled


def test_a_wrong_function_fails_its_own_judge_and_those_built_on_it(project, monkeypatch):
    for number in range(2, 5):
        fill(project, number, ("np.maximum(Z, 0)", "np.abs(Z)"))
    mine = load_mine(project, monkeypatch)
    assert mine.relu(-2.0) == 2
    assert [one.right for one in verdicts(mine, 3)] == [False, True]
    assert [one.right for one in verdicts(mine, 4)] == [False]


def test_a_change_in_one_notebook_is_used_by_later_ones_without_a_restart(project, monkeypatch):
    for number in range(2, 5):
        fill(project, number)
    mine = load_mine(project, monkeypatch)
    given = np.array([[-2.0]]), {"W1": np.array([[1.0]]), "b1": np.array([[0.0]])}
    assert mine.feed_forward(*given)[0] == 0
    path = fill(project, 3, ("np.maximum(Z, 0)", "np.abs(Z)")).path
    os.utime(path, ns=(1, 1))
    assert mine.feed_forward(*given)[0] == 2


@pytest.mark.parametrize("number", range(1, len(STAGES) + 1))
def test_a_filled_notebook_runs_and_every_judge_is_content(project, number):
    """A notebook on the reader's functions; where it can, with fewer tracks and steps.

    Comparisons over many seeds (`long`) are left out: nbval runs the same code of the course.
    """
    notebook = [fill(project, earlier) for earlier in range(1, number + 1)][-1]
    notebook.content.cells = [c for c in notebook.content.cells if "long" not in tags(c)]
    for _, cell in notebook.cells("parameters"):
        cell.source += "\nn_tracks, iterations, splits = 1250, 200, [42, 0]"
    execute(notebook)
    judges = [cell for _, cell in notebook.cells("judge")]
    said = [output["data"]["text/plain"] for cell in judges for output in cell.outputs]
    assert len(said) == len(judges) > 0
    assert [text for text in said if ": right" not in text] == []


def test_what_the_reader_wrote_is_never_overwritten(project, capsys):
    path = fill(project, 3).path
    before = path.read_bytes()
    written(project, 4).path.unlink()
    capsys.readouterr()
    learner.main([], project)
    assert path.read_bytes() == before
    assert written(project, 4).path.exists()
    said = capsys.readouterr().out
    assert f"learner/{path.name} is there and stays as it is" in said
    others = f"not for the {len(STAGES) - 1} that stay"
    assert others in said and "You begin at" not in said


@pytest.mark.parametrize(("argv", "begin"), [([], 2), (["1"], 1), (["5"], 5)])
def test_stages_before_the_first_one_come_filled_and_say_so(project, capsys, argv, begin):
    for notebook in STAGES:
        (project / "learner" / notebook.path.name).unlink()
    capsys.readouterr()
    learner.main(argv, project)
    assert ("FROM=1 gives you stage 1, too" in capsys.readouterr().out) == (begin == 2)
    for number in range(1, len(STAGES) + 1):
        notebook = written(project, number)
        links = "".join(cell.source for _, cell in notebook.cells("links"))
        assert links.startswith("**This notebook comes filled**") == (number < begin)
        own = [cell for _, cell in notebook.cells() if cell.id.startswith(("judge-", "hints-"))]
        assert bool(own) == (number >= begin)
        if number < begin:
            assert f"FROM={number}`" in links
            course = STAGES[number - 1].cells("export")
            exported = [learner.own_imports(cell.source) for _, cell in course]
            assert [cell.source for _, cell in notebook.cells("export")] == exported


@pytest.mark.parametrize("argv", [["0"], ["99"], ["two"], ["2", "3"]])
def test_a_stage_that_is_none_is_refused(tmp_path, argv):
    with pytest.raises(Refused, match="expected one stage to begin at, 1 to 2"):
        learner.main(argv, toy_project(tmp_path))


def test_hints_without_the_solution_follow_the_judge(project):
    for number in range(1, len(STAGES) + 1):
        cells = written(project, number).content.cells
        for cell, after in zip(cells, cells[1:], strict=False):
            if cell.id.startswith("judge-"):
                assert after.id == f"hints-{cell.id.removeprefix('judge-')}"
                assert "Hint 1" in after.source
                assert "Hint 2" in after.source
                assert "Solution" not in after.source


def test_a_stub_keeps_signature_docstring_decorators_and_helpers():
    source = '''@checked(rule)
def f(x, *, y=1):
    """What f does."""
    # a comment
    return x


def _helper(x):
    return x


class Pair(NamedTuple):
    a: int


class Part:
    def __init__(self):
        self.a = 1

    def forward(self, x):
        """Forward."""
        return x


def g(x):
    return [
        x,
    ]'''
    stubbed, names = learner.stub(source)
    assert names == ["f", "Part", "g"]
    left = 'raise NotImplementedError("{}")  # your code instead of this line'
    for name, body in {
        "f": "# a comment\n    return x\n",
        "Part": "return x\n\n\ndef g",
        "g": "return [\n        x,\n    ]",
    }.items():
        end = {"f": "\n", "Part": "\n\n\ndef g", "g": ""}[name]
        assert source.count(body) == 1
        source = source.replace(body, left.format(name) + end)
    assert stubbed == source


def test_of_a_function_that_makes_another_one_the_inner_body_is_the_readers():
    source = '''\
def make(name):
    """Return a function."""

    def made(x):
        return name, x

    return made'''
    stubbed, names = learner.stub(source)
    left = 'raise NotImplementedError("make")  # your code instead of this line'
    assert stubbed == source.replace("return name, x", left)
    assert names == ["make"]
    more = source.replace("return made", "return made(1)")
    assert "def made" not in learner.stub(more)[0]  # it does more than that


def test_only_the_stages_are_imported_from_the_reader():
    source = (
        "from nnfs_core import relu\nfrom nnfs_core.activation import drelu\n"
        "from nnfs_core.validation import guard\nfrom nnfs_course.exercises import activation"
    )
    assert learner.own_imports(source) == (
        "from mine import relu\nfrom mine import drelu\n"
        "from nnfs_core.validation import guard\nfrom nnfs_course.exercises import activation"
    )


def test_mine_names_what_is_missing_and_shows_the_line_that_failed(tmp_path, monkeypatch):
    root = toy_project(tmp_path)
    learner.main(["1"], root)
    mine = load_mine(root, monkeypatch)
    with pytest.raises(ImportError, match="no cell tagged export .* defines softmax"):
        from mine import softmax  # noqa: F401
    with pytest.raises(NotImplementedError, match="relu") as caught:
        mine.relu(1)
    assert "your code instead of this line" in str(caught.traceback[-1].statement)
    assert "01_activation.ipynb" in str(caught.traceback[-1].path)


def test_mine_takes_the_saved_notebook_and_no_copy_of_it(tmp_path, monkeypatch):
    root = toy_project(tmp_path)
    learner.main(["1"], root)
    mine = load_mine(root, monkeypatch)
    path = root / "learner" / "01_activation.ipynb"
    stub = 'raise NotImplementedError(\\"relu\\")'
    before = path.read_text("utf-8")
    assert stub in before
    path.write_text(before.replace(stub, "return 1"), "utf-8")
    os.utime(path, ns=(1, 1))
    assert mine.relu(5) == 1
    copy = path.with_name("01_activation-Copy1.ipynb")
    copy.write_text(before.replace(stub, "return 2"), "utf-8")
    path.write_text(before.replace(stub, "return 3"), "utf-8")
    os.utime(path, ns=(2, 2))
    assert mine.relu(5) == 3


def test_mine_names_a_notebook_that_cannot_be_used_and_passes_on_no_package_function(
    tmp_path, monkeypatch
):
    root = toy_project(tmp_path, code("from nnfs_core import drelu", "export"))
    learner.main(["1"], root)
    path = root / "learner" / "01_activation.ipynb"
    path.write_text(path.read_text("utf-8").replace("from mine", "from nnfs_core"), "utf-8")
    mine = load_mine(root, monkeypatch)
    with pytest.raises(ImportError, match="no cell tagged export .* defines drelu"):
        mine.drelu  # noqa: B018
    path.write_text(path.read_text("utf-8").replace("def relu(Z)", "def relu(Z"), "utf-8")
    for _ in range(2):
        with pytest.raises(ImportError, match="01_activation.ipynb, cell 4 .* SyntaxError"):
            mine.relu  # noqa: B018


@pytest.mark.parametrize(
    "rest", [b'{"cells": [{"cell_type": "co', b"null", b'{"cells": [1]}', b"\xff\xfe{\x00}\x00"]
)
def test_mine_names_a_damaged_notebook_when_it_may_hold_what_is_asked_for(
    tmp_path, monkeypatch, rest
):
    mine = answered(tmp_path, monkeypatch, code("def relu(Z): return 1", "export"))
    first, second = (
        tmp_path / "learner" / f"{name}.ipynb" for name in ("01_activation", "02_layer")
    )
    second.write_bytes(rest)
    assert mine.verdict(relu).right
    with pytest.raises(ImportError, match="defines dense; 02_layer.ipynb cannot be read: save"):
        mine.dense  # noqa: B018
    first.write_bytes(rest)
    assert "; 01_activation.ipynb and 02_layer.ipynb cannot be read" in mine.verdict(relu).message


@judge.exercise
def relu(relu):
    if judge.called(relu, 1) != 1:
        raise judge.Wrong("not 1")


def run_cell(source, name="relu"):
    """Function of a cell as a kernel runs it: its source is known by the name of a file."""
    linecache.cache[f"<{source}>"] = (len(source), None, source.splitlines(keepends=True), "")
    names = {}
    exec(compile(source, f"<{source}>", "exec"), names)
    return names[name]


def answered(tmp_path, monkeypatch, *cells):
    """Module `mine` of a copy whose first notebook has these cells in the place of the stub."""
    root = toy_project(tmp_path)
    learner.main(["1"], root)
    path = root / "learner" / "01_activation.ipynb"
    content = nbformat.read(path, as_version=4)
    content.cells = [cell for cell in content.cells if "export" not in tags(cell)] + list(cells)
    nbformat.write(content, path)
    return load_mine(root, monkeypatch)


RIGHT = "def relu(Z):\n    return _scale(Z)"
SCALE = "def _scale(Z):\n    return Z"


@pytest.mark.parametrize(
    ("cells", "answer", "message"),
    [
        ([code(RIGHT, "export"), code(SCALE, "export")], RIGHT, "right"),
        ([code(RIGHT, "export"), code(SCALE)], RIGHT, "uses _scale, which is in no cell tagged"),
        ([code(RIGHT, "export")], None, "uses _scale, which is in no cell tagged export: move it"),
        (
            [
                code(RIGHT, "export"),
                code("def _scale(Z):\n    return [_two * z for z in Z]", "export"),
            ],
            None,
            "uses _two, which is in no cell tagged export",
        ),
        (
            [code("def relu(Z, k=_K):\n    return Z", "export")],
            None,
            "01_activation.ipynb, cell 6 ('def relu(Z, k=_K):') cannot be used: it uses _K",
        ),
        ([code("exit()", "export"), code("def relu(Z):\n    return 1", "export")], None, "01_act"),
        ([code("def relu(Z): return 1", "export"), code(SCALE)], "def relu(Z): return 2", "not 1"),
        (
            [code("def relu(Z): return 2", "export"), code(SCALE)],
            "def relu(Z): return 1",
            "right as you ran it, but what is saved differs, and later notebooks import that: save",
        ),
        (
            [code("def relu(Z): return 2", "export"), code("def relu(Z): return 1")],
            "def relu(Z): return 1",
            "relu is in a cell not tagged export: write it in the cell of the stub",
        ),
        (
            [code("def relu(Z): return 1")],
            "def relu(Z): return 1",
            "relu is in no cell tagged export",
        ),
        (
            [code("def relu(Z): return 1", "export"), code("def relu(Z): return 2", "export")],
            "def relu(Z): return 2",
            "relu is defined twice, in 01_activation.ipynb, cell 6 ('def relu(Z): return 1') and "
            "in 01_activation.ipynb, cell 7 ('def relu(Z): return 2'): rename or delete one",
        ),
        (
            [code("def relu(Z): return 1", "export"), code("def dense(Z): return 1", "export")],
            "def relu(Z): return 1",
            "dense is defined twice, in 01_activation.ipynb, cell 7 ('def dense(Z): return 1') "
            "and in 02_layer.ipynb, cell 4 ('from mine import relu'): rename or delete one",
        ),
    ],
)
def test_the_judge_runs_what_later_notebooks_import(tmp_path, monkeypatch, cells, answer, message):
    mine = answered(tmp_path, monkeypatch, *cells)
    said = mine.verdict(relu, run_cell(answer) if answer else None)
    assert said.message.startswith(message)
    assert said.right == (message == "right")


def test_a_name_in_two_notebooks_is_not_imported(tmp_path, monkeypatch):
    mine = answered(
        tmp_path, monkeypatch, code("def dense(Z): return 1\n\n\ndef relu(Z): return 1", "export")
    )
    for name in ("dense", "relu"):
        with pytest.raises(ImportError, match="dense is defined twice, in 01_act.* 02_layer"):
            getattr(mine, name)


def test_what_the_package_has_by_hand_comes_from_it(tmp_path, monkeypatch):
    """Later notebooks of a copy import the scoreboard beside the reader's functions."""
    mine = answered(tmp_path, monkeypatch, code(RIGHT, "export"), code(SCALE, "export"))
    assert mine.scoreboard is scoreboard and mine.relu(3) == 3
    assert mine.load_dataset is load_dataset
    for name in ("train", "one_hot"):  # the second is imported by a module that is by hand
        with pytest.raises(ImportError, match="no cell tagged export"):
            getattr(mine, name)


def test_a_helper_s_name_may_come_again_in_another_notebook(tmp_path, monkeypatch):
    cell = code("def relu(Z): return _scale(Z)\n\n\ndef _scale(Z): return 1", "export")
    mine = answered(tmp_path, monkeypatch, cell)
    path = tmp_path / "learner" / "02_layer.ipynb"
    content = nbformat.read(path, as_version=4)
    content.cells.append(code("def _scale(Z): return 2", "export"))
    nbformat.write(content, path)
    assert mine.verdict(relu).right


def test_given_cells_stay(tmp_path):
    root = toy_project(tmp_path, code("def fetch():\n    return 1", "export", "given"))
    edit(root / "notebooks" / "01_activation.ipynb", 3, outputs=[])
    learner.main(["1"], root)
    text = (root / "learner" / "01_activation.ipynb").read_text("utf-8")
    assert "return 1" in text
    assert "judge.fetch" not in text
