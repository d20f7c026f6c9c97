"""The table from the course to PyTorch and JAX: each column runs, and says the same."""

import html

import numpy as np
import pytest

from nnfs_core import backpropagate, feed_forward, initialize_parameters
from nnfs_course import way_on
from nnfs_course.way_on import DIFFERENCES, LINES


def given():
    """What the programs find: samples as columns, weights, logits and labels."""
    rng = np.random.default_rng(0)
    start = initialize_parameters([3, 5, 2], 0)
    start["b1"] += 0.3
    return {
        "np": np,
        "X": rng.standard_normal((3, 6)),
        "Y": rng.standard_normal((2, 6)),
        "Z": rng.standard_normal((3, 4)),
        "labels": np.array([2, 0, 1, 1]),
        "start": start,
    }


@pytest.fixture
def library(request):
    """A library that is installed, with the settings that the programs change put back."""
    if request.param == "ours":
        yield request.param
        return
    module = pytest.importorskip(request.param)
    before = module.get_default_dtype() if request.param == "torch" else None
    yield request.param
    if request.param == "torch":
        module.set_default_dtype(before)


def as_numpy(value, name):
    """What a program made, as NumPy."""
    value = getattr(value, "data", value) if name == "ours" else value
    value = value.detach().numpy() if hasattr(value, "detach") else value
    return np.array(value)  # a copy: PyTorch's shares memory with the network


def column(lines, name):
    """What is to be equal after each line of a program; and its names, at the end."""
    names, found = given(), {}
    for place, line in enumerate(lines):
        exec(getattr(line, name), names)
        if line.equal and getattr(line, name):
            found[place] = as_numpy(names[line.equal], name)
    return found, names


def compare(lines, name):
    """Hold a program against ours, line by line."""
    ours, theirs = column(lines, "ours")[0], column(lines, name)[0]
    assert len(theirs) > 8
    for place, value in theirs.items():
        turned = value.T if lines[place].turned and name == "torch" else value
        np.testing.assert_allclose(turned, ours[place], atol=1e-12, err_msg=lines[place].what)


BOTH = pytest.mark.parametrize("library", ["torch", "jax"], indirect=True)


@BOTH
def test_each_line_gives_what_ours_gives(library):
    compare(LINES, library)


@BOTH
def test_weights_are_carried_there_and_back_with_equal_predictions(library):
    names = column(LINES[:11], library)[1]
    there = as_numpy(names["A"], library)
    there = there.T if library == "torch" else there
    np.testing.assert_allclose(names["back"], there, atol=1e-12)
    ours = column(LINES[:11], "ours")[1]
    for name in ("W1", "b1", "W2", "b2"):
        np.testing.assert_allclose(names[name], ours[name], atol=1e-12)


@pytest.mark.parametrize("library", ["ours", "torch", "jax"], indirect=True)
def test_each_difference_holds(library):
    names = column(LINES, library)[1]
    said = 0
    for difference in DIFFERENCES:
        if code := getattr(difference, library):
            names["holds"] = None
            exec(code, names)
            assert names["holds"], difference.words
            said += 1
    assert said >= 2


def test_our_column_is_what_stage_5_computes():
    names = given()  # its last layer has a ReLU: here all is above 0
    for key in ("X", "Y"):
        names[key] = np.abs(names[key])
    names["start"] = {key: np.abs(array) + 0.1 for key, array in names["start"].items()}
    for line in LINES[:8]:
        exec(line.ours, names)
    cache = feed_forward(names["X"], names["start"])[1]
    expected = backpropagate(names["X"], names["Y"], cache, names["start"])
    np.testing.assert_allclose(names["dW1"], expected["dW1"], atol=1e-12)


FAULTS = [
    ("torch", "lr=0.1", "lr=0.2"),
    ("torch", "/ (2 * m)", "/ m"),
    ("torch", "momentum=0.1", "momentum=0.9"),
    ("torch", 'start["W2"]', '-start["W2"]'),
    ("torch", "keepdim=True", "keepdim=False"),
    ("torch", "b1[:, None], b2[:, None]", "b1[:, None], -b2[:, None]"),
    ("torch", "x**4", "x**3"),
    ("torch", "3 * d * a**2", "2 * d * a**2"),
    ("jax", "- 0.1 * g", "+ 0.1 * g"),
    ("jax", "/ (2 * m)", "/ m"),
    ("jax", "loss = -logs", "loss = logs"),
    ("jax", "np.asarray, p.values()", "np.array, [-w for w in p.values()]"),
    ("jax", "d * a**2", "d * a"),
]


@pytest.mark.parametrize(
    ("library", "before", "after"), FAULTS, indirect=["library"], ids=[f"{one}" for one in FAULTS]
)
def test_a_wrong_line_is_seen(library, before, after):
    lines = [
        line._replace(**{library: getattr(line, library).replace(before, after)}) for line in LINES
    ]
    assert lines != LINES
    with pytest.raises(AssertionError):
        compare(lines, library)


def test_the_table_shows_every_line():
    shown = html.unescape(way_on.table().data)
    for line in LINES:
        assert f">{line.what}</th>" in shown
        assert all(
            f"<pre>{code or '–'}</pre>" in shown for code in (line.ours, line.torch, line.jax)
        )
    assert way_on.differences().data.count("**") == 2 * len(DIFFERENCES)


def test_a_line_of_code_is_not_too_long_for_a_column():
    for line in LINES:
        for code in (line.ours, line.torch, line.jax):
            assert all(len(part) <= 58 for part in code.split("\n")), code
