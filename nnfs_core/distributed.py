"""A model whose loss and gradients are added up over the machines of a Dask cluster.

Written by hand: stage 14 says how it works. Each part of the samples gives a sum, where it lies.
Sums are added in a tree whose order depends on the parts alone, so workers may come, go and die
without a digit changing.
"""

import copy
import functools
import math

import numpy as np
from threadpoolctl import ThreadpoolController

from nnfs_core.layers import Layer, Loss, Model, Sequential
from nnfs_core.spreading import DistributedData
from nnfs_core.validation import Array, guard_kind, guard_number
from nnfs_core.validation_scaling import guard_separable

FAN = 8  # how many sums are added in one task
# Bytes of an array of a block. Dask has the C library give memory back at once: larger arrays are
# then made of fresh pages each time, and a gradient takes up to four times as long.
BLOCK_BYTES, LEAST_BLOCK = 65_536, 64
_libraries = functools.cache(ThreadpoolController)  # to look for them takes longer than a task


def _model(network, loss, theta):
    """Return a model of one task's own, with these parameters."""
    model, start = Model(copy.deepcopy(network), copy.deepcopy(loss)), 0
    for array in model.network.parameters.values():
        array[...] = theta[start : start + array.size].reshape(array.shape)
        start += array.size
    return model


def _blocks(part, places, block_size):
    """Yield samples and targets of a part, block by block."""
    X, Y = part if places is None else (array[:, places] for array in part)
    for start in range(0, X.shape[1], block_size):
        yield X[:, start : start + block_size], Y[:, start : start + block_size]


def _sums(part, places, parts, theta, block_size):
    """Return in a row the loss and the gradients, summed over samples: not their mean."""
    model, total = _model(*parts, theta), 0.0
    with (
        _libraries().limit(limits=1, user_api="blas"),
        np.errstate(over="ignore", invalid="ignore"),
    ):
        for X, Y in _blocks(part, places, block_size):
            loss = model.forward(X, Y)
            model.backward()
            rows = (array.ravel() for array in model.network.gradients.values())
            total = total + X.shape[1] * np.concatenate([[loss], *rows], dtype=np.float64)
    return total


def _outputs(part, places, parts, theta, block_size):
    """Return the predictions for samples of a part."""
    network = _model(*parts, theta).network
    with (
        _libraries().limit(limits=1, user_api="blas"),
        np.errstate(over="ignore", invalid="ignore"),
    ):
        return np.hstack([network.forward(X) for X, _ in _blocks(part, places, block_size)])


def _loss(A, part, places, parts):
    """Return the sum of the losses of predictions."""
    Y = part[1] if places is None else part[1][:, places]
    with np.errstate(over="ignore", invalid="ignore"):
        return A.shape[1] * np.float64(copy.deepcopy(parts[1]).forward(A, Y))


def _same(value):
    """Return a value: what is sent as a task of its own, workers get from each other."""
    return value


def _add(rows):
    """Return the sum of arrays, in their order."""
    return functools.reduce(np.add, rows)


class Prediction:
    """Predictions (n_L, m) that lie on the workers, until somebody uses them as an array."""

    def __init__(self, model: "DistributedModel", X: Array):
        self._model, self._split, self._m = model, model.data.split(X), X.shape[1]
        self._futures = model.over_parts(_outputs, self._split, block_size=model.block_size)
        self._array = None

    def loss(self) -> float:
        """Return their mean loss, which is computed where they lie."""
        sums = self._model.over_parts(_loss, self._split, A=self._futures)
        return float(self._model.total(sums) / self._m)

    def __array__(self, dtype=None, copy=None):
        """Return all predictions, fetched once."""
        if self._array is None:
            found = self._model.data.cluster.take(self._futures)
            self._array = np.empty((len(found[0]), self._m), found[0].dtype)
            for (_, _, columns), A in zip(self._split, found, strict=True):
                self._array[:, columns] = A
        return np.array(self._array, dtype, copy=copy)

    def __getattr__(self, name):
        """Return what the array has of this name."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)


class _MeanLoss(Loss):
    """A loss that leaves predictions on the workers where they are."""

    def __init__(self, loss):
        self.loss = loss

    def forward(self, A, Y):
        """Return the mean loss of predictions."""
        return A.loss() if isinstance(A, Prediction) else self.loss.forward(A, Y)


class DistributedModel(Model):
    """A Model whose samples lie on a cluster; its loss and gradients are added up there.

    network, loss, l2, m: as of Model, for layers that look at each sample alone and a loss that is
    a mean over samples. data: of spread_arrays, spread_parquet or spread_dask. block_size: samples
    that a worker takes at once, chosen by the widest layer if None. A Solver takes this model, with
    what data.samples() returns for samples.
    """

    def __init__(
        self,
        network: Sequential,
        loss: Loss | None = None,
        *,
        data: DistributedData,
        l2: float = 0.0,
        m: int | None = None,
        block_size: int | None = None,
    ):
        super().__init__(network, loss, l2=l2, m=m)
        guard_separable(network, Layer, type(self).__name__)
        guard_kind("data", data, DistributedData, "that of spread_arrays(cluster, X, Y)")
        if block_size is None:
            widest = max(n for array in network.parameters.values() for n in array.shape)
            block_size = max(LEAST_BLOCK, BLOCK_BYTES // (8 * widest))
        guard_number("block_size", block_size, least=1, whole=True)
        self.zero = np.zeros((data.n_in, 1))
        with np.errstate(all="ignore"):  # what does not fit is told here, before a worker does
            copy.deepcopy(self.loss_part).forward(network.forward(self.zero), data.Y[:, :1])
        self.data, self.block_size, self.samples = data, block_size, data.sha256
        self.parts = data.cluster.submit(_same, (network, self.loss_part))
        self.loss_part = _MeanLoss(self.loss_part)

    def over_parts(self, function, split, A=None, **settings) -> list:
        """Return futures of what a function makes of the samples in each part."""
        cluster, (parts, places, _) = self.data.cluster, zip(*split, strict=True)
        arguments = [[self.data.parts[part] for part in parts], places]
        if A is None:
            row = np.concatenate([array.ravel() for array in self.network.parameters.values()])
            settings["theta"] = cluster.submit(_same, row)
        else:
            arguments = [A, *arguments]
        return cluster.map(function, *arguments, parts=self.parts, **settings)

    def total(self, sums: list) -> Array:
        """Return the sum of what futures stand for, added by the workers, FAN at a time."""
        cluster = self.data.cluster
        while len(sums) > 1:
            groups = [sums[start : start + FAN] for start in range(0, len(sums), FAN)]
            sums = cluster.map(_add, groups)
        return cluster.take(sums)[0]

    def predict(self, X):
        """Return the Prediction for samples by their numbers."""
        return Prediction(self, X)

    def forward(self, X, Y):
        """Return the loss; remember the gradients, which are computed with it. Y is on the workers.

        Raises FloatingPointError if it is not finite.
        """
        sums = self.over_parts(_sums, self.data.split(X), block_size=self.block_size)
        loss, *gradient = self.total(sums) / X.shape[1]
        if self.l2:
            parameters = self.network.parameters
            squares = sum(float(np.sum(parameters[W] ** 2)) for W in self.network.penalised)
            loss += self.l2 / (2 * self.m) * squares
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss}: the learning rate is probably too large")
        self.memory = np.array(gradient)
        return float(loss)

    def backward(self):
        """Set the gradients of the network, with the penalty's; there is no dX of numbers."""
        start, found = 0, self.recall()
        self.network.backward(0 * self.network.forward(self.zero, training=True))  # makes arrays
        for name, gradient in self.network.gradients.items():
            stop = start + gradient.size
            gradient[...] = found[start:stop].reshape(gradient.shape)
            if self.l2 and name[1:] in self.network.penalised:
                gradient += self.l2 / self.m * self.network.parameters[name[1:]]
            start = stop
