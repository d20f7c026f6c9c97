"""Judges of notebook 4."""

import numpy as np

from nnfs_core import forward_pass as reference
from nnfs_course.counterexample import networks, number, small, smallest, weighted
from nnfs_course.examples import network
from nnfs_course.judge import Wrong, called, exercise, refused, same, same_arrays


@exercise
def layer_repaired(layer_repaired):
    """W X + b with b of shape (n,)."""

    def example():
        smallest(
            layer_repaired,
            lambda X, W, b: W @ X + b[:, None],
            (case for n, m in ((1, 1), (2, 1), (1, 2)) for case in small((1, m), (n, 1), (n,))),
            lambda where, X, W, b: (
                f"Z{list(where)} = {weighted(W[where[0]], X[:, where[1]], b[where[0]])}"
            ),
        )

    W, b = np.arange(6.0).reshape(3, 2) - 2, np.array([1.0, 2.0, 3.0])
    for m in (3, 4, 1):  # with 3 samples and with 1 the bug is silent, with 4 it raises
        X = np.arange(2.0 * m).reshape(2, m) / 4
        mistakes = {
            "the bias is gone": W @ X,
            "every unit adds the same: each has a bias of its own": W @ X + b.mean(),
            "all biases together are added to each unit": W @ X + b.sum(),
        }
        if m == len(b):
            mistakes["a ReLU is too much: the layer returns Z"] = np.maximum(W @ X + b[:, None], 0)
            mistakes["Z is turned: a row for each unit, a column for each sample"] = (
                W @ X + b[:, None]
            ).T
            mistakes["unit 1 should add 1 for all samples, and adds 1, 2 and 3"] = W @ X + b
        if m == 1:
            both = (
                "with 1 sample Z has a column for each bias: NumPy repeated Z's column and b's row"
            )
            mistakes[both] = W @ X + b
        try:
            got = called(layer_repaired, X, W, b)
        except ValueError as error:
            raise Wrong(f"with 3 units and {m} samples: {str(error).strip()}") from None
        same("Z", got, W @ X + b[:, None], mistakes, example=example)
    W, X = np.ones((5, 2)), np.ones((2, 4))
    same(
        "Z of 5 units",
        called(layer_repaired, X, W, np.arange(5.0)),
        W @ X + np.arange(5.0)[:, None],
    )


@exercise
def swap_units(swap_units):
    """The same predictions with two units in each other's place."""
    for layer, i, j in ((1, 0, 2), (2, 1, 3)):
        _, _, parameters = network()
        W, b, after = f"W{layer}", f"b{layer}", f"W{layer + 1}"
        order = np.arange(len(parameters[W]))
        order[[i, j]] = j, i
        lost = np.where(order == i, j, order)  # row i is overwritten before it is read
        lost[i] = j
        right = {
            W: parameters[W][order],
            b: parameters[b][order],
            after: parameters[after][:, order],
        }
        mistakes = {
            "nothing has moved": {},
            f"the biases {b} have not moved: each belongs to its unit": {
                W: right[W],
                after: right[after],
            },
            f"{after} has not moved: its weights still belong to the old places": {
                W: right[W],
                b: right[b],
            },
            f"{W} has not moved: a unit's weights are a row of it": {
                b: right[b],
                after: right[after],
            },
            f"{b} and {after} have not moved": {W: right[W]},
            f"now unit {j} stands in both places: its numbers were written over those of unit {i} "
            "before these were read": {
                W: parameters[W][lost],
                b: parameters[b][lost],
                after: parameters[after][:, lost],
            },
        }
        if parameters[after].shape[0] > j:
            rows = np.arange(parameters[after].shape[0])
            rows[[i, j]] = j, i
            mistakes[f"the rows of {after} have moved: what unit {i} sends is in a column"] = {
                **right,
                after: parameters[after][rows],
            }
        if parameters[W].shape[1] > j:
            columns = np.arange(parameters[W].shape[1])
            columns[[i, j]] = j, i
            mistakes[f"the columns of {W} have moved: a unit's weights are a row of it"] = {
                **right,
                W: parameters[W][:, columns],
            }
        got = called(swap_units, parameters, layer, i, j)
        wrong = {said: {**parameters, **moved} for said, moved in mistakes.items()}
        same_arrays(got, {**parameters, **right}, wrong)
    return "A layer of 64 units has 64! orders, and all of these networks predict the same"


@exercise
def feed_forward_linear(feed_forward_linear):
    """The network without ReLU on its output."""

    def example():
        smallest(
            lambda X, parameters: {"A": feed_forward_linear(X, parameters)},
            lambda X, parameters: {"A": _forward(X, parameters)[f"Z{len(parameters) // 2}"]},
            (case[::2] for case in networks((1, 1), (1, 1, 1), (2, 1, 2))),
            lambda where, X, parameters: _step(
                (f"Z{len(parameters) // 2}", *where[1:]), X, parameters
            ),
        )

    for sizes in ((3, 5, 2), (3, 5, 4, 2)):
        X, _, parameters = network(sizes)
        A, cache = reference.feed_forward(X, parameters)
        linear, last = X, len(sizes) - 1
        for layer in range(1, last + 1):
            linear = parameters[f"W{layer}"] @ linear + parameters[f"b{layer}"]
        mistakes = {
            "the last ReLU is still there": A,
            "no layer has a ReLU: only the last one should lose it": linear,
            "that is what comes into the last layer, not what it makes of it": cache[
                f"A{last - 1}"
            ],
            "the bias of the last layer is missing": cache[f"Z{last}"] - parameters[f"b{last}"],
        }
        try:
            got = called(feed_forward_linear, X, parameters)
        except KeyError as error:
            raise Wrong(f"this network has {last} layers, and no {error}") from None
        if isinstance(got, tuple):
            raise Wrong("two things came back: return the prediction alone, without the cache")
        same("the prediction", got, cache[f"Z{last}"], mistakes, example=example)


def _forward(X, parameters):
    """The cache of a forward pass, and the output A."""
    A, cache = reference.feed_forward(X, parameters)
    return {**cache, "A": A}


def _step(where, X, parameters):
    """How an entry of a cache comes about."""
    key, i, k = where
    layer = int(key[1:] or len(parameters) // 2)
    cache = {**reference.feed_forward(X, parameters)[1], "A0": X}
    if key.startswith("A"):
        return f"{key}[{i}, {k}] = max(0, {number(cache[f'Z{layer}'][i, k])})"
    W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
    return f"{key}[{i}, {k}] = {weighted(W[i], cache[f'A{layer - 1}'][:, k], b[i, 0])}"


@exercise
def feed_forward(feed_forward):
    """The output and the cache."""

    def both(X, parameters):
        A, cache = feed_forward(X, parameters)
        return {**cache, "A": A}

    def example():
        cases = (case[::2] for case in networks((1, 1), (1, 1, 1), (2, 1, 2)))
        smallest(both, _forward, cases, _step)

    for sizes in ((3, 5, 4, 2), (2, 4, 1)):
        X, _, parameters = network(sizes)
        expected, cache = reference.feed_forward(X, parameters)
        result = called(feed_forward, X, parameters)
        if not isinstance(result, tuple) or len(result) != 2:
            found = type(result).__name__
            if isinstance(result, list | tuple):
                found += f" of {len(result)}"
            raise Wrong(f"a {found}; expected two things: `return A, cache`, without brackets")
        mistakes = {
            "the last layer has a ReLU, too": cache[f"Z{len(sizes) - 1}"],
            "that is the first layer's output: A should go from layer to layer": cache["A1"],
        }
        same("A", result[0], expected, mistakes, example=example)
        masked = {f"Z{i}": cache[f"A{i}"] for i in range(1, len(sizes))}
        mistake = {"Z in the cache is after the ReLU: it was overwritten": {**cache, **masked}}
        same_arrays(result[1], cache, mistake, example)
    refused(feed_forward, X.T, parameters, what="X with a sample a row")
