"""Judges of notebook 8."""

import math

import numpy as np

from nnfs_core import pure_python as reference
from nnfs_course.counterexample import (
    factor,
    gradient,
    mean_squares,
    networks,
    number,
    small,
    smallest,
    weighted,
)
from nnfs_course.judge import Wrong, called, exercise, refused, same, same_keys

SIZES = [3, 4, 2, 5, 2]
SAMPLES = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.5], [-0.75, 1.0, 1.25]]
TARGETS = [[1.0, -1.0], [0.5, 2.0], [0.0, 0.25]]


def _network(sizes=SIZES):
    """Parameters with biases that are not 0; with this seed no unit of a check is always 0."""
    parameters = reference.initialize_by_loops(sizes, seed=1)
    for layer in range(1, len(sizes)):
        parameters[f"b{layer}"] = [0.1 * (i + 1) for i in range(sizes[layer])]
    return parameters


def _caches(parameters):
    """Caches of the samples."""
    return [reference.forward_by_loops(x, parameters)[1] for x in SAMPLES]


def _array(what, got):
    """Return a list of numbers, or of rows of numbers, as an array; refuse all else."""
    if not isinstance(got, list | tuple):
        raise Wrong(f"{what} is a {type(got).__name__}; expected a list")
    if any(isinstance(row, np.ndarray) for row in got):
        raise Wrong(f"{what} holds arrays; expected lists and floats alone")
    try:
        array = np.array(got)
    except ValueError:  # rows of different lengths
        array = np.array(None)
    if array.dtype.kind not in "fiu":
        raise Wrong(f"{what} should hold numbers, or rows of numbers of one length")
    return array.astype(float)


def _same_list(what, got, expected, mistakes=None, example=None):
    """Refuse what is not a list, or not the expected numbers; rows may be tuples."""
    array, expected = _array(what, got), np.asarray(expected, float)
    if array.size == expected.size and array.ndim > expected.ndim:
        raise Wrong(f"{what}: each entry is a list of its own; expected numbers")
    if array.size == expected.size and array.ndim < expected.ndim:
        raise Wrong(f"{what}: the numbers are in one list; expected a list for each row")
    same(what, array, expected, mistakes, example=example)


def _same_lists(got, expected, mistakes=None, example=None):
    """Refuse a dict of lists that is not the expected one; mistakes: {what it says: a dict}."""
    same_keys(got, expected)
    try:
        for key in expected:
            _same_list(key, got[key], expected[key])
    except Wrong:
        for message, mistaken in (mistakes or {}).items():
            pairs = [(_array(key, got[key]), np.array(mistaken[key])) for key in expected]
            if all(one.shape == two.shape and np.allclose(one, two) for one, two in pairs):
                raise Wrong(message) from None
        if example:
            example()
        raise


def _lists(*shapes):
    """Small cases as lists, and numbers for the shape ()."""
    return (tuple(array.tolist() for array in case) for case in small(*shapes))


def _networks(*architectures):
    """Small networks with these layer sizes: samples, targets and parameters as lists."""
    for X, Y, parameters in networks(*architectures):
        lists = {k: v.tolist() if k[0] == "W" else v[:, 0].tolist() for k, v in parameters.items()}
        yield X.T.tolist(), Y.T.tolist(), lists


def _pair(what, got):
    """Refuse what is not a tuple of two."""
    if not isinstance(got, tuple) or len(got) != 2:
        raise Wrong(f"expected two results, {what}; got a {type(got).__name__}")
    return got


def _scaled(parameters, factor):
    """Lists, and lists of lists, times a factor."""
    return {key: (np.array(values, float) * factor).tolist() for key, values in parameters.items()}


@exercise
def neuron(neuron):
    """b plus the sum of w_j x_j."""

    def example():
        cases = (case for n in (1, 2) for case in _lists((n,), (n,), ()))
        smallest(neuron, reference.neuron, cases, lambda _, x, w, b: f"z = {weighted(w, x, b)}")

    for x, w, b in ((SAMPLES[0], [2.0, 3.0, 0.5], 0.7), ([1.37], [-2.11], 0.3)):
        total = float(np.dot(x, w))
        mistakes = {
            "the bias is missing": total,
            "the bias is subtracted": total - b,
            "only the last input counts: add up, in the loop": x[-1] * w[-1] + b,
            "the bias is added once for each input": total + len(x) * b,
        }
        mistakes = {message: wrong for message, wrong in mistakes.items() if wrong != total + b}
        same("z", called(neuron, x, w, b), total + b, mistakes, example=example)
    refused(neuron, SAMPLES[0], [1.0, 2.0], 0.25, what="an x that is longer than w")
    refused(neuron, [1.0, 2.0], SAMPLES[0], 0.25, what="an x that is shorter than w")


@exercise
def layer_by_loops(layer_by_loops):
    """W x + b."""

    def example():
        cases = (case for n in (1, 2) for case in _lists((n,), (2, n), (2,)))
        smallest(layer_by_loops, reference.layer_by_loops, cases, _row)

    for sizes in ([3, 2], [3, 3]):
        parameters = _network(sizes)
        W, b, x = parameters["W1"], parameters["b1"], SAMPLES[0]
        right = np.array(W) @ x + b
        mistakes = {
            "the biases are missing": right - b,
            "every unit has the bias of the first": right - b + b[0],
            "every unit has the weights of the first": np.dot(W[0], x) + b,
        }
        if len(W) == len(x):
            mistakes["W is turned: the weights of unit i are the row W[i]"] = np.dot(x, W) + b

        _same_list("z", called(layer_by_loops, x, W, b), right, mistakes, example)
    refused(layer_by_loops, x, W, b[:1], what="a b that is shorter than W")
    refused(layer_by_loops, x, W, [*b, 1.0], what="a b that is longer than W")
    refused(layer_by_loops, x[:2], W, b, what="an x that is shorter than the rows of W")


def _row(where, x, W, b):
    """How an entry of W x + b comes about."""
    return f"z[{where[0]}] = {weighted(W[where[0]], x, b[where[0]])}"


@exercise
def initialize_by_loops(initialize_by_loops):
    """He initialization on lists."""
    sizes = [50, 80, 40]
    made = called(initialize_by_loops, sizes, 0)
    expected = reference.initialize_by_loops(sizes, 0)
    same_keys(made, expected)
    for key, values in made.items():
        W, shape = _array(key, values), np.shape(expected[key])
        if W.shape == shape[::-1] != shape:
            raise Wrong(f"{key} is turned: a row for each unit")
        if W.shape != shape:
            raise Wrong(f"{key} has the shape {W.shape}, not {shape}")
        if key.startswith("b"):
            same(key, W, np.zeros(shape), {"the biases start at 0": W})
            continue
        n_out, n_in = shape
        size = math.sqrt(np.mean(W**2))
        if len({tuple(row) for row in values}) < n_out:
            raise Wrong("units start alike: draw each weight for itself")
        for message, spread in {
            "a variance of 2 / n_out: it is n_in that counts": math.sqrt(2 / n_out),
            "`gauss` takes the standard deviation: the root of 2 / n_in": 2 / n_in,
            "the 2 is missing: ReLU loses half of the signal": math.sqrt(1 / n_in),
            "the spread does not depend on n_in": 1.0,
        }.items():
            if abs(size / spread - 1) < 0.05:
                raise Wrong(message)
        if abs(size / math.sqrt(2 / n_in) - 1) > 0.08:
            raise Wrong(f"{key} has the spread {size:.3g}; expected {math.sqrt(2 / n_in):.3g}")
        if abs(W.mean()) > 0.2 * size:
            raise Wrong(f"{key} has the mean {W.mean():.2g}; expected about 0")
    if np.allclose(np.divide(made["W1"][0][:9], made["W2"][0][:9]), math.sqrt(80 / 50)):
        raise Wrong("both layers start with the same draws: one generator for all of them")
    if initialize_by_loops(sizes, 0) != made:
        raise Wrong("the same seed gives other weights")
    if initialize_by_loops(sizes) != made:
        raise Wrong("without a seed it should be that of seed = 0")
    if initialize_by_loops(sizes, 1) == made:
        raise Wrong("another seed gives the same weights")
    refused(initialize_by_loops, [3, 0, 1], what="a size of 0")
    refused(initialize_by_loops, [3, -1, 1], what="a size of -1")
    refused(initialize_by_loops, [3], what="a single size")


@exercise
def forward_by_loops(forward_by_loops):
    """All layers."""
    for sizes in ([3, 4, 2], SIZES):
        parameters, caches = _network(sizes), []
        for x in SAMPLES:
            right, expected = reference.forward_by_loops(x, parameters)
            a, cache = _pair("the output and the cache", called(forward_by_loops, x, parameters))
            linear = x
            for layer in range(1, len(sizes)):
                W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
                linear = reference.layer_by_loops(linear, W, b)
            mistakes = {
                "ReLU follows the last layer, too: the output is linear": np.maximum(right, 0),
                "there is no ReLU between the layers": linear,
            }
            if min(right) >= 0:
                mistakes = {}

            def example():
                cases = (case[::2] for case in _networks((1, 1), (1, 1, 1), (2, 1, 2)))
                cases = ((samples[0], parameters) for samples, parameters in cases)
                smallest(_cache(forward_by_loops), _cache(reference.forward_by_loops), cases, _step)

            _same_list("the output", a, right, mistakes, example)
            _same_lists(cache, expected, example=example)
            caches.append((cache, expected))
        for cache, expected in caches:
            _same_lists(cache, expected, {"all samples share one cache": caches[-1][1]})
    refused(forward_by_loops, SAMPLES[0][:2], parameters, what="a sample that is too short")


def _cache(forward):
    """The cache that a forward pass returns, and its output."""

    def both(x, parameters):
        a, cache = forward(x, parameters)
        return {**cache, "a": a}

    return both


def _step(where, x, parameters):
    """How an entry of a cache comes about."""
    _, cache = reference.forward_by_loops(x, parameters)
    (key, i), depth = where, len(parameters) // 2
    if key == "a":
        return f"the output a[{i}] = {key}{depth}[{i}] = z{depth}[{i}]"
    if key == "a0":
        return f"a0[{i}] = x[{i}]"
    layer = int(key[1:])
    if key.startswith("z"):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        return f"{key}[{i}] = {weighted(W[i], cache[f'a{layer - 1}'], b[i])}"
    if layer == depth:
        return f"{key}[{i}] = z{layer}[{i}]"
    return f"{key}[{i}] = max(0, {number(cache[f'z{layer}'][i])})"


@exercise
def mse_by_loops(mse_by_loops):
    """Half the mean squared error."""
    errors = [[0.5, -1.0, 2.0], [0.25, 1.5, -0.5], [3.0, 0.75, -0.2], [0.1, 0.4, 1.1]]

    def example():
        cases = (case for shape in ((1, 1), (2, 1), (2, 2)) for case in _lists(shape, shape))
        smallest(
            mse_by_loops,
            reference.mse_by_loops,
            cases,
            lambda _, outputs, targets: f"loss = {mean_squares(outputs, targets, len(targets))}",
        )

    for errors in (errors, [[2.0], [-0.3]]):  # noqa: B020
        squares, m = float(np.sum(np.square(errors))), len(errors)
        targets = [[0.1 * (k - i) for i in range(len(errors[0]))] for k in range(m)]
        outputs = (np.array(targets) + errors).tolist()
        mistakes = {
            "the 2 is missing": squares / m,
            "the mean is missing: divide by m": squares / 2,
            "divided by the number of entries: m counts samples": squares
            / (2 * m * len(errors[0])),
            "that is the mean over all entries: 2m, and m counts samples": squares / m / 3,
            "the errors are added up before they are squared": (
                float(np.sum(np.sum(errors, axis=1) ** 2)) / (2 * m)
            ),
            "the errors are not squared": float(np.sum(errors)) / (2 * m),
        }
        right = squares / (2 * m)
        mistakes = {message: wrong for message, wrong in mistakes.items() if wrong != right}
        got = called(mse_by_loops, outputs, targets)
        same("the loss", got, right, mistakes, example=example)
    refused(mse_by_loops, outputs[:1], targets, what="one output too few")
    refused(mse_by_loops, [*outputs, [1.0]], targets, what="one output too many")
    refused(mse_by_loops, [[1.0, 2.0]], [[1.0]], what="an output longer than its target")


@exercise
def backward_by_loops(backward_by_loops):
    """The chain rule by loops."""

    def example():
        smallest(
            _from_samples(backward_by_loops),
            _from_samples(reference.backward_by_loops),
            _networks((1, 1), (1, 1, 1), (2, 2), (1, 2, 1), (2, 1, 2)),
            _slope,
        )

    for sizes in ([3, 2, 2], SIZES):
        parameters = _network(sizes)
        caches = _caches(parameters)
        caches[0]["z1"][0] = caches[0]["a1"][0] = 0.0  # at 0 the slope is 0
        right = reference.backward_by_loops(TARGETS, caches, parameters)
        last = reference.backward_by_loops(TARGETS[-1:], caches[-1:], parameters)
        got = called(backward_by_loops, TARGETS, caches, parameters)
        mistakes = {
            "m times too large: the mean is missing": _scaled(right, 3),
            "the signs are wrong: a - y": _scaled(right, -1),
            "only the last sample counts: add up over the samples": _scaled(last, 1 / 3),
            "the mask of ReLU is missing": _masked(caches, parameters, lambda z: 1.0),
            "at 0 we chose the slope 0: > is not >=": (
                _masked(caches, parameters, lambda z: 1.0 if z >= 0 else z)
            ),
        }

        _same_lists(got, right, mistakes, example)
        again = backward_by_loops(TARGETS, caches, parameters)
        _same_lists(again, right, {"the gradients add up: start at 0": _scaled(right, 2)})
    refused(backward_by_loops, TARGETS[:2], caches, parameters, what="one target too few")


def _from_samples(backward):
    """Gradients from samples: what a small case can show in full."""

    def gradients(samples, targets, parameters):
        caches = [reference.forward_by_loops(x, parameters)[1] for x in samples]
        return backward(targets, caches, parameters)

    return gradients


def _slope(where, samples, targets, parameters):
    """How an entry of a gradient comes about."""
    arrays = {key: np.array(values) for key, values in parameters.items()}
    return gradient(where, np.transpose(samples), np.transpose(targets), arrays, linear=True)


def _masked(caches, parameters, change):
    """Gradients where the pre-activations have been changed, but not the activations."""
    changed = [
        {key: [change(v) for v in values] if key[0] == "z" else values for key, values in c.items()}
        for c in caches
    ]
    return reference.backward_by_loops(TARGETS, changed, parameters)


@exercise
def update_by_loops(update_by_loops):
    """One step against the gradients."""

    def example():
        cases = (
            ({"W1": W, "b1": b}, {"dW1": dW, "db1": db}, 0.5)
            for W, b, dW, db in _lists((1, 1), (1,), (1, 1), (1,))
        )
        smallest(update_by_loops, reference.update_by_loops, cases, _moved)

    for sizes, rate in ((SIZES, 0.3), ([2, 4, 1], 0.07)):
        parameters = _network(sizes)
        gradients = {f"d{key}": np.cos(values).tolist() for key, values in parameters.items()}

        def moved(by, parameters=parameters, gradients=gradients):
            return {
                key: (np.array(values) + by * np.array(gradients[f"d{key}"])).tolist()
                for key, values in parameters.items()
            }

        still = {key: values for key, values in parameters.items() if key.startswith("b")}
        mistakes = {
            "the step goes up the hill: subtract": moved(rate),
            "the learning rate is missing": moved(-1),
            "nothing moves": parameters,
            "only the weights move": moved(-rate) | still,
        }
        got = called(update_by_loops, parameters, gradients, rate)

        _same_lists(got, moved(-rate), mistakes, example)
    gradients["dW1"] = gradients["dW1"][:-1]
    refused(update_by_loops, parameters, gradients, 0.1, what="a dW1 with a row too few")
    gradients = {f"d{key}": values for key, values in parameters.items()}
    for rate in (0.0, math.inf):
        refused(update_by_loops, parameters, gradients, rate, what=f"a learning_rate of {rate}")


def _moved(where, parameters, gradients, learning_rate):
    """How an entry of the new parameters comes about."""
    key, *place = where
    value, slope = np.array(parameters[key])[*place], np.array(gradients[f"d{key}"])[*place]
    return f"{key}{place} = {number(value)} - {learning_rate}·{factor(slope)}"


@exercise
def train_by_loops(train_by_loops):
    """Batches, epochs, updates."""
    samples, start = [[float(x)] for x in range(7)], {"W1": [[0.5]], "b1": [1.0]}
    targets = [[x * x] for (x,) in samples]
    for size, steps in ((1, 21), (3, 9), (7, 3), (20, 3)):
        settings = {"learning_rate": 0.01, "epochs": 3, "batch_size": size}
        got = called(train_by_loops, samples, targets, start, **settings)
        losses, _ = _pair("the losses and the parameters", got)
        if not isinstance(losses, list):
            raise Wrong(f"the losses are a {type(losses).__name__}; expected a list")
        if len(losses) != steps and len(losses) == 3 * (7 // size):
            raise Wrong("the last batch of an epoch, a smaller one, is left out")
        if len(losses) != steps:
            raise Wrong(
                f"batch_size {size}, 7 samples, 3 epochs: {len(losses)} losses, not {steps}"
            )
    _same_order(train_by_loops, samples, targets, start)
    # Samples that are all alike, or all in one batch: the order has no part in it.
    alike = [[2.0]] * 7, [[3.5]] * 7
    for (xs, ys), size in ((alike, 1), (alike, 3), ((samples, targets), 7), (alike, 20)):
        settings = {"learning_rate": 0.01, "epochs": 3, "batch_size": size}
        losses, parameters = train_by_loops(xs, ys, start, **settings)
        right, expected = reference.train_by_loops(xs, ys, start, **settings)
        more = reference.train_by_loops(xs, ys, start, **settings | {"epochs": 4})[0]
        late = {"those are the losses after the step: before it": more[1 : len(right) + 1]}
        _same_list("losses", losses, right, late)
        _same_lists(parameters, expected, {"nothing moves": start})
    settings["batch_size"] = 3
    zero = settings | {"batch_size": 0}
    refused(train_by_loops, samples, targets, start, **zero, what="a batch_size of 0")
    refused(train_by_loops, samples, targets[:3], start, **settings, what="a target too few")
    for value in (math.nan, math.inf):
        odd = [*targets[:-1], [value]]
        refused(train_by_loops, samples, odd, start, **settings, what=f"a target that is {value}")
        refused(train_by_loops, odd, targets, start, **settings, what=f"a sample that is {value}")
    settings |= {"learning_rate": 1e6, "epochs": 60}
    what = "a loss that grows beyond all numbers"
    refused(
        train_by_loops, samples, targets, start, **settings, error=FloatingPointError, what=what
    )


def _same_order(train_by_loops, samples, targets, start):
    """Refuse another order than a new random one in each epoch.

    The steps are too small to matter: each loss tells which samples it is from.
    """
    settings = {"learning_rate": 1e-15, "epochs": 2, "batch_size": 1}
    losses = np.array(train_by_loops(samples, targets, start, **settings)[0])
    pairs = zip(samples, targets, strict=True)
    own = np.array([(0.5 * x + 1 - y) ** 2 / 2 for (x,), (y,) in pairs])
    if np.allclose(losses, [*own, *own]):
        raise Wrong("the samples come in the order given: shuffle them before each epoch")
    if not np.allclose(np.sort(losses[:7]), np.sort(own)):
        raise Wrong("in an epoch each sample should come once, together with its own target")
    if np.allclose(losses[:7], losses[7:]):
        raise Wrong("each epoch has the same order: shuffle before each of them")
    if not np.allclose(losses, train_by_loops(samples, targets, start, **settings)[0]):
        raise Wrong("the same seed gives another order: use random.Random(seed)")
    if np.allclose(losses, train_by_loops(samples, targets, start, **settings, seed=9)[0]):
        raise Wrong("the seed has no effect: use random.Random(seed)")
    settings |= {"epochs": 4, "batch_size": 3}
    if (
        train_by_loops(samples, targets, start, **settings)[0]
        != (train_by_loops(samples, targets, start, **settings, seed=0)[0])
    ):
        raise Wrong("without a seed it should be that of seed = 0")
    epochs = np.reshape(train_by_loops(samples, targets, start, **settings)[0], (4, 3))
    if np.allclose(np.sort(epochs, axis=1), np.sort(epochs[0])):
        raise Wrong("the same samples are always together: shuffle samples, not batches")
    if not np.allclose(epochs @ [3, 3, 1], own.sum()):
        raise Wrong("in an epoch each sample should come once, whatever the batch_size")


@exercise
def matrix_product(matrix_product):
    """A B on lists."""
    A = [[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]
    B = [[2.0, 1.0, 0.5, -2.0], [-1.0, 4.0, 1.5, 3.0], [0.25, 5.0, -0.5, 7.0]]
    right = np.array(A) @ B
    mistakes = {
        "all rows are one and the same list: `[[0.0] * q] * n` makes one row, n times": (
            np.array([right.sum(axis=0)] * 2)
        ),
        "only the last j counts: add up": np.outer(np.array(A)[:, -1], B[-1]),
        "the result is turned: a row for each row of A": right.T,
    }

    def example():
        shapes = (((1, n), (n, q)) for n, q in ((1, 1), (2, 1), (2, 2)))
        cases = (case for pair in shapes for case in _lists(*pair))
        smallest(
            matrix_product,
            lambda A, B: np.array(A) @ B,
            cases,
            lambda where, A, B: (
                f"C[{where[0]}][{where[1]}] = {weighted(A[where[0]], [row[where[1]] for row in B])}"
            ),
        )

    square, other = [[1.0, 2.0], [3.0, 5.0]], [[0.0, 1.0], [2.0, -1.0]]

    def squares():
        mistakes = {
            "A and B are exchanged": np.array(other) @ square,
            "row times row: B has to be walked down, B[j][k]": square @ np.transpose(other),
            "entry times entry": np.array(square) * other,
        }
        got = called(matrix_product, square, other)
        _same_list("the product of two squares", got, np.array(square) @ other, mistakes, example)

    try:
        got = called(matrix_product, A, B)
    except IndexError:  # which of these mistakes is it? In a square no index is too large
        squares()
        raise
    _same_list("the product", got, right, mistakes, example)
    squares()
    tall = [[1.0, 0.5, 2.0], [2.0, 1.0, 0.0], [0.0, -1.0, 1.0], [3.0, 0.0, 1.0]]
    got = called(matrix_product, tall, [[1.0], [2.0], [3.0]])
    _same_list("(4, 3) times (3, 1)", got, [[8.0], [4.0], [1.0], [6.0]], example=example)
    row, column = [[1.0, 2.0]], [[3.0], [4.0]]
    for one, other_one in ((row, column), (column, row)):
        what = f"({len(one)}, {len(one[0])}) times ({len(other_one)}, {len(other_one[0])})"
        try:
            got = called(matrix_product, one, other_one)
        except IndexError:
            raise Wrong(f"{what}: an IndexError; is a row looked at that is not there?") from None
        _same_list(what, got, np.array(one) @ other_one, example=example)
    refused(matrix_product, A, A, what="(2, 3) times (2, 3)")
    refused(matrix_product, A, [*other, *square], what="(2, 3) times (4, 2)")
    refused(matrix_product, tall, other, what="(4, 3) times (2, 2)")


def _slopes(x, parameters, mask=lambda z: z > 0, turned=False, first=1.0):
    """Right slopes of the output by the inputs, and some wrong ones."""
    cache = reference.forward_by_loops(x, parameters)[1]
    depth = len(parameters) // 2
    slopes = np.array([first])
    for layer in range(depth, 0, -1):
        W = np.array(parameters[f"W{layer}"])
        square = turned and W.shape[0] == W.shape[1]
        slopes = (W if square else W.T) @ slopes
        if layer > 1:
            slopes = slopes * mask(np.array(cache[f"z{layer - 1}"]))
    return slopes


def _ways(where, x, parameters):
    """How a slope of the output by an input comes about, for one layer or two."""
    (j,) = where
    ways, weights, units = parameters["W1"], [1.0], ""
    if "W2" in parameters:
        z = reference.forward_by_loops(x, parameters)[1]["z1"]
        weights = [w * (z_i > 0) for w, z_i in zip(parameters["W2"][0], z, strict=True)]
        units = "over the units with z above 0, "
    return f"{units}dx[{j}] = {weighted(weights, [row[j] for row in ways])}"


@exercise
def slopes_by_feature(slopes_by_feature):
    """Backpropagation from the output to the inputs."""
    x = SAMPLES[0]

    def example():
        cases = ((X[0], W) for X, _, W in _networks((1, 1), (2, 1), (1, 1, 1), (2, 2, 1)))
        smallest(slopes_by_feature, lambda x, parameters: _slopes(x, parameters), cases, _ways)

    tie = _network([3, 3, 1]) | {"b1": [0.0, 0.0, 0.0]}
    tie["W1"] = [[2.0, 1.0, 0.0], [1.0, -1.0, 0.5], [0.5, 0.0, 1.0]]  # z1[0] is 0
    for case, parameters in {
        "one layer": _network([3, 1]),
        "two layers": _network([3, 4, 1]),
        "square layers": _network([3, 3, 3, 1]),
        "a unit with z = 0": tie,
        "a dead layer": _network([3, 2, 1]) | {"b1": [-100.0, -100.0]},
    }.items():
        right = _slopes(x, parameters)
        output = reference.forward_by_loops(x, parameters)[0][0]
        mistakes = {
            "at 0 we chose the slope 0: > is not >=": _slopes(x, parameters, lambda z: z >= 0),
            "the mask of ReLU is missing": _slopes(x, parameters, np.ones_like),
            "it begins with 1, the slope of the output by itself, not with the output": (
                _slopes(x, parameters, first=output)
            ),
            "W has to be walked down its columns: each dx[j] sums over the units i": (
                _slopes(x, parameters, turned=True)
            ),
            "those are the slopes times the inputs": right * x,
            "no ReLU comes before the first layer: x has no mask": right * (np.array(x) > 0),
        }
        mistakes = {
            message: wrong for message, wrong in mistakes.items() if not np.allclose(wrong, right)
        }
        got = called(slopes_by_feature, x, parameters)
        _same_list(f"the list of slopes ({case})", got, right, mistakes, example)


@exercise
def fit_line(fit_line):
    """Stochastic gradient descent for a line."""
    xs, ys, rate = [1.0, -2.0, 0.5], [3.0, -1.0, 2.0], 0.07
    right = _line(xs, ys, rate, 2)
    start = {"W1": [[0.0]], "b1": [0.0]}
    batch = {"learning_rate": rate, "epochs": 2, "batch_size": 3}
    _, whole = reference.train_by_loops([[x] for x in xs], [[y] for y in ys], start, **batch)
    mistakes = {
        "all samples in one step: that is the batch way": [whole["W1"][0][0], whole["b1"][0]],
        "b is corrected with the new w: work out both derivatives first": (
            _line(xs, ys, rate, 2, late=True)
        ),
        "the factor ½ is in the loss, so no 2 is left in the derivative": (
            _line(xs, ys, 2 * rate, 2)
        ),
        "the step goes up the hill: subtract": _line(xs, ys, -rate, 2),
        "that is the result of one epoch: do you start again in each?": _line(xs, ys, rate, 1),
        "a sample is taken in all epochs before the next: the outer loop goes over the epochs": (
            _line([x for x in xs for _ in range(2)], [y for y in ys for _ in range(2)], rate, 1)
        ),
        "(b, w): expected (w, b)": right[::-1],
        "divided by m: each step has one sample": _line(xs, ys, rate / 3, 2),
        "b stays 0": _line(xs, ys, rate, 2, bias=False),
        "each step asks for the derivative by w: times x": _line(xs, ys, rate, 2, slope=False),
    }
    straight = [i / 10 for i in range(11)]
    curve = [x * x for x in straight]
    if called(fit_line, straight, curve, 0.3, 1) != fit_line(straight, curve, 0.3, 1):
        raise Wrong("two calls give two lines: take the samples in the order given")

    def example():
        cases = ((x, y, 0.5, 1) for n in (1, 2) for x, y in _lists((n,), (n,)))
        smallest(
            lambda *case: np.array(fit_line(*case)),
            lambda xs, ys, learning_rate, epochs: _line(xs, ys, learning_rate, epochs),
            cases,
            _last_step,
        )

    for _ in range(2):  # the second time it should not remember the first
        w, b = _pair("w and b", called(fit_line, xs, ys, rate, 2))
        same("(w, b)", np.array([w, b], float), np.array(right), mistakes, example=example)
        line = [2 * x - 1 for x in straight]
        w, b = _pair("w and b", called(fit_line, straight, line, 0.3, 200))
        if not (abs(w - 2) <= 1e-3 and abs(b + 1) <= 1e-3):
            raise Wrong(f"for y = 2x - 1 you find w = {w:.4g} and b = {b:.4g}")


def _line(xs, ys, learning_rate, epochs, late=False, slope=True, bias=True):
    """The right fit, and some wrong ones."""
    w = b = 0.0
    for _ in range(epochs):
        for x, y in zip(xs, ys, strict=True):
            error = w * x + b - y
            w -= learning_rate * error * (x if slope else 1.0)
            b -= bias * learning_rate * (w * x + b - y if late else error)
    return [w, b]


def _last_step(where, xs, ys, rate, epochs):
    """How w or b comes about in the step of the last sample."""
    w, b = _line(xs[:-1], ys[:-1], rate, epochs)
    x, y = factor(xs[-1]), factor(ys[-1])
    error = f"{rate}·({number(w)}·{x} + {factor(b)} - {y})"
    step = f"w = {number(w)} - {error}·{x}" if where == (0,) else f"b = {number(b)} - {error}"
    return step + f" after {len(xs)} steps" * (len(xs) > 1)
