"""Judges of notebook 2."""

import numpy as np

from nnfs_course.judge import Wrong, called, exercise, refused, same, same_arrays

SIZES = (300, 200, 100, 50)


def _draws(initialize, variance):
    """Refuse parameters that have other shapes, biases, variances, or draw in another way."""
    first, again, other = (called(initialize, list(SIZES), seed) for seed in (0, 0, 1))
    shapes = {"W1": (200, 300), "b1": (200, 1), "W2": (100, 200), "b2": (100, 1)}
    shapes |= {"W3": (50, 100), "b3": (50, 1)}
    if not isinstance(first, dict) or first.keys() != shapes.keys():
        raise Wrong(f"expected a dict with the keys {list(shapes)}")
    for key, shape in shapes.items():
        found = np.shape(first[key])
        hint = ": a row for each unit of the layer" if found == shape[::-1] != shape else ""
        if found == shape[:1]:
            hint = ": a column needs two axes"
        if found != shape:
            raise Wrong(f"{key} has the shape {found} instead of {shape}{hint}")
    if any(first[key].any() for key in shapes if key.startswith("b")):
        raise Wrong("the biases should be 0")
    if not np.array_equal(first["W1"], again["W1"]):
        raise Wrong("the same seed gives other numbers: draw from np.random.default_rng(seed)")
    if np.array_equal(first["W1"], other["W1"]):
        raise Wrong("another seed gives the same numbers: is `seed` used?")
    ratios = [first["W1"].ravel()[i] / first["W2"].ravel()[i] for i in range(3)]
    if np.allclose(ratios, ratios[0]):
        raise Wrong(
            "each layer starts with the same draws: make the generator once, not in the loop"
        )
    for layer in (1, 2):
        W, n_out, n_in = first[f"W{layer}"], SIZES[layer], SIZES[layer - 1]
        wanted = variance(n_in, n_out)
        known = {
            "the variance is its own square: is the root missing?": wanted**2,
            "the variance is He's, 2 / n_(l-1)": 2 / n_in,
            "the variance is 1 / n_(l-1), half of He's": 1 / n_in,
            "the variance is 2 / n_l: n counts what comes in": 2 / n_out,
        }
        if abs(W.mean()) > 0.1 * np.sqrt(wanted):
            raise Wrong("the mean of the weights is not 0: draw from standard_normal")
        if 0.96 < W.var() / wanted < 1.04:
            continue
        for message, value in known.items():
            if 0.96 < W.var() / value < 1.04:
                raise Wrong(f"W{layer}: {message}")
        raise Wrong(f"the variance of W{layer} is {W.var() / wanted:.2f} times what it should be")


@exercise
def count_parameters(count_parameters):
    """Weights and biases of a network."""
    for sizes in ([2, 5, 3], [14, 64, 32, 16, 1], [3, 1]):
        pairs = list(zip(sizes, sizes[1:], strict=False))
        weights = sum(n_in * n_out for n_in, n_out in pairs)
        mistakes = {
            "those are the weights; the biases are missing": weights,
            "the features have no biases: only the layers after them do": weights + sum(sizes),
            "the last layer has biases, too": weights + sum(sizes[1:-1]),
            "a bias belongs to a unit: n_l of them in layer l, not n_(l-1)": weights
            + sum(sizes[:-1]),
            "one bias a layer is too few: each unit has its own": weights + len(pairs),
            "a unit has a weight for each number that comes in: multiply, do not add": 2
            * sum(sizes)
            - sizes[0]
            - sizes[-1],
        }
        right = weights + sum(sizes[1:])
        same(f"the number for {sizes}", called(count_parameters, sizes), right, mistakes)


@exercise
def leaky_variance(leaky_variance):
    """The variance of the weights that keeps the signal through a leaky ReLU."""
    for n, alpha in ((256, 0.3), (10, 1.0), (256, 0.0)):
        right = 2 / (n * (1 + alpha**2))
        mistakes = {
            "that is He's: the negative half now counts, too": 2 / n,
            "alpha counts by its square: step 3 is about E[a²]": 2 / (n * (1 + alpha)),
            "that is the standard deviation: the variance is its square": np.sqrt(right),
            "upside down: a unit that lets more through needs smaller weights": 2
            * (1 + alpha**2)
            / n,
            "half of the right one: is the ½ of step 3 lost?": right / 2,
            "the negative half has its ½, too: step 3 halves both": 2 / (n * (1 + 2 * alpha**2)),
        }
        got = called(leaky_variance, n, alpha)
        same(f"the variance for n = {n}, alpha = {alpha}", got, right, mistakes)


@exercise
def xavier_parameters(xavier_parameters):
    """Weights with the variance 2 / (n_(l-1) + n_l), biases 0."""
    _draws(xavier_parameters, lambda n_in, n_out: 2 / (n_in + n_out))


@exercise
def initialize_parameters(initialize_parameters):
    """He's weights, biases 0."""
    _draws(initialize_parameters, lambda n_in, n_out: 2 / n_in)
    same_arrays(initialize_parameters(list(SIZES)), initialize_parameters(list(SIZES), 0))
    refused(initialize_parameters, [14], what="a network without a layer")
