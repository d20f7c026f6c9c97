"""Trainings that stop and go on: bit for bit, or refused before anything has changed."""

import copy
import json
import math

import numpy as np
import pytest

from nnfs_core import (
    SGD,
    Adam,
    AdamW,
    BatchNorm,
    Dropout,
    Linear,
    Model,
    Momentum,
    MSELoss,
    ReLU,
    Sequential,
    Solver,
    Tanh,
    TrainingState,
    cosine,
    exponential_decay,
    mlp,
)
from nnfs_core.resuming import fingerprint, generators
from tests.test_solver import Walk, line, same, samples

TRAIN, ASIDE = samples(35), samples(9, 1)
OPTIMIZERS = {
    "SGD": lambda: SGD(0.1),
    "Momentum": lambda: Momentum(0.05, beta=0.8),
    "Adam": lambda: Adam(0.02),
    "AdamW": lambda: AdamW(0.02, decay=0.5),
}


class Block(Sequential):
    """Layers that are reached by another attribute than `layers`, with a generator of their own."""

    def __init__(self, n, rng):
        super().__init__(Linear(n, n, rng))
        self.inner = {"noise": [Dropout(0.1, 5)]}

    def forward(self, X, training=False):
        X = super().forward(X, training)
        return self.inner["noise"][0].forward(X, training)

    def backward(self, dA):
        return super().backward(self.inner["noise"][0].backward(dA))


def network(seed, activation=Tanh, rate=0.3, hidden=6):
    """Layers with everything that a training changes; two of them share a generator."""
    rng = np.random.default_rng(seed)
    return Sequential(
        Linear(3, hidden, rng),
        BatchNorm(hidden),
        activation(),
        Dropout(rate, rng),
        Block(hidden, rng),
        Dropout(0.2, rng),
        Linear(hidden, 2, rng),
    )


def solver(seed=0, optimizer="Adam", model=None, layers=None, **settings):
    """A solver of that network, or of others, with settings that all have an effect."""
    model = {"l2": 0.5, "m": TRAIN[0].shape[1]} | (model or {})
    settings = {"schedule": cosine, "clip_norm": 0.5, "metric": mean_error} | settings
    make = OPTIMIZERS.get(optimizer, optimizer)
    return Solver(Model(network(seed, **(layers or {})), **model), make(), **settings)


def mean_error(Y, A):
    """A metric."""
    return float(np.mean(np.abs(Y - A)))


def fit(trainer, train=TRAIN, aside=ASIDE, **settings):
    """Fit with settings that most tests share."""
    settings = {"epochs": 6, "batch_size": 8, "seed": 3} | settings
    return trainer.fit(train, aside, **settings)


def states_of(trainer, **settings):
    """The history of a whole training, and the state after each epoch, through JSON."""
    states = []

    def keep(history, take):
        state = take()
        states.append(TrainingState(state.arrays, json.loads(json.dumps(state.facts))))

    return fit(trainer, callback=keep, **settings), states


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("settings", [{}, {"aside": None}, {"patience": 2}, {"epochs": 1}])
def test_from_each_epoch_it_goes_on_bit_for_bit(optimizer, settings):
    alone = solver(optimizer=optimizer)
    plain = fit(alone, **settings)
    whole = solver(optimizer=optimizer)
    history, states = states_of(whole, **settings)
    assert history == plain  # a callback changes nothing
    assert len(states) == len(history.train_loss) - 1
    for state in states:
        other = solver(seed=1, optimizer=optimizer)
        assert fit(other, state=state, **settings) == history
        assert same(other.model.network.state(), whole.model.network.state())
        assert same(other.optimizer.moments, whole.optimizer.moments)
        assert other.optimizer.steps == whole.optimizer.steps
        for ours, theirs in zip(generators(other), generators(whole), strict=True):
            assert ours.random() == copy.deepcopy(theirs).random()


def test_it_may_be_stopped_again_and_again():
    whole = solver()
    history = fit(whole)
    states = [None]

    def stop(history, take):
        states.append(take())
        raise KeyboardInterrupt

    for epoch in range(1, 7):
        trainer = solver(seed=0 if epoch == 1 else epoch)
        last = fit(trainer, state=states[-1], callback=stop)
        assert (last.ended, len(last.train_loss)) == ("interrupted", epoch + 1)
        assert last.train_loss == history.train_loss[: epoch + 1]
    trainer = solver(seed=9)
    assert fit(trainer, state=states[-1]) == history  # all epochs are done: nothing is trained
    assert same(trainer.model.network.state(), whole.model.network.state())


def test_the_best_parameters_come_along():
    path = [3.0, 1.0, 2.0, 2.5, 1.5]
    pairs = (np.array([[1.0]]), np.array([[0.0]])), (np.array([[2.0]]), np.array([[0.0]]))
    states = []
    settings = {"epochs": 5, "patience": 3}
    kept = lambda history, take: states.append((history.ended, take()))  # noqa: E731
    history = Solver(line(4), Walk(*path)).fit(*pairs, callback=kept, **settings)
    assert (history.kept, len(states)) == (2, 5)
    over = "no lower validation loss in 3 epochs"
    assert [ended for ended, _ in states] == ["", "", "", "", over]
    for _, state in states:
        model = line(7)
        assert Solver(model, Walk(*path)).fit(*pairs, state=state, **settings) == history
        assert model.network.parameters["W1"].item() == 1.0


def test_ctrl_c_after_going_on_gives_back_a_best_epoch_of_before():
    path = [3.0, 1.0, 2.0, 2.5, 1.5]
    pairs = (np.array([[1.0]]), np.array([[0.0]])), (np.array([[2.0]]), np.array([[0.0]]))
    states = []
    Solver(line(4), Walk(*path)).fit(
        *pairs, epochs=5, callback=lambda history, take: states.append(take())
    )

    def stop(history, take):
        raise KeyboardInterrupt

    model = line(7)
    history = Solver(model, Walk(*path)).fit(*pairs, epochs=5, state=states[2], callback=stop)
    assert (history.kept, len(history.train_loss)) == (2, 5)
    assert model.network.parameters["W1"].item() == 1.0


def test_an_overflow_after_going_on_gives_back_the_best_epoch_too():
    path, pairs = [3.0, 1.0, 2.0, np.inf], (np.array([[1.0]]), np.array([[0.0]]))
    states = []
    with pytest.raises(FloatingPointError, match="^epoch 4"):
        Solver(line(4), Walk(*path)).fit(
            pairs, epochs=4, callback=lambda history, take: states.append(take())
        )
    model = line(7)
    with pytest.raises(FloatingPointError, match="^epoch 4"):
        Solver(model, Walk(*path)).fit(pairs, epochs=4, state=states[2])
    assert model.network.parameters["W1"].item() == 1.0


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_each_kind_of_generator_is_where_it_was(kind):
    def trainer(seed):
        rng = np.random.Generator(getattr(np.random, kind)(seed))
        rng.integers(9, dtype=np.int32)  # half a number is left for the next draw
        return Solver(
            Model(Sequential(Linear(3, 6, 0), Dropout(0.4, rng), Linear(6, 2, 1))), SGD(0.1)
        )

    history, states = states_of(trainer(0))
    assert fit(trainer(1), state=states[2]) == history


class Noisy(SGD):
    """An optimizer that draws."""

    def __init__(self, seed):
        super().__init__(0.1)
        self.rng = np.random.default_rng(seed)

    def direction(self, g):
        return g + self.rng.standard_normal(g.shape)


def test_a_generator_of_an_optimizer_is_kept_too():
    history, states = states_of(solver(optimizer=lambda: Noisy(0)))
    assert fit(solver(optimizer=lambda: Noisy(1)), state=states[2]) == history


def test_a_shared_generator_is_kept_once_and_stays_shared():
    trainer = solver()
    assert len(generators(trainer)) == 2  # the shared one, and that of the block
    history, states = states_of(trainer)
    assert len(states[0].facts["generators"]) == 3  # and that of the batches
    other = solver(seed=1)
    fit(other, state=states[0])
    layers = other.model.network.layers
    assert layers[3].rng is layers[5].rng is not layers[4].inner["noise"][0].rng


def test_a_state_is_a_copy_that_can_be_used_twice():
    whole = solver()
    history, states = states_of(whole)
    before = copy.deepcopy(states[2])
    for seed in (1, 2):
        assert fit(solver(seed=seed), state=states[2]) == history
    assert same(states[2].arrays, before.arrays)
    assert states[2].facts == before.facts
    for one, other in zip(states, states[1:], strict=False):
        assert not same(one.arrays, other.arrays)


def test_nothing_is_copied_or_looked_at_if_nobody_takes(monkeypatch):
    monkeypatch.setattr("nnfs_core.solver.fingerprint", lambda *_: 1 / 0)
    fit(solver())  # without a callback, the samples are not read once more
    monkeypatch.undo()
    monkeypatch.setattr("nnfs_core.solver.training_facts", lambda *_: 1 / 0)
    told = []
    history = fit(solver(), callback=lambda history, take: told.append(history.train_loss[-1]))
    assert told == history.train_loss[1:]


def test_what_is_taken_too_late_is_refused():
    """In the middle of an epoch, or after the best parameters have come back."""
    kept, late = [], []

    def noisy(Y, A):
        if kept:
            with pytest.raises(RuntimeError, match=r"take\(\) comes too late: call it before"):
                kept[-1]()
            late.append(1)
        return 0.0

    fit(solver(metric=noisy), callback=lambda history, take: kept.append(take))
    assert len(late) == 2 * 5
    with pytest.raises(RuntimeError, match=r"take\(\) comes too late"):
        kept[-1]()


def test_what_a_callback_raises_ends_the_training():
    def full(history, take):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        fit(solver(), callback=full)
    for callback in (3, "save", take_nothing):
        with pytest.raises(TypeError, match="callback is|takes 0 positional"):
            fit(solver(), callback=callback)


def take_nothing():
    """No callback: it takes no arguments."""


OTHERS = [  # what another training differs in, and what the error names
    ({"epochs": 7}, {}, "with epochs 6, this has 7; expected one of this very training"),
    ({"batch_size": 9}, {}, "with batch_size 8, this has 9"),
    ({"seed": 4}, {}, "with seed 3, this has 4"),
    ({"patience": 3}, {}, "with patience None, this has 3"),
    ({"train": samples(35, 2)}, {}, "a training on other samples"),
    ({"train": (TRAIN[0], TRAIN[1] + 1e-9)}, {}, "a training on other samples"),
    ({"train": tuple(a.astype(np.float32) for a in TRAIN)}, {}, "a training on other samples"),
    ({"aside": samples(9, 2)}, {}, "a training on other samples"),
    ({"aside": None}, {}, "a training on other samples"),
    ({}, {"layers": {"hidden": 7}}, r"model Linear\(W \(6, 3\).*, this has Linear\(W \(7, 3\)"),
    ({}, {"layers": {"activation": ReLU}}, r"with model Tanh\(\), this has ReLU\(\)"),
    ({}, {"layers": {"rate": 0.4}}, r"model Dropout\(rate=0.3\), this has Dropout\(rate=0.4\)"),
    ({}, {"model": {"l2": 0.6}}, r"model Model\(l2=0.5; m=35\), this has Model\(l2=0.6"),
    ({}, {"optimizer": "AdamW"}, r"optimizer Adam\(.*, this has AdamW\("),
    ({}, {"optimizer": lambda: Adam(0.03)}, r"optimizer Adam\(learning_rate=0.02.*rate=0.03"),
    ({}, {"optimizer": lambda: Adam(0.02, (0.8, 0.9))}, r"betas=0.9, 0.999.*betas=0.8, 0.9;"),
    ({}, {"schedule": exponential_decay}, "with schedule"),
    ({}, {"schedule": lambda done: 1.0}, "with schedule"),
    ({}, {"clip_norm": None}, "with clip_norm 0.5, this has None"),
    ({}, {"metric": None}, "with metric mean_error, this has None"),
    ({}, {"metric": lambda Y, A: 0.0}, "with metric mean_error, this has <lambda>"),
]


@pytest.mark.parametrize(("settings", "made", "message"), OTHERS)
def test_a_state_of_another_training_is_refused_before_anything_changes(settings, made, message):
    _, states = states_of(solver())
    refused_unchanged(states[1], settings, made, message)


def refused_unchanged(state, settings, made, message):
    """Refuse a state with this message, and leave the solver as it is."""
    trainer = solver(seed=1, **made)
    before = trainer.model.network.state(), [r.bit_generator.state for r in generators(trainer)]
    with pytest.raises((TypeError, ValueError), match=message):
        fit(trainer, state=state, **settings)
    assert same(trainer.model.network.state(), before[0])
    assert [r.bit_generator.state for r in generators(trainer)] == before[1]
    optimizer = trainer.optimizer
    assert (optimizer.steps, optimizer.moments, optimizer.network) == (0, {}, None)


def test_another_depth_is_refused():
    flat = Solver(Model(Sequential(Linear(3, 2, 0))), SGD(0.1))
    deep = Solver(Model(Sequential(Linear(3, 2, 0), Tanh())), SGD(0.1))
    state = states_of(flat)[1][0]
    with pytest.raises(ValueError, match=r"with model MSELoss\(\), this has Tanh\(\)"):
        fit(deep, state=state)
    state.facts["training"]["model"].pop()
    with pytest.raises(ValueError, match="with model 3 parts, this has 4 parts"):
        fit(flat, state=state)


def test_a_rate_that_a_callback_changed_is_part_of_the_state():
    def halving(trainer, states):
        def halve(history, take):
            trainer.optimizer.learning_rate /= 2
            states.append(take())

        return halve

    whole, other, states = solver(), solver(seed=1), []
    history = fit(whole, callback=halving(whole, states))
    with pytest.raises(ValueError, match=r"learning_rate=0\.01;.*this has .*learning_rate=0\.02;"):
        fit(other, state=states[0])
    other.optimizer.learning_rate = 0.01
    assert fit(other, state=states[0], callback=halving(other, [])) == history


def _changed(change):
    """A state with a change."""
    _, states = states_of(solver())
    state = copy.deepcopy(states[2])
    change(state)
    return state


DAMAGED = [  # what nobody but a forger changes, since a checkpoint has a checksum
    (lambda s: s.facts.clear(), "says nothing of its training"),
    (lambda s: s.facts.update(training=[1]), "says nothing of its training"),
    (lambda s: s.facts["training"].update(model=3), "with model 3"),
    (lambda s: s.arrays.pop("network/W1"), "missing W1"),
    (lambda s: s.arrays.pop("best/W1"), "missing W1"),
    (lambda s: s.arrays.update({"network/W9": np.ones((1, 1))}), "unknown W9"),
    (lambda s: s.arrays.update({"more/W1": np.ones((1, 1))}), "an array 'more/W1'"),
    (lambda s: s.arrays.update({"W1": np.ones((1, 1))}), "an array 'W1'"),
    (lambda s: s.arrays.update({"network/W1": np.ones((2, 2))}), r"expected shape \(6, 3\)"),
    (lambda s: s.arrays.update({"best/W1": np.full((6, 3), np.nan)}), "18 NaN"),
    (lambda s: s.arrays.update({"network/W1": np.full((6, 3), "a")}), "expected real numbers"),
    (lambda s: s.arrays.update({"network/W1": [[1.0]]}), "is a list"),
    (lambda s: s.arrays.update({"moments/v": s.arrays["moments/v"][1:]}), "v has .* entries; exp"),
    (lambda s: s.arrays.update({"moments/v": np.ones((2, 2))}), "moment v is an array of shape"),
    (
        lambda s: s.arrays.update({"moments/v": s.arrays["moments/v"].astype(int)}),
        "array of floats",
    ),
    (
        lambda s: s.arrays.pop("moments/s"),
        "has the moments {'v': 'float64'}; Adam.* expected {'v': ",
    ),
    (lambda s: s.arrays.update({"moments/x": s.arrays["moments/v"]}), "'x': 'float64'}; Adam"),
    (
        lambda s: s.arrays.update({"moments/v": s.arrays["moments/v"].astype("f4")}),
        "'v': 'float32'",
    ),
    (lambda s: s.facts.update(steps=-1), "steps are -1"),
    (lambda s: s.facts.update(steps=True), "steps are True"),
    (lambda s: s.facts.update(steps=2.0), "steps are 2.0"),
    (lambda s: s.facts.pop("steps"), "steps are None"),
    (lambda s: s.facts.pop("generators"), "has no generators; expected 3"),
    (lambda s: s.facts["generators"].pop(), "has 2 generators; expected 3"),
    (lambda s: s.facts["generators"].__setitem__(1, 5), "a generator does not fit.*PCG64"),
    (lambda s: s.facts["generators"][0].update(has_uint32="x"), "a generator does not fit"),
    (lambda s: s.facts["generators"][0].update(bit_generator="SFC64"), "a generator does not fit"),
    (lambda s: s.facts["generators"][0]["state"].update(state=2**200), "a generator does not fit"),
    (lambda s: s.facts["generators"][0]["state"].update(state=-1), "a generator does not fit"),
    (lambda s: s.facts["generators"][0]["state"].pop("inc"), "a generator does not fit"),
    (lambda s: s.facts.pop("history"), "no right train_loss"),
    (lambda s: s.facts.update(history=[1.0]), "no right train_loss"),
    (lambda s: s.facts["history"].update(train_loss=3.0), "no right train_loss"),
    (lambda s: s.facts["history"].update(train_loss=[]), "no right validation_loss"),
    (
        lambda s: s.facts["history"]["validation_loss"].pop(),
        "no right validation_loss; exp.* 4 fin",
    ),
    (lambda s: s.facts["history"]["train_metric"].append(1.0), "no right train_metric"),
    (lambda s: s.facts["history"]["train_loss"].__setitem__(1, math.nan), "no right train_loss"),
    (lambda s: s.facts["history"]["train_loss"].__setitem__(1, "1"), "no right train_loss"),
    (
        lambda s: [row.append(1.0) or row.extend(row) for row in s.facts["history"].values()],
        "has 9 e",
    ),
    (
        lambda s: [row.__delitem__(slice(1, None)) for row in s.facts["history"].values()],
        "has 0 ep",
    ),
]


@pytest.mark.parametrize(("change", "message"), DAMAGED)
def test_a_state_that_was_changed_is_refused_before_anything_changes(change, message):
    refused_unchanged(_changed(change), {}, {}, message)


@pytest.mark.parametrize("state", [3, {}, "state", (1, 2), TrainingState([], {}), {"arrays": {}}])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(TypeError, match="state is .*; expected the TrainingState of"):
        fit(solver(), state=state)


class Odd(SGD):
    """An optimizer whose memory nothing can go on from: a number, not an entry a parameter."""

    def direction(self, g):
        self.moments["mean"] = np.array(g.mean())
        return g


def test_moments_that_no_training_could_go_on_from_are_refused_when_they_are_taken():
    trainer = Solver(Model(mlp([3, 4, 2])), Odd(0.1))
    with pytest.raises(
        ValueError, match="Odd.*moment mean is an array of shape.*an entry for each"
    ):
        fit(trainer, callback=lambda history, take: take())


def test_a_layer_that_counts_is_no_training_to_go_on_with():
    """What a layer remembers beside parameters, buffers and generators would be lost: it shows."""

    class Counts(Tanh):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def forward(self, Z, training=False):
            self.calls += training
            return super().forward(Z, training)

    def trainer():
        return Solver(Model(Sequential(Linear(3, 2, 0), Counts())), SGD(0.1))

    _, states = states_of(trainer())
    with pytest.raises(ValueError, match=r"Counts\(calls=5\), this has Counts\(calls=0\)"):
        fit(trainer(), state=states[0])


def test_a_fingerprint_is_of_kind_shape_and_values():
    X = np.arange(6.0).reshape(2, 3)
    different = [
        (X, X),
        (X.T, X),
        (X.ravel(), X),
        (X.astype(np.float32), X),
        (X, X + 1),
        (X, X[:1]),
        (X,),
    ]
    assert len({fingerprint(pair) for pair in different} | {fingerprint(None, (X, X))}) == 8
    assert fingerprint((X, X)) == fingerprint((X.copy(), np.asfortranarray(X)), None)


def test_losses_of_a_penalised_model_are_those_of_the_state():
    """The state's history is the training's own, not one that is measured again."""
    history, states = states_of(solver())
    state = states[3]
    assert state.facts["history"]["train_loss"] == history.train_loss[:5]
    trainer = solver()
    trainer.model.network.load_state(
        {
            name.partition("/")[2]: a
            for name, a in state.arrays.items()
            if name.startswith("network")
        }
    )
    found = MSELoss().forward(trainer.model.predict(TRAIN[0]), TRAIN[1])
    assert found == state.facts["history"]["train_loss"][-1]
