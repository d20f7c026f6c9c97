"""Stage 5: losses and gradients by hand, against finite differences, and with planted faults."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nnfs_core import (
    backpropagate,
    central_differences,
    drelu,
    feed_forward,
    gradient_error,
    l2_loss,
    mlp,
    mse_loss,
    numerical_gradients,
)
from tests.conftest import random_network

ONE = {"W1": np.array([[1.5]]), "b1": np.array([[-1.0]])}
X1, Y1 = np.array([[2.0, 0.0]]), np.array([[3.0, 1.0]])  # Z = 2, -1


def stale_cache():
    """Return the cache of parameters from before an update."""
    return feed_forward(X1, {"W1": ONE["W1"] + 1, "b1": ONE["b1"]})[1]


def tampered(key):
    """Return the arguments of backpropagate, with one entry of an array of the cache changed."""
    X, Y, parameters = random_network([3, 4, 2], m=9)
    cache = feed_forward(X, parameters)[1]
    cache[key][0, 0 if key.startswith("Z") else 1] += 1  # Z is looked at for a few samples
    return X, Y, cache, parameters


def gradients_of(X, Y, parameters, l2=0.0):
    return backpropagate(X, Y, feed_forward(X, parameters)[1], parameters, l2)


def test_losses_by_hand():
    assert mse_loss(np.array([[0.5, 0.2]]), np.array([[0.1, 0.4]])) == pytest.approx(0.05)
    two_outputs = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert mse_loss(two_outputs, np.zeros((2, 2))) == 30 / 4
    assert l2_loss({"W1": np.array([[3.0, 4.0]]), "b1": np.array([[9.0]])}, 0.1, 5) == 0.25
    assert isinstance(mse_loss(two_outputs, two_outputs), float)
    assert isinstance(l2_loss(ONE, 0.0, 1), float)


def test_gradients_by_hand():
    # The second sample is masked. For the first: dA = (2 - 3) / 2, so dW = -0.5 * 2, db = -0.5.
    gradients = gradients_of(X1, Y1, ONE)
    assert gradients["dW1"].tolist() == [[-1.0]] and gradients["db1"].tolist() == [[-0.5]]
    assert gradients_of(X1, Y1, ONE, l2=4.0)["dW1"].tolist() == [[-1.0 + 4 / 2 * 1.5]]


@given(
    layer_sizes=st.lists(st.integers(1, 5), min_size=2, max_size=6),
    m=st.integers(1, 6),
    seed=st.integers(0, 10_000),
    l2=st.sampled_from([0.0, 0.1, 3.0]),
)
def test_gradients_of_random_networks_agree_with_finite_differences(layer_sizes, m, seed, l2):
    X, Y, parameters = random_network(layer_sizes, m, seed)
    cache = feed_forward(X, parameters)[1]
    assume(
        min(np.abs(cache[key]).min() for key in cache if key.startswith("Z")) > 1e-3
    )  # no corner
    gradients = backpropagate(X, Y, cache, parameters, l2)
    for key, array in parameters.items():
        assert gradients[f"d{key}"].shape == array.shape
    # Round-off of the differences is about 1e-11; it counts where a whole gradient is that small.
    numerical = numerical_gradients(X, Y, parameters, l2)
    assume(all(not g.any() or np.linalg.norm(g) > 1e-3 for g in gradients.values()))
    assert gradient_error(gradients, numerical) < 1e-7


@pytest.mark.parametrize("fault", ["mask", "mean", "penalty", "sign", "transpose"])
def test_the_check_catches_planted_faults(network, fault):
    X, Y, parameters = network([4, 4, 4], m=4, seed=3)
    cache = feed_forward(X, parameters)[1]
    right = backpropagate(X, Y, cache, parameters, l2=0.5)
    wrong = {key: gradient.copy() for key, gradient in right.items()}
    dZ2 = (cache["A2"] - Y) / 4 * drelu(cache["Z2"])
    if fault == "mask":
        wrong["dW1"] = (parameters["W2"].T @ dZ2 * drelu(X)) @ X.T + 0.5 / 4 * parameters["W1"]
    elif fault == "mean":
        wrong = {key: gradient * 4 for key, gradient in right.items()}
    elif fault == "penalty":
        wrong["dW2"] -= 0.5 / 4 * parameters["W2"]
    elif fault == "sign":
        wrong["db2"] *= -1
    else:
        wrong["dW1"] = wrong["dW1"].T
    numerical = numerical_gradients(X, Y, parameters, l2=0.5)
    assert gradient_error(right, numerical) < 1e-7 and gradient_error(wrong, numerical) > 1e-3


def test_inputs_are_not_changed(network):
    X, Y, parameters = network([3, 4, 2])
    cache = feed_forward(X, parameters)[1]
    kept = [{key: array.copy() for key, array in part.items()} for part in (parameters, cache)]
    data = X.copy(), Y.copy()
    backpropagate(X, Y, cache, parameters, 0.1)
    numerical_gradients(X, Y, parameters, 0.1)
    assert np.array_equal(X, data[0]) and np.array_equal(Y, data[1])
    for part, before in zip((parameters, cache), kept, strict=True):
        assert all(np.array_equal(part[key], before[key]) for key in part)


def test_float32_parameters_get_float64_differences(network):
    X, Y, parameters = network([3, 4, 2], seed=3)
    single = {key: array.astype(np.float32) for key, array in parameters.items()}
    numerical = numerical_gradients(X, Y, single)
    assert gradient_error(gradients_of(X, Y, single), numerical) < 1e-5


def test_gradient_error_by_hand():
    three_four = {"dW1": np.array([[3.0, 4.0]])}
    assert gradient_error(three_four, {"dW1": np.array([[3.0, 4.0]])}) == 0
    assert gradient_error(three_four, {"dW1": np.array([[-3.0, -4.0]])}) == 1
    zero = {"dW1": np.zeros((1, 2))}
    assert gradient_error(zero, zero) == 0 and gradient_error(zero, three_four) == 1
    for size in (1.0, 1e200, 1e-200, 1e-310):  # the squares of these overflow, or vanish
        one, third = {"dW1": np.array([[size, 0.0]])}, {"dW1": np.array([[size / 3, 0.0]])}
        assert gradient_error(one, {"dW1": -one["dW1"]}) == 1
        assert gradient_error(one, third) == pytest.approx(0.5)


def test_central_differences_of_a_cubic_by_hand():
    array = np.array([[1.0, -2.0]])
    gradient = central_differences(lambda: float((array**3).sum()), array, h=0.1)
    np.testing.assert_allclose(gradient, [[3.01, 12.01]])  # 3w² + h²
    assert array.tolist() == [[1, -2]]
    one = np.array(3.0)  # any shape will do
    assert central_differences(lambda: float(one**2), one) == pytest.approx(6)


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_interrupted_central_differences_leave_no_entry_shifted(calls):
    array, count = np.array([1.0, 2.0]), iter(range(1, 10))

    def loss():
        if next(count) == calls:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        central_differences(loss, array)
    assert array.tolist() == [1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_the_round_off_of_float32_is_no_foreign_cache(seed):
    X, Y, parameters = random_network([14, 64, 32, 1], m=500, seed=seed)
    single = {key: array.astype(np.float32) for key, array in parameters.items()}
    assert gradients_of(X.astype(np.float32), Y.astype(np.float32), single)["dW1"].any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: mse_loss(np.ones((1, 3)), np.ones((3, 1))),
            ValueError,
            r"Y .*expected shape \(1, 3\)",
        ),
        (lambda: mse_loss(np.ones((1, 3)), np.ones(3)), ValueError, r"Y .*shape \(3,\)"),
        (lambda: mse_loss(np.ones((1, 0)), np.ones((1, 0))), ValueError, "A is empty"),
        (lambda: mse_loss(X1 * np.nan, Y1), ValueError, "A holds 2 NaN"),
        (lambda: l2_loss(ONE, -1, 5), ValueError, "l2 is -1; expected a number, 0 or more"),
        (lambda: l2_loss(ONE, 0.1, 0), ValueError, "m is 0; expected a whole number, 1 or more"),
        (lambda: l2_loss({"W1": 1.0}, 0.1, 5), ValueError, "missing b1"),
        (lambda: gradients_of(X1, Y1.T, ONE), ValueError, r"Y .*expected shape \(1, 2\)"),
        (lambda: gradients_of(X1, Y1, ONE, np.nan), ValueError, "l2 is nan"),
        (lambda: gradients_of(X1, Y1, ONE, "much"), ValueError, "l2 is a str"),
        (lambda: backpropagate(X1, Y1, {}, ONE), ValueError, "cache: missing Z1, A1"),
        (lambda: backpropagate(X1, Y1, feed_forward(X1[:, :1], ONE)[1], ONE), ValueError, "cache"),
        (lambda: numerical_gradients(X1, Y1 * np.inf, ONE), ValueError, "Y holds 2 NaN or inf"),
        (lambda: mse_loss(X1.astype(np.uint8), Y1), TypeError, "A is .*expected floats"),
        (
            lambda: mse_loss(np.ma.array(X1), Y1),
            TypeError,
            "A is a MaskedArray; expected a 2-D NumPy array",
        ),
        (lambda: mse_loss(X1.astype(np.float16), Y1), TypeError, "float16; expected floats"),
        (lambda: mse_loss(Y1.view(np.matrix), Y1), TypeError, "A is a matrix"),
        (lambda: mse_loss(Y1, Y1.tolist()), TypeError, "Y is a list"),
        (lambda: l2_loss(ONE, np.float32(np.inf), 5), ValueError, "l2 is .*inf"),
        (lambda: l2_loss(ONE, True, 5), ValueError, "l2 is True"),
        (lambda: l2_loss(ONE, 10**400, 5), ValueError, "l2 is 1000"),
        (lambda: l2_loss(ONE, 0.1, 5.0), ValueError, "m is 5.0; expected a whole number"),
        (lambda: l2_loss(mlp([2, 1]).parameters, 0.1, 5), TypeError, "network of layers"),
        (lambda: backpropagate(X1, Y1, None, ONE), TypeError, "cache is .*None.*expected a dict"),
        (lambda: backpropagate(X1, Y1, stale_cache(), ONE), ValueError, "of other X or parameters"),
        (
            lambda: backpropagate(X1 + 1, Y1, feed_forward(X1, ONE)[1], ONE),
            ValueError,
            "cache is of other X",
        ),
        (lambda: backpropagate(*tampered("A2")), ValueError, "cache is of other X"),
        (lambda: backpropagate(*tampered("A1")), ValueError, "cache is of other X"),
        (lambda: backpropagate(*tampered("Z1")), ValueError, "cache is of other X"),
        (
            lambda: backpropagate(X1, Y1, {"Z1": [[1.0]], "A1": X1}, ONE),
            TypeError,
            r"cache\['Z1'\] is a list",
        ),
        (lambda: central_differences(1.0, X1), TypeError, "loss is 1.0; expected a function"),
        (lambda: central_differences(float, 1.0), TypeError, "array is 1.0; expected an array"),
        (lambda: central_differences(float, X1.astype(np.float32)), TypeError, "of float64"),
        (lambda: central_differences(float, np.array([np.nan])), ValueError, "array holds 1 NaN"),
        (
            lambda: central_differences(float, X1, h=0),
            ValueError,
            "h is 0; expected a number above",
        ),
        (lambda: gradient_error({}, {}), ValueError, "empty dict"),
        (lambda: gradient_error({"dW1": X1}, {"dW2": X1}), ValueError, "missing dW1, unknown dW2"),
        (lambda: gradient_error({"dW1": X1}, {"dW1": X1.T}), ValueError, r"others\['dW1'\]"),
        (lambda: gradient_error([X1], [X1]), TypeError, "gradients is a list; expected a dict"),
        (lambda: gradient_error({"dW1": X1 * np.nan}, {"dW1": X1}), ValueError, "holds 2 NaN"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_step_that_changes_no_entry_is_refused():
    array = np.array([1e12])
    for h in (1e-5, 1e-20):
        with pytest.raises(ValueError, match="expected a step that changes entries as large as"):
            central_differences(lambda: float(array[0]), array, h)
