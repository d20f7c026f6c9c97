"""Judges of notebook 2."""

import numpy as np

from nnfs_core import initialization as reference
from nnfs_course.counterexample import smallest
from nnfs_course.judge import Wrong, called, exercise, refused, same, same_keys

SIZES = (300, 200, 100, 50)


def _draws(initialize, variance):
    """Refuse parameters that have other shapes, biases, variances, or draw in another way."""
    first, again, other = (called(initialize, list(SIZES), seed) for seed in (0, 0, 1))
    shapes = {"W1": (200, 300), "b1": (200, 1), "W2": (100, 200), "b2": (100, 1)}
    shapes |= {"W3": (50, 100), "b3": (50, 1)}
    same_keys(first, shapes)
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
            "the variance is 2 / n_l: where is n_(l-1), which counts what comes in?": 2 / n_out,
        }
        if abs(W.mean()) > 0.1 * np.sqrt(wanted):
            raise Wrong("the mean of the weights is not 0: draw from standard_normal")
        if 0.96 < W.var() / wanted < 1.04:
            continue
        for message, value in known.items():
            if 0.96 < W.var() / value < 1.04:
                raise Wrong(f"W{layer}: {message}")
        raise Wrong(f"the variance of W{layer} is {W.var() / wanted:.2f} times what it should be")


def _leaves_the_global_generator(initialize):
    """Refuse draws from the source of random numbers that all code shares."""
    before = np.random.get_state()[1:3]  # noqa: NPY002
    initialize(list(SIZES), 5)
    if not all(map(np.array_equal, before, np.random.get_state()[1:3])):  # noqa: NPY002
        raise Wrong(
            "it sets or uses NumPy's global generator, which all code shares: "
            "draw from one of its own, np.random.default_rng(seed)"
        )


@exercise
def widest(widest):
    """The largest n for which [n_0, n, n, 1] keeps to a budget."""

    def count(n_0, n):
        return n * (n_0 + 1) + n * (n + 1) + (n + 1)

    def largest(counted, n_0, budget):
        return max(n for n in range(budget + 1) if counted(n_0, n) <= budget)

    cases = [(14, 5000), (3, count(3, 10)), (2, count(2, 7) - 1), (3, 192), (200, 900)]
    cases += [(1, 450), (1, 990)]
    mistakes = {
        "the biases are missing: each unit has one": lambda n_0, n: n * n_0 + n * n + n,
        "the features have no biases: only units do": lambda n_0, n: count(n_0, n) + n_0,
        "the last unit has a bias, too": lambda n_0, n: count(n_0, n) - 1,
        "n numbers are missing: the last unit has n weights, and each unit a bias": lambda n_0, n: (
            count(n_0, n) - n
        ),
        "the last unit is missing: it has n weights and a bias": lambda n_0, n: (
            count(n_0, n) - n - 1
        ),
        "one bias a layer is too few: each unit has its own": lambda n_0, n: n * (n_0 + n + 1) + 3,
        "there are two layers of n units, with n * n weights between them": lambda n_0, n: (
            n * (n_0 + 1) + (n + 1)
        ),
        "below the budget is not meant: n may use it up": lambda n_0, n: count(n_0, n) + 1,
    }
    answers = [called(widest, *case) for case in cases]
    for answer in answers:
        if isinstance(answer, bool) or not isinstance(answer, int | np.integer):
            raise Wrong(f"a {type(answer).__name__}: units come in whole numbers, as an int")
    if answers == [largest(count, *case) for case in cases]:
        return
    for message, counted in mistakes.items():
        if answers == [largest(counted, *case) for case in cases]:
            raise Wrong(message)
    for (n_0, budget), n in zip(cases, answers, strict=True):
        if n != largest(count, n_0, budget):
            told = f"a budget of {budget}: [{n_0}, {n}, {n}, 1] has {count(n_0, n)} numbers"
            over = count(n_0, n) > budget
            raise Wrong(f"{told}, {'too many' if over else 'and a wider one would fit'}")


@exercise
def leaky_variance(leaky_variance):
    """The variance of the weights that keeps the signal through a leaky ReLU."""

    def example():
        cases = ((n, alpha) for n in (1, 2) for alpha in (0.0, 1.0, 0.5))
        smallest(
            leaky_variance,
            lambda n, alpha: 2 / (n * (1 + alpha**2)),
            cases,
            lambda _, n, alpha: "with E[z²] = E[z'²] the variance",
        )

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
        same(f"the variance for n = {n}, alpha = {alpha}", got, right, mistakes, example=example)


@exercise
def xavier_parameters(xavier_parameters):
    """Weights with the variance 2 / (n_(l-1) + n_l), biases 0."""
    _draws(xavier_parameters, lambda n_in, n_out: 2 / (n_in + n_out))
    _leaves_the_global_generator(xavier_parameters)


def _draws_as_the_course(initialize):
    """Refuse other draws than the course's: later stages start from the networks of its seeds."""
    first = initialize(list(SIZES), 5)
    turned = np.random.default_rng(5).standard_normal(SIZES[:2]).T * np.sqrt(2 / SIZES[0])
    if np.allclose(first["W1"], turned):
        raise Wrong("W1 was drawn as (n_in, n_out) and turned: draw it as (n_out, n_in)")
    right = reference.initialize_parameters(list(SIZES), 5)
    if not all(np.allclose(first[key], right[key]) for key in right):
        raise Wrong(
            "fine weights, but other draws than those that later stages count on: "
            "np.random.default_rng(seed), then standard_normal((n_out, n_in)), layer by layer"
        )


@exercise
def initialize_parameters(initialize_parameters):
    """He's weights, biases 0."""
    _draws(initialize_parameters, lambda n_in, n_out: 2 / n_in)
    _leaves_the_global_generator(initialize_parameters)
    _draws_as_the_course(initialize_parameters)
    without, zero = initialize_parameters(list(SIZES)), initialize_parameters(list(SIZES), 0)
    if not all(np.array_equal(without[key], zero[key]) for key in zero):
        raise Wrong("without a seed it should be that of seed = 0")
    refused(initialize_parameters, [14], what="a network without a layer")
