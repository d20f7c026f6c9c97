"""Stage 13: experiments that can be trusted.

Generated from notebooks/13_experiments.ipynb by `make export`: edit that, not this.
"""

from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from nnfs_core.bridge import (
    encode,
    find_classes,
    guard_each,
    guard_pairs,
    guard_settings,
    guard_size,
    guard_varies,
    guard_weighted,
    read_samples,
    seed_of,
)
from nnfs_core.classification import SoftmaxCrossEntropyLoss, softmax
from nnfs_core.layers import (
    Identity,
    Layer,
    LeakyReLU,
    Loss,
    Model,
    MSELoss,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    mlp,
)
from nnfs_core.solver import SGD, Adam, AdamW, Momentum, Solver, minibatches
from nnfs_core.validation import Array, guard_samples
from nnfs_core.validation_training import guard_logits, guard_one_hot


class Difference(NamedTuple):
    """A mean of paired differences, its standard error, and how many of how many are above 0."""

    mean: float
    error: float
    above: int
    pairs: int

    def __str__(self):
        """Return it in one line."""
        return f"{self.mean:+.3f} ± {self.error:.3f}, above 0 in {self.above} of {self.pairs}"


def paired_difference(one, other) -> Difference:
    """Return the mean of one minus other, pair by pair, and its standard error.

    one, other: two or more numbers each, in the same order: of the same splits or seeds. Raises
    ValueError or TypeError for others.
    """
    one, other = guard_pairs(one, other)
    d = one - other
    error = d.std(ddof=1) / np.sqrt(len(d))
    return Difference(float(d.mean()), float(error), int((d > 0).sum()), len(d))


def squared_errors(A: Array, Y: Array) -> tuple[Array, Array]:
    """Return of each sample ½ Σ (A - Y)², an array (m,), and its gradient by A, (n_L, m)."""
    A = guard_samples("A", A)
    difference = A - guard_samples("Y", Y, *A.shape)
    return (difference**2).sum(axis=0) / 2, difference


def cross_entropies(A: Array, Y: Array) -> tuple[Array, Array]:
    """Return of each sample minus the log-probability of its class, (m,), and its gradient by A.

    A: logits (K, m); Y: one-hot.
    """
    A = guard_logits("A", A)
    guard_one_hot(Y, *A.shape)
    shifted = A - A.max(axis=0)
    E = np.exp(shifted)
    total = E.sum(axis=0)
    return np.log(total) - (Y * shifted).sum(axis=0), E / total - Y


class WeightRow(Layer):
    """A row of zeros below a network's outputs, where targets have the weights of the samples."""

    def forward(self, A, training=False):
        """Return A with the row below it; remember the shape of A."""
        A = guard_samples("A", A)
        if training:
            self.memory = A.shape
        return np.vstack([A, np.zeros_like(A[:1])])

    def backward(self, dA):
        """Return dA without its last row."""
        rows, m = self.recall()
        return guard_samples("dA", dA, rows + 1, m)[:-1].copy()


class WeightedLoss(Loss):
    """The mean of the samples' losses, each times its weight, which is the last row of Y.

    each: function of (A, Y) that returns the loss of each sample and its gradient by A, as
    squared_errors does. The network ends with WeightRow(), so that A has as many rows as Y.
    """

    def __init__(self, each):
        self.each = each

    def forward(self, A, Y):
        """Return the loss; remember its gradient."""
        A = guard_samples("A", A)
        Y = guard_weighted(A, Y)
        weights = Y[-1]
        losses, gradient = guard_each(self.each(A[:-1], Y[:-1]), A[:-1])
        self.memory = np.vstack([weights * gradient, 0 * A[-1:]]) / A.shape[1]
        return float(np.mean(weights * losses))

    def backward(self):
        """Return dA; its last row is 0, since no output makes the weights."""
        return self.recall().copy()


_ACTIVATIONS = {  # the layer, and the initialization that suits it
    "relu": (ReLU, "he"),
    "leaky_relu": (LeakyReLU, "he"),
    "tanh": (Tanh, "xavier"),
    "sigmoid": (Sigmoid, "xavier"),
    "identity": (Identity, "xavier"),
}
_OPTIMIZERS = {"sgd": SGD, "momentum": Momentum, "adam": Adam, "adamw": AdamW}


class _MLP(BaseEstimator):
    """What both estimators do: a network of `mlp`, trained by a Solver. Here a sample is a row."""

    def __init__(
        self,
        hidden_layer_sizes=(64, 32),
        *,
        activation="relu",
        optimizer="adam",
        learning_rate=0.003,
        l2=0.0,
        epochs=100,
        batch_size=200,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation, self.optimizer = activation, optimizer
        self.learning_rate, self.l2 = learning_rate, l2
        self.epochs, self.batch_size, self.random_state = epochs, batch_size, random_state

    def _begin(self, n_in, n_out):
        """Make the network, one model of it to predict with, and one to train."""
        self._seed = seed_of(self.random_state)
        self._rng = np.random.default_rng(self._seed)
        activation, start = _ACTIVATIONS[self.activation]
        sizes = guard_size([n_in, *self.hidden_layer_sizes, n_out])
        network = mlp(sizes, activation=activation, initialization=start, seed=self._seed)
        self.model_ = Model(network, self._loss())
        self._training = Model(Sequential(network, WeightRow()), WeightedLoss(self._each))
        self._optimizer = _OPTIMIZERS[self.optimizer](self.learning_rate)

    def _samples(self, rows, Y, weights):
        """Return X and Y with a sample a column, and the weights, now 1 on average, below Y."""
        share = len(rows) / weights.sum()
        self._training.m, self._training.l2 = len(rows), self.l2 * share
        return np.ascontiguousarray(rows.T), np.vstack([Y, weights * share])

    def _fit(self, rows, Y, weights):
        """Train from the start; Ctrl-C goes on to whoever called."""
        guard_varies(Y)
        self._begin(rows.shape[1], len(Y))
        samples = self._samples(rows, Y, weights)
        settings = {"epochs": self.epochs, "batch_size": self.batch_size, "seed": self._seed}
        self.history_ = Solver(self._training, self._optimizer).fit(samples, **settings)
        if self.history_.ended == "interrupted":
            raise KeyboardInterrupt
        return self

    def _partial_fit(self, rows, Y, weights):
        """Take the steps of one epoch, as a Solver does."""
        if not hasattr(self, "model_"):
            self._begin(rows.shape[1], len(Y))
        X, Y = self._samples(rows, Y, weights)
        model, largest = self._training, min(self.batch_size, X.shape[1])
        for X_batch, Y_batch in minibatches(X, Y, self.batch_size, self._rng):
            model.loss(X_batch, Y_batch)
            model.backward()
            for g in model.network.gradients.values():
                g *= X_batch.shape[1] / largest
            self._optimizer.step(model.network)
        return self

    def _outputs(self, X):
        """Return the network's outputs, a sample a column, for X with a sample a row."""
        check_is_fitted(self, "model_")
        return self.model_.predict(validate_data(self, X, reset=False, dtype=np.float64).T)


class NumPyMLPRegressor(RegressorMixin, _MLP):
    """Our network for numbers, as an estimator of scikit-learn: a sample is a row here.

    activation: "relu", "leaky_relu", "tanh", "sigmoid" or "identity"; optimizer: "sgd",
    "momentum", "adam" or "adamw". Scale X, and y if it is far from 0 and 1: nothing is scaled here.
    model_: the network's Model; history_: of the last `fit`. Raises ValueError or TypeError
    for bad input, FloatingPointError if a number overflows.
    """

    _each, _loss = staticmethod(squared_errors), MSELoss

    def fit(self, X, y, sample_weight=None):
        """Train on X (m, n_0) and y, (m,) or (m, n_L); a weight of 2 counts as two samples."""
        return self._fit(*self._read(X, y, sample_weight, begins=True))

    def partial_fit(self, X, y, sample_weight=None):
        """Go on training, for one epoch on these samples."""
        begins = not hasattr(self, "model_")
        return self._partial_fit(*self._read(X, y, sample_weight, begins))

    def _read(self, X, y, sample_weight, begins):
        """Return rows, targets with a sample a column, and weights."""
        guard_settings(self, _ACTIVATIONS, _OPTIMIZERS)
        rows, y, weights = read_samples(self, X, y, sample_weight, begins)
        Y = np.atleast_2d(y.T).astype(np.float64)
        if begins:
            self._one_target = y.ndim == 1
        return rows, Y, weights

    def predict(self, X):
        """Return predictions for X (m, n_0), in the shape of y."""
        A = self._outputs(X)
        return A[0] if self._one_target else A.T

    def __sklearn_tags__(self):
        """Say that y may have several columns."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class NumPyMLPClassifier(ClassifierMixin, _MLP):
    """Our network for classes, as an estimator of scikit-learn: a sample is a row here.

    Its settings are those of NumPyMLPRegressor. classes_: sorted, whatever their kind.
    """

    _each, _loss = staticmethod(cross_entropies), SoftmaxCrossEntropyLoss

    def fit(self, X, y, sample_weight=None):
        """Train on X (m, n_0) and labels y (m,); a weight of 2 counts as two samples."""
        return self._fit(*self._read(X, y, None, sample_weight, begins=True))

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Go on training, for one epoch on these samples; the first call names all classes."""
        begins = not hasattr(self, "model_")
        return self._partial_fit(*self._read(X, y, classes, sample_weight, begins))

    def _read(self, X, y, classes, sample_weight, begins):
        """Return rows, one-hot targets and weights."""
        guard_settings(self, _ACTIVATIONS, _OPTIMIZERS)
        rows, y, weights = read_samples(self, X, y, sample_weight, begins)
        known = find_classes(y, classes, None if begins else self.classes_)
        Y = encode(y, known)
        self.classes_ = known
        return rows, Y, weights

    def predict_proba(self, X):
        """Return the probabilities of the classes, (m, K), for X (m, n_0)."""
        return softmax(self._outputs(X)).T

    def predict(self, X):
        """Return the most probable class of each row of X (m, n_0)."""
        places = self._outputs(X).argmax(axis=0)
        return self.classes_[places]
