"""Judges of notebook 6."""

import warnings
from itertools import product

import numpy as np

from nnfs_core import training_loop as reference
from nnfs_course.counterexample import factor, number, small, smallest
from nnfs_course.examples import network
from nnfs_course.judge import Wrong, called, exercise, refused, same, same_arrays, same_keys


@exercise
def choose(choose):
    """The candidate that is best on samples kept aside."""
    X = np.arange(1.0, 21.0)[np.newaxis]
    Y = np.where(X < 5, 0.6, np.where(X < 17, 0.9, 0.3))
    cut, seen = 16, []
    # A candidate's network predicts the same for each sample, so its scores are known by heart.
    candidates = [{"level": level} for level in (0.5, 0.8, 0.3, 0.6, 0.9, 2.0)]
    training, aside, diverges = {"level": 0.8}, {"level": 0.3}, {"level": 0.9}

    def fit(X_fit, Y_fit, level):
        seen.append((X_fit, Y_fit))
        if level == diverges["level"]:
            raise FloatingPointError("training diverges")
        return {"W1": np.zeros((1, 1)), "b1": np.array([[level]])}

    try:
        got = called(choose, candidates, fit, X, Y)
    except FloatingPointError:
        raise Wrong("a candidate diverges, and your code stops with it: leave it out") from None
    if len(seen) < len(candidates):
        raise Wrong(f"fit is called {len(seen)} times for {len(candidates)} candidates")
    if any(np.isin(X_fit, Y).any() for X_fit, _ in seen):
        raise Wrong("fit gets Y where X belongs")
    shapes = {(X_fit.shape, Y_fit.shape) for X_fit, Y_fit in seen}
    if any(np.isin(X[:, cut:], X_fit).any() for X_fit, _ in seen):
        raise Wrong("fit gets samples that are kept aside: whoever has seen them cannot be judged")
    if shapes != {((1, cut), (1, cut))}:
        raise Wrong(f"fit gets X and Y of the shapes {shapes}: expected (1, 16) and (1, 16)")
    if got not in candidates:
        raise Wrong(f"{got!r} is none of the candidates: return the dict itself")
    if got == training:
        raise Wrong("that one is best on the samples that it was trained on: judge on the others")
    if got == {"level": 2.0}:
        raise Wrong("that one is worst: the lowest loss is the best")
    if got == diverges:
        raise Wrong("that one diverges: it is out")
    if got != aside:
        raise Wrong(f"{got}: its loss on the samples kept aside is not the lowest")
    rest = [candidate for candidate in candidates if candidate != diverges]
    if called(choose, [diverges, *rest], fit, X, Y) != aside:
        raise Wrong("another one is chosen where the first candidate diverges")
    again = called(choose, candidates[::-1], fit, X[:, :10], Y[:, :10])
    if again != {"level": 0.8}:
        raise Wrong(f"for 10 samples, the last two with the target 0.9, you choose {again}")


@exercise
def best_iteration(best_iteration):
    """Early stopping."""
    losses = [5, 4, 4.5, 3, 3.5, 3, 3.1, 1, 2]
    found = [called(best_iteration, losses, patience) for patience in (1, 2, 3, 4)]
    if found == [7, 7, 7, 7]:
        raise Wrong("it never stops: it looks at all losses, and finds the lowest of them")
    if found == [2, 5, 6, 8]:
        raise Wrong("that is where it stops: return the place of the minimum before it")
    if found == [4, 3, 1, 1] or found == [4, 3, 3, 1]:
        raise Wrong("that is the loss, not its place")
    if found == [2, 4, 4, 8]:
        raise Wrong("counted from 1: the first loss has the place 0")
    if called(best_iteration, [5, 3, 4, 3.5, 3.6, 1], 2) in (3, 5):
        raise Wrong("a loss is compared with the one before it: compare with the lowest so far")
    if found == [1, 3, 3, 3] or found == [0, 1, 3, 3]:
        raise Wrong("`patience` losses *in a row*: a new minimum starts the count again")
    if found == [0, 3, 3, 7]:
        raise Wrong("the first loss is counted as a failure: nothing was lower before it")
    if found == [1, 7, 7, 7]:
        raise Wrong("an equal loss is no new minimum: < is not <=")
    if found == [3, 3, 7, 7]:
        raise Wrong("it waits one loss too long: stop as soon as `patience` losses brought nothing")
    if called(best_iteration, [4.0], 1) != 0:
        raise Wrong("of one loss the best is the first: 0")
    cases = (
        (list(case), patience)
        for length in (2, 3, 4)
        for case in product((1, 2, 3), repeat=length)
        for patience in (1, 2)
    )
    smallest(
        best_iteration,
        _best,
        cases,
        lambda _, losses, patience: (
            f"place of the lowest loss before {patience} in a row bring no lower one"
        ),
    )
    for patience, place, right in zip((1, 2, 3, 4), found, (1, 3, 3, 7), strict=True):
        if place != right:
            raise Wrong(f"for patience {patience} and the losses {losses} you give {place}")
    if called(best_iteration, [2, 2, 2, 1], 2) != 0:
        raise Wrong("[2, 2, 2, 1] with patience 2: two equal losses are no new minimum, so stop")
    if called(best_iteration, [3, 2, 1], 1) != 2:
        raise Wrong("[3, 2, 1] falls to the end: its last place is the best")


def _best(losses, patience):
    """The right place."""
    best = 0
    for place, loss in enumerate(losses):
        if loss < losses[best]:
            best = place
        elif place - best >= patience:
            break
    return best


@exercise
def revived(revived, dead, X, Y):
    """A dead network, made to learn by a change of one array."""
    same_keys(revived, dead)
    changed = [key for key in dead if not np.array_equal(dead[key], revived[key])]
    if not changed:
        raise NotImplementedError
    if len(changed) > 1:
        raise Wrong(f"change one array, not {len(changed)}: {', '.join(changed)}")
    shape = dead[changed[0]].shape
    if not isinstance(revived[changed[0]], np.ndarray):
        kind = type(revived[changed[0]]).__name__
        raise Wrong(f"{changed[0]} is a {kind}; expected an array of the shape {shape}")
    if np.shape(revived[changed[0]]) != shape:
        raise Wrong(f"{changed[0]} should keep its shape {shape}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may die again, and then the loss says so
        if not reference.predict(X, revived).any():
            raise Wrong("still dead: all predictions are 0, so no gradient comes back")
        sizes = [len(X), *(len(revived[f"b{layer}"]) for layer in range(1, len(dead) // 2 + 1))]
        run = {"learning_rate": 0.05, "iterations": 300, "parameters": revived}
        share = (reference.predict(X, revived) > 0).mean()
        result = reference.train(X, Y, sizes, **run)
    if not reference.predict(X, result.parameters).any():
        raise Wrong("it died again: the first step was too long, so start closer to the targets")
    if result.losses[-1] >= 0.95 * Y.var() / 2:  # the loss of always predicting the mean
        lifted = (
            "nearly all tracks start above 0: lift fewer" if share > 0.9 else "too few are above 0"
        )
        raise Wrong(f"it moves, but is hardly better than the mean: {lifted}")


@exercise
def update_parameters(update_parameters):
    """One step against the gradients."""

    def example():
        shapes = [(1, 1)] * 4
        cases = (
            ({"W1": W, "b1": b}, {"dW1": dW, "db1": db}, 0.5) for W, b, dW, db in small(*shapes)
        )
        smallest(update_parameters, reference.update_parameters, cases, _moved)

    for sizes, rate in (((3, 5, 4, 2), 0.5), ((2, 4, 1), 0.3)):
        parameters = network(sizes)[2]
        gradients = {f"d{key}": np.cos(array) for key, array in parameters.items()}

        def moved(by, parameters=parameters, gradients=gradients):
            return {key: array + by * gradients[f"d{key}"] for key, array in parameters.items()}

        mistakes = {
            "the step goes up the hill: subtract": moved(rate),
            "the learning rate is missing": moved(-1),
            "nothing moves": parameters,
        }
        got = called(update_parameters, parameters, gradients, rate)
        same_arrays(got, moved(-rate), mistakes, example)


def _moved(where, parameters, gradients, learning_rate):
    """How an entry of the new parameters comes about."""
    key, *place = where
    value, slope = parameters[key][*place], gradients[f"d{key}"][*place]
    return f"{key}{place} = {number(value)} - {learning_rate}·{factor(slope)}"


@exercise
def train(train):
    """Losses and parameters of a run."""
    X, Y, _ = network(m=20)
    start, sizes = reference.initialize_parameters([3, 5, 4, 2], 3), [3, 5, 4, 2]
    run = {"learning_rate": 0.1, "iterations": 8, "l2": 0.5}
    seen = []
    result = called(
        train, X, Y, sizes, **run, parameters=start, callback=lambda *now: seen.append(now)
    )
    expected = reference.train(X, Y, sizes, **run, parameters=start)
    if not hasattr(result, "_fields") or result._fields != expected._fields:
        raise Wrong("expected TrainingResult(losses, parameters)")
    without = reference.train(X, Y, sizes, **{**run, "l2": 0.0}, parameters=start).losses
    one_more = reference.train(X, Y, sizes, **{**run, "iterations": 9}, parameters=start).losses
    mistakes = {
        "l2 has no effect": without,
        "those are the losses after each update: expected those before it": one_more[1:],
    }
    same("losses", np.array(result.losses, float), expected.losses, mistakes)
    same_arrays(result.parameters, expected.parameters)
    if [now[:2] for now in seen] != list(enumerate(result.losses, start=1)):
        raise Wrong("callback(iteration, loss, parameters) should be called after each update")
    if any(len(now) != 3 for now in seen):
        raise Wrong("callback takes three things: iteration, loss, parameters")
    same_arrays(
        seen[-1][2],
        expected.parameters,
        {"callback gets the parameters from before the update": seen[-2][2]},
    )
    plain = {"learning_rate": 0.2, "iterations": 3}
    same(
        "losses without l2 and seed",
        np.array(called(train, X, Y, sizes, **plain).losses, float),
        reference.train(X, Y, sizes, **plain).losses,
    )
    seeded = called(train, X, Y, sizes, **run, seed=3).losses
    same("losses from seed 3", np.array(seeded, float), expected.losses)
    _warnings(train, X, Y, start)
    diverges = {"learning_rate": 1e12, "iterations": 30, "parameters": start}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refused(
            train, 1e200 * X, Y, sizes, **diverges, error=FloatingPointError, what="a loss of inf"
        )


def _warnings(train, X, Y, start):
    """Refuse other warnings than one, when an output is 0 for all samples."""

    def warned(b3, iterations):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            parameters = {**start, "b3": start["b3"] + b3}
            sizes = [3, 5, 4, 2]
            train(X, Y, sizes, learning_rate=1e-3, iterations=iterations, parameters=parameters)
        return len(caught)

    both, one = np.array([[-100.0], [-100.0]]), np.array([[0.0], [-100.0]])
    if not warned(both, 1):
        raise Wrong("a dead output passes in silence: expected a warning (warnings.warn)")
    if not warned(one, 1):
        raise Wrong("one of two outputs is dead, in silence: look at each row of A")
    if warned(both, 3) != 1:
        raise Wrong(f"{warned(both, 3)} warnings in 3 iterations of a dead network: one is enough")
    if warned(np.zeros((2, 1)), 3):  # its outputs are 0 for many samples, for some both
        raise Wrong("it warns of a living network: dead is an output that is 0 for all samples")


@exercise
def predict(predict):
    """The network's output."""
    for sizes in ((3, 5, 4, 2), (2, 4, 1)):
        X, _, parameters = network(sizes)
        same("the prediction", called(predict, X, parameters), reference.predict(X, parameters))
