"""Stage 7: layers.

Generated from notebooks/07_layers.ipynb by `make export`: edit that, not this.
"""

import math
import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from nnfs_core.backpropagation import central_differences, gradient_error
from nnfs_core.validation import (
    Array,
    Arrays,
    ReadOnly,
    guard_backward,
    guard_choice,
    guard_kind,
    guard_layer_sizes,
    guard_layers,
    guard_maker,
    guard_matrix,
    guard_number,
    guard_rng,
    guard_samples,
    guard_shape,
    guard_state,
)


class Part:
    """What goes forward and back, with a memory in between; copies and pickles leave that out."""

    memory = None

    def recall(self):
        """Return what the way forward remembered; raises RuntimeError if there was none."""
        if self.memory is None:
            first = "a forward with training=True, or a loss, comes first"
            raise RuntimeError(f"{type(self).__name__}: backward before forward: {first}")
        return self.memory

    def __getstate__(self):
        """Return what a copy keeps."""
        forgotten = {"memory": None, "gradients": {}}
        return {name: forgotten.get(name, value) for name, value in vars(self).items()}

    def __repr__(self):
        """Return the class."""
        return f"{type(self).__name__}()"


class Layer(Part):
    """A part of a network: arrays go forward through it, gradients come back.

    parameters: what is learnt, by name: {"W": ..., "b": ...}, or {}; gradients: {"dW": ...}, set by
    backward; buffers: what is kept but not learnt. penalised: the parameters that a penalty takes.
    """

    penalised: tuple[str, ...] = ()

    def __init__(self):
        self.parameters: Arrays = {}
        self.gradients: Arrays = {}
        self.buffers: Arrays = {}

    def forward(self, X: Array, training: bool = False) -> Array:
        """Return the output for X (n_in, m), an array (n_out, m); remember only in training."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, dA: Array) -> Array:
        """Return the gradient by the input, given that by the output; both have their shapes.

        It is about the last training forward, and replaces the gradients: twice gives the same.
        """
        raise NotImplementedError(f"{type(self).__name__}.backward")

    def state(self) -> Arrays:
        """Return copies of all parameters and buffers, by name."""
        return {name: array.copy() for name, array in {**self.parameters, **self.buffers}.items()}

    def load_state(self, state: Arrays) -> None:
        """Write what state() returned into parameters and buffers; refuse other names or shapes."""
        own = {**self.parameters, **self.buffers}
        guard_state(state, own)
        for name, array in own.items():
            array[...] = state[name]

    def __repr__(self):
        """Return the class, and the shapes of the parameters."""
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self.parameters.items())
        return f"{type(self).__name__}({shapes})"


class ReLU(Layer):
    """max(0, Z), entry by entry."""

    def forward(self, Z, training=False):
        """Return max(0, Z); remember where Z > 0."""
        Z = guard_samples("Z", Z)
        if training:
            self.memory = (Z > 0).astype(Z.dtype)  # floats, which multiply faster
        return np.maximum(Z, 0)

    def backward(self, dA):
        """Return dA where Z > 0, else 0."""
        mask = self.recall()
        return guard_samples("dA", dA, *mask.shape) * mask


class Linear(Layer):
    """Z = W X + b, with W (n_out, n_in) and b (n_out, 1). A penalty takes W.

    rng: a seed, or the generator that all layers of a network share. initialization: "he",
    "xavier" (Glorot and Bengio 2010, eq. 16 as a normal distribution) or "normal", N(0, 0.1²).
    It computes in the precision of X, and keeps W and b in float64.
    """

    penalised = ("W",)

    def __init__(self, n_in: int, n_out: int, rng, initialization: str = "he"):
        super().__init__()
        guard_number("n_in", n_in, least=1, whole=True)
        guard_number("n_out", n_out, least=1, whole=True)
        variances = {"he": 2 / n_in, "xavier": 2 / (n_in + n_out), "normal": 0.1**2}
        guard_choice("initialization", initialization, variances)
        guard_rng("rng (a seed or a generator)", rng)
        draws = np.random.default_rng(rng).standard_normal((n_out, n_in))
        self.parameters["W"] = draws * np.sqrt(variances[initialization])
        self.parameters["b"] = np.zeros((n_out, 1))

    def forward(self, X, training=False):
        """Return W X + b; remember X. Raises ValueError for an X that does not fit W."""
        X = guard_samples("X", X, rows=self.parameters["W"].shape[1])
        if training:
            self.memory = X.copy()
        W = self.parameters["W"].astype(X.dtype, copy=False)
        b = self.parameters["b"].astype(X.dtype, copy=False)
        Z = W @ X
        Z += b  # in place: no second array
        return Z

    def backward(self, dZ):
        """Return dX = Wᵀ dZ; set dW = dZ Xᵀ and db, the sum of dZ over the samples."""
        X = self.recall()
        W = self.parameters["W"].astype(X.dtype, copy=False)
        dZ = guard_samples("dZ", dZ, len(W), X.shape[1])
        self.gradients = {"dW": dZ @ X.T, "db": dZ.sum(axis=1, keepdims=True)}
        return W.T @ dZ


class LeakyReLU(Layer):
    """Z where Z > 0, else alpha times Z."""

    def __init__(self, alpha: float = 0.01):
        super().__init__()
        guard_number("alpha", alpha, least=0)
        self.alpha = float(alpha)

    def forward(self, Z, training=False):
        """Return Z or alpha Z; remember the slopes."""
        Z = guard_samples("Z", Z)
        slopes = np.where(Z > 0, Z.dtype.type(1), Z.dtype.type(self.alpha))
        if training:
            self.memory = slopes
        return Z * slopes

    def backward(self, dA):
        """Return dA times the slopes."""
        slopes = self.recall()
        return guard_samples("dA", dA, *slopes.shape) * slopes


class Sigmoid(Layer):
    """1 / (1 + exp(-Z)), without overflow."""

    def forward(self, Z, training=False):
        """Return A, the sigmoid of Z; remember its slope, A (1 - A)."""
        Z = guard_samples("Z", Z)
        small = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1, small) / (1 + small)
        if training:
            self.memory = A * (1 - A)
        return A

    def backward(self, dA):
        """Return dA times the slopes."""
        slopes = self.recall()
        return guard_samples("dA", dA, *slopes.shape) * slopes


class Tanh(Layer):
    """Hyperbolic tangent."""

    def forward(self, Z, training=False):
        """Return A = tanh(Z); remember its slope, 1 - A²."""
        A = np.tanh(guard_samples("Z", Z))
        if training:
            self.memory = 1 - A**2
        return A

    def backward(self, dA):
        """Return dA times the slopes."""
        slopes = self.recall()
        return guard_samples("dA", dA, *slopes.shape) * slopes


class Identity(Layer):
    """No activation function."""

    def forward(self, Z, training=False):
        """Return a copy of Z; remember its shape."""
        Z = guard_samples("Z", Z)
        if training:
            self.memory = Z.shape
        return Z.copy()

    def backward(self, dA):
        """Return a copy of dA."""
        return guard_samples("dA", dA, *self.recall()).copy()


class Loss(Part):
    """How wrong predictions are: forward gives a number, backward its gradient by A."""

    def forward(self, A: Array, Y: Array) -> float:
        """Return the loss of the predictions A for the targets Y, both (n_out, m)."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self) -> Array:
        """Return dA of the last forward."""
        raise NotImplementedError(f"{type(self).__name__}.backward")


class MSELoss(Loss):
    """1/(2m) times the sum of (A - Y)²."""

    def forward(self, A, Y):
        """Return the loss; remember A - Y."""
        A = guard_samples("A", A)
        Y = guard_samples("Y", Y, *A.shape).astype(A.dtype, copy=False)
        self.memory = A - Y
        return float((self.memory**2).sum() / (2 * A.shape[1]))

    def backward(self):
        """Return dA = (A - Y) / m."""
        difference = self.recall()
        return difference / difference.shape[1]


def _numbered(layers: tuple[Layer, ...]) -> dict[str, list[tuple[str, Layer, str]]]:
    """Name with the number l of its layer, layer, and name there, of all arrays by their kind."""
    found = {"parameters": [], "buffers": []}
    before = 0  # layers with weights in front
    for layer in layers:
        for kind, arrays in found.items():
            for own in getattr(layer, kind):
                letters, number = re.fullmatch(r"(.*?)(\d*)", own).groups()
                inside = int(number or bool(layer.penalised))  # a network counts its own from 1
                arrays.append((f"{letters}{before + inside}", layer, own))
        weights = [int(re.search(r"\d*$", name)[0] or 1) for name in layer.penalised]
        before += max(weights, default=0)
    names = [name for arrays in found.values() for name, _, _ in arrays]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two arrays would be called {twice[0]!r}: give one another name")
    found["gradients"] = [
        (f"d{name}", layer, f"d{own}") for name, layer, own in found["parameters"]
    ]
    return found


class Sequential(Layer):
    """Layers in a row; itself a layer, so that it nests.

    Its arrays carry the number l of their layer: {"W1": ..., "b1": ..., "W2": ...}. A layer with
    weights (penalised parameters) begins the next l; l = 0 is in front of the first.
    """

    def __init__(self, *layers: Layer):
        guard_layers(layers, Layer)
        self.layers = layers
        self._names = _numbered(layers)
        self._asked = False  # whether each backward sets its gradients: once is enough

    def forward(self, X, training=False):
        """Return the output of the last layer."""
        if training:
            self.memory = None  # whatever stops below leaves nothing to go back from
        for layer in self.layers:
            X = layer.forward(X, training)
        if training:
            self.memory = X.shape
        return X

    def backward(self, dA):
        """Return dX; set the gradients of all layers."""
        dA = guard_samples("dA", dA, *self.recall())
        for layer in reversed(self.layers):
            dA = layer.backward(dA)
        self._asked = self._asked or guard_backward(self.layers)
        return dA

    @property
    def parameters(self):
        """The arrays themselves: a change in place changes the network."""
        names = self._names["parameters"]
        return ReadOnly({name: layer.parameters[own] for name, layer, own in names})

    @property
    def gradients(self):
        """The gradients of the last backward, or {}."""
        names = self._names["gradients"]
        found = {name: given[own] for name, layer, own in names if (given := layer.gradients)}
        return ReadOnly(found)

    @property
    def buffers(self):
        """What is kept but not learnt."""
        names = self._names["buffers"]
        return ReadOnly({name: layer.buffers[own] for name, layer, own in names})

    @property
    def penalised(self):
        """Names of the parameters that a penalty takes."""
        names = self._names["parameters"]
        return tuple(name for name, layer, own in names if own in layer.penalised)

    def __len__(self):
        """Return the number of parts."""
        return len(self.layers)

    def __getitem__(self, place):
        """Return a part, counted from 0."""
        return self.layers[place]

    def __repr__(self):
        """Return a line for each part, and the number of all parameters."""
        count = sum(array.size for array in self.parameters.values())
        parts = [repr(layer).replace("\n", "\n    ") for layer in self.layers]
        lines = [f"{place:3} {part}" for place, part in enumerate(parts)]
        return "\n".join([f"{type(self).__name__}, {count:,} parameters", *lines])


class Model(Part):
    """A network, its loss, and an L2 penalty λ/(2m) Σ ‖W‖² on what the layers call penalised.

    loss: MSELoss() if none is given. m: the number of samples in the *whole* training set, so that
    the penalty means the same at every batch size; needed if l2 (λ) is above 0.
    """

    def __init__(
        self,
        network: Sequential,
        loss: Loss | None = None,
        *,
        l2: float = 0.0,
        m: int | None = None,
    ):
        loss = MSELoss() if loss is None else loss
        guard_kind("network", network, Sequential, "Sequential(...) or mlp(...)")
        guard_kind("loss", loss, Loss, "one such as MSELoss()")
        guard_number("l2", l2, least=0)
        if l2 > 0 or m is not None:
            guard_number("m (samples of the whole training set)", m, least=1, whole=True)
        self.network, self.loss_part, self.l2, self.m = network, loss, l2, m

    def predict(self, X: Array) -> Array:
        """Return the prediction for X (n_0, m), an array (n_L, m). Nothing is remembered."""
        guard_matrix("X", X)
        return self.network.forward(X)

    def loss(self, X: Array, Y: Array) -> float:
        """Return the loss for a batch X (n_0, m), Y (n_L, m), with the penalty.

        Raises FloatingPointError if it is not finite, ValueError or TypeError for bad input.
        """
        guard_matrix("X", X)
        guard_matrix("Y", Y)
        with np.errstate(over="ignore", invalid="ignore"):  # told by the error: no finite loss
            return self.forward(X, Y)

    def forward(self, X: Array, Y: Array) -> float:
        """Return the loss as `loss` does, for arrays whose values somebody has looked at."""
        A = self.network.forward(X, training=True)
        loss = self.loss_part.forward(A, Y)
        guard_shape("Y", Y, *A.shape)  # a loss that does not look would broadcast
        if self.l2:
            parameters = self.network.parameters
            squares = sum(float(np.sum(parameters[W] ** 2)) for W in self.network.penalised)
            loss += self.l2 / (2 * self.m) * squares
        if not math.isfinite(loss):
            cause = "the learning rate is probably too large, or X and Y are not scaled"
            raise FloatingPointError(f"the loss is {loss}: {cause}")
        self.memory = self.network.memory, self.loss_part.memory
        return loss

    def backward(self) -> Array:
        """Return dX of the last loss; set the gradients of the network, with the penalty's.

        The parameters must still be those of that loss: change them after this, not before.
        """
        network, loss_part = self.recall()
        if network is not self.network.memory or loss_part is not self.loss_part.memory:
            raise RuntimeError("another forward came after the loss: call loss(X, Y) again")
        dX = self.network.backward(self.loss_part.backward())
        if self.l2:
            parameters = self.network.parameters
            gradients = self.network.gradients
            for name in self.network.penalised:
                gradients[f"d{name}"][...] += self.l2 / self.m * parameters[name]
        return dX


def mlp(
    layer_sizes: list[int],
    *,
    activation: Callable[[], Layer] = ReLU,
    output: Callable[[], Layer] = Identity,
    initialization: str = "he",
    seed: int = 0,
) -> Sequential:
    """Return a plain network [n_0, ..., n_L]: activations between the layers, output last.

    activation and output make a layer each time they are called, as a class does. The weights are
    those of initialize_parameters with this seed. Raises ValueError or TypeError for bad input.
    """
    guard_layer_sizes(layer_sizes, seed)
    guard_maker("activation", activation, Layer)
    guard_maker("output", output, Layer)
    rng = np.random.default_rng(seed)
    layers = []
    for n_in, n_out in pairwise(layer_sizes):
        layers += [Linear(n_in, n_out, rng, initialization), activation()]
    return Sequential(*layers[:-1], output())


def check_gradients(model: Model, X: Array, Y: Array) -> dict[str, float]:
    """Return {"X": error, "W1": error, ...}: each gradient of a model against differences.

    The error is that of gradient_error; below 1e-7 the two agree, for this X (n_0, m), this Y
    (n_L, m) and these sizes. Near a corner of ReLU a right gradient may miss that.
    Where a network is dead both are 0, and a wrong gradient agrees, too.
    """
    guard_kind("model", model, Model, "Model(Sequential(...))")
    guard_matrix("X", X)
    X = X.astype(np.float64)  # a copy, for the shifts
    errors, before = {}, model.network.state()
    try:
        model.loss(X, Y)
        gradients = {"dX": model.backward(), **model.network.gradients}
        for name, array in {"X": X, **model.network.parameters}.items():
            numerical = central_differences(lambda: model.loss(X, Y), array)
            errors[name] = gradient_error({name: gradients[f"d{name}"]}, {name: numerical})
    finally:
        for name, buffer in model.network.buffers.items():  # which a forward may change
            buffer[...] = before[name]
    return errors


if __name__ == "__main__":
    rng, rows = np.random.default_rng(0), {}
    X_small, Y_small = rng.standard_normal((4, 6)), rng.standard_normal((3, 6))
    activations = [ReLU, LeakyReLU, Sigmoid, Tanh, Identity]
    for activation in activations:
        stack = Sequential(Linear(4, 3, rng), activation())
        rows[activation.__name__] = check_gradients(Model(stack, l2=0.1, m=6), X_small, Y_small)
    rng.shuffle(activations)
    parts = [part for kind in activations for part in (Linear(4, 4, rng, "xavier"), kind())]
    stack = Sequential(*parts, Linear(4, 3, rng))
    rows["all, in random order"] = check_gradients(Model(stack, l2=0.1, m=6), X_small, Y_small)
    largest = {name: max(errors.values()) for name, errors in rows.items()}
    for name, error in largest.items():  # the digits of right ones are round-off
        print(f"{name:20}  largest error", "< 1e-7" if error < 1e-7 else f"{error:.0e}: WRONG")
    assert max(largest.values()) < 1e-7, "a gradient is wrong"
