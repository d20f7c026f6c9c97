"""Stage 8: pure Python.

Generated from notebooks/08_pure_python.ipynb by `make export`: edit that, not this.
"""

import math
import random


def _check_lengths(name, values, other_name, others):
    """Refuse two lists of different lengths, or without any entry."""
    if len(values) != len(others) or len(values) == 0:
        lengths = f"{name} has the length {len(values)}, {other_name} {len(others)}"
        raise ValueError(f"{lengths}; expected equal lengths, 1 or more")


def neuron(x, w, b):
    """Return b plus the sum of w_j x_j, for lists x and w of n_in numbers.

    Raises ValueError if the lengths differ or are 0.
    """
    _check_lengths("x", x, "w", w)
    z = 0.0
    for j in range(len(x)):  # over the inputs
        z += w[j] * x[j]
    return z + b


def layer_by_loops(x, W, b):
    """Return z = W x + b, a list of n_out numbers, for one sample.

    x: n_in numbers; W: n_out rows of n_in; b: n_out. Raises ValueError if the lengths differ.
    """
    _check_lengths("W", W, "b", b)
    z = []
    for i in range(len(W)):  # over the units
        z.append(neuron(x, W[i], b[i]))
    return z


def _check_whole(name, value, least):
    """Refuse what is no whole number, or too small."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name} is {value!r}; expected a whole number, {least} or more")


def initialize_by_loops(layer_sizes, seed=0):
    """Return {"W1", "b1", ...} as lists: He initialization for the sizes [n_0, n_1, ..., n_L].

    Weights are rows, biases flat. Raises ValueError for fewer than two sizes, for one that is not
    a whole number above 0, or a seed that is not one from 0 on.
    """
    _check_whole("the number of layer_sizes", len(layer_sizes), 2)
    for place, size in enumerate(layer_sizes):
        _check_whole(f"layer_sizes[{place}]", size, 1)
    _check_whole("seed", seed, 0)
    rng, parameters = random.Random(seed), {}
    for layer in range(1, len(layer_sizes)):
        n_in, n_out = layer_sizes[layer - 1], layer_sizes[layer]
        spread = math.sqrt(2 / n_in)
        W = [[rng.gauss(0, spread) for j in range(n_in)] for i in range(n_out)]
        parameters[f"W{layer}"], parameters[f"b{layer}"] = W, [0.0] * n_out
    return parameters


def _depth(parameters):
    """Return the number of layers; refuse other keys than W1, b1, W2, b2, ..."""
    depth = len(parameters) // 2
    names = {f"{letter}{layer}" for letter in "Wb" for layer in range(1, depth + 1)}
    if not names or set(parameters) != names:
        keys = ", ".join(map(str, parameters)) or "no keys"
        raise ValueError(f"parameters has {keys}; expected W1, b1, W2, b2 and so on")
    return depth


def forward_by_loops(x, parameters):
    """Return the output for one sample x (n_0 numbers) and the cache {"a0", "z1", "a1", ...}.

    Both hold lists. ReLU follows each layer but the last. Raises ValueError for sizes that do not
    fit.
    """
    a, cache, depth = list(x), {"a0": list(x)}, _depth(parameters)
    for layer in range(1, depth + 1):  # over the layers
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        _check_lengths(f"a{layer - 1}", a, f"W{layer}[0]", W[0])
        z = layer_by_loops(a, W, b)
        # `max` would make NaN 0, and nobody would see it
        a = z[:] if layer == depth else [0.0 if z_i <= 0 else z_i for z_i in z]
        cache[f"z{layer}"], cache[f"a{layer}"] = z, a
    return a, cache


def mse_by_loops(outputs, targets):
    """Return 1/(2m) times the sum of (a - y)², for m outputs and m targets, each a list.

    Raises ValueError for lengths that differ.
    """
    _check_lengths("outputs", outputs, "targets", targets)
    total = 0.0
    for k in range(len(targets)):  # over the samples
        _check_lengths(f"outputs[{k}]", outputs[k], f"targets[{k}]", targets[k])
        for i in range(len(targets[k])):  # over the outputs
            error = outputs[k][i] - targets[k][i]
            total += error * error
    return total / (2 * len(targets))


def backward_by_loops(targets, caches, parameters):
    """Return the gradients {"dW1", "db1", ...} of mse_by_loops, as lists shaped like parameters.

    caches: those of forward_by_loops, one for each of the m targets. Raises ValueError for sizes
    that do not fit.
    """
    _check_lengths("targets", targets, "caches", caches)
    m, depth, gradients = len(targets), _depth(parameters), {}
    for layer in range(1, depth + 1):
        gradients[f"dW{layer}"] = [[0.0] * len(row) for row in parameters[f"W{layer}"]]
        gradients[f"db{layer}"] = [0.0] * len(parameters[f"b{layer}"])
    for y, cache in zip(targets, caches, strict=True):  # over the samples
        a = cache[f"a{depth}"]
        _check_lengths("an output", a, "its target", y)
        dz = [(a[i] - y[i]) / m for i in range(len(y))]
        for layer in range(depth, 0, -1):  # over the layers, backwards
            x, W = cache[f"a{layer - 1}"], parameters[f"W{layer}"]
            _check_lengths(f"z{layer} of a cache", dz, f"W{layer}", W)
            _check_lengths(f"a{layer - 1} of a cache", x, f"W{layer}[0]", W[0])
            dW, db = gradients[f"dW{layer}"], gradients[f"db{layer}"]
            dx = [0.0] * len(x)
            for i in range(len(dz)):  # over the units
                db[i] += dz[i]
                for j in range(len(x)):  # over the inputs
                    dW[i][j] += dz[i] * x[j]
                    dx[j] += W[i][j] * dz[i]
            if layer > 1:
                z = cache[f"z{layer - 1}"]
                dz = [dx[j] if z[j] > 0 else 0.0 for j in range(len(x))]
    return gradients


def update_by_loops(parameters, gradients, learning_rate):
    """Return new parameters, one step against the gradients; the given ones stay as they are.

    Raises ValueError for sizes that do not fit, or a learning_rate that is not above 0.
    """
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate is {learning_rate}; expected a number above 0")
    new = {}
    for layer in range(1, _depth(parameters) + 1):
        W, dW = parameters[f"W{layer}"], gradients[f"dW{layer}"]
        b, db = parameters[f"b{layer}"], gradients[f"db{layer}"]
        _check_lengths(f"W{layer}", W, f"dW{layer}", dW)
        _check_lengths(f"b{layer}", b, f"db{layer}", db)
        new[f"W{layer}"] = [
            [w - learning_rate * dw for w, dw in zip(row, changes, strict=True)]
            for row, changes in zip(W, dW, strict=True)
        ]
        new[f"b{layer}"] = [b_i - learning_rate * db_i for b_i, db_i in zip(b, db, strict=True)]
    return new


def _check_rows(name, rows):
    """Refuse what is not a list of finite numbers for each sample."""
    for k, row in enumerate(rows):
        if not isinstance(row, list | tuple):
            raise ValueError(f"{name}[{k}] is {row!r}; expected a list: of X that is X.T.tolist()")
        if not all(map(math.isfinite, row)):
            raise ValueError(f"{name}[{k}] is {row}; expected finite numbers")


def train_by_loops(samples, targets, parameters, *, learning_rate, epochs, batch_size, seed=0):
    """Train by gradient descent; return (losses, parameters), a loss for each step.

    samples, targets: m lists each. batch_size: 1 is stochastic, m or more batch gradient descent;
    the order is shuffled before each epoch. Each loss is that of its batch before the step.
    Raises FloatingPointError if it is not finite, ValueError for bad input.
    """
    _check_lengths("samples", samples, "targets", targets)
    _check_rows("samples", samples)
    _check_rows("targets", targets)
    _check_whole("epochs", epochs, 1)
    _check_whole("batch_size", batch_size, 1)
    _check_whole("seed", seed, 0)
    rng, order, losses = random.Random(seed), list(range(len(samples))), []
    for _ in range(epochs):
        rng.shuffle(order)
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            passes = [forward_by_loops(samples[k], parameters) for k in batch]
            outputs, caches = zip(*passes, strict=True)
            wanted = [targets[k] for k in batch]
            losses.append(mse_by_loops(outputs, wanted))
            if not math.isfinite(losses[-1]):
                cure = f"try a tenth of {learning_rate=}, and look at the size of what is given"
                raise FloatingPointError(f"the loss is {losses[-1]} in step {len(losses)}: {cure}")
            gradients = backward_by_loops(wanted, caches, parameters)
            parameters = update_by_loops(parameters, gradients, learning_rate)
    return losses, parameters
