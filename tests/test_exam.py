"""What stands in bold in the answers of docs/EXAM.md, computed; each stage has a question."""

import re

import numpy as np
import pytest
from sklearn.metrics import r2_score

from nnfs_core import (
    Adam,
    BatchNorm,
    Dropout,
    Linear,
    SoftmaxCrossEntropyLoss,
    Value,
    backpropagate,
    drelu,
    feed_forward,
    initialize_parameters,
    mse_loss,
    relu,
    softmax,
)
from tools.lib.layout import ROOT, read_notebooks

PAGE = (ROOT / "docs" / "EXAM.md").read_text("utf-8")
QUESTIONS = re.findall(r"^## (\d+)\. .+\n\n\[Stage (\d+)\]\((.+)\) · (\d+) minutes\n", PAGE, re.M)
FOLD = r"<details><summary>Answer</summary>\n\n(.+?)\n\n</details>"
ANSWERS = [re.findall(r"\*\*(.+?)\*\*", text) for text in re.findall(FOLD, PAGE, re.DOTALL)]
SIZES = [14, 64, 32, 16, 1]
X, Y = np.array([[1.0], [2.0]]), np.array([[1.0]])
SMALL = {
    "W1": np.array([[1.0, -1.0], [2.0, 0.0]]),
    "b1": np.array([[0.0], [-1.0]]),
    "W2": np.array([[1.0, 1.0]]),
    "b2": np.array([[0.5]]),
}


def row(array):
    """Numbers of a vector, as a page shows them."""
    return "(" + ", ".join(f"{number:g}" for number in np.ravel(array)) + ")"


def a_new_track():
    return [f"{(165 - 120) / 30:g}"]


def how_large():
    drawn = initialize_parameters([64, 2000, 1])["W1"].std()
    assert abs(drawn - np.sqrt(2 / 64)) < 0.002
    assert initialize_parameters([64, 32, 1])["W1"].shape == (32, 64)
    return [f"{np.sqrt(2 / 64):.3f}"]


def all_alike():
    alike = {**SMALL, "W1": np.array([[1.0, 2.0], [1.0, 2.0]]), "b1": np.zeros((2, 1))}
    found = backpropagate(X, Y, feed_forward(X, alike)[1], alike)
    assert np.array_equal(found["dW1"][0], found["dW1"][1])
    assert found["dW1"][0].any()
    return ["same gradient"]


def corner():
    Z = np.array([-2.0, 0.0, 3.0])
    return [row(relu(Z))[1:-1], row(drelu(Z) * 1)[1:-1]]


def count():
    sizes = [array.size for array in initialize_parameters(SIZES).values()]
    layers = [weights + biases for weights, biases in zip(sizes[::2], sizes[1::2], strict=True)]
    assert layers == [960, 2080, 528, 17]
    return [f"{sum(sizes):,}"]


def forward():
    A, cache = feed_forward(X, SMALL)
    assert cache["Z1"].ravel().tolist() == [-1, 1]
    return [f"{A.item():g}"]


def backward():
    A, cache = feed_forward(X, SMALL)
    found = backpropagate(X, Y, cache, SMALL)
    dW1 = f"({row(found['dW1'][0])}, {row(found['dW1'][1])})"
    return [f"{mse_loss(A, Y):g}", row(found["dW2"]), dW1, row(found["db1"])]


def check():
    slopes = [((2 + h) ** 3 - (2 - h) ** 3) / (2 * h) for h in (0.1, 0.05)]
    return [f"{slopes[0]:.2f}", f"{slopes[1] - 12:.4f}"]


def rates():
    def steps(rate, count):
        w = 1.0
        for _ in range(count):
            w -= rate * 4 * w
        return abs(w)

    assert steps(0.499, 2000) < 0.1
    assert steps(0.5, 2000) == 1
    assert steps(0.501, 2000) > 10
    return [f"{steps(0.1, 2):.2f}", "0.5"]


def how_good():
    return [f"{r2_score([1, 2, 3], predicted):g}" for predicted in ([1, 2, 4], [2, 2, 2])]


def dead():
    says_nothing = {**SMALL, "b2": np.array([[-9.0]])}
    A, cache = feed_forward(X, says_nothing)
    assert A.item() == 0
    found = backpropagate(X, Y, cache, says_nothing)
    assert not any(array.any() for array in found.values())
    return ["every gradient is 0"]


def shapes():
    layer, X = Linear(3, 2, np.random.default_rng(0)), np.ones((3, 5))
    Z = layer.forward(X, training=True)
    dX = layer.backward(np.ones((2, 5)))
    names = ["W", "b"]
    arrays = [X, *(layer.parameters[name] for name in names), Z]
    arrays += [*(layer.gradients["d" + name] for name in names), dX]
    return [str(array.shape) for array in arrays]


def work():
    return [f"{sum(a * b for a, b in zip(SIZES, SIZES[1:], strict=False)):,}"]


def first_step():
    adam = Adam(0.01)
    adam.steps = 1
    moved = adam.learning_rate * adam.direction(np.array([0.001, 100.0]))
    assert np.allclose(moved, 0.01, rtol=1e-4)
    return [f"{moved[1]:g}"]


def dropped():
    out = Dropout(0.25, 0).forward(np.full((100, 1000), 3.0), training=True)
    assert sorted(set(out.ravel())) == [0, 4]
    assert abs(out.mean() - 3) < 0.05
    return ["4", f"{out.mean():.0f}"]


def two_classes():
    Z, target = np.array([[0.0], [np.log(3)]]), np.array([[0.0], [1.0]])
    loss = SoftmaxCrossEntropyLoss()
    value = loss.forward(Z, target)
    return [" and ".join(f"{p:.2f}" for p in softmax(Z).ravel()), f"{value:.3f}"] + [
        row(loss.backward().round(12))
    ]


def batch_of_two():
    layer = BatchNorm(1, eps=1e-12)
    layer.parameters["gamma"][:], layer.parameters["beta"][:] = 2, 5
    out = layer.forward(np.array([[1.0, 3.0]]), training=True)
    with pytest.raises(ValueError, match="one"):
        layer.forward(np.array([[1.0]]), training=True)
    return [" and ".join(f"{number:.0f}" for number in out.ravel())]


def better():
    ahead = np.array([0.01, 0.02, 0.00, 0.03, 0.04])
    assert f"{ahead.std(ddof=1):.4f}" == "0.0158"
    return [f"{ahead.mean():.3f}", f"{ahead.std(ddof=1) / np.sqrt(5):.3f}"]


def two_cores():
    return [f"{1 / (0.25 + 0.75 / cores):g}" for cores in (2, np.inf)]


def graph():
    x, y = Value(2.0), Value(3.0)
    (x * y + x).backward()
    return [f"{x.grad:g}", f"{y.grad:g}"]


TWINS = [a_new_track, how_large, all_alike, corner, count, forward, backward, check, rates]
TWINS += [how_good, dead, shapes, work, first_step, dropped, two_classes, batch_of_two, better]
TWINS += [two_cores, graph]


@pytest.mark.parametrize("number", range(1, 21))
def test_an_answer_is_what_the_course_computes(number):
    assert ANSWERS[number - 1] == TWINS[number - 1]()


def test_there_are_twenty_and_each_stage_is_asked():
    assert [int(number) for number, *_ in QUESTIONS] == list(range(1, 21))
    assert len(ANSWERS) == len(TWINS) == 20
    assert all(ANSWERS)
    stages = [int(stage) for _, stage, _, _ in QUESTIONS]
    assert stages == sorted(stages)
    named = {str(notebook.number): notebook.path.name for notebook in read_notebooks()}
    assert set(stages) == {int(nb.number) for nb in read_notebooks() if nb.is_stage}
    for _, stage, link, _ in QUESTIONS:
        assert link == f"../notebooks/{named[stage]}"
    teaching = (ROOT / "docs" / "TEACHING.md").read_text("utf-8")
    minutes = sum(int(minutes) for *_, minutes in QUESTIONS)
    assert f"{minutes} minutes in all" in " ".join(teaching.split())
