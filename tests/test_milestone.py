"""Milestones run on the reader's functions alone, and name the one that is missing or wrong."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from matplotlib.figure import Figure

from nnfs_course import milestones
from tools import learner, milestone
from tools.lib.judging import load_mine
from tools.lib.layout import ROOT, Refused, read_notebooks

STAGES = [notebook for notebook in read_notebooks() if notebook.is_stage]
NEEDS = {name: milestones.needs(name) for name in milestones.NAMES}


def copied(folder, filled):
    """A learner's copy in which nothing is written yet, or all is."""
    for notebook in STAGES:
        copy = learner.copy(ROOT, notebook, filled)
        nbformat.write(copy, folder / notebook.path.name)
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return copied(tmp_path_factory.mktemp("empty"), filled=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return copied(tmp_path_factory.mktemp("whole"), filled=True)


@pytest.fixture
def written(empty, whole, tmp_path):
    """A function that returns a copy with the course's functions in some notebooks."""

    def write(stems):
        folder = shutil.copytree(empty, tmp_path / "learner")
        for stem in stems:
            shutil.copy(whole / f"{stem}.ipynb", folder)
        return folder

    return write


@pytest.fixture
def asked(monkeypatch):
    """A function that returns what a milestone says to a copy, and the figure."""

    def ask(folder, name, function=milestones.milestone):
        monkeypatch.setitem(sys.modules, "mine", None)  # put back at the end
        load_mine(folder)
        figure = Figure(figsize=milestones.SIZE, layout="constrained")
        return function(name, figure), figure

    return ask


@pytest.fixture
def broken(whole, tmp_path):
    """A function that copies the whole copy, with a change in the code of one notebook."""

    def write(notebook, before, after):
        folder = shutil.copytree(whole, tmp_path / "learner")
        content = nbformat.read(folder / f"{notebook}.ipynb", as_version=4)
        cells = [cell for cell in content.cells if before in cell.source]
        assert cells, f"{before!r} is not in {notebook}"
        for cell in cells:
            cell.source = cell.source.replace(before, after)
        nbformat.write(content, folder / f"{notebook}.ipynb")
        return folder

    return write


@pytest.mark.parametrize("name", milestones.NAMES)
def test_a_milestone_imports_the_readers_functions_and_none_of_the_package(name):
    path = Path(milestones.__file__).with_name(f"{name}.py")
    found = {node.module for node in ast.walk(ast.parse(path.read_text("utf-8")))
             if isinstance(node, ast.ImportFrom)}  # fmt: skip
    own = {f"{milestones.__name__}.{one}" for one in milestones.NAMES}
    assert found - own <= {"mine", "nnfs_course.judge"}
    assert NEEDS[name]
    assert len(path.read_text("utf-8").splitlines()) <= 65  # a screen


@pytest.mark.parametrize("name", milestones.NAMES)
def test_it_is_reached_with_the_notebooks_that_it_names_and_no_others(name, written, asked):
    said, figure = asked(written(NEEDS[name]), name)
    assert said.right, said
    assert said.message.startswith("reached: ")
    assert all(axes.has_data() or axes.title.get_text() == "" for axes in figure.axes)
    assert any(axes.has_data() for axes in figure.axes)


@pytest.mark.parametrize("name", milestones.NAMES)
def test_an_untouched_copy_is_told_each_function_that_is_missing(name, empty, asked):
    said, figure = asked(empty, name)
    assert not said.right
    assert not figure.axes
    lines = said.message.splitlines()[1:]
    assert [line.split(":")[0].strip() for line in lines] == list(NEEDS[name])
    judged = [one for notebook in STAGES for one in learner.exported(notebook)]
    for line, names in zip(lines, NEEDS[name].values(), strict=True):
        missing = ", ".join(one for one in names if one in judged)
        assert line.endswith(f": {missing}: not written yet")


def test_a_reader_who_came_to_stage_four_has_two_and_is_told_what_the_next_one_needs(
    written, asked, monkeypatch, capsys
):
    readme = (ROOT / "README.md").read_text("utf-8")
    folder = written(["02_initialization", "03_activation", "04_forward_pass"])
    assert asked(folder, "perceptron")[0].right
    assert asked(folder, "xor")[0].right
    assert (message := asked(folder, "hidden_layer")[0].message).splitlines() == [
        "not yet. What it needs of your notebooks:",
        "  05_backpropagation: backpropagate, l2_loss, mse_loss: not written yet",
        "  06_training_loop: predict, train, update_parameters: not written yet",
    ]
    monkeypatch.setattr(milestone, "reached", lambda *_: [("hidden_layer", False, message, False)])
    (folder / "02_initialization.ipynb").write_text("written by the reader")
    (folder / "03_activation.ipynb").unlink()
    (folder / "04_forward_pass.ipynb").unlink()
    with pytest.raises(SystemExit) as ended:
        milestone.main(["hidden_layer", "--folder", str(folder)])
    assert ended.value.code == 1
    shown = capsys.readouterr().out.removesuffix("\n0 of 1 milestones reached\n")
    assert f"$ make milestone NAME=hidden_layer\n{shown}```\n" in readme


# Of each milestone: stage, fault in its notebook, who is named, what is said without judges.
FAULTS = {
    "perceptron": ("activation", "return Z > 0", "return Z < 0", "drelu", "are on the wrong"),
    "xor": (
        "forward_pass",
        '+ parameters[f"b{layer}"]',
        '+ parameters[f"b{layer}"] + 99 * (2 * (A[:1] - A[-1:]) ** 2 - 1)',
        "feed_forward",
        "no line tells XOR's points apart",
    ),
    "hidden_layer": (
        "backpropagation",
        "dZ = dA *",
        "dZ = 0 * dA *",
        "backpropagate",
        "none of 10 networks learnt XOR",
    ),
    "tracks": (
        "training_loop",
        "array - learning_rate *",
        "array - 0 * learning_rate *",
        "update_parameters",
        "expected at least half of that",
    ),
    "digits": (
        "classification",
        "return difference / difference.shape[1]",
        "return -difference / difference.shape[1]",
        "SoftmaxCrossEntropyLoss",
        "of the digits are read rightly; expected",
    ),
    "autograd": (
        "autograd",
        "found[x] = found[x] + d if x in found else d",
        "found[x] = d",
        "Value",
        "the losses of tensors and of layers are up to",
    ),
}
NOTEBOOK = {notebook.stage: notebook.path.stem for notebook in STAGES}


def test_each_milestone_has_a_fault():
    assert list(FAULTS) == list(milestones.NAMES)


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_function_is_named_and_without_its_judge_the_goal_is_missed(name, broken, asked):
    stage, before, after, function, missed = FAULTS[name]
    folder = broken(NOTEBOOK[stage], before, after)
    said, figure = asked(folder, name)
    assert not said.right
    assert not figure.axes
    assert f"  {NOTEBOOK[stage]}: {function} is not right: " in said.message
    said, _ = asked(folder, name, milestones.reach)  # it stands on that function, not the package's
    assert not said.right
    assert said.message.startswith("not reached: ")
    assert missed in said.message


def test_a_wrong_function_leaves_the_milestones_that_do_not_need_it(broken, asked):
    folder = broken("05_backpropagation", "(2 * m))", "(3 * m))")
    assert asked(folder, "perceptron")[0].right
    assert "mse_loss is not right: " in asked(folder, "hidden_layer")[0].message


def test_a_function_that_was_saved_again_is_imported_again(whole, asked):
    assert asked(whole, "perceptron")[0].right
    sys.modules["mine"].drelu = lambda Z: Z < 0
    assert not milestones.reach("perceptron", Figure()).right


def test_in_a_notebook_it_is_shown(whole, asked, monkeypatch):
    import matplotlib.pyplot as plt

    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    said, _ = asked(whole, "xor", lambda name, figure: milestones.milestone(name))
    assert said.right
    assert [len(figure.axes) for figure in shown] == [4]
    plt.close("all")


def test_a_milestone_that_is_none_is_refused():
    with pytest.raises(ValueError, match="'xxor'; expected one of perceptron, xor"):
        milestones.milestone("xxor")
    with pytest.raises(Refused, match="no milestone xxor: expected some of perceptron, xor"):
        milestone.main(["xxor"])
    with pytest.raises(Refused, match="no such folder: `make learner` writes learner/"):
        milestone.main(["--folder", "nobody"])


def test_the_command_draws_what_is_reached_in_a_process_of_its_own(written, capsys):
    folder = written(["03_activation", "04_forward_pass"])
    milestone.main(["xor", "--folder", str(folder)])
    said = capsys.readouterr().out
    assert "needs 03_activation (came filled), 04_forward_pass (came filled)\n  reached:" in said
    assert said.endswith(
        f"picture: {folder.name}/milestones/xor.png\n\n1 of 1 milestones reached\n"
    )
    assert (folder / "milestones" / "xor.png").read_bytes().startswith(b"\x89PNG")


def test_a_notebook_that_is_half_written_is_named(written, capsys):
    folder = written(["03_activation", "04_forward_pass"])
    path = folder / "03_activation.ipynb"
    path.write_bytes(path.read_bytes()[:999] + b"\xff")
    with pytest.raises(SystemExit):
        milestone.main(["xor", "--folder", str(folder)])
    said = capsys.readouterr().out
    assert "drelu is in no cell tagged export" in said
    assert "; 03_activation.ipynb cannot be read: save again" in said
    assert "exit()" not in said


def test_what_never_ends_or_ends_python_is_named(tmp_path, monkeypatch):
    """The child is played: a real one takes seconds to begin with."""

    def play(module, given, folder, end):
        _, report, *names = given
        lines = [["doing", "relu of 03_activation"]]
        if "xor" in names[:1]:
            lines = [["said", "xor", True, "reached: it", True], *lines]
        report.write_text("".join(json.dumps(line) + "\n" for line in lines))
        if len(names) == 1:
            raise subprocess.TimeoutExpired(module, 1)

    monkeypatch.setattr(milestone.apart, "run", play)
    names = ["xor", "hidden_layer", "tracks"]
    assert list(milestone.reached(tmp_path, names)) == [
        ("xor", True, "reached: it", True),
        (
            "hidden_layer",
            False,
            "not yet. relu of 03_activation: it ended Python: is there an exit() in it?",
            False,
        ),
        (
            "tracks",
            False,
            "not yet. relu of 03_activation: no answer after 120 seconds: an endless loop?",
            False,
        ),
    ]
    monkeypatch.setattr(milestone, "LIMIT", -1)
    assert [said[2] for said in milestone.reached(tmp_path, ["tracks", "digits"], -1)][1:] == [
        "no time left for it: see the one that takes so long"
    ]
