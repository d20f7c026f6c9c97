"""Checks of notebook 7."""

import numpy as np

from nnfs_core import layers as reference
from nnfs_course.judge import Wrong, called, exercise, refused, same, same_arrays

Z = np.array([[-2.0, -0.5, 0.0], [0.25, 1.0, 3.0]])
DA = np.array([[1.0, 2.0, -3.0], [0.5, -1.0, 4.0]])
CASES = {"positive z": Z > 0, "negative z": Z < 0, "z = 0": Z == 0}


def _out_of_order(make, inputs, gradient):
    """Refuse a layer that does not keep the contract when its halves are called out of order."""
    try:
        make().backward(gradient)
    except (AttributeError, TypeError) as error:
        hint = "leave what you need in self.memory, and take it from self.recall()"
        raise Wrong(f"backward before forward stops with {type(error).__name__}: {hint}") from None
    except Exception:  # which kind is looked at next
        pass
    refused(make().backward, gradient, error=RuntimeError, what="backward before forward")
    layer = make()
    layer.forward(-inputs)
    layer.forward(inputs)
    first = layer.backward(gradient)
    try:
        second = layer.backward(gradient)
    except RuntimeError:
        raise Wrong("backward works once only: it should give the same twice") from None
    same("backward after two forwards", first, _after_one(make, inputs, gradient))
    same("backward, called twice,", second, first)


def _after_one(make, inputs, gradient):
    layer = make()
    layer.forward(inputs)
    return layer.backward(gradient)


def _activation(make, values, slope, forward=None, backward=None):
    """Refuse an activation layer by its values (forward), its slope (backward), the contract."""
    layer = make()
    same("forward", called(layer.forward, Z), values, forward, CASES)
    wrong = {
        "backward returns the slope: multiply it with what comes in": slope,
        "backward returns what comes in: multiply it with the slope": DA,
    }
    if np.array_equal(slope, np.ones_like(Z)):
        wrong = {}
    same("backward", called(layer.backward, DA), DA * slope, (backward or {}) | wrong, CASES)
    _out_of_order(make, Z, DA)
    far = np.array([[-1000.0, 1000.0]])
    with np.errstate(all="ignore"):
        there, back = layer.forward(far), layer.backward(np.ones((1, 2)))
    if not np.isfinite(there).all() or not np.isfinite(back).all():
        raise Wrong("at ±1000 it gives NaN or infinity: no exponential of a large number, please")


@exercise
def Layer(Layer):
    """What forward has left can be recalled, and nothing else."""
    layer = Layer()
    refused(layer.recall, error=RuntimeError, what="recall before forward")
    layer.memory = np.array([[0.0]])
    same("what recall returns", called(layer.recall), layer.memory)


@exercise
def ReLU(ReLU):
    """max(0, Z)."""
    mistakes = {"at 0 we chose the slope 0: > is not >=": DA * (Z >= 0)}
    _activation(ReLU, np.maximum(Z, 0), Z > 0, backward=mistakes)


@exercise
def LeakyReLU(LeakyReLU):
    """Z, or alpha Z."""
    for alpha in (0.01, 0.5):
        slope = np.where(Z > 0, 1, alpha)
        mistakes = {
            "that is ReLU: negative numbers keep a part of themselves": np.maximum(Z, 0),
            "alpha has no effect: it is 0.01, whatever was asked for": Z * np.where(Z > 0, 1, 0.01),
        }
        _activation(lambda: LeakyReLU(alpha), Z * slope, slope, mistakes)  # noqa: B023


@exercise
def Sigmoid(Sigmoid):
    """1 / (1 + exp(-Z))."""
    A = 1 / (1 + np.exp(-Z))
    forward = {"the sign of z is wrong": 1 - A}
    backward = {"the slope is A (1 - A), with the output A": DA * Z * (1 - Z)}
    _activation(Sigmoid, A, A * (1 - A), forward, backward)


@exercise
def Tanh(Tanh):
    """tanh(Z)."""
    A = np.tanh(Z)
    mistakes = {
        "the square is missing: 1 - A²": DA * (1 - A),
        "the slope needs the output, not the input": DA * (1 - Z**2),
    }
    _activation(Tanh, A, 1 - A**2, backward=mistakes)


@exercise
def Identity(Identity):
    """Z itself."""
    _activation(Identity, Z, np.ones_like(Z))


@exercise
def Linear(Linear):
    """W X + b."""
    rng = np.random.default_rng(0)
    for n_in, n_out in ((4, 3), (3, 3)):
        X, dZ, b = (rng.standard_normal(size) for size in ((n_in, 5), (n_out, 5), (n_out, 1)))

        def make():
            layer = Linear(n_in, n_out, 0)  # noqa: B023
            layer.parameters["b"] = b  # noqa: B023
            return layer

        layer = make()
        W = layer.parameters["W"]
        same("forward", called(layer.forward, X), W @ X + b, {"the bias is missing": W @ X})
        mistakes = {"W has to be turned: dX = Wᵀ dZ": W @ dZ} if n_in == n_out else {}
        same("what backward returns", called(layer.backward, dZ), W.T @ dZ, mistakes)
        right = {"dW": dZ @ X.T, "db": dZ.sum(axis=1, keepdims=True)}
        mistakes = {
            "the mean is taken twice: it is in dA_L already": {k: g / 5 for k, g in right.items()},
            "db is a sum over the samples, no mean": {**right, "db": right["db"] / 5},
            "the signs are wrong": {k: -g for k, g in right.items()},
        }
        same_arrays(layer.gradients, right, mistakes)
        _out_of_order(make, X, dZ)
        twice = make()
        twice.forward(X)
        twice.backward(dZ)
        twice.backward(dZ)
        doubled = {"the gradients add up: replace them": {k: 2 * g for k, g in right.items()}}
        same_arrays(twice.gradients, right, doubled)
    refused(layer.forward, X[:2], what="an X that does not fit W")


@exercise
def MSELoss(MSELoss):
    """Half the mean squared error."""
    layer, A, Y = MSELoss(), Z + 1, np.zeros_like(Z)
    value = np.sum(A**2) / 6
    mistakes = {
        "twice too large: is the ½ missing?": 2 * value,
        "m times too large: is the mean missing?": 3 * value,
        "m counts samples (columns), not entries": value / 2,
    }
    same("forward", called(layer.forward, A, Y), value, mistakes)
    mistakes = {
        "m times too large: is the mean missing?": A,
        "the sign is wrong: A minus Y": -A / 3,
        "the ½ of the loss cancels in its derivative": A / 6,
    }
    same("backward", called(layer.backward), A / 3, mistakes)
    refused(MSELoss().backward, error=RuntimeError, what="backward before forward")
    refused(layer.forward, A, Y[:1], what="a Y of another shape")


def _stack(Sequential, l2):
    rng = np.random.default_rng(1)
    parts = [reference.Linear(4, 5, rng), reference.Tanh(), reference.Linear(5, 2, rng)]
    return Sequential(*parts, loss=reference.MSELoss(), l2=l2)


@exercise
def Sequential(Sequential):
    """Layers in a row, a loss and a penalty."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((4, 6)), rng.standard_normal((2, 6))
    for l2 in (0.0, 0.5):
        ours, right = _stack(Sequential, l2), _stack(reference.Sequential, l2)
        same_arrays(ours.parameters, right.parameters)
        same("forward", called(ours.forward, X), right.forward(X))
        losses = {"the penalty is missing": _stack(reference.Sequential, 0.0).loss(X, Y)}
        same("loss", called(ours.loss, X, Y), right.loss(X, Y), losses if l2 else {})
        plain = _stack(reference.Sequential, 0.0)
        plain.loss(X, Y)
        plain.backward()
        same("what backward returns", called(ours.backward), right.backward())
        mistakes = {"the gradient of the penalty is missing": plain.gradients} if l2 else {}
        same_arrays(ours.gradients, right.gradients, mistakes)
        ours.backward()
        same_arrays(ours.gradients, right.gradients)
    if list(ours.summary()["parameters"]) != list(right.summary()["parameters"]):
        raise Wrong("summary: expected a column `parameters`, a row a layer, and their sum last")
    refused(_stack(Sequential, 0.0).backward, error=RuntimeError, what="backward before any loss")


class _WrongTanh(reference.Tanh):
    """Tanh with a wrong slope."""

    def backward(self, dA):
        """Return dA (1 - A)."""
        return dA * (1 - self.recall())


@exercise
def check_gradients(check_gradients):
    """Errors of all gradients against central differences."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((4, 6)), rng.standard_normal((2, 6))
    model = _stack(reference.Sequential, 0.5)
    before = {name: array.copy() for name, array in model.parameters.items()}
    errors = called(check_gradients, model, X, Y)
    names = {"X", *before}
    if not isinstance(errors, dict) or errors.keys() != names:
        raise Wrong(f"expected a dict with the keys {', '.join(sorted(names))}")
    same_arrays(model.parameters, before)
    if max(errors.values()) > 1e-7:
        raise Wrong(f"right gradients get the error {max(errors.values()):.1e}")
    model.layers = (model.layers[0], _WrongTanh(), model.layers[2])
    errors = check_gradients(model, X, Y)
    if min(errors["W1"], errors["X"]) < 0.01:
        raise Wrong("a wrong backward in the middle is not found in W1 and X")
    if errors["W2"] > 1e-7:
        raise Wrong("W2 comes after the wrong layer: its gradient is right")


@exercise
def Softplus(Softplus):
    """ln(1 + exp(Z))."""
    sigmoid = 1 / (1 + np.exp(-Z))
    forward = {
        "that is ln(e^z) = z: the 1 is missing": Z,
        "that is the derivative: forward is the function": sigmoid,
    }
    half, twice = 1 / (1 + np.exp(Z)), sigmoid * (1 - sigmoid)
    backward = {
        "the derivative is not softplus itself": DA * np.logaddexp(0, Z),
        "the derivative of the logarithm alone: the chain rule asks for e^z, too": DA * half,
        "that is the derivative of the sigmoid: one too many": DA * twice,
    }
    _activation(Softplus, np.logaddexp(0, Z), sigmoid, forward, backward)
    layer = Softplus()
    with np.errstate(all="ignore"):
        there = layer.forward(np.array([[-1000.0, 1000.0]]))
        same("forward at ±1000", there, np.array([[0.0, 1000.0]]))
        same("backward at ±1000", layer.backward(np.ones((1, 2))), np.array([[0.0, 1.0]]))


@exercise
def wrong_layer(wrong_layer):
    """Which of three layers is wrong."""
    name = getattr(wrong_layer, "__name__", None)
    if name == "Tanh2":
        raise Wrong("Tanh2 is right: multiply (1 - A)(1 + A) out")
    if name == "Sigmoid2":
        raise Wrong("Sigmoid2 is right: take dA A out of the difference")
    if name != "Linear2":
        raise Wrong(f"{wrong_layer!r} is none of the three classes (without quotes)")


@exercise
def Residual(Residual):
    """X + layer(X)."""
    rng = np.random.default_rng(0)
    X, dA = rng.standard_normal((3, 5)), rng.standard_normal((3, 5))
    inner = reference.Linear(3, 3, 0)
    around, W = Residual(inner), inner.parameters["W"]
    same("forward", called(around.forward, X), X + W @ X, {"the way around is missing": W @ X})
    mistakes = {
        "the way around is missing on the way back": W.T @ dA,
        "only the way around comes back": dA,
    }
    same("backward", called(around.backward, dA), dA + W.T @ dA, mistakes)
    if around.gradients.keys() != {"dW", "db"}:
        raise Wrong("gradients is empty after backward: they are those of the layer inside")
    if not inner.gradients:
        raise Wrong("call forward and backward of the layer inside: it need not be linear")
    right = {"dW": dA @ X.T, "db": dA.sum(axis=1, keepdims=True)}
    same_arrays(around.gradients, right)
    around.backward(dA)
    doubled = {"the gradients add up: replace them": {k: 2 * g for k, g in right.items()}}
    same_arrays(around.gradients, right, doubled)
    _out_of_order(lambda: Residual(reference.Linear(3, 3, 0)), X, dA)
    model = reference.Sequential(Residual(reference.Linear(3, 3, 1)), reference.Tanh(), l2=0.5)
    if max(reference.check_gradients(model, X, dA).values()) > 1e-7:
        raise Wrong("in a Sequential with a penalty its gradients are wrong: share, do not copy")
