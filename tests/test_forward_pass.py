"""Stage 4: values by hand, shapes, the cache, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs_core import feed_forward, initialize_parameters, mlp

HAND = {
    "W1": np.array([[1.0, -1.0], [2.0, 0.0]]),
    "b1": np.array([[0.5], [-1.0]]),
    "W2": np.array([[1.0, 3.0]]),
    "b2": np.array([[-2.0]]),
}


def test_values_by_hand():
    A, cache = feed_forward(np.array([[1.0, 0.0], [2.0, 1.0]]), HAND)
    assert cache["Z1"].tolist() == [[-0.5, -0.5], [1, -1]]
    assert cache["A1"].tolist() == [[0, 0], [1, 0]]
    assert cache["Z2"].tolist() == [[1, -2]] and A.tolist() == [[1, 0]]
    assert A is cache["A2"] and list(cache) == ["Z1", "A1", "Z2", "A2"]


@given(st.lists(st.integers(1, 6), min_size=2, max_size=6), st.integers(1, 5), st.integers(0, 1000))
def test_any_depth_agrees_with_sample_by_sample(layer_sizes, m, seed):
    parameters = initialize_parameters(layer_sizes, seed)
    X = np.random.default_rng(seed).standard_normal((layer_sizes[0], m))
    A, cache = feed_forward(X, parameters)
    for layer, size in enumerate(layer_sizes[1:], start=1):
        assert cache[f"Z{layer}"].shape == cache[f"A{layer}"].shape == (size, m)
    for k in range(m):
        a = X[:, k]
        for layer in range(1, len(layer_sizes)):
            z = [
                w @ a + b[0]
                for w, b in zip(parameters[f"W{layer}"], parameters[f"b{layer}"], strict=True)
            ]
            a = np.array([max(0.0, value) for value in z])
        np.testing.assert_allclose(A[:, k], a, atol=1e-12)


def test_inputs_are_not_changed(network):
    X, _, parameters = network([3, 4, 2])
    kept = X.copy(), {key: array.copy() for key, array in parameters.items()}
    feed_forward(X, parameters)
    assert np.array_equal(X, kept[0])
    assert all(np.array_equal(parameters[key], kept[1][key]) for key in parameters)


def test_whole_numbers_are_fine_as_data():
    assert feed_forward(np.array([[1, 0], [2, 1]]), HAND)[0].tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.ones((5, 2)), ValueError, r"X .*shape \(5, 2\).*expected shape \(2, any\); .*try X.T"),
        (np.ones((3, 5)), ValueError, r"X .*expected shape \(2, any\)$"),
        (np.ones(2), ValueError, r"X .*shape \(2,\)"),
        (np.ones((2, 0)), ValueError, "X is empty"),
        (np.array([[1.0], [np.nan]]), ValueError, "X holds 1 NaN"),
        (np.array([["1"], ["2"]]), TypeError, "expected real numbers"),
        (np.array([[1], [None]]), TypeError, "expected real numbers"),
        ([[1.0], [2.0]], TypeError, "X is a list"),
        (pd.DataFrame([[1.0], [2.0]]), TypeError, "X is a DataFrame; .* a sample a column"),
        (np.array([[1.0], [-np.inf]]), ValueError, "X holds 1 NaN or infinite"),
        (np.ones((2, 1), np.float16), TypeError, "float16; expected real numbers"),
        (np.ones((2, 1)).view(np.matrix), TypeError, "X is a matrix"),
        (np.ma.array([[1.0], [2.0]]), TypeError, "X is a MaskedArray"),
        (None, TypeError, "X is .*None"),
    ],
)
def test_bad_data_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        feed_forward(X, HAND)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({}, ValueError, "missing W1, b1"),
        (None, TypeError, "parameters is .*None.*; expected a dict"),
        (
            mlp([2, 1]).parameters,
            TypeError,
            "network of layers.*; expected a dict of initialize_par",
        ),
        ({"W1": HAND["W1"]}, ValueError, "missing b1"),
        ({**HAND, "W3": HAND["W2"]}, ValueError, "missing b3, unknown none"),
        ({**HAND, "w1": HAND["W1"]}, ValueError, "unknown w1"),
        ({**HAND, 12: HAND["W1"]}, ValueError, "unknown 12"),
        ({**HAND, "b2": [[1.0]]}, TypeError, "b2 is a list; expected a 2-D NumPy array"),
        ({**HAND, "b2": np.ones((1, 1), np.float16)}, TypeError, "float16; expected floats"),
        ({**HAND, "W1": HAND["W1"].T[:, :1]}, ValueError, r"(b1|W2|X) .*expected shape"),
        ({k: v for k, v in HAND.items() if k != "b2"}, ValueError, "missing b2, unknown none"),
        ({"W2": HAND["W2"], "b2": HAND["b2"]}, ValueError, "missing W1, b1, unknown none"),
        ({**HAND, "W2": np.ones((1, 5))}, ValueError, r"W2 .*expected shape \(any, 2\)"),
        ({**HAND, "b1": np.ones((2,))}, ValueError, r"b1 .*expected shape \(2, 1\)"),
        ({**HAND, "b1": np.ones((2, 1), int)}, TypeError, r"b1 .*expected floats: use .astype"),
        ({**HAND, "W1": HAND["W1"] * np.nan}, ValueError, "W1 holds 4 NaN"),
    ],
)
def test_bad_parameters_are_refused(parameters, error, message):
    with pytest.raises(error, match=message):
        feed_forward(np.ones((2, 3)), parameters)
