"""Stage 12: batch normalization.

Generated from notebooks/12_batch_normalization.ipynb by `make export`: edit that, not this.
"""

import numpy as np

from nnfs_core.layers import Layer
from nnfs_core.validation import Array, guard_number, guard_samples, guard_share
from nnfs_core.validation_training import guard_batch


class BatchNorm(Layer):
    """Standardise each row over the batch, then scale by gamma and shift by beta, both learnt.

    features: the number of rows. Training takes the batch's mean and variance, predicting the
    running ones: running = momentum running + (1 - momentum) batch (PyTorch's momentum is 1 minus
    ours). As there, the variance that divides is the mean of squares, and m / (m - 1) times that
    goes into the running one. eps: added to each variance. frozen: True lets training take the
    running ones, and leave them. Ioffe and Szegedy 2015, algorithms 1 and 2.
    """

    def __init__(self, features: int, momentum: float = 0.9, eps: float = 1e-5):
        super().__init__()
        guard_number("features", features, least=1, whole=True)
        guard_share("momentum", momentum)
        guard_number("eps", eps, above=0)
        self.momentum, self.eps, self.frozen = momentum, eps, False
        shape = (features, 1)
        self.parameters |= {"gamma": np.ones(shape), "beta": np.zeros(shape)}
        self.buffers |= {"running_mean": np.zeros(shape), "running_variance": np.ones(shape)}

    def follow(self, X: Array) -> tuple[Array, Array]:
        """Return mean and variance of a batch; move the running ones towards them."""
        m = X.shape[1]
        first = X[:, :1]  # off before the mean: a constant row is then exactly 0
        mean = first + (X - first).mean(axis=1, keepdims=True)
        variance = ((X - mean) ** 2).mean(axis=1, keepdims=True)
        if not np.isfinite(variance).all():  # it would stay in the running one for ever
            what = "NaN, infinite, or too large to square"
            raise FloatingPointError(f"a batch has a variance that is not finite: X is {what}")
        news = {"running_mean": mean, "running_variance": variance * m / (m - 1)}
        for name, new in news.items():
            running = self.buffers[name]
            running[...] = self.momentum * running + (1 - self.momentum) * new
        return mean, variance

    def forward(self, X, training=False):
        """Return gamma X̂ + beta; remember X̂. Raises ValueError for a training batch of one."""
        X = guard_samples("X", X, rows=len(self.parameters["gamma"]))
        arrays = {**self.parameters, **self.buffers}.values()
        gamma, beta, mean, variance = (array.astype(X.dtype, copy=False) for array in arrays)
        by_batch = training and not self.frozen
        if by_batch:
            guard_batch(X)
            mean, variance = self.follow(X)
        root = np.sqrt(variance + self.eps)
        X_hat = (X - mean) / root
        if training:
            self.memory = X_hat, root, by_batch
        return gamma * X_hat + beta

    def backward(self, dA):
        """Return dX; set dgamma = Σ dA X̂ and dbeta = Σ dA, over the samples."""
        X_hat, root, by_batch = self.recall()
        dA = guard_samples("dA", dA, *X_hat.shape)
        dgamma = (dA * X_hat).sum(axis=1, keepdims=True)
        dbeta = dA.sum(axis=1, keepdims=True)
        self.gradients = {"dgamma": dgamma, "dbeta": dbeta}
        if by_batch:
            m = X_hat.shape[1]
            dA = dA - dbeta / m - X_hat * (dgamma / m)
        return self.parameters["gamma"].astype(X_hat.dtype, copy=False) / root * dA
