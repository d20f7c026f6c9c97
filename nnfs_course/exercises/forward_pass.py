"""Judges of notebook 4."""

import numpy as np

from nnfs_core import forward_pass as reference
from nnfs_course.examples import network
from nnfs_course.judge import Wrong, called, exercise, refused, same, same_arrays


@exercise
def multiplications(multiplications):
    """Products of weights and inputs for one sample."""
    for sizes in ([3, 7, 4], [14, 64, 32, 16, 1]):
        products = [n_in * n_out for n_in, n_out in zip(sizes, sizes[1:], strict=False)]
        mistakes = {
            "a bias is added, not multiplied": sum(products) + sum(sizes[1:]),
            "the layers work one after the other: add their numbers": np.prod(products),
            "that is the number of units: each has a weight for each number that comes in": sum(
                sizes[1:]
            ),
            "that is the number of rows of all blocks: multiply the neighbours": sum(sizes),
            "the sizes multiplied: only neighbours are joined by weights": np.prod(sizes),
            "that is the last layer alone": products[-1],
            "that is the first layer alone": products[0],
        }
        same(f"the number for {sizes}", called(multiplications, sizes), sum(products), mistakes)


@exercise
def layer_repaired(layer_repaired):
    """W X + b with b of shape (n,)."""
    W, b = np.arange(6.0).reshape(3, 2) - 2, np.array([1.0, 2.0, 3.0])
    for m in (3, 4):  # with 3 samples the bug is silent, with 4 it raises
        X = np.arange(2.0 * m).reshape(2, m) / 4
        mistakes = {
            "the bias is gone": W @ X,
            "every unit adds the same: each has a bias of its own": W @ X + b.mean(),
            "all biases together are added to each unit": W @ X + b.sum(),
        }
        if m == len(b):
            mistakes["a ReLU is too much: the layer returns Z"] = np.maximum(W @ X + b[:, None], 0)
            mistakes["unit 1 should add 1 for all samples, and adds 1, 2 and 3"] = W @ X + b
        try:
            got = called(layer_repaired, X, W, b)
        except ValueError as error:
            raise Wrong(f"with 3 units and {m} samples: {str(error).strip()}") from None
        same("Z", got, W @ X + b[:, None], mistakes)
    W, X = np.ones((5, 2)), np.ones((2, 4))
    same(
        "Z of 5 units",
        called(layer_repaired, X, W, np.arange(5.0)),
        W @ X + np.arange(5.0)[:, None],
    )


@exercise
def feed_forward_linear(feed_forward_linear):
    """The network without ReLU on its output."""
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
        same("the prediction", got, cache[f"Z{last}"], mistakes)


@exercise
def feed_forward(feed_forward):
    """The output and the cache."""
    for sizes in ((3, 5, 4, 2), (2, 4, 1)):
        X, _, parameters = network(sizes)
        expected, cache = reference.feed_forward(X, parameters)
        result = called(feed_forward, X, parameters)
        if not isinstance(result, tuple) or len(result) != 2:
            raise Wrong("expected two things: the output A and the cache")
        mistakes = {
            "the last layer has a ReLU, too": cache[f"Z{len(sizes) - 1}"],
            "that is the first layer's output: A should go from layer to layer": cache["A1"],
        }
        same("A", result[0], expected, mistakes)
        masked = {f"Z{i}": cache[f"A{i}"] for i in range(1, len(sizes))}
        mistake = {"Z in the cache is after the ReLU: it was overwritten": {**cache, **masked}}
        same_arrays(result[1], cache, mistake)
    refused(feed_forward, X.T, parameters, what="X with a sample a row")
