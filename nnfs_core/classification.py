"""Stage 11: classification.

Generated from notebooks/11_classification.ipynb by `make export`: edit that, not this.
"""

import numpy as np

from nnfs_core.layers import Layer, Loss, Sigmoid
from nnfs_core.validation import Array, guard_number, guard_samples, guard_values
from nnfs_core.validation_training import (
    guard_binary,
    guard_labels,
    guard_logits,
    guard_one_hot,
    guard_one_logit,
)


def softmax(Z: Array) -> Array:
    """Return P, the probabilities of the classes, for logits Z (K, m): each column sums to 1.

    Raises ValueError for a single row, and for values that are not finite.
    """
    Z = guard_logits("Z", Z)
    guard_values("Z", Z)
    E = np.exp(Z - Z.max(axis=0))  # the largest becomes exp(0) = 1: no overflow
    return E / E.sum(axis=0)


def one_hot(labels: Array, classes: int) -> Array:
    """Return Y (classes, m): 1 in the row of a sample's label, else 0.

    labels: (m,), whole numbers from 0 to classes - 1. Raises ValueError or TypeError for others,
    and if all of several labels are the same.
    """
    guard_labels(labels, classes)
    Y = np.zeros((classes, len(labels)))
    Y[labels.astype(int), np.arange(len(labels))] = 1
    return Y


class SoftmaxCrossEntropyLoss(Loss):
    """Minus the mean log-probability of the right class, for logits A (K, m) and one-hot Y."""

    def forward(self, A, Y):
        """Return the loss, by log-sum-exp; remember P - Y."""
        A = guard_logits("A", A)
        guard_one_hot(Y, *A.shape)
        shifted = A - A.max(axis=0)
        E = np.exp(shifted)
        total = E.sum(axis=0)
        Y = Y.astype(A.dtype, copy=False)
        self.memory = E / total - Y
        return float(np.mean(np.log(total) - (Y * shifted).sum(axis=0)))

    def backward(self):
        """Return dA = (P - Y) / m."""
        difference = self.recall()
        return difference / difference.shape[1]


class Softmax(Layer):
    """softmax as a layer of its own, with its whole Jacobian in the way back.

    As a last layer before a loss, prefer logits and SoftmaxCrossEntropyLoss.
    """

    def forward(self, Z, training=False):
        """Return P, each column of which sums to 1; remember it."""
        Z = guard_logits("Z", Z)
        E = np.exp(Z - Z.max(axis=0))
        P = E / E.sum(axis=0)
        if training:
            self.memory = P.copy()
        return P

    def backward(self, dA):
        """Return dZ: the Jacobian P_i (δ_ij - P_j), times dA."""
        P = self.recall()
        dA = guard_samples("dA", dA, *P.shape)
        return P * (dA - (P * dA).sum(axis=0))


class BinaryCrossEntropyLoss(Loss):
    """Minus the mean log-probability of the right one of two classes, for logits A (1, m).

    Y: (1, m), 1 for the class that the logit speaks for, else 0. positive_weight: how many times
    a sample with Y = 1 counts.
    """

    def __init__(self, positive_weight: float = 1.0):
        guard_number("positive_weight", positive_weight, above=0)
        self.positive_weight = float(positive_weight)

    def forward(self, A, Y):
        """Return the loss; remember the weighted difference of probabilities and targets."""
        A = guard_one_logit(A)
        guard_binary(Y, A.shape[1])
        Y = Y.astype(A.dtype, copy=False)
        weight = 1 + (self.positive_weight - 1) * Y
        self.memory = weight * (Sigmoid().forward(A) - Y)
        return float(np.mean(weight * (np.maximum(A, 0) - A * Y + np.log1p(np.exp(-np.abs(A))))))

    def backward(self):
        """Return dA = w (p - Y) / m."""
        difference = self.recall()
        return difference / difference.shape[1]

    def __repr__(self):
        """Return the class and its weight."""
        return f"{type(self).__name__}(positive_weight={self.positive_weight:g})"
