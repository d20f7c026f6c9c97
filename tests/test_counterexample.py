"""The smallest case that shows a fault is small, comes first, and its formula gives its number."""

import itertools
import re

import numpy as np
import pytest

from nnfs_core import backpropagation
from nnfs_core.forward_pass import feed_forward
from nnfs_course import counterexample
from nnfs_course.exercises.backpropagation import _backward
from nnfs_course.judge import Wrong


def value(text):
    """What a formula with numbers put in gives."""
    text = re.sub(r" \(z = [^)]*\)", "", text.partition(" = ")[2] or text)
    return eval(text.replace("·", "*").replace("²", "**2"))


def halved(Z):
    return Z / 2


def test_small_cases_have_their_shapes_and_begin_with_small_numbers():
    cases = list(counterexample.small((1, 2), ()))
    assert {(X.shape, y.shape) for X, y in cases} == {((1, 2), ())}
    sizes = [np.abs(X).sum() + abs(y) for X, y in cases]
    assert sizes == sorted(sizes)
    assert max(sizes) <= 9


def smallest(function):
    counterexample.smallest(
        function, halved, counterexample.small((1, 2)), lambda where, Z: f"{Z[where]:g}/2"
    )


def test_the_smallest_case_shows_input_formula_and_both_numbers():
    with pytest.raises(Wrong, match=r"^for Z = \[\[0, 1\]\]: 1/2 = 0.5, and yours is 1$"):
        smallest(lambda Z: Z)


@pytest.mark.parametrize("function", [halved, lambda Z: 1 / 0, lambda Z: Z.sum(), lambda Z: None])
def test_nothing_is_shown_where_all_agree_or_no_number_can_be_compared(function):
    smallest(function)


def test_a_fault_of_large_numbers_alone_is_found():
    with pytest.raises(Wrong, match=r"3/2 = 1.5, and yours is 1$"):
        smallest(lambda Z: np.minimum(Z / 2, 1))


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_the_formula_of_a_gradient_gives_the_gradient(linear, l2):
    for X, Y, parameters in itertools.islice(
        counterexample.networks((1, 1), (2, 2), (1, 2, 1), (2, 1, 2)), 0, None, 19
    ):
        cache = feed_forward(X, parameters)[1]
        last = "linear" if linear else "relu"
        for key, gradient in _backward(X, Y, cache, parameters, l2, last=last).items():
            for place, expected in np.ndenumerate(gradient):
                where = (key, *place)
                text = counterexample.gradient(where, X, Y, parameters, l2, linear=linear)
                assert value(text) == pytest.approx(expected, rel=1e-3, abs=1e-9), text


def test_the_formulas_of_losses_and_sums_give_their_numbers():
    A, Y = np.array([[1.0, -2.0], [3.0, 0.0]]), np.array([[-1.0, 2.0], [0.5, 0.0]])
    assert value(counterexample.mean_squares(A, Y, 2)) == backpropagation.mse_loss(A, Y)
    assert value(counterexample.weighted([2.0, -1.0], [-3.0, 0.5], -4.0)) == -10.5
