"""Judges of notebook 9."""

import functools
import math
import warnings
from unittest import mock

import numpy as np
from threadpoolctl import threadpool_info

from nnfs_core import layers
from nnfs_core import solver as reference
from nnfs_course.counterexample import number, small, smallest
from nnfs_course.examples import house_of
from nnfs_course.judge import Wrong, called, exercise, grade, refused, same

X = np.arange(20.0).reshape(2, 10)
Y = np.arange(10.0)[np.newaxis] * 100


def _epoch(minibatches, batch_size, rng):
    """The batches of an epoch, and which samples each has; refuses what is no list of pairs."""
    given = X.copy(), Y.copy()
    batches = minibatches(*given, batch_size, rng)
    if batches is None:
        raise Wrong("your function returns None: is a `return` or a `yield` missing?")
    batches = [tuple(batch) for batch in batches]
    if not (np.array_equal(given[0], X) and np.array_equal(given[1], Y)):
        raise Wrong("X or Y is changed: permute the numbers of the samples, not the samples")
    for X_batch, Y_batch in batches:
        if X_batch.ndim != 2 or len(X_batch) != 2 or Y_batch.shape != (1, X_batch.shape[1]):
            shapes = f"{X_batch.shape} and {Y_batch.shape}"
            raise Wrong(f"a batch has the shapes {shapes}; expected (2, b) and (1, b)")
        if not np.array_equal(X_batch[0] * 100, Y_batch[0]):
            raise Wrong("a sample gets the target of another: take the same columns of X and Y")
        if not np.array_equal(X_batch[0] + 10, X_batch[1]):
            raise Wrong("the features of a sample are torn apart: take whole columns")
    return batches, [X_batch[0].astype(int).tolist() for X_batch, _ in batches]


@exercise
def minibatches(minibatches):
    """Each sample once, in a new order."""
    refused(minibatches, X, Y, 4, 0, error=TypeError, what="a seed in the place of rng")
    refused(minibatches, X, Y[:, :9], 4, np.random.default_rng(0), what="Y of 9 samples for 10")
    refused(minibatches, X, Y, 0, np.random.default_rng(0), what="a batch_size of 0")
    for batch_size, sizes in ((4, [4, 4, 2]), (5, [5, 5]), (1, [1] * 10), (99, [10])):
        _, samples = _epoch(minibatches, batch_size, np.random.default_rng(0))
        found = [len(batch) for batch in samples]
        if sorted(sum(samples, [])) != list(range(10)):
            kept = len(set(sum(samples, [])))
            what = f"10 samples in batches of {batch_size}: {kept} of 10 come, {sum(found)} in all"
            raise Wrong(f"{what}; expected each once")
        if found != sizes:
            raise Wrong(f"10 samples in batches of {batch_size}: sizes {found}, expected {sizes}")
    rng = np.random.default_rng(0)
    one, other = (_epoch(minibatches, 4, rng)[1] for _ in range(2))
    if one == other:
        raise Wrong("two epochs with one generator have the same order: draw from rng each time")
    seeds = (_epoch(minibatches, 4, np.random.default_rng(seed))[1] for seed in (0, 0))
    if len({str(samples) for samples in seeds}) > 1:
        raise Wrong("the same seed gives another order: draw from rng alone")
    rng = np.random.default_rng(1)
    first = [_epoch(minibatches, 4, rng)[1][0] for _ in range(200)]
    if len({frozenset(batch) for batch in first}) < 60:
        raise Wrong("the same samples are together again and again: permute samples, not batches")
    if len({tuple(batch) for batch in first if set(batch) == set(first[0])}) > 24 or all(
        batch == sorted(batch) for batch in first
    ):
        raise Wrong(
            "the samples of a batch are in the file's order: take the first of a permutation"
        )


def _layer(**arrays):
    """A layer with these parameters, whose gradients are 1, 2, 3, ... in a row."""
    layer, start = layers.Layer(), 1.0
    for name, array in arrays.items():
        layer.parameters[name] = np.array(array, float)
        size = layer.parameters[name].size
        layer.gradients[f"d{name}"] = np.arange(start, start + size).reshape(np.shape(array))
        start += size
    return layer


@exercise
def Optimizer(Optimizer):
    """A step along the direction."""
    half = type("Half", (Optimizer,), {})(0.1)
    try:
        half.direction(np.ones(3))
        raise Wrong("a subclass Half without direction should raise NotImplementedError")
    except NotImplementedError as error:
        if str(error) == "Optimizer":  # the stub
            raise
        if str(error) != "Half.direction":
            wanted = "with the text Half.direction"
            raise Wrong(f"a subclass Half without direction stops {wanted}: {error}") from None

    class Tripled(Optimizer):
        def direction(self, g):
            if np.shape(g) != (6,):
                raise Wrong(
                    f"direction gets the shape {np.shape(g)}; expected all 6 in a row: (6,)"
                )
            self.saw = g.copy(), self.steps
            return 3 * g

    layer = _layer(W2=[[10.0, -20.0], [5.0, 40.0]], W1=[[5.0], [6.0]])
    W2, W1 = layer.parameters["W2"], layer.parameters["W1"]
    start, gradients = {"W2": W2.copy(), "W1": W1.copy()}, layer.gradients
    optimizer = Tripled(0.1)
    optimizer.step(layer)
    rows = {
        "take the arrays in the order in which they stand, not sorted": np.array(
            [5.0, 6, 1, 2, 3, 4]
        )
    }
    same("the row of gradients", optimizer.saw[0], np.arange(1.0, 7), rows)
    if layer.parameters["W2"] is not W2 or layer.parameters["W1"] is not W1:
        raise Wrong("the layer has other arrays after the step: change those it has, in place")
    for name, array in layer.parameters.items():
        right = start[name] - 0.3 * gradients[f"d{name}"]
        mistakes = {
            "that is uphill: minus, not plus": start[name] + 0.3 * gradients[f"d{name}"],
            "the step is along g: ask direction": start[name] - 0.1 * gradients[f"d{name}"],
            "the learning rate is missing": start[name] - 3 * gradients[f"d{name}"],
            f"{name} has not moved": start[name],
            "each array takes the next numbers of the row, not the first": start[name]
            - np.resize([0.3, 0.6, 0.9, 1.2], start[name].shape),
        }
        same(f"{name} after a step", array, right, mistakes)
    if optimizer.saw[1] != 1 or optimizer.steps != 1:
        raise Wrong("steps counts the steps, this one included, before direction is asked")
    before = W2.copy()
    optimizer.step(layer, 0.5)
    mistakes = {"factor has no effect": before - 0.3 * gradients["dW2"]}
    same("W2 after a step with factor 0.5", W2, before - 0.15 * gradients["dW2"], mistakes)
    same("the gradient after a step", layer.gradients["dW2"], np.array([[1.0, 2], [3, 4]]))
    if optimizer.steps != 2:
        raise Wrong(f"two steps, one of them with factor 0.5, count as {optimizer.steps}")
    if Tripled(0.1).moments is Tripled(0.1).moments:
        raise Wrong("two optimizers share their moments: make the dict in __init__")
    other = _layer(W2=[[1.0, 1.0], [1.0, 1.0]], W1=[[1.0], [1.0]])
    refused(optimizer.step, other, what="a second network, of which nothing is remembered,")
    if not np.array_equal(other.parameters["W2"], np.ones((2, 2))):
        raise Wrong("a second network is changed before it is refused")
    fresh = layers.Layer()
    fresh.parameters["W"] = np.ones((1, 1))
    refused(Tripled(0.1).step, fresh, error=RuntimeError, what="a step before backward")
    refused(Tripled(0.1).step, _layer(W=[[1.0]]), -1.0, what="a factor of -1")


def _directions(make, gradients):
    """What direction gives for gradients that come one after the other."""
    optimizer, found = make(), []
    for place, g in enumerate(gradients, start=1):
        optimizer.steps = place
        with np.errstate(all="ignore"):
            found.append(np.array(called(optimizer.direction, g.copy()), float))
    return np.array(found)


G = np.array([[4.0, -0.5, 0.0], [2.0, -1.0, 1.0], [-1.0, -2.0, 0.0], [3.0, 0.25, -2.0]])


@exercise
def SGD(SGD):
    """g."""
    same("the direction", _directions(lambda: SGD(0.1), G), G, {"minus is in step already": -G})


def _momentum(gradients, beta, scale=1.0):
    """v after each gradient."""
    v, found = 0.0, []
    for g in gradients:
        v = beta * v + scale * g
        found.append(v)
    return np.array(found)


@exercise
def Momentum(Momentum):
    """v ← β v + g."""
    for beta in (0.5, 0.9, 0.0):
        make, follow = (
            functools.partial(Momentum, 0.1, beta),
            functools.partial(_momentum, beta=beta),
        )
        right = follow(G)
        mistakes = {
            "nothing is remembered: keep v in self.moments": G * 1.0,
            "that is the mean of Adam: here g is added whole": follow(G, scale=1 - beta),
            "the learning rate is in step already": 0.1 * right,
            "nothing is forgotten: v is multiplied by β": np.cumsum(G, axis=0),
            "β belongs to v, not to g": _momentum(G, 1.0, beta),
            "that is the v from before this gradient": np.vstack([np.zeros((1, 3)), right[:-1]]),
        }
        example = _three(make, follow, f"v, β = {beta},")
        same(f"v for β = {beta}", _directions(make, G), right, mistakes, example=example)
    same("v for the default β", _directions(lambda: Momentum(0.1), G), _momentum(G, 0.9))
    _keeps(Momentum(0.1), learning_rate=0.1, beta=0.9)
    optimizer = Momentum(0.1)
    optimizer.direction(G[0])
    if set(optimizer.moments) != {"v"}:
        raise Wrong(f"moments holds {list(optimizer.moments)}; expected 'v' alone")


def _keeps(optimizer, **settings):
    """Refuse an optimizer that keeps other settings than it was given, or than are the default."""
    for name, value in settings.items():
        if getattr(optimizer, name, None) != value:
            found = getattr(optimizer, name, "not there")
            raise Wrong(f"{type(optimizer).__name__}.{name} is {found}; expected {value}")


def _three(make, right, what):
    """An example: the smallest gradients of one parameter, one after the other."""

    def formula(where, g):
        return f"{what} after gradient {where[0] + 1}"

    return lambda: smallest(
        lambda g: _directions(make, g), lambda g: right(g), small((2, 1)), formula
    )


def _adam(gradients, beta_1, beta_2, epsilon, **change):
    """The direction after each gradient; change says what is done wrongly."""
    v = s = 0.0
    found = []
    for t, g in enumerate(gradients, start=1):
        v = beta_1 * v + (1 - beta_1) * g
        s = beta_2 * s + (1 - beta_2) * (np.abs(g) if "no_square" in change else g**2)
        v_hat, s_hat = v / (1 - beta_1**t), s / (1 - beta_2**t)
        if "no_hats" in change:
            v_hat, s_hat = v, s
        if "late" in change:
            v_hat, s_hat = v / (1 - beta_1 ** (t + 1)), s / (1 - beta_2 ** (t + 1))
        if "v_alone" in change:
            s_hat = s
        if "s_alone" in change:
            v_hat = v
        root = s_hat if "no_root" in change else np.sqrt(s_hat)
        found.append(
            v_hat / np.sqrt(s_hat + epsilon) if "inside" in change else v_hat / (root + epsilon)
        )
    return np.array(found)


@exercise
def Adam(Adam):
    """v̂ / (√ŝ + ε)."""
    for betas, epsilon in (((0.9, 0.999), 1e-8), ((0.5, 0.75), 0.1), ((0.6, 0.8), 0.5)):
        make = functools.partial(Adam, 0.1, betas, epsilon)
        follow = functools.partial(_adam, beta_1=betas[0], beta_2=betas[1], epsilon=epsilon)
        right = follow(G)
        mistakes = {
            "the bias correction is missing: v and s begin at 0": follow(G, no_hats=True),
            "the correction is one step ahead: self.steps counts this one already": follow(
                G, late=True
            ),
            "s is not corrected": follow(G, v_alone=True),
            "v is not corrected": follow(G, s_alone=True),
            "the root of ŝ is missing": follow(G, no_root=True),
            "s is the mean of the squares": follow(G, no_square=True),
            "ε stands outside the root": follow(G, inside=True),
            "the two betas are exchanged": _adam(G, *betas[::-1], epsilon),
            "ε has no effect": _adam(G, *betas, 1e-300),
            "the learning rate is in step already": 0.1 * right,
        }
        what = f"the direction for β1 = {betas[0]}, β2 = {betas[1]}, ε = {epsilon:g}"
        same(what, _directions(make, G), right, mistakes, example=_three(make, follow, what))
    same("the direction, by default", _directions(Adam, G), _adam(G, 0.9, 0.999, 1e-8))
    _keeps(Adam(), learning_rate=0.001, betas=(0.9, 0.999), epsilon=1e-8)
    _keeps(Adam(0.1, (0.5, 0.75), 0.2), learning_rate=0.1, betas=(0.5, 0.75), epsilon=0.2)
    optimizer = Adam()
    optimizer.steps = 1
    optimizer.direction(G[0])
    if set(optimizer.moments) != {"v", "s"}:
        raise Wrong(f"moments holds {list(optimizer.moments)}; expected 'v' and 's'")


@exercise
def AdamW(AdamW):
    """Weights shrink, then Adam steps."""
    start = np.array([[10.0, -20.0], [5.0, 40.0]])
    layer = _layer(V=start, W=[[5.0], [6.0]])
    layer.penalised = ("V",)
    V, g = layer.parameters["V"], layer.gradients["dV"]
    optimizer = AdamW(0.1, decay=0.5)
    optimizer.step(layer, 0.5)  # the first step of Adam is 0.05 in each entry
    inside = g + 0.5 * start
    mistakes = {
        "nothing has decayed": start - 0.05,
        "the decay goes through the division: shrink the weights, not the gradient": start
        - 0.05 * np.sign(inside),
        "factor has no effect on the decay": start * 0.95 - 0.05,
        "the decay lacks the learning rate": start * 0.75 - 0.05,
        "Adam's step decays, too: shrink the weights before it": (start - 0.05) * 0.975,
        "decay is added: the weights should shrink": start * 1.025 - 0.05,
        "Adam's own step is missing": start * 0.975,
        "the weights are what is left of themselves, not what is taken off": start * 0.025 - 0.05,
    }
    if layer.parameters["V"] is not V:
        raise Wrong("the layer has another array after the step: change the one it has, in place")
    same("V, which is penalised, after a step", V, start * 0.975 - 0.05, mistakes)
    others = {"ask network.penalised what decays": np.array([[5.0], [6.0]]) * 0.975 - 0.05}
    got = layer.parameters["W"]
    same("W, which is not penalised, after a step", got, np.array([[4.95], [5.95]]), others)
    before = V.copy()
    optimizer.step(layer)
    same("V after a second step, with factor 1", V, before * 0.95 - 0.1)
    second = _layer(V=start)
    second.penalised = ("V",)
    optimizer = AdamW(0.1)
    optimizer.step(second)
    same("V by default", second.parameters["V"], start * 0.999 - 0.1)
    if optimizer.steps != 1:
        raise Wrong(f"one step counts as {optimizer.steps}")
    _keeps(AdamW(), learning_rate=0.001, betas=(0.9, 0.999), epsilon=1e-8, decay=0.01)
    given = AdamW(0.1, (0.5, 0.75), 0.2, 0.3)
    _keeps(given, learning_rate=0.1, betas=(0.5, 0.75), epsilon=0.2, decay=0.3)
    late = layers.Layer()
    late.parameters["W"], late.penalised = np.ones((1, 1)), ("W",)
    refused(AdamW(0.1).step, late, error=RuntimeError, what="a step before backward")
    if late.parameters["W"][0, 0] != 1:
        raise Wrong("a step before backward is refused, but the weights have decayed already")


PROGRESS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def _cosine(p):
    """Half a wave, from 1 to 0."""
    return (1 + math.cos(math.pi * p)) / 2


def _schedule(schedule, right, mistakes, **settings):
    """Refuse a schedule by its values."""
    for place, p in enumerate(PROGRESS):
        wrong = {message: values[place] for message, values in mistakes.items()}
        same(f"the factor at progress {p}", called(schedule, p, **settings), right(p), wrong)


@exercise
def constant(constant):
    """1."""
    _schedule(constant, lambda p: 1.0, {"that is the progress: the factor is always 1": PROGRESS})


@exercise
def exponential_decay(exponential_decay):
    """final ** progress."""
    for final in (0.01, 0.25):
        mistakes = {
            "that is a straight line: the share lost is the same in each step": [
                1 + p * (final - 1) for p in PROGRESS
            ],
            "that rises": [final ** (1 - p) for p in PROGRESS],
            "final has no effect": [0.01**p for p in PROGRESS],
        }
        _schedule(exponential_decay, functools.partial(pow, final), mistakes, final=final)
    same("the factor at the end, by default", called(exponential_decay, 1.0), 0.01)


@exercise
def cosine(cosine):
    """(1 + cos πp) / 2."""
    mistakes = {
        "that goes down to -1: add 1 and halve": [math.cos(math.pi * p) for p in PROGRESS],
        "that is a quarter of the wave: it should start flat and end flat": [
            math.cos(math.pi * p / 2) for p in PROGRESS
        ],
        "that goes down and up again: half a wave": [_cosine(2 * p) for p in PROGRESS],
        "that rises": [(1 - math.cos(math.pi * p)) / 2 for p in PROGRESS],
    }
    _schedule(cosine, _cosine, mistakes)


@exercise
def clip_gradients(clip_gradients):
    """At most clip_norm, by the same factor for all."""

    ones = {"dW1": np.array([[1.0, 2.0], [2.0, 0.0]]), "db1": np.array([[-4.0]])}  # norms 3, 4: 5
    for clip_norm in (1.0, 2.5, 4.5, 5.0, 10.0):
        gradients = {name: g.copy() for name, g in ones.items()}
        arrays = list(gradients.values())
        norm = clip_gradients(gradients, clip_norm)
        if any(array is not own for array, own in zip(gradients.values(), arrays, strict=True)):
            raise Wrong("the dict holds other arrays: scale those that are there, in place")
        scale = min(1.0, clip_norm / 5)
        for name, g in ones.items():
            own = np.linalg.norm(g)
            mistakes = {
                "nothing is scaled": g,
                "each array is clipped by itself: the norm is over all arrays": g
                * min(1.0, clip_norm / own),
                "each entry is cut: that changes the direction": np.clip(g, -clip_norm, clip_norm),
                "a gradient below the bound is scaled up: leave it as it is": g * clip_norm / 5,
                "the norm is the root of the sum of squares": g * min(1.0, clip_norm / 25),
                "it is divided by the norm, but not multiplied by clip_norm": g / 5,
            }
            same(f"{name} for clip_norm {clip_norm:g}", gradients[name], g * scale, mistakes)
        what = {"return the norm from before": min(5.0, clip_norm), "the root is missing": 25.0}
        if norm is None:
            raise Wrong("your function returns None: return the norm from before")
        same("the norm", norm, 5.0, what)
    zero = {"dW1": np.zeros((1, 2))}
    same("the norm of zeros", clip_gradients(zero, 1.0), 0.0)
    same("a gradient of zeros", zero["dW1"], np.zeros((1, 2)))
    broken = {"dW1": np.array([[np.nan, 1.0]])}
    refused(clip_gradients, broken, 1.0, error=FloatingPointError, what="a gradient with NaN")
    broken = {"dW1": np.array([[np.inf, 1.0]])}
    refused(clip_gradients, broken, 1.0, error=FloatingPointError, what="an infinite gradient")
    refused(clip_gradients, zero, 0.0, what="a clip_norm of 0")


@exercise
def History(History):
    """Its best epoch, and its picture."""
    import matplotlib.pyplot as plt

    losses = [5.0, 2.0, 3.0, 2.0, 4.0]
    best = History(train_loss=[5.0, 4.0, 3.0, 2.0, 1.0], validation_loss=losses).best
    if best == 4:
        raise Wrong("best is about the training loss: validation tracks decide")
    if best == 3:
        raise Wrong("of two equal losses the first is the best: nothing was lower before")
    if best == 2:
        raise Wrong("best is counted from 0, and place 0 is before the first epoch")
    same("best", best, 1)
    same("best without validation", History(train_loss=[3.0, 1.0, 2.0]).best, 1)
    fresh = History()
    if (fresh.train_loss, fresh.validation_loss, fresh.kept) != ([], [], 0):
        raise Wrong("a new history is empty: two lists of losses, two of metrics, kept 0")
    same("best where it only gets worse", History(train_loss=[1.0, 2.0]).best, 0)
    for aside, metric in ((losses, []), (losses, [0.0, 0.1, 0.2, 0.3, 0.4]), ([], [])):
        history = History([5.0, 4.0, 3.0, 2.0, 1.0], aside, metric, metric[::-1], kept=3)
        before = set(plt.get_fignums())
        with mock.patch("matplotlib.pyplot.show"):
            history.draw()
        new = set(plt.get_fignums()) - before
        drawn = [line for n in new for axes in plt.figure(n).axes for line in axes.lines]
        for number_of in new:
            plt.close(number_of)
        for name in ("train_loss", "validation_loss", "train_metric", "validation_metric"):
            values = getattr(history, name)
            curves = [line for line in drawn if list(line.get_ydata()) == values]
            if values and not curves:
                raise Wrong(f"no line of the picture shows {name}")
            if values and list(curves[0].get_xdata()) != list(range(5)):
                raise Wrong("epochs count from 0: place 0 is before the first")
            kind = name.partition("_")[0]
            if values and kind[:5] not in curves[0].get_label().lower():
                label = f"{name} has the label {curves[0].get_label()!r}"
                raise Wrong(f"{label}: which of the two it is, training or validation?")
        if not any(set(line.get_xdata()) == {3} for line in drawn):
            raise Wrong("no upright line stands at the epoch that was kept")


def _training(Solver, path, validation=True, stop=None, **settings):
    """Fit a network of one weight that walks along a path, a step an epoch; return history, weight.

    Its training loss is half the square of the distance to 0, its validation loss that to 1.
    """
    theirs = Solver.fit.__globals__
    house = house_of(theirs.get("Model", layers.Model).loss)
    model = house.Model(house.Sequential(house.Linear(1, 1, 0)))
    W = model.network.parameters["W1"]
    W[...] = path[0]

    class Walk(theirs.get("Optimizer", reference.Optimizer)):
        def step(self, network, factor=1.0):
            self.steps += 1
            W[...] = path[self.steps]

    calls = []

    def metric(Y, A):
        calls.append(1)
        if len(calls) == stop:
            raise KeyboardInterrupt
        Y[...] = 99.0  # a metric may do what it likes with its own copy
        return A[0, 0]

    train, aside = (np.array([[1.0]]), np.array([[0.0]])), (np.array([[1.1]]), np.array([[1.1]]))
    solver = Solver(model, Walk(0.1), schedule=lambda progress: 1.0, metric=metric)
    history = solver.fit(train, aside if validation else None, **settings)
    return history, float(W[0, 0])


@exercise
def Solver(Solver):
    """A whole training."""
    path = [5.0, 4.0, 2.0, 3.0, 2.5, 0.0, 1.0, 1.0]
    history, weight = _training(Solver, path, epochs=4)
    if history is None:
        raise Wrong("fit returns None: return the history")
    if len(history.train_loss) == 4:
        raise Wrong("the history has 4 places for 4 epochs: place 0 is before the first")
    same("the training losses", np.array(history.train_loss), np.array(path[:5]) ** 2 / 2)
    aside = (np.array(path) - 1) ** 2 * 1.21 / 2
    same("the validation losses", np.array(history.validation_loss), aside[:5])
    same("the training metric", np.array(history.train_metric), np.array(path[:5]))
    same("the validation metric", np.array(history.validation_metric), 1.1 * np.array(path[:5]))
    said = {"without patience the last epoch counts: its parameters stay": 2.0}
    same("the weight after 4 epochs", weight, 2.5, said)
    if history.kept != 4:
        raise Wrong(f"kept is {history.kept} after 4 epochs without patience; expected 4")
    for patience, ended, kept in ((1, 3, 2), (2, 4, 2), (3, 5, 2), (4, 7, 6), (9, 7, 6)):
        history, weight = _training(Solver, path, epochs=7, patience=patience)
        epochs = len(history.train_loss) - 1
        what = f"patience {patience}, validation losses {', '.join(number(x) for x in aside)}"
        if epochs != ended:
            raise Wrong(f"{what}: it ends after {epochs} epochs, expected {ended}")
        if weight == path[ended] != path[kept]:
            raise Wrong(f"{what}: the network has the last parameters; expected the best ones")
        same(f"{what}: the weight", weight, path[kept])
        if (history.kept, bool(history.ended)) != (kept, True):
            raise Wrong(f"{what}: kept is {history.kept}, ended {history.ended!r}; expected {kept}")
    early = _training(Solver, path, epochs=7, patience=1)[0].ended
    if early in ("", _training(Solver, path, epochs=1)[0].ended):
        raise Wrong(f"ended is {early!r} after patience ran out: it should say so")
    plateau = [2.0, 1.5, 1.5, 1.5, 0.9]
    history, _ = _training(Solver, plateau, epochs=4, patience=2)
    if len(history.train_loss) != 4:
        raise Wrong("an equal validation loss is no lower one: it ends the patience, too")
    try:
        history, weight = _training(Solver, path, epochs=7, stop=9)
    except KeyboardInterrupt:
        raise Wrong("Ctrl-C comes through, and all is lost: return what there is") from None
    said = {"after Ctrl-C the network has the last parameters; expected the best": path[4]}
    same("the weight after Ctrl-C", weight, path[2], said)
    lengths = {len(values) for values in vars(history).values() if isinstance(values, list)}
    if len(lengths) > 1:
        raise Wrong("after Ctrl-C the lists of the history have different lengths")
    if history.kept != 2:
        raise Wrong(f"after Ctrl-C kept is {history.kept}; expected the best epoch, 2")
    history, weight = _training(Solver, path, validation=False, epochs=7, stop=7)
    same("the weight after Ctrl-C without validation", weight, path[5])
    _real_training(Solver)


def _real_training(Solver):
    """Refuse a solver by what it makes of a network of stage 7."""
    theirs = Solver.fit.__globals__
    house = house_of(theirs.get("Model", layers.Model).loss)
    rng = np.random.default_rng(0)
    train, aside = ((rng.standard_normal((3, m)), rng.standard_normal((2, m))) for m in (10, 6))

    class Plain(theirs.get("Optimizer", reference.Optimizer)):
        def direction(self, g):
            return g

    def solver(seed=0, rate=0.05, l2=0.0, **settings):
        hidden = house.Linear(3, 4, seed), house.ReLU(), house.Linear(4, 2, seed)
        model = house.Model(house.Sequential(*hidden), l2=l2, m=10)
        settings = {"schedule": lambda progress: 1.0} | settings
        return Solver(model, Plain(rate), **settings), model

    ours, model = solver()
    if Solver(model, Plain(0.1)).schedule(0.5) != 1:
        raise Wrong("without a schedule the learning rate stays as it is: constant")
    history = ours.fit(train, aside, epochs=3, batch_size=4)
    twin, twins = solver()
    again = twin.fit(train, aside, epochs=3, batch_size=4)
    if history.train_loss != again.train_loss:
        raise Wrong("the same seed gives another history: one generator for all epochs, from seed")
    W1 = [one.network.parameters["W1"] for one in (model, twins)]
    same("the weights of twins", *W1)
    for settings in ({"seed": 1}, {"batch_size": 10}):
        other, _ = solver()
        if (
            other.fit(train, aside, **{"epochs": 3, "batch_size": 4} | settings).train_loss[1:]
            == (history.train_loss[1:])
        ):
            raise Wrong(f"{next(iter(settings))} has no effect")
    right, again, heavy = (
        _by_hand(house, train, **kind) for kind in ({}, {"again": True}, {"heavy": True})
    )
    for name, array in right.items():
        mistakes = {
            "each epoch has the same order: make the generator once, before the loop": again[name],
            "a short batch counts by its share: its samples weigh as much as others": heavy[name],
        }
        same(f"{name} after three epochs", model.network.parameters[name], array, mistakes)
    cases = {
        "a schedule of 0.5": ({"schedule": lambda progress: 0.5}, {"factor": 0.5}),
        "clip_norm = 0.1": ({"clip_norm": 0.1}, {"bound": 0.1}),
        "a penalty of l2 = 2": ({"l2": 2.0}, {"l2": 2.0}),
        "batches of 99": ({}, {"batch_size": 99}),
        "batches of 3": ({}, {"batch_size": 3}),
    }
    for what, (settings, kind) in cases.items():
        ours, model = solver(**settings)
        found = ours.fit(train, epochs=3, batch_size=kind.get("batch_size", 4))
        for name, array in _by_hand(house, train, **kind).items():
            without = {f"{what} has no effect": right[name]}
            same(f"{name} with {what}", model.network.parameters[name], array, without)
        plain = house.Model(model.network).loss(*train)
        same(
            f"the last training loss with {what}, without the penalty,", found.train_loss[-1], plain
        )
    default, _ = solver()
    if default.fit(train, aside, epochs=3, batch_size=4, seed=0).train_loss != history.train_loss:
        raise Wrong("without a seed it is 0")
    seen = []
    scheduled, _ = solver(schedule=lambda progress: seen.append(progress) or 1.0)
    seen.clear()  # of what a guard has tried
    scheduled.fit(train, epochs=2, batch_size=5)
    same("the progress that a schedule gets", np.array(seen), np.array([0.0, 0.25, 0.5, 0.75]))
    many = rng.standard_normal((3, 70)), rng.standard_normal((2, 70))
    one, other = (
        solver()[0].fit(many, epochs=2, **size).train_loss for size in ({}, {"batch_size": 32})
    )
    if one != other:
        raise Wrong("without a batch_size it is 32")
    _watching(solver, train, theirs)
    _overflowing(Solver, solver, train, aside)
    _going_on(Solver, theirs, house, train, aside)
    for what, arguments, settings in (
        ("patience without validation tracks", (train,), {"epochs": 1, "patience": 1}),
        ("validation tracks that are the training tracks", (train, train), {"epochs": 1}),
        ("0 epochs", (train,), {"epochs": 0}),
    ):
        refused(solver()[0].fit, *arguments, what=what, **settings)


def _watching(solver, train, theirs):
    """Refuse a bar where nobody looks, and several threads of BLAS."""
    told, threads = [], []

    def bar(rounds, *_, disable=False, **__):
        told.append(disable)
        return rounds

    def metric(Y, A):
        libraries = [one for one in threadpool_info() if one["user_api"] == "blas"]
        threads.append(max(one["num_threads"] for one in libraries))
        return 0.0

    for watched in (False, True):
        with mock.patch.dict(theirs, tqdm=bar, is_watched=lambda: watched):  # noqa: B023
            solver(metric=metric)[0].fit(train, epochs=1)
    if told not in ([], [True, False]):
        raise Wrong("the progress bar is for somebody who looks: disable it if not is_watched()")
    if set(threads[1:2]) - {1}:  # the first metric comes before the training
        raise Wrong("BLAS has several threads in training: threadpool_limits(1, 'blas')")


def _overflowing(Solver, solver, train, aside):
    """Refuse a solver that loses the network, or says too little, where numbers overflow."""
    fast, model = solver(rate=1e200)
    fast.optimizer.moments["v"] = np.ones(3)
    before = model.network.state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fast.fit(train, aside, epochs=3)
            raise Wrong("a loss that overflows is accepted; expected a FloatingPointError")
        except FloatingPointError as error:
            if "epoch 1" not in str(error):
                raise Wrong(f"the error should say in which epoch: {error}") from None
        except RuntimeWarning as warning:
            raise Wrong(f"it warns ({warning}): np.errstate, since an error follows") from None
    for name, array in model.network.state().items():
        if not np.array_equal(array, before[name]):
            raise Wrong("after an overflow the network is lost: give back the best parameters")
    if fast.optimizer.moments or fast.optimizer.steps:
        raise Wrong("after an overflow the optimizer keeps its steps and moments: they overflowed")
    try:
        _training(Solver, [1.0, 1e200], epochs=1)
    except FloatingPointError:
        return
    raise Wrong("the loss after the last epoch is infinite, and it is accepted")


def _going_on(Solver, theirs, house, train, aside):
    """Refuse a solver that does not call back, or goes on from a state another way."""

    class Heavy(theirs.get("Optimizer", reference.Optimizer)):
        def direction(self, g):
            self.moments["v"] = 0.9 * self.moments.get("v", 0.0) + g
            return self.moments["v"]

    def fit(seed=0, epochs=4, **settings):
        hidden = house.Linear(3, 4, seed), house.ReLU(), house.Linear(4, 2, seed)
        model = house.Model(house.Sequential(*hidden))
        trainer = Solver(model, Heavy(0.4), schedule=lambda progress: 1 - progress)
        history = trainer.fit(train, aside, epochs=epochs, batch_size=4, **settings)
        return history, model.network.state()

    whole, right = fit()
    for settings in ({}, {"patience": 1, "epochs": 9}):
        told, states = [], []

        def callback(history, take, told=told, states=states):
            told.append(len(history.train_loss))
            states.append(take())

        history, weights = fit(callback=callback, **settings)
        if told != list(range(2, len(history.train_loss) + 1)):
            expected = "expected one after each epoch, when the history has its line"
            raise Wrong(f"callback is called with histories of the lengths {told}; {expected}")
        for epoch, state in enumerate(states, start=1):
            what = f"from the state after epoch {epoch} of {len(states)}"
            again, others = fit(seed=1, state=state, **settings)
            rows = [one.train_loss for one in (again, history)]
            if len(rows[0]) != len(rows[1]):
                counts = f"{len(rows[0])} places, expected {len(rows[1])}"
                raise Wrong(f"{what} the history has {counts}: whose line is there already?")
            if rows[0] != rows[1] or again != history:
                raise Wrong(f"{what} the training goes another way: its parts are in `run`")
            for name, array in weights.items():
                if not np.array_equal(others[name], array):
                    raise Wrong(f"{what} {name} ends as another one: what is best comes along, too")
    if history.ended == whole.ended or len(history.train_loss) == 10:
        raise AssertionError("the example should end early")

    def stop(history, take):
        if len(history.train_loss) == 3:
            raise KeyboardInterrupt

    if len(fit(callback=stop)[0].train_loss) != 3:
        raise Wrong("Ctrl-C in a callback should end the training as Ctrl-C elsewhere does")
    refused(fit, seed=1, epochs=5, state=states[0], what="a state of a training of 9 epochs for 5")


def _by_hand(
    house, train, again=False, heavy=False, factor=1.0, bound=np.inf, l2=0.0, batch_size=4
):
    """The weights after three epochs of SGD, written out."""
    hidden = house.Linear(3, 4, 0), house.ReLU(), house.Linear(4, 2, 0)
    model = house.Model(house.Sequential(*hidden), l2=l2, m=10)
    rng = np.random.default_rng(0)
    for _ in range(3):
        rng = np.random.default_rng(0) if again else rng
        for X_batch, Y_batch in reference.minibatches(*train, batch_size, rng):
            model.loss(X_batch, Y_batch)
            model.backward()
            gradients = model.network.gradients
            norm = math.sqrt(sum(np.sum(g**2) for g in gradients.values()))
            share = 1 if heavy else X_batch.shape[1] / min(batch_size, 10)
            for name, array in model.network.parameters.items():
                array -= 0.05 * factor * share * min(1, bound / norm) * gradients[f"d{name}"]
    return model.network.parameters


@exercise
def expected_losses(expected_losses):
    """The loss at the start, and that of the best constant."""
    cases = {
        "standardised targets": np.array([[1.0, -1.0, 1.0, -1.0]]),
        "Y = [[3, 7]]": np.array([[3.0, 7.0]]),
        "two outputs": np.array([[1.0, 2.0, 6.0], [0.0, -4.0, 4.0]]),
    }
    for what, targets in cases.items():
        got = called(expected_losses, targets)
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise Wrong(f"a {type(got).__name__}; expected two numbers, (start, constant)")
        for which, one in zip(("first", "second"), got, strict=True):
            if np.size(one) != 1 or np.ndim(one):
                shape = f"an array of shape {np.shape(one)}"
                raise Wrong(f"the {which} is {shape}; expected one number: add up over the outputs")
        outputs, m = targets.shape
        squares, spread = (targets**2).sum() / m, targets.var(axis=1).sum()
        first, second = outputs + squares / 2, spread / 2
        if np.allclose(got, (second, first)) and not np.isclose(first, second):
            raise Wrong("the two are exchanged: first the untrained network, then the constant")
        mistakes = {
            "the half of the loss is missing": 2 * outputs + squares,
            "each output has the variance 2: one is counted": 1 + squares / 2,
            "targets count with their squares, not their variance: their mean is no help yet": (
                outputs + spread / 2
            ),
            "predictions vary, too: their variance is missing": squares / 2,
            "the variance of the predictions is 2, not 1": outputs / 2 + squares / 2,
            "a mean over outputs: the loss adds them up": 1 + squares / 2 / outputs,
            "the targets count with the mean of y², not with the square of their mean": outputs
            + (targets.mean(1) ** 2).sum() / 2,
            "1.5 holds for standardised targets alone: ask how large these are": 1.5 * outputs,
            "the squares of the targets are missing": outputs,
        }
        same(f"{what}: the loss of an untrained network", got[0], first, mistakes)
        mistakes = {
            "the half of the loss is missing": spread,
            "that is the constant 0: the best one is the mean": squares / 2,
            "the loss divides by m, not by m - 1": targets.var(axis=1, ddof=1).sum() / 2,
            "each output has a constant of its own": ((targets - targets.mean()) ** 2).sum()
            / m
            / 2,
            "a mean over outputs: the loss adds them up": spread / 2 / outputs,
            "that is the standard deviation": np.sqrt(targets.var(axis=1)).sum() / 2,
        }
        same(f"{what}: the loss of the best constant", got[1], second, mistakes)


@exercise
def learns_by_heart(learns_by_heart):
    """Less than a thousandth is left, and the model as it was."""
    batch = np.array([[1.0]]), np.array([[0.0]])

    def ask(path, steps):
        model = layers.Model(layers.Sequential(layers.Linear(1, 1, 0)))
        W = model.network.parameters["W1"]
        W[...] = path[0]

        class Walk(reference.Optimizer):
            def step(self, network, factor=1.0):
                if not network.gradients:
                    raise Wrong("a step before backward: loss, backward, step")
                if factor != 1:
                    raise Wrong(f"the step has the factor {factor}: take whole steps")
                self.steps += 1
                network.parameters["W1"][...] = path[min(self.steps, len(path) - 1)]

        optimizer = Walk(0.1)
        try:
            passed = learns_by_heart(model, *batch, optimizer, *([steps] if steps else []))
        except FloatingPointError:
            raise Wrong("a loss that is no number stops it: that is a test that failed") from None
        if passed is None:
            raise Wrong("your function returns None: is a `return` missing?")
        if not isinstance(passed, bool | np.bool_):
            raise Wrong(f"a {type(passed).__name__}: expected True or False")
        if W[0, 0] != path[0]:
            raise Wrong("the model comes out with other parameters: keep its state, and load it")
        if max(map(abs, path)) < 1e100 and optimizer.steps != (steps or 300):
            raise Wrong(f"for {steps or '300, the default,'} steps it takes {optimizer.steps}")
        return bool(passed)

    # The loss is W²/2: a thousandth of it is left at W = 0.0316.
    if ask([1.0, 0.5, 0.5, 0.5], 3):
        raise Wrong("a quarter of the loss is left, and it passes")
    if not ask([1.0, 0.5, 0.5, 0.01], 3):
        raise Wrong(
            "the last step brings the loss to 0.0001 of the first, and it fails: look after it"
        )
    if ask([1.0, 0.001, 1.0, 1.0], 3):
        raise Wrong("the loss was low on the way, and is high at the end: the end counts")
    if ask([1.0, 0.001, 0.9, 0.001], 2):
        raise Wrong("the loss after the last step counts, not that before it")
    if not ask([10.0, 0.3, 0.3], 2) or ask([0.02, 0.01, 0.01], 2):
        raise Wrong("a thousandth of the loss at the start: it is no fixed number")
    if ask([1.0, 0.03163], 1) or not ask([1.0, 0.03162], 1):
        raise Wrong("the bound is a thousandth of the loss, not of the weight or of another share")
    ask([1.0, 0.5], None)
    for path in ([1.0, 1e200, 0.0], [1.0, 0.5, 1e200]):  # found on the way, and after the last step
        if ask(path, 2):
            raise Wrong("a loss that is no number is a pass")
    _whole_networks(learns_by_heart)


def _whole_networks(learns_by_heart):
    """Refuse a test by a network that can learn, and one that is dead."""
    rng = np.random.default_rng(0)
    batch = rng.standard_normal((3, 8)), rng.standard_normal((1, 8))
    for dead in (False, True):
        network = layers.mlp([3, 32, 16, 1])
        if dead:
            network.parameters["b1"][...] = -100.0
        before = network.state()
        passed = learns_by_heart(layers.Model(network), *batch, reference.Adam(0.01), 300)
        if passed == dead:
            raise Wrong(f"a network that {'is dead' if dead else 'can learn'} is told {passed}")
        for name, array in network.state().items():
            if not np.array_equal(array, before[name]):
                raise Wrong(
                    "the model comes out with other parameters: keep its state, and load it"
                )


def _batches(order):
    """A function like minibatches, from one that gives the order of the samples."""

    def minibatches(X, Y, batch_size, rng):
        chosen = order(X.shape[1], batch_size, rng)
        return [
            (X[:, chosen[start : start + batch_size]], Y[:, chosen[start : start + batch_size]])
            for start in range(0, len(chosen), batch_size)
        ]

    return minibatches


def _shuffled_starts(m, batch_size, rng):
    starts = rng.permutation(np.arange(0, m - m % batch_size, batch_size))
    whole = [np.arange(start, start + batch_size) for start in starts]
    return np.concatenate([*whole, np.arange(m - m % batch_size, m)])


def _apart(X, Y, batch_size, rng):
    """X and Y, each in an order of its own."""
    one, other = (rng.permutation(X.shape[1]) for _ in range(2))
    for start in range(0, X.shape[1], batch_size):
        yield X[:, one[start : start + batch_size]], Y[:, other[start : start + batch_size]]


def _torn(X, Y, batch_size, rng):
    """The features of a sample, each in an order of its own."""
    torn = np.array([rng.permutation(x) for x in X])
    torn[0] = X[0]
    return reference.minibatches(torn, Y, batch_size, rng)


def _lazy(X, Y, batch_size, rng):
    yield from reference.minibatches(X, Y, batch_size, rng)


def _larger(X, Y, batch_size, rng):
    return reference.minibatches(X, Y, batch_size + 1, rng)


@exercise
def check_minibatches(check_minibatches):
    """A check, by what it says to the right function and to wrong ones."""
    wrong = {
        "each batch has one sample more than asked for": _larger,
        "the last, short batch is left out": _batches(
            lambda m, size, rng: rng.permutation(m)[: m - m % size]
        ),
        "X and Y are shuffled apart": _apart,
        "the second feature comes from another sample than the first": _torn,
        "batches have 4 samples, whatever is asked for": lambda X, Y, batch_size, rng: (
            reference.minibatches(X, Y, 4, rng)
        ),
        "nothing is shuffled": _batches(lambda m, size, rng: np.arange(m)),
        "samples are drawn with replacement": _batches(lambda m, size, rng: rng.integers(0, m, m)),
        "each epoch has the same order": _batches(
            lambda m, size, rng: np.random.default_rng(0).permutation(m)
        ),
        "the same seed gives another order": _batches(
            lambda m, size, rng: np.random.default_rng().permutation(m)
        ),
        "batches are shuffled, but never what is in them": _batches(_shuffled_starts),
    }
    return grade(check_minibatches, [reference.minibatches, _lazy], wrong)


@exercise
def RMSprop(RMSprop):
    """g / (√s + ε)."""

    def right(gradients, beta, wrong=""):
        s, found = 0.0, []
        for t, g in enumerate(gradients, start=1):
            s = beta * s + (1 if wrong == "whole" else 1 - beta) * g**2
            s_hat = s / (1 - beta**t) if wrong == "hats" else s
            with np.errstate(all="ignore"):
                root = s_hat if wrong == "root" else np.sqrt(s_hat)
                found.append(g / (np.full(3, np.sqrt(s.sum())) if wrong == "one" else root + 1e-8))
        return np.array(found)

    gradients = G + (G == 0)  # no gradient of 0: nothing is remembered of it yet
    for beta in (0.5, 0.9):
        make, follow = functools.partial(RMSprop, 0.1, beta), functools.partial(right, beta=beta)
        mistakes = {
            "there is no bias correction in RMSprop": follow(gradients, wrong="hats"),
            "the root is missing": follow(gradients, wrong="root"),
            "the new square counts 1 - β": follow(gradients, wrong="whole"),
            "that is Adam's direction": _adam(gradients, 0.9, beta, 1e-8),
            "each parameter has an s of its own": follow(gradients, wrong="one"),
            "the learning rate is in step already": 0.1 * follow(gradients),
        }
        what = f"the direction for β = {beta}"
        got = _directions(make, gradients)
        example = _three(make, follow, what)
        same(what, got, follow(gradients), mistakes, example=example)
    zero = _directions(lambda: RMSprop(0.1), np.zeros((2, 3)))
    same("the direction for gradients of 0, where ε is for,", zero, np.zeros((2, 3)))
    tiny = _directions(lambda: RMSprop(0.1, 0.0), np.full((1, 1), 1e-8))
    _keeps(RMSprop(0.1), learning_rate=0.1, beta=0.99)
    one, other = RMSprop(0.1), RMSprop(0.1)
    one.direction(G[0])
    if "s" not in one.moments or other.moments:
        raise Wrong("s belongs into self.moments, so that it is the memory of this optimizer alone")
    mistakes = {
        "ε stands outside the root": np.array([[1e-4]]) / np.sqrt(1 + 1e-8),
        "ε is 1e-8": 1e-8 / (1e-8 + np.array([[1e-7]])),
    }
    same("the direction for a gradient of 1e-8 and β = 0", tiny, np.array([[0.5]]), mistakes)


@exercise
def warm_up(warm_up):
    """A straight line up, half a cosine down."""
    for share in (0.1, 0.25, 0.0):
        late = [_cosine((p - share) / (1 - share)) for p in PROGRESS]
        up = [p / share if p < share else None for p in PROGRESS]
        right = dict(
            zip(PROGRESS, (late[i] if f is None else f for i, f in enumerate(up)), strict=True)
        )
        mistakes = {
            "the cosine begins at share, at 1: it is not the one of the whole training": [
                _cosine(p) if f is None else f for p, f in zip(PROGRESS, up, strict=True)
            ],
            "the warm-up is missing": [_cosine(p) for p in PROGRESS],
            "the second part is 1 - share long: divide its progress by that": [
                _cosine(p - share) if f is None else f for p, f in zip(PROGRESS, up, strict=True)
            ],
            "it falls as a cosine, and not in a straight line": [
                (1 - p) / (1 - share) if f is None else f for p, f in zip(PROGRESS, up, strict=True)
            ],
            "after share it falls": [1.0 if f is None else f for f in up],
            "up to share the factor rises from 0 to 1": [
                late[i] if p >= share else p for i, p in enumerate(PROGRESS)
            ],
        }
        try:
            _schedule(warm_up, right.get, mistakes, share=share)
        except ZeroDivisionError:
            raise Wrong(
                f"share = {share:g} divides by 0: without a warm-up it begins at 1"
            ) from None
    same("the factor at progress 0.05, by default", called(warm_up, 0.05), 0.5)
