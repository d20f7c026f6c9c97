"""Stage 5: loss and backpropagation.

Generated from notebooks/05_backpropagation.ipynb by `make export`: edit that, not this.
"""

from collections.abc import Callable

import numpy as np

from nnfs_core.activation import drelu
from nnfs_core.forward_pass import feed_forward
from nnfs_core.validation import (
    Array,
    Arrays,
    guard_cache,
    guard_differences,
    guard_gradients,
    guard_losses,
    guard_number,
    guard_parameters,
    guard_training_data,
)


def mse_loss(A: Array, Y: Array) -> float:
    """Return 1/(2m) times the sum of (A - Y)². A, Y: (n_outputs, m).

    Raises ValueError or TypeError for shapes or values that do not fit.
    """
    guard_losses(A, Y)
    m = A.shape[1]
    return float(np.sum((A - Y) ** 2) / (2 * m))


def l2_loss(parameters: Arrays, l2: float, m: int) -> float:
    """Return l2/(2m) times the sum of all squared weights; biases do not count.

    l2: the λ of the formula, m: the number of samples. Raises ValueError or TypeError for bad ones.
    """
    guard_parameters(parameters)
    guard_number("l2", l2, least=0)
    guard_number("m", m, least=1, whole=True)
    squares = sum(np.sum(W**2) for key, W in parameters.items() if key.startswith("W"))
    return float(l2 / (2 * m) * squares)


def backpropagate(X: Array, Y: Array, cache: Arrays, parameters: Arrays, l2: float = 0.0) -> Arrays:
    """Return the gradients {"dW1", "db1", ...} of mse_loss + l2_loss, each shaped as its array.

    X: (n_features, m), Y: (n_outputs, m), cache as feed_forward(X, parameters) returns it.
    Raises ValueError or TypeError for shapes, keys or values that do not fit.
    """
    guard_training_data(X, Y, parameters, l2)
    guard_cache(X, cache, parameters)
    m = X.shape[1]
    depth = len(parameters) // 2
    gradients = {}
    dA = (cache[f"A{depth}"] - Y) / m
    for layer in range(depth, 0, -1):
        W = parameters[f"W{layer}"]
        A_before = cache[f"A{layer - 1}"] if layer > 1 else X
        dZ = dA * drelu(cache[f"Z{layer}"])
        gradients[f"dW{layer}"] = dZ @ A_before.T + (l2 / m) * W
        gradients[f"db{layer}"] = dZ.sum(axis=1, keepdims=True)
        dA = W.T @ dZ
    return gradients


def central_differences(loss: Callable[[], float], array: Array, h: float = 1e-5) -> Array:
    """Return the gradient of loss() by each entry of a float64 array that it reads.

    Each entry is shifted by h up and down, in place, and put back, also if loss() stops. This takes
    two calls of loss() an entry: it is for checks. Raises TypeError or ValueError for bad input.
    """
    guard_differences(loss, array, h)
    gradient = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        value = array[place]
        try:
            array[place] = value + h
            above = loss()
            array[place] = value - h
            below = loss()
        finally:
            array[place] = value
        gradient[place] = (above - below) / (2 * h)
    return gradient


def numerical_gradients(X: Array, Y: Array, parameters: Arrays, l2: float = 0.0) -> Arrays:
    """Return the gradients that backpropagate returns, by central differences: slow, for checks.

    X: (n_features, m), Y: (n_outputs, m). Raises ValueError or TypeError for bad input.
    """
    guard_training_data(X, Y, parameters, l2)
    shifted = {key: array.astype(np.float64) for key, array in parameters.items()}

    def total_loss():
        A, _ = feed_forward(X, shifted)
        return mse_loss(A, Y) + l2_loss(shifted, l2, X.shape[1])

    return {f"d{key}": central_differences(total_loss, array) for key, array in shifted.items()}


def gradient_error(gradients: Arrays, others: Arrays) -> float:
    """Return the largest ‖g - n‖ / (‖g‖ + ‖n‖) over the arrays of two dicts with the same keys.

    It lies between 0 (the same) and 1. Raises ValueError or TypeError for keys, shapes or values
    that do not fit.
    """
    guard_gradients(gradients, others)
    errors = [0.0]  # two gradients of zeros agree
    for key, gradient in gradients.items():
        largest = max(np.abs(gradient).max(), np.abs(others[key]).max())
        if largest > 0:
            g = gradient / largest  # so that no square overflows, or vanishes
            n = others[key] / largest
            errors.append(np.linalg.norm(g - n) / (np.linalg.norm(g) + np.linalg.norm(n)))
    return float(max(errors))
