"""Stage 5: loss and backpropagation.

Generated from notebooks/05_backpropagation.ipynb by `make export`: edit that, not this.
"""

import numpy as np

from nnfs_core.activation import drelu
from nnfs_core.forward_pass import feed_forward
from nnfs_core.validation import (
    check_backpropagate,
    check_gradients,
    check_l2_loss,
    check_losses,
    check_training_data,
    checked,
)


@checked(check_losses)
def mse_loss(A, Y):
    """Return 1/(2m) times the sum of (A - Y)² as a float. A, Y: (n_outputs, m)."""
    return float(np.sum((A - Y) ** 2) / (2 * A.shape[1]))


@checked(check_l2_loss)
def l2_loss(parameters, l2, m):
    """Return l2/(2m) times the sum of all squared weights as a float; biases do not count."""
    squares = sum(np.sum(W**2) for key, W in parameters.items() if key.startswith("W"))
    return float(l2 / (2 * m) * squares)


@checked(check_backpropagate)
def backpropagate(X, Y, cache, parameters, l2=0.0):
    """Return the gradients {"dW1", "db1", ...} of mse_loss + l2_loss, each shaped as its array.

    X: (n_features, m), Y: (n_outputs, m), cache as feed_forward(X, parameters) returns it.
    Raises ValueError or TypeError for shapes, keys or values that do not fit.
    """
    m, gradients = X.shape[1], {}
    depth = len(parameters) // 2
    dA = (cache[f"A{depth}"] - Y) / m
    for layer in range(depth, 0, -1):
        W, A_before = parameters[f"W{layer}"], cache[f"A{layer - 1}"] if layer > 1 else X
        dZ = dA
        dZ *= drelu.unchecked(cache[f"Z{layer}"])
        gradients[f"dW{layer}"] = dZ @ A_before.T + (l2 / m) * W
        gradients[f"db{layer}"] = dZ.sum(axis=1, keepdims=True)
        if layer > 1:  # nobody asks for the gradient of X
            dA = W.T @ dZ
    return gradients


@checked(check_training_data)
def numerical_gradients(X, Y, parameters, l2=0.0):
    """Return the gradients by central differences (h = 1e-5), entry by entry: slow, for checks."""
    h, m, gradients = 1e-5, X.shape[1], {}
    shifted = {key: array.astype(np.float64) for key, array in parameters.items()}  # copies

    def total_loss():
        A, _ = feed_forward.unchecked(X, shifted)
        return mse_loss.unchecked(A, Y) + l2_loss.unchecked(shifted, l2, m)

    for key, array in shifted.items():
        gradient = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            value = array[place]
            array[place] = value + h
            above = total_loss()
            array[place] = value - h
            gradient[place] = (above - total_loss()) / (2 * h)
            array[place] = value
        gradients[f"d{key}"] = gradient
    return gradients


@checked(check_gradients)
def gradient_error(gradients, others):
    """Return the largest ‖g - n‖ / (‖g‖ + ‖n‖) over the arrays of two dicts with the same keys."""
    largest = 0.0
    for key, gradient in gradients.items():
        size = np.linalg.norm(gradient) + np.linalg.norm(others[key])
        if size > 0:  # two gradients of zeros agree
            largest = max(largest, float(np.linalg.norm(gradient - others[key]) / size))
    return largest
