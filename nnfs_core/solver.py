"""Stage 9: the solver.

Generated from notebooks/09_solver.ipynb by `make export`: edit that, not this.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from nnfs_core.layers import Layer, Model
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


def _cause(error, solver, X, epoch):
    """Return what a number that overflowed in this epoch probably comes from."""
    largest = np.abs(X).max()
    cause = f"{solver.optimizer!r} is probably too fast: try a tenth of it"
    if solver.clip_norm is None:
        cause += ", or clip_norm=1"
    if largest > 100:
        cause = f"X goes up to {largest:.3g}: scale it"
    found = str(error).partition(":")[0]
    return f"epoch {epoch}: {found}; {cause}. The network has the parameters of its best epoch"


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


def _record(solver, history, train, validation):
    """Append losses and metrics of the network as it predicts now: all of them, or none."""
    found = {}
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
    ) -> History:
        """Train on (X, Y), X (n_0, m) and Y (n_L, m), in place; return the History.

        patience: end after so many epochs without a lower validation loss, with the parameters of
        the best epoch. Ctrl-C ends with those, too. seed: draws the batches.
        Raises FloatingPointError if a number overflows (the network then has the best epoch's
        parameters), ValueError or TypeError for bad input.
        """
        guard_fit(self.model, train, validation, epochs, batch_size, seed, patience)
        network, history, rng = self.model.network, History(), np.random.default_rng(seed)
        _record(self, history, train, validation)
        best, history.ended = network.state(), "all epochs done"
        try:
            with threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore"):
                for epoch in tqdm(range(epochs), "epochs", disable=not is_watched()):
                    _take_steps(self, train, batch_size, rng, epoch, epochs)
                    state = network.state()
                    _record(self, history, train, validation)
                    if history.best == epoch + 1:
                        best = state
                    elif patience is not None and epoch + 1 - history.best >= patience:
                        history.ended = f"no lower validation loss in {patience} epochs"
                        break
        except KeyboardInterrupt:
            history.ended = "interrupted"
        except FloatingPointError as error:
            network.load_state(best)
            self.optimizer.steps, self.optimizer.moments = 0, {}  # which overflowed, too
            epoch = len(history.train_loss)
            raise FloatingPointError(_cause(error, self, train[0], epoch)) from None
        history.kept = len(history.train_loss) - 1
        if patience is not None or history.ended == "interrupted":
            network.load_state(best)
            history.kept = history.best
        return history
