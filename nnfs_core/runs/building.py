"""From a configuration to inputs, networks, models and solvers of the course."""

from functools import partial
from itertools import pairwise

import numpy as np

from nnfs_core.batch_normalization import BatchNorm
from nnfs_core.classification import SoftmaxCrossEntropyLoss, softmax
from nnfs_core.generalization import Dropout, PiecewiseLinear
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
from nnfs_core.solver import SGD, Adam, AdamW, Momentum, Solver, constant, cosine, exponential_decay
from nnfs_core.validation import Array, Arrays

ACTIVATIONS = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "identity": Identity,
}
SCHEDULES = {"constant": constant, "exponential": exponential_decay, "cosine": cosine}
MOST_PARAMETERS = 5_000_000  # with moments, gradients and copies they take half a gigabyte
MOST_INPUTS = 60_000_000  # numbers: as many as MNIST has, half a gigabyte


class Inputs:
    """How raw features become the inputs of a network, fitted on the training samples.

    encoding: standard, standard_all, bins or none. arrays: what fit found, by name.
    """

    def __init__(self, encoding: str, arrays: Arrays | None = None):
        self.encoding, self.arrays = encoding, arrays or {}

    def fit(self, X: Array, features: list[str], bins: list[int]) -> "Inputs":
        """Look at training samples X (n, m); return self. bins: of each feature."""
        if self.encoding == "bins":
            flat = [name for name, x in zip(features, X, strict=True) if x.min() == x.max()]
            if flat:
                same = "have one value in all rows to learn from"
                raise ValueError(f"{', '.join(flat)[:300]} {same}; leave them out of data.features")
            edges = PiecewiseLinear(bins).fit(X).edges
            self.arrays = {f"edges-{place}": found for place, found in enumerate(edges)}
        elif self.encoding != "none":
            axis = 1 if self.encoding == "standard" else None
            mean, std, low, high = (
                f(X, axis=axis, keepdims=True) for f in (np.mean, np.std, np.min, np.max)
            )
            # One value has taught nothing: any other becomes 0, too. Its std may be round-off.
            self.arrays = {"mean": mean, "std": np.where(low == high, np.inf, std)}
        return self

    def guard(self, features: int) -> None:
        """Refuse arrays that fit would not have found for so many features."""
        names, shape = {"mean", "std"}, {(features, 1)}
        if self.encoding == "standard_all":
            shape = {(1, 1)}
        elif self.encoding == "bins":
            names = {f"edges-{place}" for place in range(features)}
            shape = {(len(a),) for a in self.arrays.values() if a.ndim == 1 and len(a) > 1}
        elif self.encoding == "none":
            names = set()
        if self.arrays.keys() != names or {a.shape for a in self.arrays.values()} - shape:
            raise ValueError(f"it does not hold the encoding {self.encoding} of its features")

    def guard_size(self, features: int, m: int) -> None:
        """Refuse to make so many inputs of m samples that memory would end."""
        if (count := self.rows(features) * m) > MOST_INPUTS:
            raise ValueError(
                f"{features:,} features, encoded for {m:,} rows, are {count:,} numbers; expected "
                f"{MOST_INPUTS:,} at most: take fewer features, rows (data.rows) or bins"
            )

    def rows(self, features: int) -> int:
        """Return how many inputs so many features become."""
        if self.encoding == "bins":
            return sum(len(edges) - 1 for edges in self.arrays.values())
        return features

    def transform(self, X: Array) -> Array:
        """Return the inputs for samples X (n, m)."""
        if self.encoding == "none":
            return X
        if self.encoding == "bins":
            encoder = PiecewiseLinear(1)
            encoder.edges = [self.arrays[f"edges-{place}"] for place in range(len(self.arrays))]
            return encoder.transform(X)
        return (X - self.arrays["mean"]) / self.arrays["std"]


def fit_inputs(data, X: Array, features: list[str]) -> Inputs:
    """Return the inputs that the section data of a configuration asks for, fitted on X (n, m)."""
    given = {name.strip().lower(): bins for name, bins in data.bins_of.items()}
    names = [name.lower() for name in features]
    if unknown := sorted(given.keys() - set(names)):
        there = ", ".join(names)[:300]
        raise ValueError(f"data.bins_of names {', '.join(unknown)}; expected features: {there}")
    return Inputs(data.encoding).fit(X, features, [given.get(name, data.bins) for name in names])


class Targets:
    """How targets become what the network learns, and its outputs predictions."""

    def __init__(self, classes: list[str], output: str, ends: Array | None = None):
        self.classes, self.output, self.ends = classes, output, ends

    def fit(self, Y: Array) -> "Targets":
        """Look at training targets Y; return self."""
        if self.classes:
            if self.output != "identity":
                logits = "identity for classes: the loss takes logits"
                raise ValueError(f"network.output is {self.output}; expected {logits}")
            self.ends = np.array([0.0, 1.0])
        elif self.output == "sigmoid":
            self.ends = np.array([Y.min(), Y.max() - Y.min()])
        else:
            self.ends = np.array([Y.mean(), Y.std()])
        if not self.classes and Y.min() == Y.max():  # the deviation may be round-off
            raise ValueError("the target is the same in all rows to learn from")
        return self

    def transform(self, Y: Array) -> Array:
        """Return what the network is to learn."""
        return Y if self.classes else (Y - self.ends[0]) / self.ends[1]

    def predict(self, outputs: list[Array]) -> Array:
        """Return the mean prediction of several networks: numbers (1, m), or probabilities."""
        if self.classes:
            return np.mean([softmax(A) for A in outputs], axis=0)
        return np.mean(outputs, axis=0) * self.ends[1] + self.ends[0]


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
