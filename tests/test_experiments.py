"""Paired differences and weighted losses; test_estimators.py has what is built on them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import sem

from nnfs_core import (
    Adam,
    Linear,
    Model,
    MSELoss,
    Sequential,
    SoftmaxCrossEntropyLoss,
    Solver,
    Tanh,
    WeightedLoss,
    WeightRow,
    check_gradients,
    mlp,
    paired_difference,
)
from nnfs_core.experiments import Difference, cross_entropies, squared_errors

NUMBERS = st.floats(-100, 100)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=20)
KINDS = {
    "numbers": (squared_errors, MSELoss),
    "classes": (cross_entropies, SoftmaxCrossEntropyLoss),
}
EACH = pytest.mark.parametrize(("each", "loss"), KINDS.values(), ids=KINDS.keys())


@given(PAIRS, NUMBERS)
def test_a_paired_difference_is_that_of_scipy_and_what_both_share_cancels(pairs, shared):
    one, other = map(np.array, zip(*pairs, strict=True))
    found = paired_difference(one, other)
    np.testing.assert_allclose(found.mean, np.mean(one - other), atol=1e-12)
    np.testing.assert_allclose(found.error, sem(one - other), rtol=1e-9, atol=1e-12)
    assert (found.above, found.pairs) == (np.sum(one > other), len(one))
    moved = paired_difference(one + shared, other + shared)
    np.testing.assert_allclose(moved[:2], found[:2], atol=1e-9)
    turned = paired_difference(other, one)
    np.testing.assert_allclose((turned.mean, turned.error), (-found.mean, found.error), atol=1e-12)


def test_a_difference_in_a_line_and_what_may_be_given():
    found = paired_difference([3, 5, 7, 7], (1, 2, 3, 7))
    assert isinstance(found, Difference)
    assert str(found) == "+2.250 ± 0.854, above 0 in 3 of 4"
    assert [type(part) for part in found] == [float, float, int, int]
    whole = np.array([3, 5], np.uint8), np.array([5, 3], np.uint8)  # which would wrap around
    assert paired_difference(*whole)[:2] == (0.0, 2.0)


@pytest.mark.parametrize(
    ("one", "other", "error", "message"),
    [
        ([1.0], [2.0], ValueError, "one pair has no spread"),
        ([], [], ValueError, "one is empty"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], ValueError, "one has 2 numbers, other has 3; expected pairs"),
        ([1.0, np.nan], [1.0, 2.0], ValueError, "one holds 1 NaN"),
        ([1.0, 2.0], [np.inf, 2.0], ValueError, "other holds 1 NaN or infinite"),
        (np.ones((2, 2)), np.ones((2, 2)), ValueError, r"shape \(2, 2\).*in a row"),
        (1.0, 2.0, ValueError, "two or more numbers in a row"),
        (["a", "b"], [1.0, 2.0], TypeError, "real numbers"),
    ],
)
def test_what_is_no_pairs_is_refused(one, other, error, message):
    with pytest.raises(error, match=message):
        paired_difference(one, other)


def samples(classes, m=7, seed=0):
    """Outputs and targets."""
    rng = np.random.default_rng(seed)
    A = 3 * rng.standard_normal((3, m))
    return A, np.eye(3)[:, rng.integers(0, 3, m)] if classes else rng.standard_normal((3, m))


def below(values, weights):
    """Values with a row of weights below."""
    return np.vstack([values, weights])


@EACH
def test_losses_of_single_samples_are_those_of_the_loss(each, loss):
    first, Y = samples(each is cross_entropies)
    for A in (first, 1000 * first):
        losses, gradient = each(A, Y)
        for k in range(A.shape[1]):
            plain = loss()
            right = plain.forward(A[:, [k]], Y[:, [k]])
            np.testing.assert_allclose(losses[k], right, rtol=1e-12, atol=1e-300)
            np.testing.assert_allclose(gradient[:, [k]], plain.backward(), atol=1e-15)


@EACH
def test_losses_of_single_samples_refuse_what_would_be_stretched(each, loss):
    A, Y = samples(each is cross_entropies)
    for wrong, error in {
        "a column": (Y[:, :1], ValueError),
        "a row": (Y[:1], ValueError),
        "labels": (Y.argmax(axis=0), ValueError),
        "turned": (Y.T, ValueError),
        "a list": (Y.tolist(), TypeError),
    }.values():
        with pytest.raises(error, match="^Y is .*expected"):
            each(A, wrong)
    with pytest.raises((TypeError, ValueError), match="^A is .*expected"):
        each(A[0], Y[0])


def test_cross_entropies_are_of_classes_alone():
    A, Y = samples(True)
    with pytest.raises(ValueError, match="expected one-hot columns"):
        cross_entropies(A, Y / 2)
    with pytest.raises(ValueError, match="expected a row for each class, two or more"):
        cross_entropies(A[:1], Y[:1])


@EACH
def test_weights_of_one_change_nothing_and_whole_ones_repeat(each, loss):
    A, Y = samples(each is cross_entropies)
    weighted, plain = WeightedLoss(each), loss()
    zeros = np.zeros(A.shape[1])
    value = weighted.forward(below(A, zeros), below(Y, zeros + 1))
    np.testing.assert_allclose(value, plain.forward(A, Y), rtol=1e-14)
    np.testing.assert_allclose(weighted.backward()[:-1], plain.backward(), rtol=1e-13)
    assert not weighted.backward()[-1].any()
    weights = np.array([2, 0, 1, 3, 0, 1, 0])  # 7 in all: 1 on average
    value = weighted.forward(below(A, zeros), below(Y, weights))
    repeated = A.repeat(weights, axis=1), Y.repeat(weights, axis=1)
    np.testing.assert_allclose(value, plain.forward(*repeated), rtol=1e-14)
    sums = np.add.reduceat(plain.backward(), [0, 2, 3, 6], axis=1)  # of the repeats of a sample
    np.testing.assert_allclose(weighted.backward()[:-1][:, weights > 0], sums, rtol=1e-12)


@EACH
def test_gradients_through_a_network(each, loss):
    X = np.random.default_rng(1).standard_normal((4, 6))
    _, Y = samples(each is cross_entropies, m=6)
    network = Sequential(mlp([4, 5, 3], activation=Tanh), WeightRow())
    model = Model(network, WeightedLoss(each), l2=0.7, m=6)
    errors = check_gradients(model, X, below(Y, [2.0, 0.5, 0.0, 1.0, 3.3, 1.0]))
    assert max(errors.values()) < 1e-7, errors


def test_the_solver_carries_the_weights_with_their_samples():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1, 200))
    Y = np.where(np.arange(200) % 2, 2 * X, -2 * X)  # two lines, and the weights choose one
    weights = 2.0 * (np.arange(200) % 2)
    network = Sequential(Linear(1, 1, 0), WeightRow())
    solver = Solver(Model(network, WeightedLoss(squared_errors)), Adam(0.05))
    history = solver.fit((X, below(Y, weights)), epochs=40, batch_size=20)
    assert network.parameters["W1"][0, 0] == pytest.approx(2, abs=0.01)
    assert history.train_loss[-1] < 1e-3 < history.train_loss[0]


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (lambda A, Y: (1.0, A - Y), ValueError, r"losses, 1.0; expected .* shape \(3,\)"),
        (lambda A, Y: (np.ones((3, 1)), A - Y), ValueError, r"losses, an array of shape \(3, 1\)"),
        (lambda A, Y: (np.ones(3), 1.0), TypeError, "the gradient that each returned is 1.0"),
        (lambda A, Y: (np.ones(3), A[:, :1]), ValueError, r"each returned is .* shape \(1, 3\)"),
        (lambda A, Y: np.ones(3), TypeError, "each returned an array.*; expected two arrays"),
    ],
)
def test_what_a_function_returns_is_not_stretched_over_the_weights(returned, error, message):
    with pytest.raises(error, match=message):
        WeightedLoss(returned).forward(np.ones((2, 3)), np.ones((2, 3)))


def test_what_has_no_weights_is_refused():
    loss, A = WeightedLoss(squared_errors), np.ones((2, 3))
    with pytest.raises(ValueError, match="targets and a row of weights below them"):
        loss.forward(A[:1], A[:1])
    with pytest.raises(ValueError, match=r"the last row of Y, go down to -1; expected 0 or more"):
        loss.forward(A, -A)
    with pytest.raises(ValueError, match=r"expected shape \(2, 3\)"):
        loss.forward(A, np.ones((1, 3)))
