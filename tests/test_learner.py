"""In the learner's copy the reader's functions are checked, never the package's."""

import importlib.util
import os
import sys

import nbformat
import pytest

from tests.notebook_helpers import code, edit, imported, toy_project
from tools import learner
from tools.lib.execution import execute
from tools.lib.exercises import read_solutions
from tools.lib.layout import PACKAGE, ROOT, Notebook, read_notebooks, tags

STAGES = [notebook for notebook in read_notebooks() if notebook.is_stage]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the real notebooks, and a learner/ that nobody has touched yet."""
    for name in (PACKAGE, "data", "notebooks", "solutions"):
        (tmp_path / name).symlink_to(ROOT / name)
    learner.main(tmp_path)
    return tmp_path


def written(project, number):
    """One of the reader's notebooks."""
    path = project / "learner" / STAGES[number - 1].path.name
    return Notebook(path, number, STAGES[number - 1].stage, nbformat.read(path, as_version=4))


def fill(project, number):
    """Fill the stubs with the package's code, those of the exercises with their solutions."""
    notebook, course = written(project, number), STAGES[number - 1]
    exported = [learner.own_imports(cell.source) for _, cell in course.cells("export")]
    solutions = [one.solution for one in read_solutions(ROOT, course).values() if one.solution]
    for cell in notebook.content.cells:
        if "export" in tags(cell):
            cell.source = exported.pop(0)
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


def verdicts(notebook):
    """What the checks say to the exported functions of one of the reader's notebooks."""
    names = imported(notebook)
    for _, cell in notebook.cells("export"):
        exec(cell.source, names)
    checks = [cell.source for _, cell in notebook.cells("check") if cell.id.startswith("check-")]
    for source in checks:
        exec("\n".join(source.splitlines()[:-1]), names)
        yield eval(source.splitlines()[-1], names)


@pytest.mark.parametrize("number", range(1, len(STAGES) + 1))
def test_an_untouched_copy_is_not_attempted_and_a_filled_one_right(project, monkeypatch, number):
    load_mine(project, monkeypatch)
    untouched = list(verdicts(written(project, number)))
    assert untouched
    assert {one.message for one in untouched} == {"not attempted yet"}
    for earlier in range(1, number + 1):
        fill(project, earlier)
    load_mine(project, monkeypatch)
    filled = list(verdicts(written(project, number)))
    assert [one.exercise for one in filled] == [one.exercise for one in untouched]
    assert all(one.right for one in filled), filled


def test_a_wrong_function_fails_its_own_check_and_those_built_on_it(project, monkeypatch):
    for number in range(1, 5):
        fill(project, number)
    path = written(project, 3).path
    path.write_text(path.read_text("utf-8").replace("np.maximum(Z, 0)", "np.abs(Z)"), "utf-8")
    mine = load_mine(project, monkeypatch)
    assert mine.relu(-2.0) == 2
    assert [one.right for one in verdicts(written(project, 3))] == [False, True]
    assert [one.right for one in verdicts(written(project, 4))] == [False]


@pytest.mark.parametrize("number", range(1, len(STAGES) + 1))
def test_a_filled_notebook_runs_and_every_check_passes(project, number):
    """The whole notebook on the reader's functions; stage 6 with fewer tracks and iterations."""
    notebook = [fill(project, earlier) for earlier in range(1, number + 1)][-1]
    for _, cell in notebook.cells("parameters"):
        cell.source = "n_tracks, iterations = 1250, 200"
    execute(notebook)
    checks = [cell for _, cell in notebook.cells("check")]
    said = [output["data"]["text/plain"] for cell in checks for output in cell.outputs]
    assert len(said) == len(checks)
    assert [text for text in said if ": right" not in text] == []


def test_what_the_reader_wrote_is_never_overwritten(project, capsys):
    path = fill(project, 3).path
    before = path.read_bytes()
    written(project, 4).path.unlink()
    capsys.readouterr()
    learner.main(project)
    assert path.read_bytes() == before
    assert written(project, 4).path.exists()
    assert f"learner/{path.name} is there and stays as it is" in capsys.readouterr().out


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


def test_only_the_stages_are_imported_from_the_reader():
    source = (
        "from nnfs_core import relu\nfrom nnfs_core.activation import drelu\n"
        "from nnfs_core.validation import checked\nfrom nnfs_course.exercises import activation"
    )
    assert learner.own_imports(source) == (
        "from mine import relu\nfrom mine import drelu\n"
        "from nnfs_core.validation import checked\nfrom nnfs_course.exercises import activation"
    )


def test_mine_names_what_is_missing_and_shows_the_line_that_failed(tmp_path, monkeypatch):
    root = toy_project(tmp_path)
    learner.main(root)
    mine = load_mine(root, monkeypatch)
    with pytest.raises(ImportError, match="no cell tagged export .* defines softmax"):
        from mine import softmax  # noqa: F401
    with pytest.raises(NotImplementedError, match="relu") as caught:
        mine.relu(1)
    assert "your code instead of this line" in str(caught.traceback[-1].statement)
    assert "01_activation.ipynb" in str(caught.traceback[-1].path)


def test_mine_takes_the_saved_notebook_and_no_copy_of_it(tmp_path, monkeypatch):
    root = toy_project(tmp_path)
    learner.main(root)
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
    learner.main(root)
    path = root / "learner" / "01_activation.ipynb"
    path.write_text(path.read_text("utf-8").replace("from mine", "from nnfs_core"), "utf-8")
    mine = load_mine(root, monkeypatch)
    with pytest.raises(ImportError, match="no cell tagged export .* defines drelu"):
        mine.drelu  # noqa: B018
    path.write_text(path.read_text("utf-8").replace("def relu(Z)", "def relu(Z"), "utf-8")
    os.utime(path, ns=(3, 3))
    for _ in range(2):
        with pytest.raises(ImportError, match="01_activation.ipynb cannot be used: SyntaxError"):
            mine.relu  # noqa: B018


def test_given_cells_stay(tmp_path):
    root = toy_project(tmp_path, code("def fetch():\n    return 1", "export", "given"))
    edit(root / "notebooks" / "01_activation.ipynb", 3, outputs=[])
    learner.main(root)
    text = (root / "learner" / "01_activation.ipynb").read_text("utf-8")
    assert "return 1" in text
    assert "check.fetch" not in text
