"""Stage 6: the training loop.

Generated from notebooks/06_training_loop.ipynb by `make export`: edit that, not this.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from nnfs_core.backpropagation import backpropagate, l2_loss, mse_loss
from nnfs_core.forward_pass import feed_forward
from nnfs_core.initialization import initialize_parameters
from nnfs_core.validation import (
    Array,
    Arrays,
    NotFinite,
    guard_parameters,
    guard_training,
    guard_update,
    guard_values,
)


def update_parameters(parameters: Arrays, gradients: Arrays, learning_rate: float) -> Arrays:
    """Return new parameters, one step against the gradients: W - η dW and b - η db.

    gradients: {"dW1", "db1", ...} as backpropagate returns them; learning_rate: η, above 0.
    Raises ValueError or TypeError for keys, shapes or values that do not fit.
    """
    guard_update(parameters, gradients, learning_rate)
    return {key: array - learning_rate * gradients[f"d{key}"] for key, array in parameters.items()}


class TrainingResult(NamedTuple):
    """losses: the total loss (MSE + L2) before each update; parameters: after the last one."""

    losses: list[float]
    parameters: Arrays


_DEAD = (
    "an output is dead: it is 0 for all samples in iteration {}, so they give it no gradient to "
    "learn from; use another seed or a smaller learning_rate"
)
_DIVERGED = (
    "training diverges in iteration {}: learning_rate {} is probably too large, try a tenth of it, "
    "and check that X and Y are scaled"
)


def _step(X, Y, parameters, learning_rate, l2, iteration):
    """Return the output and the loss before one update, and the parameters after it."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # the guards tell of it
            A, cache = feed_forward(X, parameters)
            loss = mse_loss(A, Y) + l2_loss(parameters, l2, X.shape[1])
            guard_values("the loss", loss)
            gradients = backpropagate(X, Y, cache, parameters, l2)
            updated = update_parameters(parameters, gradients, learning_rate)
            guard_parameters(updated)
    except NotFinite:
        raise FloatingPointError(_DIVERGED.format(iteration, learning_rate)) from None
    return A, loss, updated


def train(
    X: Array,
    Y: Array,
    layer_sizes: list[int],
    *,
    learning_rate: float,
    iterations: int,
    l2: float = 0.0,
    seed: int = 0,
    parameters: Arrays | None = None,
    callback: Callable[[int, float, Arrays], None] | None = None,
) -> TrainingResult:
    """Train by full-batch gradient descent; return TrainingResult(losses, parameters).

    X: (n_0, m), Y: (n_L, m). parameters: where to start, instead of He initialization with seed.
    callback(iteration, loss, parameters) is called after each update. Ctrl-C returns what there is.
    Raises FloatingPointError if a number overflows, ValueError or TypeError for bad input.
    """
    guard_training(X, Y, layer_sizes, learning_rate, iterations, l2, seed, parameters, callback)
    if parameters is None:
        parameters = initialize_parameters(layer_sizes, seed)
    losses = []
    warned = False
    try:
        with threadpool_limits(1, "blas"):
            for iteration in range(1, iterations + 1):
                A, loss, parameters = _step(X, Y, parameters, learning_rate, l2, iteration)
                losses.append(loss)
                if not warned and not A.any(axis=1).all():
                    warnings.warn(_DEAD.format(iteration), stacklevel=2)
                    warned = True
                if callback is not None:
                    callback(iteration, loss, parameters)
    except KeyboardInterrupt:
        warnings.warn(f"interrupted after {len(losses)} of {iterations} iterations", stacklevel=2)
    return TrainingResult(losses, parameters)


def predict(X: Array, parameters: Arrays) -> Array:
    """Return the network's output for X (n_0, m): an array (n_L, m), scaled as the targets were.

    Raises ValueError or TypeError for shapes or values that do not fit.
    """
    A, _ = feed_forward(X, parameters)
    return A
