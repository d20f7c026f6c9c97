"""Judges of notebook 5."""

import numpy as np

from nnfs_core import backpropagation as reference
from nnfs_core.activation import drelu, relu
from nnfs_core.forward_pass import feed_forward
from nnfs_course.counterexample import (
    gradient,
    mean_squares,
    networks,
    number,
    small,
    smallest,
    weighted,
)
from nnfs_course.examples import network
from nnfs_course.judge import Wrong, called, exercise, grade, refused, same, same_arrays


def _backward(
    X, Y, cache, parameters, l2=0.0, *, by=None, mask="Z", penalty=None, last="relu", skip=0
):
    """Gradients by the formulas, or with one of them changed: what a mistake gives."""
    m, depth = X.shape[1], len(parameters) // 2
    gradients = {}
    A = cache[f"Z{depth}"] if last == "linear" else cache[f"A{depth}"]
    dA = (A - Y) / (by or m)
    for layer in range(depth, 0, -1):
        Z, linear = cache[f"Z{layer}"], layer == depth and last != "relu"
        masks = {"Z": drelu(Z), "dA": dA > 0, "relu": relu(Z), "none": 1}
        dZ = dA * (1 if linear or layer == skip else masks[mask])
        W, before = parameters[f"W{layer}"], cache[f"A{layer - 1}"] if layer > 1 else X
        gradients[f"dW{layer}"] = dZ @ before.T + (l2 / m if penalty is None else penalty) * W
        gradients[f"db{layer}"] = dZ.sum(axis=1, keepdims=True)
        dA = W.T @ dZ
    return gradients


@exercise
def dA_absolute(dA_absolute):
    """The gradient of the mean absolute error."""

    def example():
        smallest(
            dA_absolute,
            lambda A, Y: np.sign(A - Y) / A.shape[1],
            (case for m in (1, 2) for case in small((1, m), (1, m))),
            lambda where, A, Y: (
                f"slope of |A{list(where)} - {number(Y[where])}|/{A.shape[1]} at {number(A[where])}"
            ),
        )

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
        "where A is too small the slope is -1, not 1": np.full((1, 4), 0.25),
        "half of the right one: this loss has no ½": right / 2,
    }
    same("dA", called(dA_absolute, A, Y), right, mistakes, example=example)
    ones, halves = np.ones((1, 7)), np.full((1, 7), 0.5)
    right = reference.central_differences(lambda: np.abs(ones - halves).mean(), ones)
    same("dA for 7 samples", called(dA_absolute, ones, halves), right, example=example)
    A, Y = np.array([[0.0, 0.7]]), np.array([[0.0, 0.2]])  # a dead output often meets a target of 0
    ties = {
        "NaN where A equals Y: 0 is divided by 0": [[np.nan, 0.5]],
        "where A equals Y: take 0, not a slope of 1": [[0.5, 0.5]],
        "where A equals Y: take 0, not a slope of -1": [[-0.5, 0.5]],
    }
    with np.errstate(invalid="ignore", divide="ignore"):
        got = called(dA_absolute, A, Y)
    same("dA where A equals Y", got, np.array([[0.0, 0.5]]), ties)


@exercise
def wrong_one(wrong_one, wrong_array):
    """Which of four backward passes is wrong, and where."""
    if wrong_one not in (1, 2, 3, 4):
        raise Wrong(f"{wrong_one!r} is none of 1, 2, 3 and 4")
    if wrong_array not in ("dW1", "db1", "dW2", "db2"):
        raise Wrong(f"{wrong_array!r} is none of 'dW1', 'db1', 'dW2' and 'db2'")
    if wrong_one != 3:
        raise Wrong(
            f"backward_{wrong_one} agrees with backpropagate_first_version in all four arrays: "
            "try all of them on small_problem"
        )
    if wrong_array != "db1":
        raise Wrong(f"backward_3 it is, but its {wrong_array} is right: compare array by array")


@exercise
def backpropagate_linear(backpropagate_linear):
    """The gradients of a network with a linear output."""

    def example():
        smallest(
            _from_data(backpropagate_linear),
            lambda X, Y, parameters: _backward(
                X, Y, feed_forward(X, parameters)[1], parameters, last="linear"
            ),
            networks((1, 1), (1, 1, 1), (2, 2), (1, 2, 1), (1, 1, 1, 1)),
            lambda *case: gradient(*case, linear=True),
        )

    for sizes in ((3, 5, 4, 2), (3, 5, 2)):
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
            "the mask is taken from dA; it belongs to Z": _backward(*given, mask="dA", **linear),
            "the mask is relu(Z); it should be its slope, relu'(Z)": _backward(
                *given, mask="relu", **linear
            ),
            **{
                f"the mask is missing in layer {layer}": _backward(*given, skip=layer, **linear)
                for layer in range(1, len(sizes) - 1)
            },
            "the prediction is Z_L now, not A_L": _backward(*given, last="A"),
            "m times too large: is the mean missing?": _backward(*given, by=1, **linear),
            "twice divided by m": _backward(*given, by=m * m, **linear),
            "the sign is wrong: it is prediction minus target": _backward(*given, by=-m, **linear),
        }
        try:
            got = called(backpropagate_linear, *given)
        except (KeyError, ValueError) as error:
            raise Wrong(f"in a network of {len(sizes) - 1} layers: {str(error).strip()}") from None
        same_arrays(got, _backward(*given, **linear), mistakes, example)


def _from_data(backward):
    """Gradients from X, Y and parameters: what a small case can show in full."""
    return lambda X, Y, parameters, *l2: backward(
        X, Y, feed_forward(X, parameters)[1], parameters, *l2
    )


def _changed(**change):
    """Return a backward pass by the formulas, with one of them changed."""
    return lambda *given, **named: _backward(*given, **named, **change)


def _spoilt(spoil):
    """Return a backward pass whose right gradients are spoilt afterwards."""

    def backward(X, Y, cache, parameters, l2=0.0):
        gradients = _backward(X, Y, cache, parameters, l2)
        for layer in range(1, len(parameters) // 2 + 1):
            spoil(gradients, layer, parameters, X.shape[1], l2)
        return gradients

    return backward


def _penalised_biases(gradients, layer, parameters, m, l2):
    gradients[f"db{layer}"] += l2 / m * parameters[f"b{layer}"]


def _last_penalty_alone(gradients, layer, parameters, m, l2):
    if layer < len(parameters) // 2:
        gradients[f"dW{layer}"] -= l2 / m * parameters[f"W{layer}"]


def _transposed(gradients, layer, parameters, m, l2):
    gradients[f"dW{layer}"] = gradients[f"dW{layer}"].T


def _mean_of_biases(gradients, layer, parameters, m, l2):
    gradients[f"db{layer}"] /= m


def _by_entries(X, Y, cache, parameters, l2=0.0):
    return _backward(X, Y, cache, parameters, l2, by=Y.size)


def _no_mask_in_the_middle(X, Y, cache, parameters, l2=0.0):
    depth = len(parameters) // 2
    return _backward(X, Y, cache, parameters, l2, skip=2 if depth > 2 else 0)


def _penalty_by_rows(X, Y, cache, parameters, l2=0.0):
    return _backward(X, Y, cache, parameters, l2, penalty=l2 / X.shape[0])


@exercise
def is_right(is_right):
    """A check of backpropagate, tried on right and wrong functions."""
    at_a_corner = []

    def watched(backward):
        def watching(X, Y, cache, *given, **named):
            at_a_corner.extend(key for key, Z in cache.items() if key[0] == "Z" and (Z == 0).any())
            return backward(X, Y, cache, *given, **named)

        return watching

    right = [watched(reference.backpropagate), watched(_backward)]
    wrong = {
        "the division by m is missing": _changed(by=1),
        "it divides by the number of entries of Y, not of samples": _by_entries,
        "the sign is wrong": lambda X, *given, **named: _backward(
            X, *given, by=-X.shape[1], **named
        ),
        "the mask is taken from dA, not from Z": _changed(mask="dA"),
        "there is no mask": _changed(mask="none"),
        "the last layer has no mask": _changed(last="A"),
        "the second of three layers has no mask": _no_mask_in_the_middle,
        "the penalty is forgotten": _changed(penalty=0),
        "the penalty's gradient is divided by the features, not by m": _penalty_by_rows,
        "the penalty reaches the last layer alone": _spoilt(_last_penalty_alone),
        "the biases are penalised, too": _spoilt(_penalised_biases),
        "dW is transposed": _spoilt(_transposed),
        "db is a mean, not a sum": _spoilt(_mean_of_biases),
    }
    try:
        return grade(is_right, right, wrong)
    except Wrong as fault:
        if str(fault).startswith("the right function fails") and at_a_corner:
            why = f"{at_a_corner[0]} holds a 0, a corner of ReLU, and central differences are wrong"
            raise Wrong(f"the right function fails: {why} there; are all biases 0?") from None
        raise


@exercise
def mse_loss(mse_loss):
    """Half the mean squared error."""

    def example():
        smallest(
            mse_loss,
            lambda A, Y: np.sum((A - Y) ** 2) / (2 * A.shape[1]),
            (case for shape in ((1, 1), (1, 2), (2, 1), (2, 2)) for case in small(shape, shape)),
            lambda _, A, Y: f"loss = {mean_squares(A, Y, A.shape[1])}",
        )

    rng = np.random.default_rng(0)
    for shape in ((2, 3), (1, 5)):
        A, Y = rng.uniform(0, 1, shape), rng.uniform(0, 1, shape)
        m, right = shape[1], np.sum((A - Y) ** 2) / (2 * shape[1])
        mistakes = {
            "twice too large: is the ½ missing?": 2 * right,
            "m times too large: is the mean missing?": m * right,
            "m counts samples (columns), not entries": right / shape[0],
        }
        same("the loss", called(mse_loss, A, Y), right, mistakes, example=example)
    refused(mse_loss, A, Y[:, :1], what="a Y of another shape")


@exercise
def l2_loss(l2_loss):
    """The penalty on the weights."""

    def example():
        cases = (
            (parameters, 0.5, m) for m in (1, 2) for *_, parameters in networks((1, 1), (2, 1))
        )
        smallest(
            l2_loss,
            reference.l2_loss,
            cases,
            lambda _, parameters, l2, m: (
                f"penalty = {l2}/(2·{m})·({weighted(*[parameters['W1'].ravel()] * 2)})"
            ),
        )

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
        same("the penalty", called(l2_loss, parameters, l2, m), right, mistakes, example=example)


@exercise
def backpropagate(backpropagate):
    """The gradients of loss and penalty."""

    def example():
        sizes = ((1, 1), (1, 1, 1), (2, 2), (1, 2, 1), (1, 1, 1, 1))
        for l2 in (0.0, 0.5):
            smallest(
                _from_data(backpropagate),
                _from_data(_backward),
                ((*case, l2) for case in networks(*sizes)),
                gradient,
            )

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
        same_arrays(called(backpropagate, *given, **options), right, mistakes, example)


@exercise
def central_differences(central_differences):
    """The slopes of a loss by the entries of an array that it reads."""
    array = np.array([[1.0, -2.0], [0.5, 3.0]])

    def example():
        smallest(
            lambda array, h: central_differences(lambda: float(array[0, 0] ** 3), array, h),
            lambda array, h: 3 * array**2 + h**2,
            ((array, 1.0) for (array,) in small((1, 1))),
            lambda _, array, h: (
                "with array³ as the loss, "
                f"({number(array[0, 0] + h)}³ - ({number(array[0, 0] - h)})³) / (2·1)"
            ),
        )

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
        same("the gradient", rounded, np.round(right, 6), mistakes, example=example)

    seen = []
    central_differences(lambda: seen.append(array[0, 0]) or 0.0, array)
    if not 0.9e-5 < max(seen) - array[0, 0] < 1.1e-5:
        raise Wrong(f"without h, an entry moves by {max(seen) - array[0, 0]:.2g}; expected 1e-5")

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

    def example():
        cases = ((*case, l2) for case in networks((1, 1), (2, 2)) for l2 in (0.0, 0.5))
        smooth = (case for case in cases if feed_forward(case[0], case[2])[1]["Z1"].all())
        smallest(numerical_gradients, _from_data(_backward), smooth, gradient)

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
        got = called(numerical_gradients, X, Y, parameters, *([l2] if l2 else []))  # 0: the default
        rounded = {k: np.round(g, 7) for k, g in got.items()} if isinstance(got, dict) else got
        mistakes = {k: {n: np.round(g, 7) for n, g in v.items()} for k, v in mistakes.items()}
        same_arrays(rounded, {k: np.round(g, 7) for k, g in right.items()}, mistakes, example)


@exercise
def gradient_error(gradient_error):
    """The largest relative distance over the arrays."""

    def right(g, n):
        size = np.linalg.norm(g) + np.linalg.norm(n)
        return np.linalg.norm(g - n) / size if size else 0.0

    def example():
        smallest(
            lambda g, n: gradient_error({"dW1": g}, {"dW1": n}),
            lambda g, n: right(g, n),
            (case for shape in ((1, 1), (1, 2)) for case in small(shape, shape)),
            lambda _, g, n: f"‖{number(g - n)}‖ / (‖{number(g)}‖ + ‖{number(n)}‖)",
        )

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
    same("the error", got, max(by_array), mistakes, example=example)
    g = {"dW1": np.array([[3e-4, -4e-4], [0.0, 1e-4]]), "db1": np.array([[1e-4], [2e-4]])}
    n = {"dW1": np.array([[3e-4, 4e-4], [2e-4, 1e-4]]), "db1": np.array([[1e-4], [2e-4]])}
    got, wanted = called(gradient_error, g, n), right(g["dW1"], n["dW1"])
    same("the error of small gradients in a matrix", got, wanted, example=example)
    dead = {"dW1": np.zeros((1, 2))}
    same(
        "the error of a gradient of zeros that should not be",
        called(gradient_error, dead, {"dW1": np.ones((1, 2))}),
        1,
        example=example,
    )
    try:
        with np.errstate(all="raise"):
            called(gradient_error, dead, dead)
    except FloatingPointError:
        raise Wrong("two gradients of zeros are divided by 0: they agree, so 0") from None
    huge, one = {"dW1": np.array([[-1e200, 0.0]])}, {"dW1": np.array([[1.0, 0.0]])}
    for g, n in ((huge, one), (one, huge)):
        with np.errstate(all="ignore"):
            got = called(gradient_error, g, n)
        if not np.isclose(got, 1):
            told = "squares of such numbers overflow: divide both by the largest entry first"
            raise Wrong(f"-1e200 against 1 gives {got:.3g}, not 1: {told}")
