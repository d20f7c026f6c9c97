"""Stage 6: the training loop.

Generated from notebooks/06_training_loop.ipynb by `make export`: edit that, not this.
"""

import warnings
from typing import NamedTuple

import numpy as np

from nnfs_core.backpropagation import backpropagate, l2_loss, mse_loss
from nnfs_core.forward_pass import feed_forward
from nnfs_core.initialization import initialize_parameters
from nnfs_core.validation import check_train, check_update, checked


@checked(check_update)
def update_parameters(parameters, gradients, learning_rate):
    """Return new parameters, one step against the gradients: W - η dW and b - η db."""
    return {key: array - learning_rate * gradients[f"d{key}"] for key, array in parameters.items()}


class TrainingResult(NamedTuple):
    """losses: the total loss (MSE + L2) before each update; parameters: after the last one."""

    losses: list
    parameters: dict


_DEAD = (
    "an output is dead: it is 0 for all samples in iteration {}, so its gradient is 0 and it "
    "cannot learn; use another seed or a smaller learning_rate"
)
_DIVERGED = (
    "the loss is {} in iteration {}: learning_rate {} is probably too large, try a tenth of it, "
    "and check that X and Y are scaled"
)


@checked(check_train)
def train(
    X, Y, layer_sizes, *, learning_rate, iterations, l2=0.0, seed=0, parameters=None, callback=None
):
    """Train by full-batch gradient descent; return TrainingResult(losses, parameters).

    X: (n_0, m), Y: (n_L, m). parameters: where to start, instead of He initialization with seed.
    callback(iteration, loss, parameters) is called after each update. Ctrl-C returns what there is.
    Raises FloatingPointError if the loss is not finite, ValueError or TypeError for bad input.
    """
    if parameters is None:
        parameters = initialize_parameters(layer_sizes, seed)
    losses, warned = [], False
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # the check of the loss reports it
            for iteration in range(1, iterations + 1):
                A, cache = feed_forward.unchecked(X, parameters)
                loss = mse_loss.unchecked(A, Y) + l2_loss.unchecked(parameters, l2, X.shape[1])
                if not np.isfinite(loss):
                    raise FloatingPointError(_DIVERGED.format(loss, iteration, learning_rate))
                if not warned and not A.any(axis=1).all():
                    warnings.warn(_DEAD.format(iteration), stacklevel=3)
                    warned = True
                gradients = backpropagate.unchecked(X, Y, cache, parameters, l2)
                parameters = update_parameters.unchecked(parameters, gradients, learning_rate)
                losses.append(loss)
                if callback:
                    callback(iteration, loss, parameters)
    except KeyboardInterrupt:
        warnings.warn(f"interrupted after {len(losses)} of {iterations} iterations", stacklevel=3)
    return TrainingResult(losses, parameters)


def predict(X, parameters):
    """Return the network's output for X (n_0, m): an array (n_L, m), scaled as the targets were."""
    return feed_forward(X, parameters)[0]
