"""Stage 9: the solver.

Generated from notebooks/09_solver.ipynb by `make export`: edit that, not this.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from nnfs_core.layers import Layer, Model
from nnfs_core.resuming import (
    fingerprint,
    generator_state,
    generators,
    guard_callback,
    guard_moments,
    guard_training_state,
    training_facts,
)
from nnfs_core.screen import is_watched
from nnfs_core.validation import Array, Arrays, guard_number, guard_share
from nnfs_core.validation_training import (
    guard_betas,
    guard_direction,
    guard_fit,
    guard_metric,
    guard_minibatches,
    guard_solver,
    guard_step,
)


def minibatches(
    X: Array, Y: Array, batch_size: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    """Return an iterator over (X_batch, Y_batch): each sample once, in a new random order.

    X: (n_0, m), Y: (n_L, m). The last batch is shorter if batch_size does not divide m.
    rng: the generator that draws the order; keep it, and the next epoch gets another partition.
    Raises ValueError or TypeError for bad input, at once.
    """
    guard_minibatches(X, Y, batch_size, rng)
    m = X.shape[1]
    order = rng.permutation(m)
    batches = (order[start : start + batch_size] for start in range(0, m, batch_size))
    return ((X[:, batch], Y[:, batch]) for batch in batches)


class Optimizer:
    """How a gradient becomes a step. A subclass writes direction, and `step` takes the step.

    learning_rate: η, above 0. steps: taken so far. moments: what is remembered of earlier
    gradients, arrays by name. It belongs to the first network that it steps.
    """

    def __init__(self, learning_rate: float):
        guard_number("learning_rate", learning_rate, above=0)
        self.learning_rate = learning_rate
        self.steps = 0
        self.moments: Arrays = {}
        self.network: Layer | None = None

    def direction(self, g: Array) -> Array:
        """Return what η is multiplied with, for the gradient g of all parameters in a row."""
        raise NotImplementedError(f"{type(self).__name__}.direction")

    def step(self, network: Layer, factor: float = 1.0) -> None:
        """Change a network's parameters in place, after its backward: θ ← θ - η factor direction.

        Raises RuntimeError before backward, ValueError for another network than the first.
        """
        pairs = guard_step(self, network, factor)
        self.network = network
        self.steps += 1
        g = np.concatenate([gradient.ravel() for _, gradient in pairs])
        direction = self.direction(g)
        guard_direction(self, direction, g)
        change = self.learning_rate * factor * direction
        start = 0
        for array, _ in pairs:
            stop = start + array.size
            array -= change[start:stop].reshape(array.shape)
            start = stop

    def __repr__(self):
        """Return the class and its learning rate."""
        return f"{type(self).__name__}(learning_rate={self.learning_rate:g})"


class SGD(Optimizer):
    """Stochastic gradient descent: θ ← θ - η g."""

    def direction(self, g):
        """Return g."""
        return g


class Momentum(Optimizer):
    """v ← β v + g, θ ← θ - η v, with v = 0 at first (Polyak 1964). beta: β, from 0 to below 1."""

    def __init__(self, learning_rate: float, beta: float = 0.9):
        super().__init__(learning_rate)
        guard_share("beta", beta)
        self.beta = beta

    def direction(self, g):
        """Return v."""
        self.moments["v"] = self.beta * self.moments.get("v", 0.0) + g
        return self.moments["v"]


class Adam(Optimizer):
    """Steps of like size for all parameters (Kingma and Ba 2015, algorithm 1).

    betas: (β1, β2), of the means of g and of g², each from 0 to below 1; epsilon: ε, above 0.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ):
        super().__init__(learning_rate)
        guard_betas(betas)
        guard_number("epsilon", epsilon, above=0)
        self.betas = tuple(betas)
        self.epsilon = epsilon

    def direction(self, g):
        """Return v̂ / (√ŝ + ε)."""
        beta_1, beta_2 = self.betas
        if not self.moments:
            self.moments = {"v": np.zeros(len(g)), "s": np.zeros(len(g))}
        v, s = self.moments["v"], self.moments["s"]
        v *= beta_1  # in place: no new array
        v += (1 - beta_1) * g
        s *= beta_2
        s += (1 - beta_2) * g**2
        root = np.sqrt(s)
        root *= 1 / math.sqrt(1 - beta_2**self.steps)  # √ŝ: arrays are multiplied faster
        root += self.epsilon
        v_hat = v * (1 / (1 - beta_1**self.steps))
        v_hat /= root
        return v_hat


class AdamW(Adam):
    """Adam, and each step takes η times decay off the weights (Loshchilov and Hutter 2019).

    decay: PyTorch's weight_decay, 0 or more; η times decay, the λ of the paper, is below 1. It
    takes what the layers call penalised, so no biases.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        decay: float = 0.01,
    ):
        super().__init__(learning_rate, betas, epsilon)
        guard_number("decay", decay, least=0)
        guard_share("learning_rate * decay", learning_rate * decay)
        self.decay = decay

    def step(self, network, factor=1.0):
        """Multiply what is penalised by 1 - η factor decay, then step as Adam does."""
        guard_step(self, network, factor)
        share = self.learning_rate * factor * self.decay
        guard_share("learning_rate * factor * decay", share)
        for name in network.penalised:
            network.parameters[name][...] *= 1 - share
        super().step(network, factor)


def constant(progress: float) -> float:
    """Return 1. progress: the share of the training that is done, from 0 to below 1."""
    return 1.0


def exponential_decay(progress: float, final: float = 0.01) -> float:
    """Return a factor that falls from 1 to `final`, by the same share in each step."""
    return final**progress


def cosine(progress: float) -> float:
    """Return a factor that falls from 1 to 0 as half a cosine (Loshchilov and Hutter 2017)."""
    return (1 + math.cos(math.pi * progress)) / 2


def clip_gradients(gradients: Arrays, clip_norm: float) -> float:
    """Scale gradients in place so that their norm is at most clip_norm; return it from before.

    The norm is the root of the sum of all squares, over all arrays (Pascanu and others 2013).
    Raises FloatingPointError if it is not finite.
    """
    guard_number("clip_norm", clip_norm, above=0)
    norm = math.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values()))
    if not math.isfinite(norm):
        raise FloatingPointError(f"the gradient's norm is {norm}: clipping cannot mend that")
    if norm > clip_norm:
        for g in gradients.values():
            g *= clip_norm / norm
    return norm


@dataclass(repr=False)
class History:
    """How training went, epoch by epoch; place 0 is before the first.

    train_loss, validation_loss: without the penalty. train_metric, validation_metric: of the
    solver's metric. kept: the epoch whose parameters the network has; ended: why it ended.
    """

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    train_metric: list[float] = field(default_factory=list)
    validation_metric: list[float] = field(default_factory=list)
    kept: int = 0
    ended: str = ""

    @property
    def best(self) -> int:
        """The first epoch with the lowest validation loss, or, without one, training loss."""
        return int(np.argmin(self.validation_loss or self.train_loss))

    def draw(self) -> None:
        """Draw losses, and the metric if there is one, with a line at the epoch that was kept."""
        import matplotlib.pyplot as plt

        panels = {"loss": (self.train_loss, self.validation_loss)}
        if self.train_metric:
            panels["metric"] = (self.train_metric, self.validation_metric)
        _, axes = plt.subplots(1, len(panels), figsize=(4.5 * len(panels), 3.2), squeeze=False)
        for place, (name, (train, validation)) in zip(axes[0], panels.items(), strict=True):
            place.plot(train, "C0-", label="training")
            if validation:
                place.plot(validation, "C1--", label="validation")
            place.axvline(self.kept, color="0.6", linestyle=":", label=f"kept: epoch {self.kept}")
            place.set(xlabel="epoch", ylabel=name)
        place.legend(loc="upper left", bbox_to_anchor=(1, 1))

    def __repr__(self):
        """Return the epochs, the losses of the one kept, and why it ended."""
        losses = {"training": self.train_loss, "validation": self.validation_loss}
        told = ", ".join(
            f"{name} loss {loss[self.kept]:.4g}" for name, loss in losses.items() if loss
        )
        return (
            f"History: {len(self.train_loss) - 1} epochs, kept {self.kept} ({told}), {self.ended}"
        )


def _overflowed(error, solver, X, history):
    """Forget the moments, which overflowed, too; return an error that says the likely cause."""
    solver.optimizer.steps, solver.optimizer.moments = 0, {}
    largest = np.abs(X).max()
    cause = f"{solver.optimizer!r} is probably too fast: try a tenth of it"
    if solver.clip_norm is None:
        cause += ", or clip_norm=1"
    if largest > 100:
        cause = f"X goes up to {largest:.3g}: scale it"
    found = f"epoch {len(history.train_loss)}: {str(error).partition(':')[0]}"
    left = "The network has the parameters of its best epoch"
    return FloatingPointError(f"{found}; {cause}. {left}")


def _given_up(history, patience):
    """Return why a training ends early, or "" if it goes on."""
    if patience is None or len(history.train_loss) - 1 - history.best < patience:
        return ""
    return f"no lower validation loss in {patience} epochs"


def _take_steps(solver, train, batch_size, rng, epoch, epochs):
    """Take a step for each mini-batch of an epoch, counted from 0."""
    network, m = solver.model.network, train[0].shape[1]
    largest = min(batch_size, m)
    for number, (X, Y) in enumerate(minibatches(*train, batch_size, rng)):
        solver.model.forward(X, Y)  # fit has looked at the values
        solver.model.backward()
        if solver.clip_norm is not None:
            clip_gradients(network.gradients, solver.clip_norm)
        if X.shape[1] < largest:  # a mean over fewer samples gives each more weight
            for g in network.gradients.values():
                g *= X.shape[1] / largest
        solver.optimizer.step(network, solver.schedule((epoch + number * batch_size / m) / epochs))


def _record(solver, history, best, train, validation):
    """Append losses and metrics of the network as it predicts now: all of them, or none.

    Write its parameters into `best` if it is the best so far.
    """
    found, now = {}, solver.model.network.state()
    for kind, pair in {"train": train, "validation": validation}.items():
        if pair is None:
            continue
        X, Y = pair
        A = solver.model.predict(X)
        loss = found[f"{kind}_loss"] = solver.model.loss_part.forward(A, Y)
        if not np.isfinite(loss):
            raise FloatingPointError(f"the {kind} loss is {loss}")
        if solver.metric is not None:
            value = solver.metric(Y.copy(), A)
            guard_metric(value)
            found[f"{kind}_metric"] = float(value)
    for name, value in found.items():
        getattr(history, name).append(value)
    history.kept = len(history.train_loss) - 1
    if history.best == history.kept:
        best.update(now)


class TrainingState(NamedTuple):
    """All that a training needs to go on: Solver.fit gives it to a callback, and takes it back.

    arrays: copies of the network, its best parameters and the moments, by name. facts: the rest,
    in what JSON can hold: history, steps, generators, and which training it is of.
    """

    arrays: Arrays
    facts: dict


class _Run:
    """A call of fit on its way: what it has beside the network and the optimizer."""

    def __init__(self, solver, train, validation, settings, callback, state):
        guard_callback(callback)
        self.solver, self.settings, self.callback = solver, settings, callback
        self.history, self.best = History(), {}
        self.rng = np.random.default_rng(settings["seed"])
        self.between = False  # two epochs: what is taken has to be of one moment
        self.left = range(settings["epochs"])
        if callback is not None or state is not None:
            self.samples = fingerprint(train, validation)
        if state is not None:
            self.go_on(state, validation is not None)

    def call(self):
        """Call back after an epoch, if fit was asked to."""
        if self.callback is None:
            return
        self.between = True
        try:
            self.callback(self.history, self.take)
        finally:
            self.between = False

    def take(self):
        """Return the TrainingState after this epoch."""
        if not self.between:
            raise RuntimeError("take() comes too late: call it before the callback returns")
        solver, moments = self.solver, self.solver.optimizer.moments
        guard_moments(solver.optimizer, moments)
        groups = {"network": solver.model.network.state(), "best": self.best, "moments": moments}
        arrays = {f"{g}/{name}": a.copy() for g, own in groups.items() for name, a in own.items()}
        facts = {
            "training": training_facts(solver, self.settings, self.samples),
            "history": {k: list(v) for k, v in vars(self.history).items() if type(v) is list},
            "steps": solver.optimizer.steps,
            "generators": [generator_state(rng) for rng in (self.rng, *generators(solver))],
        }
        return TrainingState(arrays, facts)

    def go_on(self, state, validated):
        """Write a state into network, optimizer, generators and history."""
        optimizer, network = self.solver.optimizer, self.solver.model.network
        training = training_facts(self.solver, self.settings, self.samples)
        own = [self.rng, *generators(self.solver)]
        groups, lists = guard_training_state(state, self.solver, training, own, validated)
        network.load_state(groups["network"])
        self.best = {name: array.copy() for name, array in groups["best"].items()}
        optimizer.moments = {name: array.copy() for name, array in groups["moments"].items()}
        optimizer.steps, optimizer.network = state.facts["steps"], network
        for rng, where in zip(own, state.facts["generators"], strict=True):
            rng.bit_generator.state = where
        self.history = History(**lists, kept=len(lists["train_loss"]) - 1)
        self.history.ended = _given_up(self.history, self.settings["patience"])
        self.left = self.left[self.history.kept :] if not self.history.ended else []


class Solver:
    """Train a model in mini-batches with an optimizer.

    schedule: function of the share of the training that is done, the factor of the learning rate.
    clip_norm: the largest norm of a gradient. metric: function of (Y, A), for the history.
    """

    def __init__(
        self,
        model: Model,
        optimizer: Optimizer,
        *,
        schedule: Callable[[float], float] = constant,
        clip_norm: float | None = None,
        metric: Callable[[Array, Array], float] | None = None,
    ):
        guard_solver(model, optimizer, schedule, clip_norm, metric, (Model, Optimizer))
        self.model, self.optimizer = model, optimizer
        self.schedule, self.clip_norm, self.metric = schedule, clip_norm, metric

    def fit(
        self,
        train: tuple[Array, Array],
        validation: tuple[Array, Array] | None = None,
        *,
        epochs: int,
        batch_size: int = 32,
        seed: int = 0,
        patience: int | None = None,
        callback: Callable[[History, Callable], None] | None = None,
        state: TrainingState | None = None,
    ) -> History:
        """Train on X (n_0, m), Y (n_L, m), in place; return the History. seed: draws the batches.

        patience: end after so many epochs without a lower validation loss, with the parameters of
        the best epoch. Ctrl-C ends with those, too. callback(history, take) is called after each
        epoch; fit with state=take() goes on from there. Raises FloatingPointError if a number
        overflows (the network then has the best epoch's parameters), or ValueError, TypeError.
        """
        settings = {"epochs": epochs, "batch_size": batch_size, "seed": seed, "patience": patience}
        guard_fit(self.model, train, validation, **settings)
        run = _Run(self, train, validation, settings, callback, state)
        network, history, best = self.model.network, run.history, run.best
        if state is None:
            _record(self, history, best, train, validation)
        try:
            with threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore"):
                for epoch in tqdm(run.left, "epochs", disable=not is_watched()):
                    _take_steps(self, train, batch_size, run.rng, epoch, epochs)
                    _record(self, history, best, train, validation)
                    history.ended = _given_up(history, patience)
                    run.call()
                    if history.ended:
                        break
            history.ended = history.ended or "all epochs done"
        except KeyboardInterrupt:
            history.ended = "interrupted"
        except FloatingPointError as error:
            network.load_state(best)
            raise _overflowed(error, self, train[0], history) from None
        if patience is not None or history.ended == "interrupted":
            network.load_state(best)
            history.kept = history.best
        return history
