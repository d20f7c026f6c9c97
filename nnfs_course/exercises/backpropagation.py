"""Judges of notebook 5."""

import numpy as np

from nnfs_core import backpropagation as reference
from nnfs_core.activation import drelu
from nnfs_core.forward_pass import feed_forward
from nnfs_course.examples import network
from nnfs_course.judge import Wrong, called, exercise, refused, same, same_arrays


def _backward(X, Y, cache, parameters, l2=0.0, *, by=None, mask="Z", penalty=None, last="relu"):
    """Gradients by the formulas, or with one of them changed: what a mistake gives."""
    m, depth = X.shape[1], len(parameters) // 2
    gradients = {}
    A = cache[f"Z{depth}"] if last == "linear" else cache[f"A{depth}"]
    dA = (A - Y) / (by or m)
    for layer in range(depth, 0, -1):
        linear = layer == depth and last != "relu"
        through = 1 if linear or mask == "none" else drelu(cache[f"Z{layer}"])
        dZ = dA * (dA > 0 if mask == "dA" else through)
        W, before = parameters[f"W{layer}"], cache[f"A{layer - 1}"] if layer > 1 else X
        gradients[f"dW{layer}"] = dZ @ before.T + (l2 / m if penalty is None else penalty) * W
        gradients[f"db{layer}"] = dZ.sum(axis=1, keepdims=True)
        dA = W.T @ dZ
    return gradients


@exercise
def dA_absolute(dA_absolute):
    """The gradient of the mean absolute error."""
    A, Y = np.array([[0.2, 0.9, 0.5, 0.4]]), np.array([[0.5, 0.1, 0.3, 0.8]])
    right = reference.central_differences(lambda: np.abs(A - Y).mean(), A)
    mistakes = {
        "m times too large: is the mean missing, or m the number of rows?": 4 * right,
        "the sign is wrong: where A is too large, J rises with A": -right,
        "that is the gradient of the squared error": (A - Y) / 4,
        "that is the error itself, not its derivative": np.abs(A - Y) / 4,
        "those are the errors' sizes; a slope of |e| is 1 or -1": np.abs(A - Y),
        "that is the error; a slope of |e| is 1 or -1": A - Y,
        "where A is too small the slope is -1, not 0": (A > Y) / 4,
        "half of the right one: this loss has no ½": right / 2,
    }
    same("dA", called(dA_absolute, A, Y), right, mistakes)
    ones, halves = np.ones((1, 7)), np.full((1, 7), 0.5)
    right = reference.central_differences(lambda: np.abs(ones - halves).mean(), ones)
    same("dA for 7 samples", called(dA_absolute, ones, halves), right)


@exercise
def wrong_one(wrong_one):
    """Which of three backward passes is wrong."""
    if wrong_one not in (1, 2, 3):
        raise Wrong(f"{wrong_one!r} is none of 1, 2 and 3")
    if wrong_one == 1:
        raise Wrong("layer_1 gives the sums of section 3: compare its results with the others'")
    if wrong_one == 2:
        raise Wrong("layer_2 looks odd, and (AB)ᵀ = BᵀAᵀ makes it right: compare the numbers")
    return None


@exercise
def backpropagate_linear(backpropagate_linear):
    """The gradients of a network with a linear output."""
    for sizes in ((3, 5, 2), (3, 5, 4, 2)):
        X, Y, parameters = network(sizes)
        _, cache = feed_forward(X, parameters)
        given = (X, Y, cache, parameters)
        m = X.shape[1]
        linear = {"last": "linear"}
        mistakes = {
            "a mask is left on the last layer": _backward(*given),
            "the mask is gone from all layers: only the last one loses it": _backward(
                *given, mask="none", **linear
            ),
            "the prediction is Z_L now, not A_L": _backward(*given, last="A"),
            "m times too large: is the mean missing?": _backward(*given, by=1, **linear),
            "twice divided by m": _backward(*given, by=m * m, **linear),
            "the sign is wrong: it is prediction minus target": _backward(*given, by=-m, **linear),
        }
        try:
            got = called(backpropagate_linear, *given)
        except (KeyError, ValueError) as error:
            raise Wrong(f"in a network of {len(sizes) - 1} layers: {str(error).strip()}") from None
        same_arrays(got, _backward(*given, **linear), mistakes)


@exercise
def mse_loss(mse_loss):
    """Half the mean squared error."""
    rng = np.random.default_rng(0)
    for shape in ((2, 3), (1, 5)):
        A, Y = rng.uniform(0, 1, shape), rng.uniform(0, 1, shape)
        m, right = shape[1], np.sum((A - Y) ** 2) / (2 * shape[1])
        mistakes = {
            "twice too large: is the ½ missing?": 2 * right,
            "m times too large: is the mean missing?": m * right,
            "m counts samples (columns), not entries": right / shape[0],
        }
        same("the loss", called(mse_loss, A, Y), right, mistakes)
    refused(mse_loss, A, Y[:, :1], what="a Y of another shape")


@exercise
def l2_loss(l2_loss):
    """The penalty on the weights."""
    for sizes, l2, m in (((3, 5, 4, 2), 0.3, 5), ((2, 3, 1), 0.8, 7)):
        parameters = network(sizes)[2]
        weights = sum(np.sum(W**2) for key, W in parameters.items() if key.startswith("W"))
        everything = sum(np.sum(array**2) for array in parameters.values())
        mistakes = {
            "the biases count, too: only weights should": l2 / (2 * m) * everything,
            "twice too large: is the ½ missing?": l2 / m * weights,
            "m times too large: is the division by m missing?": l2 / 2 * weights,
        }
        right = l2 / (2 * m) * weights
        same("the penalty", called(l2_loss, parameters, l2, m), right, mistakes)


@exercise
def backpropagate(backpropagate):
    """The gradients of loss and penalty."""
    for sizes, m, l2 in (((3, 5, 4, 2), 6, 0.0), ((3, 5, 4, 2), 6, 0.5), ((2, 4, 1), 9, 0.5)):
        X, Y, parameters = network(sizes, m)
        given = (X, Y, feed_forward(X, parameters)[1], parameters)
        right = _backward(*given, l2)
        mistakes = {
            "m times too large: is the mean missing?": _backward(*given, l2, by=1),
            "the sign is wrong: it is A_L minus Y": _backward(*given, l2, by=-m),
            "the mask is missing: dZ = dA * relu'(Z)": _backward(*given, l2, mask="none"),
            "the mask is taken from dA; it belongs to Z": _backward(*given, l2, mask="dA"),
            "the penalty is missing": _backward(*given, l2, penalty=0),
            "the penalty's gradient is l2 / m times W": _backward(*given, l2, penalty=l2),
        }
        mistakes = {k: v for k, v in mistakes.items() if l2 or "penalty" not in k}
        options = {"l2": l2} if l2 else {}  # 0 is the default
        same_arrays(called(backpropagate, *given, **options), right, mistakes)


@exercise
def central_differences(central_differences):
    """The slopes of a loss by the entries of an array that it reads."""
    array = np.array([[1.0, -2.0], [0.5, 3.0]])

    def loss():
        return float(np.sum(array**3) + array[0, 0] * array[1, 1])

    for h in (0.1, 1e-5):  # at 0.1 the slope of a cube is off by h², so the two are told apart
        kept = array.copy()
        right = 3 * kept**2 + h**2 + kept[::-1, ::-1] * np.eye(2)
        mistakes = {
            "twice too large: the two points are 2h apart": 2 * right,
            "the sign is wrong: above minus below": -right,
            "that looks to one side only: shift down, too": right + 3 * kept * h,
            "that looks to one side only: shift up, too": right - 3 * kept * h,
            "0 everywhere: loss() reads the array itself, so shift that, not a copy": 0 * right,
        }
        mistakes = {message: np.round(slopes, 6) for message, slopes in mistakes.items()}
        step = {} if h == 1e-5 else {"h": h}  # 1e-5 is the default
        got = central_differences(loss, array, **step)
        if got is None:
            raise Wrong("your function returns None: is a `return` missing?")
        if got is array:
            raise Wrong("the array itself comes back: put the slopes into a new one")
        if not np.array_equal(array, kept):
            raise Wrong("an entry is not put back: afterwards the array should be what it was")
        rounded = np.round(got, 6) if isinstance(got, np.ndarray) else got
        same("the gradient", rounded, np.round(right, 6), mistakes)

    def stop():
        raise KeyboardInterrupt

    kept = array.copy()
    try:
        central_differences(stop, array)
    except KeyboardInterrupt:
        pass
    if not np.array_equal(array, kept):
        raise Wrong("where loss() stops, the entry stays shifted: put it back in `finally`")


@exercise
def numerical_gradients(numerical_gradients):
    """The gradients by central differences."""
    X, Y, parameters = network((3, 4, 2))
    for l2 in (0.0, 0.5):
        right = reference.numerical_gradients(X, Y, parameters, l2)
        mistakes = {
            "twice too large: the two points are 2h apart": {k: 2 * g for k, g in right.items()},
            "the sign is wrong: above minus below": {k: -g for k, g in right.items()},
        }
        if l2:
            mistakes["the penalty is not part of the loss"] = reference.numerical_gradients(
                X, Y, parameters
            )
        got = called(numerical_gradients, X, Y, parameters, l2)
        rounded = {k: np.round(g, 7) for k, g in got.items()} if isinstance(got, dict) else got
        mistakes = {k: {n: np.round(g, 7) for n, g in v.items()} for k, v in mistakes.items()}
        same_arrays(rounded, {k: np.round(g, 7) for k, g in right.items()}, mistakes)


@exercise
def gradient_error(gradient_error):
    """The largest relative distance over the arrays."""
    one = {"dW1": np.array([[3.0, 4.0]]), "db1": np.array([[1.0]]), "dW2": np.array([[2.0]])}
    other = {"dW1": np.array([[3.0, 4.5]]), "db1": np.array([[0.5]]), "dW2": np.array([[2.02]])}
    by_array = [0.5 / (5 + np.hypot(3, 4.5)), 0.5 / 1.5, 0.02 / 4.02]
    zeros = {"db2": np.zeros((1, 1))}  # two gradients of zeros agree
    mistakes = {
        "that is the smallest: one wrong array is enough": by_array[2],
        "that is the first array's: take the largest": by_array[0],
        "that is the mean: one wrong array should show": np.mean(by_array),
        "that is the distance, not divided by the sizes": 0.5,
        "NaN for two gradients of zeros, which agree": np.nan,
    }
    with np.errstate(invalid="ignore"):
        got = called(gradient_error, one | zeros, other | zeros)
    same("the error", got, max(by_array), mistakes)
    g = {"dW1": np.array([[3e-4, -4e-4], [0.0, 1e-4]]), "db1": np.array([[1e-4], [2e-4]])}
    n = {"dW1": np.array([[3e-4, 4e-4], [2e-4, 1e-4]]), "db1": np.array([[1e-4], [2e-4]])}
    size = np.linalg.norm(g["dW1"]) + np.linalg.norm(n["dW1"])
    wanted = np.linalg.norm(g["dW1"] - n["dW1"]) / size
    same("the error of small gradients in a matrix", called(gradient_error, g, n), wanted)
    dead = {"dW1": np.zeros((1, 2))}
    same(
        "the error of a gradient of zeros that should not be",
        called(gradient_error, dead, {"dW1": np.ones((1, 2))}),
        1,
    )
