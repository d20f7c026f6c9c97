"""Judges of notebook 13."""

import copy
import pickle

import numpy as np

from nnfs_core import experiments as reference
from nnfs_course.judge import Wrong, called, exercise, grade, refused, same

ONE, OTHER = [0.9, 0.2, 0.5, 0.45], [0.5, 0.3, 0.25, 0.45]


def _same_difference(name, got, one, other):
    """Refuse another mean, error or count than those of the pairs."""
    one, other = np.array(one), np.array(other)
    d = one - other
    n, spread = len(d), d.std(ddof=1)
    if not isinstance(got, tuple) or len(got) != 4:
        raise Wrong(f"{name} is a {type(got).__name__}; expected Difference(mean, error, ...)")
    apart = np.sqrt(one.var(ddof=1) / n + other.var(ddof=1) / n)
    mistakes = {
        "mean: that is other minus one: one minus other": -d.mean(),
        "mean: that is the mean of one alone: of the differences": one.mean(),
        "mean: distances have lost their signs: luck in both directions would add up": (
            np.abs(d).mean()
        ),
        "mean: that is the median, and the error is one of a mean": np.median(d),
        "mean: that is the sum: divide it by the number of pairs": d.sum(),
    }
    same(f"the mean of {name}", got[0], d.mean(), mistakes)
    mistakes = {
        "error: that is the standard deviation: divide it by the root of n": spread,
        "error: n - 1 is missing in the standard deviation: ddof=1": d.std() / np.sqrt(n),
        "error: divided by n: by its root": spread / n,
        "error: that is its square: the root is missing": spread**2 / n,
        "error: the pairs are lost: take the spread of the differences": apart,
        "error: that is the spread of one alone: of the differences": one.std(ddof=1) / np.sqrt(n),
    }
    same(f"the error of {name}", got[1], spread / np.sqrt(n), mistakes)
    mistakes = {
        "above: a difference of 0 is not above 0": (d >= 0).sum(),
        "above: those are the ones below 0": (d < 0).sum(),
        "above: a share: expected how many": (d > 0).mean(),
    }
    same(f"how many of {name} are above 0", got[2], (d > 0).sum(), mistakes)
    same(f"the pairs of {name}", got[3], n)


@exercise
def paired_difference(paired_difference):
    """Mean, standard error and counts of differences, pair by pair."""
    for name, pairs in {
        "the differences": (ONE, OTHER),
        "two differences": ([3.0, -1.0], [1.0, 1.5]),
        "differences that are all the same": ([1.5, 2.5, 3.5], [1.0, 2.0, 3.0]),
    }.items():
        _same_difference(name, called(paired_difference, *map(np.array, pairs)), *pairs)
    _same_difference("two lists", called(paired_difference, ONE, OTHER), ONE, OTHER)
    refused(paired_difference, np.ones(3), np.ones(2), what="3 numbers and 2 others")
    refused(paired_difference, np.ones(1), np.zeros(1), what="a single pair")
    refused(paired_difference, np.array([1.0, np.nan]), np.ones(2), what="NaN")


A = np.array([[1.0, -2.0, 0.5, 3.0], [0.5, 1.0, -1.5, 2.0], [0.3, 0.0, -0.2, 0.0]])
Y = np.array([[0.0, 1.0, 1.0, 2.5], [1.5, -1.0, 0.0, 2.0], [2.0, 0.5, 0.0, 1.0]])
CLASSES = np.array([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0], [2.0, 0.5, 0.0, 1.0]])


def _same_loss(name, loss, each, A, Y):
    """Refuse another loss or gradient than the weighted ones."""
    weights, m = Y[-1], A.shape[1]
    losses, gradient = each(A[:-1], Y[:-1])
    total = weights.sum()
    mistakes = {
        "the weights have no effect": losses.mean(),
        "the losses are not multiplied by the weights, but by their squares": (
            np.mean(weights**2 * losses)
        ),
        "divided by the sum of the weights: by m, since a batch may hold heavy samples": (
            np.sum(weights * losses) / total
        ),
        "that is the sum over the samples: the mean": np.sum(weights * losses),
    }
    right = np.mean(weights * losses)
    same(f"the loss of {name}", called(loss.forward, A, Y), right, mistakes)
    right = np.vstack([weights * gradient, np.zeros(m)]) / m
    mistakes = {
        "the gradient is not weighted: its columns count as the losses do": (
            np.vstack([gradient, np.zeros(m)]) / m
        ),
        "1/m is missing in the gradient: the loss is a mean": right * m,
        "the gradient is divided by the sum of the weights: by m, as the loss is": (
            right * m / total
        ),
        "the last row has no gradient: a row of zeros is missing": right[:-1],
        "the last row has no gradient, whatever is above it: no output makes the weights": (
            np.vstack([weights * gradient, losses]) / m
        ),
    }
    same(f"the gradient of {name}", called(loss.backward), right, mistakes)
    same(f"the gradient of {name}, asked for twice,", loss.backward(), right)


@exercise
def WeightedLoss(WeightedLoss):
    """A mean of losses, each times its weight."""
    refused(
        WeightedLoss(reference.squared_errors).backward,
        error=RuntimeError,
        what="backward before forward",
    )
    _same_loss(
        "squared errors", WeightedLoss(reference.squared_errors), reference.squared_errors, A, Y
    )
    each = reference.cross_entropies
    _same_loss("cross-entropies", WeightedLoss(each), each, A, CLASSES)
    some = slice(None), slice(0, 3)
    _same_loss("three samples", WeightedLoss(each), each, A[some], CLASSES[some])

    def distances(A, Y):
        return np.abs(A - Y).sum(axis=0), np.sign(A - Y)

    _same_loss("another loss", WeightedLoss(distances), distances, A, Y)
    loss = WeightedLoss(reference.squared_errors)
    loss.forward(A.astype(np.float32), Y)
    if loss.backward().dtype != np.float32:
        raise Wrong(f"float32 goes in, and {loss.backward().dtype} comes out")
    loss.backward()[...] = 7.0
    if (loss.backward() == 7).all():
        raise Wrong("writing into what backward returned changes the next one: return a copy")
    refused(loss.forward, A, Y[:, :3], what="a Y with fewer samples than A")
    refused(loss.forward, A, -Y, what="a negative weight")


@exercise
def pairs_needed(pairs_needed):
    """How many pairs it takes to see an effect of some size."""
    for differences, smallest in (
        ([1.0, 2.0, 3.0], 0.8),
        ([1.0, 2.0, 3.0], 0.5),  # 16 pairs to the point, and not 17
        ([0.0, 10.0], 3.0),
        ([0.3, -0.1, 0.2, 0.15], 0.04),
        ([0.3, -0.1, 0.2, 0.15], 0.2),
    ):
        d = np.array(differences)
        s, n = d.std(ddof=1), len(d)
        exact = (2 * s / smallest) ** 2
        right = int(np.ceil(exact))
        mistakes = {
            "two standard errors have to fit, not one": np.ceil((s / smallest) ** 2),
            "the error falls with the root of n: a square is missing": np.ceil(2 * s / smallest),
            "n - 1 is missing in the standard deviation: ddof=1": (
                np.ceil((2 * d.std() / smallest) ** 2)
            ),
            "rounded down: the error is then still too large": np.floor(exact),
            "not whole: expected a number of pairs, rounded up": exact,
            "the error of these pairs is in there: their spread counts": (
                np.ceil((2 * s / np.sqrt(n) / smallest) ** 2)
            ),
            "one pair too many: the smallest number that will do": right + 1,
            "the size of these differences does not matter, only their spread": (
                np.ceil((2 * np.abs(d).mean() / smallest) ** 2)
            ),
        }
        what = f"pairs_needed({differences}, {smallest})"
        same(what, called(pairs_needed, d, smallest), right, mistakes)
    for differences in ([1.0, 2.0, 3.0], [0.5, 0.5, 0.5]):
        what = f"pairs_needed({differences}, 10.0)"
        got = called(pairs_needed, np.array(differences), 10.0)
        mistakes = {"a single pair has no spread: two or more": 1, "no pairs: two or more": 0}
        same(what, got, 2, mistakes)
    return "Half the effect costs four times the runs"


@exercise
def huber_errors(huber_errors):
    """The loss of Huber of each sample, and its gradient."""
    A = np.array([[0.0, 3.0, -0.5, 1.0], [2.0, -4.0, 1.5, 0.0]])
    Y = np.array([[0.5, 0.0, -2.5, 1.0], [1.0, 0.0, 1.0, 0.25]])
    for delta in (1.0, 2.0, 0.25):
        named = {} if delta == 1.0 else {"delta": delta}
        got = called(huber_errors, A, Y, **named)
        if not isinstance(got, tuple) or len(got) != 2:
            raise Wrong("expected two arrays: the losses and the gradient")
        difference = A - Y
        r = np.abs(difference)
        near = r <= delta
        each = np.where(near, r**2 / 2, delta * r - delta**2 / 2)
        gradient = np.where(near, difference, delta * np.sign(difference))
        always_one = np.where(r <= 1, r**2 / 2, r - 1 / 2)
        mistakes = {
            "that is the squared error: far ones go on in a straight line": (r**2 / 2).sum(axis=0),
            "the line begins too high: take δ²/2 off": (
                np.where(near, r**2 / 2, delta * r).sum(axis=0)
            ),
            "one half is missing near 0": (
                np.where(near, r**2, delta * r - delta**2 / 2).sum(axis=0)
            ),
            "the two cases are swapped": (
                np.where(near, delta * r - delta**2 / 2, r**2 / 2).sum(axis=0)
            ),
            "the mean over the outputs: their sum": each.mean(axis=0),
            "delta has no effect: it is 1 in any case": always_one.sum(axis=0),
            "summed over the samples: over the outputs, one loss for each sample": each.sum(axis=1),
            "not summed: one loss for each sample, over its outputs": each,
        }
        same(f"the losses, with delta={delta:g},", got[0], each.sum(axis=0), mistakes)
        m = A.shape[1]
        mistakes = {
            "the gradient of the squared error: far ones have the slope δ or -δ": difference,
            "far ones below the target have the slope -δ: a sign is missing": (
                np.where(near, difference, delta)
            ),
            "near 0 the slope has the sign of A - Y": np.where(
                near, r, delta * np.sign(difference)
            ),
            "the slope of the line is δ, not 1": np.where(near, difference, np.sign(difference)),
            "the slope of the line does not grow with the distance": (
                np.where(near, difference, delta * difference)
            ),
            "the gradient is divided by m: WeightedLoss does that": gradient / m,
            "the gradient is by A, not by Y: its sign": -gradient,
        }
        same(f"the gradient, with delta={delta:g},", got[1], gradient, mistakes)
    return "An outlier pulls with a force of δ, however far it is"


TESTS = np.array([[0.50, 0.30, 0.41], [0.20, 0.10, 0.35], [0.26, 0.33, 0.30], [0.61, 0.22, 0.4]])
FRESH = np.array([0.25, 0.36, 0.31])


@exercise
def optimism(optimism):
    """By how much the report of a chosen run is too good."""
    for tests, fresh in ((TESTS, FRESH), (TESTS[:, ::-1] - 0.5, FRESH**2), (TESTS[:1], FRESH)):
        best = tests.argmax(axis=1)
        right = np.mean(tests.max(axis=1) - fresh[best])
        mistakes = {
            "compared with the best on fresh samples: with the run that was chosen": (
                np.mean(tests.max(axis=1) - fresh.max())
            ),
            "compared with the average of all runs: with the run that was chosen": (
                np.mean(tests.max(axis=1) - fresh.mean())
            ),
            "fresh minus reported: reported minus fresh": -right,
            "that is of the first test set alone: the mean over all": (
                tests[0].max() - fresh[best[0]]
            ),
            "chosen by the mean of all test sets: somebody sees one of them": (
                np.mean(tests[:, tests.mean(axis=0).argmax()]) - fresh[tests.mean(axis=0).argmax()]
            ),
            "that is what was reported: take off the score on fresh samples": (
                tests.max(axis=1).mean()
            ),
            "that is above the average of the test set: compare with fresh samples": (
                np.mean(tests.max(axis=1) - tests.mean(axis=1))
            ),
            "the sum over the test sets: the mean": right * len(tests),
            "the worst run was chosen: the best": (
                np.mean(tests.min(axis=1) - fresh[tests.argmin(axis=1)])
            ),
        }
        if len(tests) == 1:
            del mistakes["that is of the first test set alone: the mean over all"]
        same("the optimism", called(optimism, tests, fresh), right, mistakes)
    return "The noisier the test set and the more runs, the larger it is"


SAMPLES, TARGETS = np.random.default_rng(5).standard_normal((2, 3, 12))


def _train(stop, state=None, fault=""):
    """A small training with momentum, a falling rate and random batches, and one fault."""
    rng, epoch = np.random.default_rng(0), 0
    W, v = np.zeros((3, 3)), np.zeros((3, 3))
    if state is not None:
        epoch = state["epoch"]
        W, v = state["W"], state["v"]
        if fault != "shared arrays":
            W, v = W.copy(), v.copy()
        if fault == "moments":
            v = np.zeros((3, 3))
        if fault == "anew":
            W, v = np.zeros((3, 3)), np.zeros((3, 3))
        if fault == "shared generator":
            rng = state["rng"]
        elif fault != "generator":
            rng.bit_generator.state = state["rng"]
        if fault == "one more":
            epoch -= 1
    shift = epoch if fault == "schedule" else 0
    first = epoch
    while epoch < stop:
        rate = 0.1 * (1 - (epoch - shift) / 8)
        for places in np.split(rng.permutation(12), 3):
            X, Y = SAMPLES[:, places], TARGETS[:, places]
            v *= 0.9
            v += (W @ X - Y) @ X.T / 4
            W -= rate * v
        epoch += 1
    kept = {"W": W.copy(), "v": v.copy(), "epoch": epoch, "rng": rng.bit_generator.state}
    if fault == "float32":
        kept |= {"W": W.astype(np.float32).astype(float)}
    if fault == "shared arrays":
        kept |= {"W": W, "v": v}
    if fault == "shared generator":
        kept["rng"] = rng
    if fault == "second stop":
        kept["epoch"] = epoch - first
    return W.copy(), kept


def _opaque(stop, state=None):
    """The right one, with a state that nobody can look into."""
    W, kept = _train(stop, None if state is None else pickle.loads(state))
    return W, pickle.dumps(kept)


def _with(fault):
    return lambda stop, state=None: _train(stop, state, fault)


@exercise
def check_resume(check_resume):
    """A check of resuming: the right ones pass, wrong ones do not."""
    return grade(
        check_resume,
        [copy.copy(_train), _opaque],
        {
            "one that forgets the moments": _with("moments"),
            "one that draws the batches from the beginning again": _with("generator"),
            "one whose learning rate begins anew": _with("schedule"),
            "one that goes on with the weights of the start": _with("anew"),
            "one that trains one epoch too many": _with("one more"),
            "one that saves the weights in float32": _with("float32"),
            "one that counts the epochs wrongly after a second stop": _with("second stop"),
            "one whose state changes while training goes on from it": _with("shared arrays"),
            "one whose state can be used once only": _with("shared generator"),
        },
    )
