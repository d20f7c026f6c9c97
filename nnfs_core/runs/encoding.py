"""How raw features become inputs of a network, and targets what it learns, fitted and undone."""

import numpy as np

from nnfs_core.classification import softmax
from nnfs_core.generalization import PiecewiseLinear
from nnfs_core.validation import Array, Arrays

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
