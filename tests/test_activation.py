"""Stage 3: the identities of ReLU, its derivative, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnfs_core import drelu, relu

values = arrays.arrays(
    np.float64, arrays.array_shapes(max_dims=3, max_side=5), elements=st.floats(-1e6, 1e6)
)


def test_values_by_hand():
    Z = np.array([[-2.0, 0.0], [0.5, 3.0]])
    assert relu(Z).tolist() == [[0, 0], [0.5, 3]]
    assert drelu(Z).tolist() == [[False, False], [True, True]]
    assert relu(-3) == 0 and relu(2.5) == 2.5 and not drelu(0.0)


@given(values, st.floats(0.1, 100))
def test_identities(Z, c):
    before = Z.copy()
    assert relu(Z).shape == drelu(Z).shape == Z.shape and drelu(Z).dtype == bool
    np.testing.assert_array_equal(relu(relu(Z)), relu(Z))
    np.testing.assert_array_equal(relu(Z) - relu(-Z), Z)
    np.testing.assert_array_equal(relu(Z) + relu(-Z), np.abs(Z))
    np.testing.assert_allclose(relu(c * Z), c * relu(Z))
    np.testing.assert_array_equal(relu(Z), Z * drelu(Z))
    np.testing.assert_array_equal(Z, before)


@given(values)
def test_the_derivative_is_that_of_finite_differences(Z):
    Z = np.where(np.abs(Z) < 1e-3, 1.0, Z)  # away from the corner
    h = 1e-6 * np.maximum(1, np.abs(Z))
    np.testing.assert_allclose(drelu(Z), (relu(Z + h) - relu(Z - h)) / (2 * h), atol=1e-6)


@pytest.mark.parametrize("function", [relu, drelu])
@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.array([1.0, np.nan]), ValueError, "Z holds 1 NaN or infinite"),
        (np.array([np.inf]), ValueError, "Z holds 1 NaN or infinite"),
        (np.array([]), ValueError, "Z is empty"),
        (np.array(["1"]), TypeError, "expected real numbers"),
        (np.array([1j]), TypeError, "expected real numbers"),
        ([1.0], TypeError, "Z is a list; expected a NumPy array"),
        ("1", TypeError, "Z is a str"),
        (None, TypeError, "Z is .*None"),
        (np.ones(2, np.float16), TypeError, "float16; expected real numbers"),
        (np.ones((1, 1)).view(np.matrix), TypeError, "Z is a matrix; expected a NumPy array"),
        (np.ma.array([1.0]), TypeError, "Z is a MaskedArray; expected a NumPy array"),
    ],
)
def test_bad_input_is_refused(function, bad, error, message):
    with pytest.raises(error, match=message):
        function(bad)
