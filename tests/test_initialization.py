"""Stage 2: shapes, variance, reproducibility, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnfs_core import initialize_parameters


@given(st.lists(st.integers(1, 20), min_size=2, max_size=7), st.integers(0, 2**32))
def test_shapes_for_any_sizes(layer_sizes, seed):
    parameters = initialize_parameters(layer_sizes, seed)
    assert len(parameters) == 2 * (len(layer_sizes) - 1)
    for layer, (n_in, n_out) in enumerate(zip(layer_sizes, layer_sizes[1:], strict=False), start=1):
        assert parameters[f"W{layer}"].shape == (n_out, n_in)
        assert parameters[f"b{layer}"].shape == (n_out, 1)
        assert parameters[f"W{layer}"].dtype == np.float64
        assert not parameters[f"b{layer}"].any()


@pytest.mark.parametrize("sizes", [[14, 64, 32, 16, 1], [300, 200], [1, 500]])
def test_the_weights_are_normal_with_variance_2_over_n(sizes):
    parameters = initialize_parameters(sizes, seed=5)
    for layer, n_in in enumerate(sizes[:-1], start=1):
        W = parameters[f"W{layer}"].ravel() / np.sqrt(2 / n_in)
        low, high = stats.chi2.interval(0.999, W.size)
        assert low < (W**2).sum() < high
        assert stats.kstest(W, "norm").pvalue > 1e-3


def test_the_seed_decides():
    first, again, other = (initialize_parameters([5, 4, 3], seed) for seed in (1, 1, 2))
    assert all(np.array_equal(first[key], again[key]) for key in first)
    assert not np.array_equal(first["W1"], other["W1"])
    assert not np.array_equal(first["W1"].ravel()[:12], first["W2"].ravel()[:12])


def test_the_numbers_stay_the_same_over_the_years():
    W1 = initialize_parameters([2, 3, 1], seed=0)["W1"]
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(W1, rng.standard_normal((3, 2)))  # 2 / n is 1 here
    np.testing.assert_allclose(W1[0], [0.12573022, -0.13210486], rtol=1e-7)


def test_the_global_generator_is_not_touched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    initialize_parameters([3, 2], seed=0)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(
    "sizes",
    [[], [14], 14, "14", [14, 0], [14, -1], [14, 2.5], [14, "1"], [14, True], [14, np.nan], None],
)
def test_bad_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="layer_sizes"):
        initialize_parameters(sizes)


@pytest.mark.parametrize("seed", [-1, 0.5, None, "0", True, np.inf])
def test_bad_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="seed is"):
        initialize_parameters([2, 1], seed)
