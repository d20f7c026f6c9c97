"""From a configuration to networks, models and solvers of the course."""

from functools import partial
from itertools import pairwise

import numpy as np

from nnfs_core.batch_normalization import BatchNorm
from nnfs_core.classification import SoftmaxCrossEntropyLoss
from nnfs_core.generalization import Dropout
from nnfs_core.layers import (
    Identity,
    LeakyReLU,
    Linear,
    Model,
    MSELoss,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)
from nnfs_core.runs.encoding import Inputs
from nnfs_core.solver import SGD, Adam, AdamW, Momentum, Solver, constant, cosine, exponential_decay
from nnfs_core.validation import Array

ACTIVATIONS = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "identity": Identity,
}
SCHEDULES = {"constant": constant, "exponential": exponential_decay, "cosine": cosine}
MOST_PARAMETERS = 5_000_000  # with moments, gradients and copies they take half a gigabyte


def guard_size(config, inputs: Inputs, features: int, n_out: int) -> None:
    """Refuse a network with more parameters than memory should hold."""
    sizes = [inputs.rows(features), *config.hidden, n_out]
    count = sum(a * b + b for a, b in pairwise(sizes))
    if count > MOST_PARAMETERS:
        layers = "-".join(map(str, sizes))
        raise ValueError(
            f"network {layers} has {count:,} parameters; expected {MOST_PARAMETERS:,} at most: "
            "make network.hidden smaller, or take fewer features or bins"
        )


def build_network(config, n_in: int, n_out: int, seed: int) -> Sequential:
    """Return an untrained network; the weights of its last layer are 0, the others those of mlp."""
    sizes = [n_in, *config.hidden, n_out]
    names = config.activation
    names = names if isinstance(names, list) else [names] * len(config.hidden)
    rng, masks = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    layers = []
    for (n_from, n_to), name in zip(pairwise(sizes[:-1]), names, strict=True):
        layers.append(Linear(n_from, n_to, rng, config.initialization))
        if config.batch_norm:
            layers.append(BatchNorm(n_to))
        layers.append(ACTIVATIONS[name]())
        if config.dropout:
            layers.append(Dropout(config.dropout, masks))
    last = Linear(*sizes[-2:], rng, config.initialization)
    last.parameters["W"][...] = 0
    return Sequential(*layers, last, ACTIVATIONS[config.output]())


def build_solver(config, X: Array, Y: Array, number: int, data=None) -> Solver:
    """Return the solver of a network, counted from 0, for what it learns: classes have rows.

    data: samples on a cluster (DistributedData); X is then their numbers.
    """
    training, classes, m = config.training, len(Y) > 1, X.shape[1]
    if config.network.batch_norm and m % training.batch_size == 1:
        other = next(size for size in range(training.batch_size + 1, m + 2) if m % size != 1)
        raise ValueError(
            f"training.batch_size {training.batch_size} leaves a last batch of one of {m:,} "
            f"samples, which network.batch_norm cannot standardise; {other} does not"
        )
    n_in = len(X) if data is None else data.n_in
    network = build_network(config.network, n_in, len(Y), training.seed + number)
    loss = SoftmaxCrossEntropyLoss() if classes else MSELoss()
    penalty = {"l2": training.l2, "m": m if training.l2 else None}
    if data is None:
        model = Model(network, loss, **penalty)
    else:
        from nnfs_core.distributed import DistributedModel  # needs Dask, which few have

        model = DistributedModel(network, loss, data=data, **penalty)
    kinds = {"sgd": SGD, "momentum": Momentum, "adam": Adam}
    kinds["adamw"] = partial(AdamW, decay=training.decay)
    return Solver(
        model,
        kinds[training.optimizer](training.learning_rate),
        schedule=SCHEDULES[training.schedule],
        clip_norm=training.clip_norm,
        metric=accuracy if classes else r2,
    )


def accuracy(Y: Array, A: Array) -> float:
    """Return the share of samples whose largest output is that of their class."""
    return float(np.mean(A.argmax(axis=0) == Y.argmax(axis=0)))


def r2(Y: Array, A: Array) -> float:
    """Return R²; 0 if the targets are all the same."""
    total = float(np.sum((Y - Y.mean()) ** 2))
    return 1 - float(np.sum((Y - A) ** 2)) / total if total else 0.0
