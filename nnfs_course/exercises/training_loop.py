"""Judges of notebook 6."""

import numbers
import warnings

import numpy as np

from nnfs_core import training_loop as reference
from nnfs_course.examples import network
from nnfs_course.judge import Wrong, called, exercise, refused, same, same_arrays


def _losses(X, Y, layer_sizes, **settings):
    """Losses of a run, or Wrong if it dies or diverges."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            losses = reference.train(X, Y, layer_sizes, **settings).losses
        except FloatingPointError as error:
            raise Wrong(str(error).split(":")[0]) from None
    if caught:
        raise Wrong("the output dies: the loss stays where it is")
    return losses


@exercise
def my_learning_rate(my_learning_rate, X, Y, layer_sizes, seed):
    """A learning rate that is better than 0.1 over 100 iterations."""
    if not isinstance(my_learning_rate, numbers.Real) or isinstance(my_learning_rate, bool):
        raise Wrong(f"a {type(my_learning_rate).__name__}: expected a number")
    if not my_learning_rate > 0:
        raise Wrong("not above 0: the step would go up the hill, or nowhere")
    run = {"iterations": 100, "seed": seed}
    theirs = _losses(X, Y, layer_sizes, learning_rate=0.1, **run)[-1]
    mine = _losses(X, Y, layer_sizes, learning_rate=my_learning_rate, **run)[-1]
    if my_learning_rate < 0.1 and mine >= theirs:
        raise Wrong("slower than 0.1: small steps need more iterations")
    if mine > 0.95 * theirs:
        flat = ", which is that of predicting 0: too long steps" if mine > 3 * theirs else ""
        raise Wrong(f"not 5 % lower: your loss {mine:.5f}{flat}, that of 0.1 {theirs:.5f}")
    return f"Your loss {mine:.5f}, that of 0.1 {theirs:.5f}"


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
    if called(best_iteration, [5, 3, 4, 3.5, 3.6, 1], 2) > 1:
        raise Wrong("a loss is compared with the one before it: compare with the lowest so far")
    if found == [1, 7, 7, 7]:
        raise Wrong("an equal loss is no new minimum: < is not <=")
    if found == [3, 3, 7, 7]:
        raise Wrong("it waits one loss too long: stop as soon as `patience` losses brought nothing")
    for patience, place, right in zip((1, 2, 3, 4), found, (1, 3, 3, 7), strict=True):
        if place != right:
            raise Wrong(f"for patience {patience} and the losses {losses} you give {place}")
    if called(best_iteration, [9, 5, 6, 4, 5, 3, 4, 2, 3, 1], 2) != 9:
        raise Wrong("`patience` losses *in a row*: a new minimum starts the count again")
    if called(best_iteration, [3, 2, 1], 1) != 2:
        raise Wrong("[3, 2, 1] falls to the end: its last place is the best")


@exercise
def revived(revived, dead, X, Y):
    """A dead network, made to learn by a change of one array."""
    if not isinstance(revived, dict) or revived.keys() != dead.keys():
        raise Wrong(f"expected a dict with the keys {list(dead)}")
    changed = [key for key in dead if not np.array_equal(dead[key], revived[key])]
    if not changed:
        raise NotImplementedError
    if len(changed) > 1:
        raise Wrong(f"change one array, not {len(changed)}: {', '.join(changed)}")
    shape = dead[changed[0]].shape
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
        same_arrays(got, moved(-rate), mistakes)


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
    dead = {**start, "b3": start["b3"] - 100}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        called(train, X, Y, sizes, learning_rate=0.1, iterations=1, parameters=dead)
    if not caught:
        raise Wrong("a dead output passes in silence: expected a warning (warnings.warn)")
    diverges = {"learning_rate": 1e12, "iterations": 30, "parameters": start}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refused(
            train, 1e200 * X, Y, sizes, **diverges, error=FloatingPointError, what="a loss of inf"
        )


@exercise
def predict(predict):
    """The network's output."""
    for sizes in ((3, 5, 4, 2), (2, 4, 1)):
        X, _, parameters = network(sizes)
        same("the prediction", called(predict, X, parameters), reference.predict(X, parameters))
