"""Stage 7: layers.

Generated from notebooks/07_layers.ipynb by `make export`: edit that, not this.
"""

import numpy as np
import pandas as pd

from nnfs_core.backpropagation import gradient_error
from nnfs_core.validation import check_matrix, check_number


class Layer:
    """A part of a network: arrays go forward through it, gradients come back.

    parameters: arrays by name, {"W": ..., "b": ...}, or {}; gradients: {"dW": ..., "db": ...}.
    backward is about the last forward, and replaces the gradients: twice gives the same twice.
    """

    def __init__(self):
        self.parameters, self.gradients, self.memory = {}, {}, None

    def forward(self, X):
        """Return the output for X (n_in, m), an array (n_out, m)."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, dA):
        """Return the gradient by the input, given that by the output; both have their shapes."""
        raise NotImplementedError(f"{type(self).__name__}.backward")

    def recall(self):
        """Return what forward remembered; raises RuntimeError if there was no forward."""
        if self.memory is None:
            raise RuntimeError(
                f"{type(self).__name__}: backward before forward: call forward first"
            )
        return self.memory


class ReLU(Layer):
    """max(0, Z), entry by entry."""

    def forward(self, Z):
        """Return max(0, Z); remember where Z > 0."""
        self.memory = Z > 0
        return np.maximum(Z, 0)

    def backward(self, dA):
        """Return dA where Z > 0, else 0."""
        return dA * self.recall()


class Linear(Layer):
    """Z = W X + b, with W (n_out, n_in) and b (n_out, 1).

    rng: a seed, or the generator that all layers of a network share. initialization: "he",
    "xavier" (Glorot and Bengio 2010, eq. 16 as a normal distribution) or "normal", N(0, 0.1²).
    Raises ValueError for another name or bad sizes.
    """

    def __init__(self, n_in, n_out, rng, initialization="he"):
        super().__init__()
        for name, size in {"n_in": n_in, "n_out": n_out}.items():
            check_number(name, size, least=1, whole=True)
        variances = {"he": 2 / n_in, "xavier": 2 / (n_in + n_out), "normal": 0.1**2}
        if initialization not in variances:
            known = ", ".join(variances)
            raise ValueError(f"initialization is {initialization!r}; expected one of {known}")
        draws = np.random.default_rng(rng).standard_normal((n_out, n_in))
        self.parameters["W"] = draws * np.sqrt(variances[initialization])
        self.parameters["b"] = np.zeros((n_out, 1))

    def forward(self, X):
        """Return W X + b; remember X. Raises ValueError for an X that does not fit W."""
        if X.shape[0] != self.parameters["W"].shape[1]:
            raise ValueError(
                f"X has the shape {X.shape}; W {self.parameters['W'].shape} takes "
                f"{self.parameters['W'].shape[1]} rows"
            )
        self.memory = X
        return self.parameters["W"] @ X + self.parameters["b"]

    def backward(self, dZ):
        """Return dX = Wᵀ dZ; set dW = dZ Xᵀ and db, the sum of dZ over the samples."""
        X = self.recall()
        self.gradients = {"dW": dZ @ X.T, "db": dZ.sum(axis=1, keepdims=True)}
        return self.parameters["W"].T @ dZ


class LeakyReLU(Layer):
    """Z where Z > 0, else alpha times Z."""

    def __init__(self, alpha=0.01):
        super().__init__()
        check_number("alpha", alpha, least=0)
        self.alpha = alpha

    def forward(self, Z):
        """Return Z or alpha Z; remember the slopes."""
        self.memory = np.where(Z > 0, 1.0, self.alpha)
        return Z * self.memory

    def backward(self, dA):
        """Return dA times the slopes."""
        return dA * self.recall()


class Sigmoid(Layer):
    """1 / (1 + exp(-Z)), without overflow."""

    def forward(self, Z):
        """Return the sigmoid of Z; remember it."""
        small = np.exp(-np.abs(Z))
        self.memory = np.where(Z >= 0, 1, small) / (1 + small)
        return self.memory

    def backward(self, dA):
        """Return dA A (1 - A)."""
        A = self.recall()
        return dA * A * (1 - A)


class Tanh(Layer):
    """Hyperbolic tangent."""

    def forward(self, Z):
        """Return tanh(Z); remember it."""
        self.memory = np.tanh(Z)
        return self.memory

    def backward(self, dA):
        """Return dA (1 - A²)."""
        return dA * (1 - self.recall() ** 2)


class Identity(Layer):
    """No activation function."""

    def forward(self, Z):
        """Return Z."""
        self.memory = True
        return Z

    def backward(self, dA):
        """Return dA."""
        self.recall()
        return dA


class MSELoss(Layer):
    """1/(2m) times the sum of (A - Y)²."""

    def forward(self, A, Y):
        """Return the loss of A, Y (n_out, m) as a float; remember A - Y."""
        check_matrix("Y", Y, *A.shape)
        self.memory = A - Y
        return float(np.sum(self.memory**2) / (2 * A.shape[1]))

    def backward(self):
        """Return dA = (A - Y) / m."""
        return self.recall() / self.recall().shape[1]


class Sequential:
    """Layers in a row and a loss, with an L2 penalty on the weights.

    parameters: {"W1": ..., "b1": ..., "W2": ...}, the arrays themselves, so that a change in place
    changes the network; gradients: {"dW1": ...} of the last backward.
    """

    def __init__(self, *layers, loss=None, l2=0.0):
        check_number("l2", l2, least=0)
        self.layers, self.l2 = layers, l2
        self.loss_layer = loss or MSELoss()

    def _named(self, kind):
        with_parameters = [layer for layer in self.layers if layer.parameters]
        return {
            f"{name}{number}": array
            for number, layer in enumerate(with_parameters, start=1)
            for name, array in getattr(layer, kind).items()
        }

    @property
    def parameters(self):
        """Arrays by name."""
        return self._named("parameters")

    @property
    def gradients(self):
        """Gradients by name."""
        return self._named("gradients")

    def forward(self, X):
        """Return the prediction for X (n_0, m), an array (n_L, m)."""
        check_matrix("X", X)
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def loss(self, X, Y):
        """Return the loss of the prediction for X against Y, with the penalty, as a float."""
        A = self.forward(X)
        weights = [W for name, W in self.parameters.items() if name.startswith("W")]
        penalty = self.l2 / (2 * X.shape[1]) * sum(np.sum(W**2) for W in weights)
        return self.loss_layer.forward(A, Y) + float(penalty)

    def backward(self):
        """Return dX of the last loss; set the gradients. Raises RuntimeError before any loss.

        Call it right after loss: a forward in between changes what the layers remember.
        """
        dA = self.loss_layer.backward()
        m = dA.shape[1]
        for layer in reversed(self.layers):
            dA = layer.backward(dA)
            if "W" in layer.parameters:
                layer.gradients["dW"] += self.l2 / m * layer.parameters["W"]
        return dA

    def summary(self):
        """Return a table: each layer, the shape of its output, the number of its parameters."""
        rows, n_out = [], "n_0"
        for layer in self.layers:
            n_out = len(layer.parameters["b"]) if "b" in layer.parameters else n_out
            count = sum(array.size for array in layer.parameters.values())
            rows.append((type(layer).__name__, f"({n_out}, m)", count))
        rows.append(("all", f"({n_out}, m)", sum(row[2] for row in rows)))
        return pd.DataFrame(rows, columns=["layer", "output", "parameters"])


def check_gradients(model, X, Y):
    """Return {"X": error, "W1": error, ...}: each gradient of a Sequential against differences.

    The error is that of gradient_error; below 1e-7 the two agree, for this X (n_0, m), this Y
    (n_L, m) and these sizes. Near a corner of ReLU a right gradient may miss that.
    """
    h, X, errors = 1e-5, X.astype(np.float64), {}  # a copy of X, for the shifts
    model.loss(X, Y)
    gradients = {"dX": model.backward()} | model.gradients
    for name, array in {"X": X, **model.parameters}.items():
        numerical = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            value = array[place]
            array[place] = value + h
            above = model.loss(X, Y)
            array[place] = value - h
            numerical[place] = (above - model.loss(X, Y)) / (2 * h)
            array[place] = value
        errors[name] = gradient_error({name: gradients[f"d{name}"]}, {name: numerical})
    return errors


if __name__ == "__main__":
    rng, rows = np.random.default_rng(0), {}
    X_small, Y_small = rng.standard_normal((4, 6)), rng.standard_normal((3, 6))
    activations = [ReLU, LeakyReLU, Sigmoid, Tanh, Identity]
    for activation in activations:
        stack = Sequential(Linear(4, 3, rng), activation(), l2=0.1)
        rows[activation.__name__] = check_gradients(stack, X_small, Y_small)
    rng.shuffle(activations)
    parts = [part for kind in activations for part in (Linear(4, 4, rng, "xavier"), kind())]
    stack = Sequential(*parts, Linear(4, 3, rng), loss=MSELoss(), l2=0.1)
    rows["all, in random order"] = check_gradients(stack, X_small, Y_small)
    largest = {name: max(errors.values()) for name, errors in rows.items()}
    for name, error in largest.items():  # the digits of right ones are round-off
        print(f"{name:20}  largest error", "< 1e-7" if error < 1e-7 else f"{error:.0e}: WRONG")
    assert max(largest.values()) < 1e-7, "a gradient is wrong"
