"""Stage 10: generalization.

Generated from notebooks/10_generalization.ipynb by `make export`: edit that, not this.
"""

import numpy as np

from nnfs_core.layers import Layer, Model
from nnfs_core.validation import Array, guard_rng, guard_samples, guard_share
from nnfs_core.validation_training import (
    guard_bins,
    guard_encoder,
    guard_ensemble,
    guard_features,
    guard_predictions,
)


class PiecewiseLinear:
    """Piecewise linear encoding of features (Gorishniy and others 2022, arXiv:2203.05556).

    bins: how many for each feature, a number, or a list with one for each. edges: a list of
    arrays, by fit: for each feature the quantiles of the training samples, repeated ones merged.
    """

    def __init__(self, bins: int | list[int]):
        guard_bins(bins)
        self.bins = bins
        self.edges: list[Array] | None = None

    def fit(self, X: Array) -> "PiecewiseLinear":
        """Find the edges from training samples X (n_0, m); return self.

        Raises ValueError for a feature that is the same in all samples.
        """
        guard_features(X, self.bins)
        bins = self.bins if isinstance(self.bins, list | tuple) else [self.bins] * len(X)
        self.edges = [
            np.unique(np.quantile(x.astype(np.float64), np.linspace(0, 1, n + 1)))
            for x, n in zip(X, bins, strict=True)
        ]
        return self

    def transform(self, X: Array) -> Array:
        """Return the encoding of X (n_0, m), float64: of each feature one row for each bin.

        The rows of a feature stand one below the other, features in order. Raises RuntimeError
        before fit.
        """
        guard_encoder(self, X)
        blocks = []
        for x, edges in zip(X, self.edges, strict=True):
            entries = (x - edges[:-1, None]) / np.diff(edges)[:, None]
            entries[1:] = np.maximum(entries[1:], 0)  # the first goes on below the lowest edge
            entries[:-1] = np.minimum(entries[:-1], 1)  # and the last above the highest
            blocks.append(entries)
        return np.concatenate(blocks)

    def __repr__(self):
        """Return the class, its bins, and what fit has made of them."""
        name = f"{type(self).__name__}(bins={self.bins})"
        if self.edges is None:
            return name
        rows = sum(len(edges) - 1 for edges in self.edges)
        return f"{name}: {len(self.edges)} features, {rows} rows"


class Dropout(Layer):
    """In training a share of the entries becomes 0, the rest grows; in predicting nothing happens.

    rate: the share, from 0 to below 1. rng: a seed, or a generator that layers share. Srivastava
    and others 2014, with the scaling in training ("inverted").
    """

    def __init__(self, rate: float, rng: int | np.random.Generator):
        super().__init__()
        guard_share("rate", rate)
        guard_rng("rng (a seed or a generator)", rng)
        self.rate = rate
        self.rng = np.random.default_rng(rng)

    def draw(self, shape: tuple[int, int]) -> Array:
        """Return a new mask: 0 with the probability rate, else 1 / (1 - rate)."""
        return (self.rng.random(shape) >= self.rate) / (1 - self.rate)

    def forward(self, X, training=False):
        """Return X times a new mask in training, and remember it; else a copy of X."""
        X = guard_samples("X", X)
        if not training:
            return X.copy()
        self.memory = self.draw(X.shape).astype(X.dtype, copy=False)
        return X * self.memory

    def backward(self, dA):
        """Return dA times the same mask."""
        mask = self.recall()
        return guard_samples("dA", dA, *mask.shape) * mask

    def __repr__(self):
        """Return the class and its rate."""
        return f"{type(self).__name__}(rate={self.rate:g})"


class Ensemble:
    """Models whose predictions are averaged: trained alike, but from different seeds."""

    def __init__(self, models: list[Model]):
        guard_ensemble(models)
        self.models = list(models)

    def predict(self, X: Array) -> Array:
        """Return the mean of the models' predictions for X (n_0, m), an array (n_L, m)."""
        predictions = [model.predict(X) for model in self.models]
        guard_predictions(predictions)
        return np.mean(predictions, axis=0)

    def __repr__(self):
        """Return the class and the number of models."""
        return f"{type(self).__name__} of {len(self.models)}"
