"""Checks of notebook 8."""

import math

import numpy as np

from nnfs_core import pure_python as reference
from nnfs_core.check import Wrong, called, exercise, refused, same

SIZES = [3, 4, 2, 5, 2]
SAMPLES = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.5], [-0.75, 1.0, 1.25]]
TARGETS = [[1.0, -1.0], [0.5, 2.0], [0.0, 0.25]]


def _network(seed=3, sizes=SIZES):
    """Parameters with biases that are not 0."""
    parameters = reference.initialize_by_loops(sizes, seed)
    for layer in range(1, len(sizes)):
        parameters[f"b{layer}"] = [0.1 * (i + 1) for i in range(sizes[layer])]
    return parameters


def _passes(parameters):
    """Outputs and caches of the samples, as tuples of lists."""
    return zip(*[reference.forward_by_loops(x, parameters) for x in SAMPLES], strict=True)


def _same_list(what, got, expected, mistakes=None):
    """Refuse what is not a list, or not the expected numbers."""
    if not isinstance(got, list):
        raise Wrong(f"{what} is a {type(got).__name__}; expected a list")
    if any(isinstance(row, np.ndarray | tuple) for row in got):
        raise Wrong(f"{what} holds {type(got[0]).__name__}s; expected lists")
    try:
        got = np.array(got, float)
    except (TypeError, ValueError):
        raise Wrong(f"{what} should hold numbers, or rows of one length") from None
    arrays = {message: np.array(mistaken) for message, mistaken in (mistakes or {}).items()}
    same(what, got, np.array(expected), arrays)


def _same_lists(got, expected, mistakes=None):
    """Refuse a dict of lists that is not the expected one; mistakes: {what it says: a dict}."""
    if not isinstance(got, dict) or got.keys() != expected.keys():
        found = f"the keys {list(got)}" if isinstance(got, dict) else f"a {type(got).__name__}"
        raise Wrong(f"{found}; expected a dict with the keys {list(expected)}")
    for message, mistaken in (mistakes or {}).items():
        if all(_alike(got[key], mistaken[key]) for key in expected):
            raise Wrong(message)
    for key in expected:
        _same_list(key, got[key], expected[key])


def _alike(one, other):
    """Whether two lists hold the same numbers."""
    try:
        one = np.array(one, float)
    except (TypeError, ValueError):
        return False
    return one.shape == np.shape(other) and np.allclose(one, other, 1e-9, 1e-12)


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
    x, w = SAMPLES[0], [2.0, 3.0, 0.5]
    mistakes = {
        "the bias is missing": -1.0,
        "the bias is subtracted": -1.25,
        "only the last input counts: add up, in the loop": 1.25,
        "the bias is added once for each input": -0.25,
    }
    same("z", called(neuron, x, w, 0.25), -0.75, mistakes)
    refused(neuron, x, w[:2], 0.25, what="an x that is longer than w")
    refused(neuron, x[:2], w, 0.25, what="an x that is shorter than w")


@exercise
def layer_by_loops(layer_by_loops):
    """W x + b."""
    for sizes in ([3, 2], [3, 3]):
        parameters = _network(sizes=sizes)
        W, b, x = parameters["W1"], parameters["b1"], SAMPLES[0]
        right = np.array(W) @ x + b
        mistakes = {
            "the biases are missing": right - b,
            "every unit has the bias of the first": right - b + b[0],
            "every unit has the weights of the first": np.dot(W[0], x) + b,
        }
        if len(W) == len(x):
            mistakes["W is turned: the weights of unit i are the row W[i]"] = np.dot(x, W) + b
        _same_list("z", called(layer_by_loops, x, W, b), right, mistakes)
    refused(layer_by_loops, x, W, b[:1], what="a b that is shorter than W")
    refused(layer_by_loops, x[:2], W, b, what="an x that is shorter than the rows of W")


@exercise
def initialize_by_loops(initialize_by_loops):
    """He initialization on lists."""
    made = called(initialize_by_loops, [50, 80, 1], 0)
    expected = reference.initialize_by_loops([50, 80, 1], 0)
    if not isinstance(made, dict) or made.keys() != expected.keys():
        raise Wrong(f"expected a dict with the keys {list(expected)}")
    for key, values in made.items():
        if np.shape(values) == np.shape(expected[key])[::-1] != np.shape(expected[key]):
            raise Wrong(f"{key} is turned: a row for each unit")
        if np.shape(values) != np.shape(expected[key]):
            raise Wrong(f"{key} has the shape {np.shape(values)}, not {np.shape(expected[key])}")
        if key.startswith("b") and np.any(values):
            raise Wrong("the biases start at 0")
    if made["W1"][0] == made["W1"][1]:
        raise Wrong("all units start alike: draw each weight for itself")
    size = math.sqrt(np.mean(np.square(made["W1"])))
    for message, spread in {
        "a variance of 2 / n_out: it is n_in that counts": math.sqrt(2 / 80),
        "`gauss` takes the standard deviation: the root of 2 / n_in": 2 / 50,
        "the 2 is missing: ReLU loses half of the signal": math.sqrt(1 / 50),
        "the spread does not depend on n_in": 1.0,
    }.items():
        if abs(size / spread - 1) < 0.05:
            raise Wrong(message)
    if abs(size / math.sqrt(2 / 50) - 1) > 0.05:
        raise Wrong(f"W1 has the spread {size:.3g}; expected {math.sqrt(2 / 50):.3g}")
    if initialize_by_loops([50, 80, 1], 0) != made:
        raise Wrong("the same seed gives other weights")
    if initialize_by_loops([50, 80, 1], 1) == made:
        raise Wrong("another seed gives the same weights")
    refused(initialize_by_loops, [3, 0, 1], what="a size of 0")


@exercise
def forward_by_loops(forward_by_loops):
    """All layers."""
    parameters = _network()
    for x in SAMPLES:
        right, expected = reference.forward_by_loops(x, parameters)
        a, cache = _pair("the output and the cache", called(forward_by_loops, x, parameters))
        mistakes = {"ReLU follows the last layer, too: the output is linear": np.maximum(right, 0)}
        mistakes["there is no ReLU between the layers"] = _without_relu(x, parameters)
        _same_list("the output", a, right, mistakes)
        _same_lists(cache, expected)
    refused(forward_by_loops, SAMPLES[0][:2], parameters, what="a sample that is too short")


def _without_relu(x, parameters):
    for layer in range(1, len(SIZES)):
        x = reference.layer_by_loops(x, parameters[f"W{layer}"], parameters[f"b{layer}"])
    return x


@exercise
def mse_by_loops(mse_by_loops):
    """Half the mean squared error."""
    outputs = [[1.5, -1.0], [0.5, 1.0], [2.0, 0.25]]
    right = (0.25 + 1 + 4) / 6
    mistakes = {
        "the 2 is missing": 2 * right,
        "the mean is missing: divide by m": 3 * right,
        "divided by the number of entries: m counts samples": right / 2,
        "that is the mean of the errors: square them": (0.5 - 1 + 2) / 6,
    }
    same("the loss", called(mse_by_loops, outputs, TARGETS), right, mistakes)
    refused(mse_by_loops, outputs[:2], TARGETS, what="one output too few")


@exercise
def backward_by_loops(backward_by_loops):
    """The chain rule by loops."""
    parameters = _network()
    _, caches = _passes(parameters)
    caches = list(caches)
    right = reference.backward_by_loops(TARGETS, caches, parameters)
    got = called(backward_by_loops, TARGETS, caches, parameters)
    last = reference.backward_by_loops(TARGETS[-1:], caches[-1:], parameters)
    mistakes = {
        "m times too large: the mean is missing": _scaled(right, 3),
        "the signs are wrong: a - y": _scaled(right, -1),
        "only the last sample counts: add up over the samples": _scaled(last, 1 / 3),
        "the mask of ReLU is missing": _unmasked(caches, parameters),
    }
    _same_lists(got, right, mistakes)
    again = backward_by_loops(TARGETS, caches, parameters)
    _same_lists(again, right, {"the gradients add up: start at 0": _scaled(right, 2)})


def _unmasked(caches, parameters):
    """Gradients without the derivative of ReLU."""
    open_caches = [
        {key: [1.0] * len(values) if key[0] == "z" else values for key, values in cache.items()}
        for cache in caches
    ]
    return reference.backward_by_loops(TARGETS, open_caches, parameters)


@exercise
def update_by_loops(update_by_loops):
    """One step against the gradients."""
    parameters = _network()
    _, caches = _passes(parameters)
    gradients = reference.backward_by_loops(TARGETS, list(caches), parameters)

    def moved(by):
        return {
            key: (np.array(values) + by * np.array(gradients[f"d{key}"])).tolist()
            for key, values in parameters.items()
        }

    mistakes = {
        "the step goes up the hill: subtract": moved(0.3),
        "the learning rate is missing": moved(-1),
        "nothing moves": parameters,
        "only the weights move": moved(-0.3) | {k: v for k, v in parameters.items() if "b" in k},
    }
    _same_lists(called(update_by_loops, parameters, gradients, 0.3), moved(-0.3), mistakes)


@exercise
def train_by_loops(train_by_loops):
    """Batches, epochs, updates."""
    samples, start = [[float(x)] for x in range(7)], {"W1": [[0.5]], "b1": [1.0]}
    targets = [[x * x] for (x,) in samples]
    for size, steps in ((1, 21), (3, 9), (7, 3), (20, 3)):
        settings = {"learning_rate": 0.01, "epochs": 3, "batch_size": size}
        got = called(train_by_loops, samples, targets, start, **settings)
        losses, parameters = _pair("the losses and the parameters", got)
        if not isinstance(losses, list):
            raise Wrong(f"the losses are a {type(losses).__name__}; expected a list")
        if len(losses) != steps and len(losses) == 3 * (7 // size):
            raise Wrong("the last batch of an epoch, a smaller one, is left out")
        if len(losses) != steps:
            raise Wrong(
                f"batch_size {size}, 7 samples, 3 epochs: {len(losses)} losses, not {steps}"
            )
    # Steps too small to matter: each loss tells which sample it is from.
    settings = {"learning_rate": 1e-15, "epochs": 2, "batch_size": 1}
    losses = np.array(train_by_loops(samples, targets, start, **settings)[0])
    own = np.array(
        [(0.5 * x + 1 - y) ** 2 / 2 for (x,), (y,) in zip(samples, targets, strict=True)]
    )
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
    # One batch of all samples: the order has no part in it.
    whole = {"learning_rate": 0.01, "epochs": 3, "batch_size": 7}
    losses, parameters = train_by_loops(samples, targets, start, **whole)
    right, expected = reference.train_by_loops(samples, targets, start, **whole)
    _same_list("losses", losses, right)
    _same_lists(parameters, expected, {"nothing moves": start})
    refused(train_by_loops, samples, targets[:3], start, **settings, what="a target too few")
    nan = [[math.nan], *targets[1:]]
    refused(train_by_loops, samples, nan, start, **settings, what="a target that is NaN")
    settings["batch_size"] = 0
    refused(train_by_loops, samples, targets, start, **settings, what="a batch_size of 0")


@exercise
def matrix_product(matrix_product):
    """A B on lists."""
    A, B = [[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]], [[2.0, 1.0], [-1.0, 4.0], [0.25, 5.0]]
    right = np.array(A) @ B
    mistakes = {
        "all rows are one and the same list: `[[0.0] * q] * n` makes one row, n times": (
            np.array([right.sum(axis=0)] * 2)
        ),
        "only the last j counts: add up": np.outer(np.array(A)[:, -1], B[-1]),
        "the result is turned: a row for each row of A": right.T,
    }
    _same_list("the product", called(matrix_product, A, B), right, mistakes)
    square, other = [[1.0, 2.0], [3.0, 5.0]], [[0.0, 1.0], [2.0, -1.0]]
    mistakes = {
        "A and B are exchanged": np.array(other) @ square,
        "row times row: B has to be walked down, B[j][k]": np.array(square) @ np.transpose(other),
        "entry times entry": np.array(square) * other,
    }
    got = called(matrix_product, square, other)
    _same_list("the product of two squares", got, np.array(square) @ other, mistakes)
    _same_list("(1, 3) times (3, 1)", called(matrix_product, A[:1], [[1.0]] * 3), [[2.0]])
    refused(matrix_product, A, A, what="(2, 3) times (2, 3)")
    refused(matrix_product, B, B, what="(3, 2) times (3, 2)")


@exercise
def count_steps(count_steps):
    """Steps of a training."""
    for case, right in (((1000, 1000, 1), 1), ((1000, 32, 8), 256), ((10, 1, 3), 30)):
        mistakes = {
            "the last batch of an epoch is left out, if it is smaller": (
                case[0] // case[1] * case[2]
            ),
            "that is one epoch": right // case[2],
            "an epoch is no step: an epoch has m / batch_size of them": case[2],
            "the samples do not run on into the next epoch: round up in each": (
                -(-case[0] * case[2] // case[1])
            ),
        }
        mistakes = {message: wrong for message, wrong in mistakes.items() if wrong != right}
        got = called(count_steps, *case)
        same(f"the number of steps for {case}", got, right, mistakes)
        if got != int(got) or isinstance(got, float):
            raise Wrong(f"{got} is a {type(got).__name__}; expected a whole number")
    same("the number of steps for (10, 64, 2)", called(count_steps, 10, 64, 2), 2)


@exercise
def fit_line(fit_line):
    """Stochastic gradient descent for a line."""
    xs, ys, rate = [1.0, -2.0, 0.5], [3.0, -1.0, 2.0], 0.1
    right = _line(xs, ys, rate, 2)
    w, b = _pair("w and b", called(fit_line, xs, ys, rate, 2))
    got = np.array([w, b], float)
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
        "one epoch only": _line(xs, ys, rate, 1),
        "(b, w): expected (w, b)": right[::-1],
        "each step asks for the derivative by w: times x": _line(xs, ys, rate, 2, slope=False),
    }
    arrays = {message: np.array(mistaken) for message, mistaken in mistakes.items()}
    same("(w, b)", got, np.array(right), arrays)
    straight = [i / 10 for i in range(11)]
    w, b = fit_line(straight, [2 * x - 1 for x in straight], 0.3, 200)
    if abs(w - 2) > 1e-3 or abs(b + 1) > 1e-3:
        raise Wrong(f"for y = 2x - 1 you find w = {w:.4g} and b = {b:.4g}")


def _line(xs, ys, learning_rate, epochs, late=False, slope=True):
    """The right fit, and some wrong ones."""
    w = b = 0.0
    for _ in range(epochs):
        for x, y in zip(xs, ys, strict=True):
            error = w * x + b - y
            w -= learning_rate * error * (x if slope else 1.0)
            b -= learning_rate * (w * x + b - y if late else error)
    return [w, b]
