"""Stage 9: optimizers against fractions and PyTorch, batches, and how a training ends."""

import copy
import json
import math
import pickle
import sys
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score
from threadpoolctl import threadpool_info, threadpool_limits

from nnfs_core import Identity, Layer, Linear, Model, MSELoss, Sequential, Tanh, mlp
from nnfs_core.solver import (
    SGD,
    Adam,
    AdamW,
    History,
    Momentum,
    Optimizer,
    Solver,
    clip_gradients,
    constant,
    cosine,
    exponential_decay,
    minibatches,
)
from tests.make_solver_oracle import SETTINGS, STEPS, STORED, problem, run

KINDS = {"SGD": SGD, "Momentum": Momentum, "Adam": Adam, "AdamW": AdamW}


def samples(m=20, seed=0, n_in=3, n_out=2):
    """Random X and Y."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n_in, m)), rng.standard_normal((n_out, m))


def small(seed=0, **settings):
    """A model for samples()."""
    return Model(mlp([3, 4, 2], activation=Tanh, seed=seed), **settings)


def same(one, other):
    """Whether two dicts of arrays are equal to the last bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


class Weights(Layer):
    """A weight and a bias of 1, whose gradients a test sets."""

    penalised = ("W",)

    def __init__(self, shape=(1, 1)):
        super().__init__()
        self.parameters = {"W": np.ones(shape), "b": np.ones((1, 1))}

    def given(self, g):
        """Set both gradients to g."""
        self.gradients = {f"d{name}": np.full_like(a, g) for name, a in self.parameters.items()}


# Three steps by hand, from 1, with η = 1/10. The gradients are chosen so that all roots are whole.
BY_HAND = [
    # 1 - 1/10, - 2/10, + 3/10
    (SGD(0.1), (1, 2, -3), ["9/10", "7/10", "1"], None),
    # β = 1/2: v is 1, then 1/2 + 2 = 5/2, then 5/4 - 3 = -7/4
    (Momentum(0.1, beta=0.5), (1, 2, -3), ["9/10", "13/20", "33/40"], None),
    # β1 = 1/4, β2 = 1/2, ε = 1:
    # v: 3/4, then 3/16 + 33/4 = 135/16, then 135/64 - 15/4 = -105/64,
    # v̂ = v / (1 - 1/4^t): 1, 9, -5/3;
    # s: 1/2, then 1/4 + 121/2 = 243/4, then 243/8 + 25/2 = 343/8,
    # ŝ = s / (1 - 1/2^t): 1, 81, 49;
    # v̂ / (√ŝ + 1): 1/2, 9/10, -5/24
    (Adam(0.1, (0.25, 0.5), 1.0), (1, 11, -5), ["19/20", "43/50", "1057/1200"], None),
    # The same steps, after 1 - 1/10 × 1/2 = 19/20 of the weight, and not of the bias, is left.
    (
        AdamW(0.1, (0.25, 0.5), 1.0, decay=0.5),
        (1, 11, -5),
        ["19/20", "43/50", "1057/1200"],
        ["9/10", "153/200", "8971/12000"],
    ),
]


@pytest.mark.parametrize(("optimizer", "gradients", "bias", "weight"), BY_HAND)
def test_three_steps_worked_by_hand(optimizer, gradients, bias, weight):
    network, got = Weights(), {"W": [], "b": []}
    for g in gradients:
        network.given(float(g))
        optimizer.step(network)
        for name, array in network.parameters.items():
            got[name].append(array.item())
    for name, fractions in {"b": bias, "W": weight or bias}.items():
        expected = [float(Fraction(text)) for text in fractions]
        np.testing.assert_allclose(got[name], expected, rtol=1e-15, err_msg=name)
    assert optimizer.steps == 3


@pytest.mark.parametrize("make", [SGD, Momentum, Adam, lambda rate: AdamW(rate, decay=0.3)])
def test_a_factor_is_a_share_of_the_learning_rate(make):
    quarter, whole = Weights(), Weights()
    for optimizer, network, factor in ((make(0.2), quarter, 0.25), (make(0.05), whole, 1.0)):
        for g in (1.0, 3.0, -2.0):
            network.given(g)
            optimizer.step(network, factor)
    for name, array in whole.parameters.items():
        np.testing.assert_allclose(quarter.parameters[name], array, rtol=1e-14)


def ours(name):
    """Losses before each of 200 steps, and the last parameters in a row, as the oracle's."""
    X, Y, first = problem()
    model = Model(mlp([3, 4, 2], activation=Tanh))
    model.network.load_state(first)
    optimizer, losses = KINDS[name](**SETTINGS[name]), []
    for _ in range(STEPS):
        losses.append(model.loss(X, Y))
        model.backward()
        optimizer.step(model.network)
    return losses, np.concatenate([array.ravel() for array in model.network.parameters.values()])


@pytest.mark.parametrize("name", SETTINGS)
def test_200_steps_against_the_stored_ones_of_pytorch(name):
    losses, last = ours(name)
    stored = json.loads(STORED.read_text("utf-8"))[name]
    np.testing.assert_allclose(losses[::20], stored["losses"], rtol=1e-9)
    np.testing.assert_allclose(last, stored["last"], rtol=0, atol=1e-9)
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("name", SETTINGS)
def test_200_steps_against_pytorch(name):
    pytest.importorskip("torch")
    losses, last = ours(name)
    theirs = run(name)
    np.testing.assert_allclose(losses, theirs["losses"], rtol=1e-10)
    np.testing.assert_allclose(last, theirs["last"], rtol=0, atol=1e-10)


def test_the_methods_differ():
    lasts = [ours(name)[1] for name in SETTINGS]
    apart = [np.abs(one - other).max() for one in lasts for other in lasts if one is not other]
    assert min(apart) > 1e-3


SIZES = st.tuples(st.integers(1, 40), st.integers(1, 50), st.integers(0, 10**6))


@given(SIZES)
def test_every_sample_once_an_epoch_with_its_target(sizes):
    m, size, seed = sizes
    X = np.arange(2 * m).reshape(2, m)
    batches = list(minibatches(X, -X[:1], size, np.random.default_rng(seed)))
    widths = [batch.shape[1] for batch, _ in batches]
    assert widths == [size] * (m // size) + [m % size] * (m % size > 0)
    together = np.hstack([np.vstack(pair) for pair in batches])
    assert np.array_equal(together[:, together[0].argsort()], np.vstack([X, -X[:1]]))
    again = minibatches(X, -X[:1], size, np.random.default_rng(seed))
    assert np.array_equal(np.hstack([np.vstack(pair) for pair in again]), together)


@given(st.integers(0, 10**6), st.sampled_from([1, 7, 10]))
def test_each_epoch_has_another_partition(seed, size):
    """Sets of samples, not only their order; 40! / (10!)^4 partitions: two are never alike."""
    X, rng = np.arange(40)[None], np.random.default_rng(seed)
    epochs = [[set(x[0]) for x, _ in minibatches(X, X, size, rng)] for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def test_batches_are_copies_and_bad_input_is_told_at_the_call():
    X, Y = samples()
    before = X.copy()
    for x, _ in minibatches(X, Y, 7, np.random.default_rng(0)):
        x[...] = 7.0
    assert np.array_equal(X, before)
    with pytest.raises(ValueError, match="batch_size is 0"):
        minibatches(X, Y, 0, np.random.default_rng(0))  # nothing is drawn from it


class Recorder(Optimizer):
    """Stands still, and keeps the gradients that it was given, times their factor."""

    def __init__(self):
        super().__init__(1.0)
        self.factors, self.sums = [], None

    def step(self, network, factor=1.0):
        told = {name: factor * g for name, g in network.gradients.items()}
        self.sums = {name: told[name] + (self.sums[name] if self.sums else 0) for name in told}
        self.factors.append(factor)


@given(SIZES, st.sampled_from([0.0, 3.0]))
def test_steps_of_an_epoch_add_up_to_the_whole_gradient(sizes, l2):
    """At each batch size, times m / B: the short batch has its share, and so has the penalty."""
    m, size, seed = sizes
    (X, Y), recorder, model = samples(m, seed), Recorder(), small(l2=l2, m=m)
    model.loss(X, Y)
    model.backward()
    whole = {name: g.copy() for name, g in model.network.gradients.items()}
    Solver(model, recorder).fit((X, Y), epochs=1, batch_size=size, seed=seed)
    for name, g in whole.items():
        expected = g * m / min(size, m)
        np.testing.assert_allclose(recorder.sums[name], expected, rtol=1e-9, atol=1e-11)
    assert recorder.factors[: m // size] == [1.0] * (m // size)


@pytest.mark.parametrize("schedule", [constant, exponential_decay, cosine])
def test_schedules_start_at_1_and_never_rise(schedule):
    assert schedule(0.0) == 1.0

    @given(st.floats(0, 1), st.floats(0, 1))
    def inside(one, other):
        assert 0 <= schedule(max(one, other)) <= schedule(min(one, other)) <= 1

    inside()


def test_where_schedules_end():
    assert cosine(1.0) == pytest.approx(0, abs=1e-15)
    assert cosine(0.5) == pytest.approx(0.5)
    assert exponential_decay(1.0) == pytest.approx(0.01)
    assert exponential_decay(0.5, final=0.25) == pytest.approx(0.5)
    assert constant(0.9) == 1.0


def test_a_schedule_is_told_the_share_that_is_done():
    told, recorder = [], Recorder()
    half = Solver(small(), recorder, schedule=lambda done: told.append(done) or 0.5)
    told.clear()  # of what a guard may have tried
    half.fit(samples(20), epochs=2, batch_size=8)
    np.testing.assert_allclose(told, [0, 0.2, 0.4, 0.5, 0.7, 0.9])
    assert recorder.factors == [0.5] * 6


@given(st.integers(0, 10**6), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_clipping_keeps_the_direction_and_the_bound(seed, size, bound):
    rng = np.random.default_rng(seed)
    gradients = {"dW1": size * rng.standard_normal((3, 2)), "db1": size * rng.standard_normal(3)}
    before = np.concatenate([g.ravel() for g in gradients.values()])
    arrays = list(gradients.values())
    norm = clip_gradients(gradients, bound)
    after = np.concatenate([g.ravel() for g in arrays])  # in place
    assert norm == pytest.approx(np.linalg.norm(before))
    assert np.linalg.norm(after) <= bound * (1 + 1e-12) or np.array_equal(after, before)
    np.testing.assert_allclose(after, before * min(1, bound / norm), rtol=1e-12)


def test_clipping_leaves_a_norm_of_0_and_refuses_what_is_not_finite():
    gradients = {"dW1": np.zeros((2, 2))}
    assert clip_gradients(gradients, 1.0) == 0.0
    assert not gradients["dW1"].any()
    for bad in (np.nan, np.inf, 1e200):
        with pytest.raises(FloatingPointError, match="the gradient's norm is"):
            clip_gradients({"dW1": np.full((2, 2), bad)}, 1.0)


def test_the_solver_clips_what_the_optimizer_gets():
    recorder = Recorder()
    Solver(small(), recorder, clip_norm=1e-3).fit(samples(20), epochs=1, batch_size=20)
    assert math.sqrt(sum(np.sum(g**2) for g in recorder.sums.values())) == pytest.approx(1e-3)


# ---- the solver


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_same_seed_gives_the_same_history(name, dtype):
    train, other = ([part.astype(dtype) for part in samples(33, seed)] for seed in (0, 1))
    made = [KINDS[name](learning_rate=0.01) for _ in range(3)]
    models, histories = [small() for _ in range(3)], []
    for model, optimizer, seed in zip(models, made, (5, 5, 6), strict=True):
        settings = {"metric": lambda Y, A: np.mean((Y - A) ** 2), "schedule": cosine}
        histories.append(
            Solver(model, optimizer, **settings).fit(
                train, other, epochs=4, batch_size=8, seed=seed
            )
        )
    assert histories[0] == histories[1] != histories[2]  # bit for bit: lists of floats
    assert same(models[0].network.state(), models[1].network.state())
    arrays = models[0].network.parameters.values()
    assert {array.dtype for array in arrays} == {np.dtype(np.float64)}
    for losses in (histories[0].train_loss, histories[0].train_metric):
        assert len(losses) == 5 and losses[-1] < losses[0]
    np.testing.assert_allclose(histories[0].train_metric, histories[0].train_loss, rtol=1e-6)


def test_the_history_is_of_the_model_as_it_predicts_and_without_the_penalty():
    train, other, model = samples(30), samples(9, 1), small(l2=5.0, m=30)
    first = MSELoss().forward(model.predict(train[0]), train[1])
    history = Solver(model, Adam()).fit(train, other, epochs=3)
    assert history.train_loss[0] == first
    for losses, (X, Y) in ((history.train_loss, train), (history.validation_loss, other)):
        assert losses[-1] == MSELoss().forward(model.predict(X), Y)
    assert (history.kept, history.ended) == (3, "all epochs done")
    assert history.train_metric == history.validation_metric == []


@pytest.mark.parametrize("m", [1, 5])
def test_a_batch_size_above_m_and_one_sample(m):
    runs = []
    for size in (m, 32, 10**9):
        model = small()
        history = Solver(model, SGD(0.1)).fit(samples(m), epochs=20, batch_size=size)
        runs.append(history.train_loss)
    assert runs[0] == runs[1] == runs[2]
    assert runs[0][-1] < runs[0][0]


def test_a_penalty_draws_to_the_same_weights_at_each_batch_size():
    """With steps small enough, it is one way for 2 and for 40 samples a step."""
    lasts = []
    for size in (2, 7, 40):
        model = small(l2=4.0, m=40)
        Solver(model, SGD(0.001 * size)).fit(samples(40), epochs=150, batch_size=size)
        lasts.append(np.concatenate([a.ravel() for a in model.network.parameters.values()]))
    np.testing.assert_allclose(lasts[0], lasts[2], atol=0.01)
    np.testing.assert_allclose(lasts[1], lasts[2], atol=0.01)


class Walk(Optimizer):
    """Goes a known path: the weight of `line()` is path[t] after t steps."""

    def __init__(self, *path):
        super().__init__(1.0)
        self.path = path

    def step(self, network, factor=1.0):
        network.parameters["W1"][...] = self.path[self.steps]
        self.steps += 1


def line(first):
    """A model w x with w = first."""
    model = Model(Sequential(Linear(1, 1, 0)))
    model.network.parameters["W1"][...] = first
    return model


def weight(model):
    """The w of line()."""
    return model.network.parameters["W1"].item()


# The loss is w²/2 for training and 2 w² for validation.
TRAIN = np.array([[1.0]]), np.array([[0.0]])
OTHER = np.array([[2.0]]), np.array([[0.0]])


@pytest.mark.parametrize(
    ("path", "patience", "epochs", "kept"),
    [
        ([3, 2, 1, 2, 1.5, 0], 2, 5, 3),  # 0 would come after the end
        ([3, 2, 1, 2, 0.5, 2, 1, 0], 2, 7, 5),  # a better one in time begins the count anew
        ([5, 6, 7, 0], 3, 3, 0),  # the first network was the best
        ([3, 3, 3, 3], 2, 3, 1),  # a tie is no better, and the first of it is kept
        ([4, 4, 2, 2, 2], 1, 1, 0),  # so is a plateau from the first on
        ([3, 2, -2, 1, -1, 1], 2, 6, 4),
        ([3, 2, 1], 5, 3, 3),  # all epochs
        ([3, 1, 2], 9, 3, 2),
    ],
)
def test_patience_keeps_the_best_epoch_and_stops_at_the_right_one(path, patience, epochs, kept):
    model, path = line(4), [float(w) for w in path]
    history = Solver(model, Walk(*path)).fit(TRAIN, OTHER, epochs=len(path), patience=patience)
    walked = [4.0, *path][: epochs + 1]
    assert history.train_loss == [w**2 / 2 for w in walked]
    assert history.validation_loss == [2 * w**2 for w in walked]
    assert history.kept == history.best == kept
    assert weight(model) == walked[kept]
    whole = epochs == len(path)
    stopped = f"no lower validation loss in {patience} epochs"
    ended_by_patience = history.ended == stopped
    assert ended_by_patience or (whole and history.ended == "all epochs done")
    assert ended_by_patience == (epochs - kept >= patience)


def test_patience_looks_at_validation_and_not_at_training():
    other = np.array([[2.0]]), np.array([[6.0]])  # best at w = 3, training at 0
    model = line(4)
    history = Solver(model, Walk(3.0, 2.0, 1.0, 0.0)).fit(TRAIN, other, epochs=4, patience=2)
    assert (weight(model), history.kept, len(history.train_loss)) == (3.0, 1, 4)


def test_without_patience_the_last_network_is_kept():
    model = line(4)
    history = Solver(model, Walk(1.0, 2.0, 3.0)).fit(TRAIN, OTHER, epochs=3)
    assert (weight(model), history.kept, history.best) == (3.0, 3, 1)


class Interrupts:
    """Called for the nth time, it raises what Ctrl-C does."""

    def __init__(self, when):
        self.left = when

    def __call__(self, *_):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return 0.5


class Breaks(Identity):
    """A layer whose nth backward is interrupted."""

    def __init__(self, when):
        super().__init__()
        self.call = Interrupts(when)

    def backward(self, dA):
        self.call()
        return super().backward(dA)


PATH = (3.0, 1.0, 2.0, 0.5)


def check_interrupted(model, history, validated):
    """What Ctrl-C has to leave: whole epochs, and the network of the best of them."""
    assert history.ended == "interrupted"
    epochs = len(history.train_loss) - 1
    walked = (4.0, *PATH)[: epochs + 1]
    assert history.train_loss == [w**2 / 2 for w in walked]
    assert history.validation_loss == ([2 * w**2 for w in walked] if validated else [])
    assert len(history.train_metric) in (0, epochs + 1)
    assert len(history.validation_metric) == len(history.train_metric) * validated
    assert history.kept == history.best == np.argmin(history.train_loss)
    assert weight(model) == walked[history.kept]
    history.draw()
    plt.close("all")


@pytest.mark.parametrize(
    ("validated", "when"), [*((True, when) for when in range(3, 11)), (False, 2), (False, 5)]
)
def test_ctrl_c_in_a_metric_gives_back_the_best_and_whole_epochs(validated, when):
    """In the metric of training or of validation samples; the first calls come before any step."""
    model, pairs = line(4), (TRAIN, OTHER)[: 1 + validated]
    history = Solver(model, Walk(*PATH), metric=Interrupts(when)).fit(*pairs, epochs=4)
    assert len(history.train_loss) == (when - 1) // (1 + validated)
    check_interrupted(model, history, validated)


@pytest.mark.parametrize("patience", [None, 3])
@pytest.mark.parametrize("when", range(1, 5))
def test_ctrl_c_on_the_way_back_gives_back_the_best_and_whole_epochs(when, patience):
    model = Model(Sequential(Linear(1, 1, 0), Breaks(when)))
    model.network.parameters["W1"][...] = 4.0
    history = Solver(model, Walk(*PATH)).fit(TRAIN, OTHER, epochs=4, patience=patience)
    assert len(history.train_loss) == when
    check_interrupted(model, history, True)


def test_ctrl_c_between_the_parameters_of_a_step():
    class Half(Momentum):
        def step(self, network, factor=1.0):
            if self.steps == 5:
                network.parameters["W1"][...] = 99.0
                raise KeyboardInterrupt
            super().step(network, factor)

    model, train, other = small(), samples(12), samples(5, 1)
    history = Solver(model, Half(0.01)).fit(train, other, epochs=9, batch_size=5)
    assert (history.ended, len(history.train_loss)) == ("interrupted", 2)
    kept = MSELoss().forward(model.predict(other[0]), other[1])
    assert kept == history.validation_loss[history.kept] == min(history.validation_loss)


def test_an_interrupted_training_goes_on():
    model, train = small(), samples(20)
    Solver(model, Adam(), metric=Interrupts(4)).fit(train, epochs=9)
    history = Solver(model, Adam()).fit(train, epochs=5)
    assert history.train_loss[-1] < history.train_loss[0]


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize(
    ("bad", "found"), [(np.nan, "the train loss"), (1e200, "the train loss"), (np.inf, "the train")]
)
def test_the_overflow_of_the_last_epoch_is_found(bad, found, validated):
    model, other = line(4), (OTHER,) if validated else ()
    message = (
        rf"epoch 3: {found}.*Walk\(learning_rate=1\) is probably too fast: try a tenth of it, or "
        "clip_norm=1. The network has the parameters of its best epoch"
    )
    with pytest.raises(FloatingPointError, match=message):
        Solver(model, Walk(1.0, 2.0, bad)).fit(TRAIN, *other, epochs=3)
    assert weight(model) == 1.0


def test_an_overflow_on_validation_alone_is_told_with_its_epoch():
    far, model = (np.array([[1e200]]), np.array([[0.0]])), line(0)
    with pytest.raises(FloatingPointError, match="^epoch 2: the validation loss "):
        Solver(model, Walk(0.0, 1.0, 0.0)).fit(TRAIN, far, epochs=3)
    assert weight(model) == 0.0


def test_an_overflow_within_an_epoch_says_the_likely_cause_and_restores():
    model, (X, Y) = small(), samples(40)
    first = model.network.state()
    slow = r"^epoch 1: the loss is (inf|nan); SGD\(learning_rate=1e\+200\) is probably too fast"
    with pytest.raises(FloatingPointError, match=slow):
        Solver(model, SGD(1e200)).fit((X, Y), epochs=5, batch_size=5)
    assert same(model.network.state(), first)
    with pytest.raises(FloatingPointError, match=r"X goes up to \d+e?\S*: scale it\. The network"):
        linear = Model(mlp([3, 2]))
        Solver(linear, SGD(0.1)).fit((1000 * X, Y), epochs=500, batch_size=5)
    assert all(np.isfinite(array).all() for array in linear.network.parameters.values())


def test_clipping_a_gradient_that_is_not_finite_is_told_as_the_solver_does():
    model = line(1)
    with pytest.raises(FloatingPointError, match="^epoch 3: the gradient's norm is inf; .*Walk"):
        Solver(model, Walk(1.0, 1e152, 1.0), clip_norm=1.0).fit(
            (np.array([[99.0]]), TRAIN[1]), epochs=3
        )
    assert weight(model) == 1.0


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("end", ["all", "patience", "interrupt", "overflow", "error", "refused"])
def test_one_core_is_used_and_the_others_are_given_back_whatever_happens(end):
    inside = []

    def metric(Y, A):
        inside.append(blas_threads())
        if len(inside) == 3 and end in ("interrupt", "error"):
            raise {"interrupt": KeyboardInterrupt, "error": ZeroDivisionError}[end]
        return 0.0

    walk = Walk(1.0, np.inf if end == "overflow" else 2.0, 3.0, 4.0, 5.0)
    Y = np.ones((1, 2)) if end == "refused" else TRAIN[1]
    patience = 1 if end == "patience" else None
    raised = {"overflow": FloatingPointError, "error": ZeroDivisionError, "refused": ValueError}
    with threadpool_limits(2, "blas"):
        try:
            trainer = Solver(line(4), walk, metric=metric)
            trainer.fit((TRAIN[0], Y), OTHER, epochs=5, patience=patience)
            assert end not in raised
        except tuple(raised.values()) as error:
            assert type(error) is raised.get(end)
        assert blas_threads() == {2}
    assert end == "refused" or inside[2] == {1}


# ---- what is refused, before anything changes

X, Y = samples(20)
OTHERS = samples(8, 1)
NO_SHAPE = [
    ((X.T, Y.T), None, r"expected shape \(3, any\)|expected shape \(any, 3\)"),
    ((X, Y.T), None, r"Y of train is an array of shape \(20, 2\).*; expected shape \(any, 20\)"),
    ((X, Y[0]), None, r"Y of train is .* one feature .*\[None, :\]"),
    ((X, Y[:1]), None, r"Y .*; expected shape \(2, "),
    ((X[:2], Y), None, r"X .*; expected shape \(3, any\)"),
    ((X[:, :0], Y[:, :0]), None, "X of train is empty"),
    ((X, Y * np.nan), None, "Y of train holds 40 NaN"),
    (X, None, r"train is an array .*; expected the pair \(X, Y\)"),
    ((X, Y, X), None, r"expected the pair \(X, Y\)"),
    ((X.tolist(), Y), None, "X of train is a list"),
    ((X, Y), (OTHERS[0][:2], OTHERS[1]), r"X of validation .* expected shape \(3, any\)"),
    ((X, Y), (OTHERS[0], OTHERS[1][:1]), r"Y of validation .* expected shape \(2, any\)"),
    ((X, Y), (OTHERS[0], OTHERS[1][:, :3]), r"Y of validation .* expected shape \(any, 8\)"),
    ((X, Y), (OTHERS[0][:, :0], OTHERS[1][:, :0]), "X of validation is empty"),
    ((X, Y), (OTHERS[0] * np.inf, OTHERS[1]), "X of validation holds"),
    ((X, Y), (OTHERS[0], OTHERS[1] * np.nan), "Y of validation holds"),
    ((X, Y), OTHERS[0], r"validation is an array .*; expected the pair \(X, Y\)"),
    ((X, Y), (X, Y), "validation is the training set"),
    ((X, Y), (X.copy(), Y.copy()), "validation is the training set"),
    ((X, Y), (X[:, ::-1], Y[:, ::-1]), "validation .* training set"),
    ((X, Y), (X[:, 5:9], Y[:, 5:9]), "validation .* training set"),
]


@pytest.mark.parametrize(("train", "validation", "message"), NO_SHAPE)
def test_samples_that_do_not_fit_are_refused_before_anything_changes(train, validation, message):
    model, optimizer = small(), Adam()
    before = model.network.state()
    with pytest.raises((TypeError, ValueError), match=message):
        Solver(model, optimizer).fit(train, validation, epochs=2)
    assert same(model.network.state(), before)
    assert (optimizer.steps, optimizer.moments, optimizer.network) == (0, {}, None)


SETTINGS_REFUSED = [
    ({"epochs": 0}, "epochs is 0; expected a whole number, 1 or more"),
    ({"epochs": 10.0}, "epochs is 10.0; expected a whole"),
    ({"epochs": True}, "epochs is True"),
    ({"batch_size": 0}, "batch_size is 0"),
    ({"batch_size": 32.0}, "batch_size is 32.0"),
    ({"batch_size": None}, "batch_size is None"),
    ({"seed": -1}, "seed is -1"),
    ({"seed": np.random.default_rng(0)}, "seed is a Generator; expected a whole number"),
    ({"seed": None}, "seed is None"),
    ({"patience": 0}, "patience is 0"),
    ({"patience": 2.5}, "patience is 2.5"),
    ({"patience": 3, "validation": None}, r"patience needs validation=\(X, Y\)"),
]


@pytest.mark.parametrize(("changed", "message"), SETTINGS_REFUSED)
def test_settings_without_sense_are_refused(changed, message):
    settings = {"validation": OTHERS, "epochs": 2} | changed
    with pytest.raises(ValueError, match=message):
        Solver(small(), Adam()).fit((X, Y), **settings)


RNG = np.random.default_rng(0)
CALLS = [  # what is refused: where it happens, with what was given and what to do
    (lambda: SGD(0), ValueError, "learning_rate is 0; expected a number above 0"),
    (lambda: SGD(-0.1), ValueError, "learning_rate is -0.1"),
    (lambda: SGD("0.1"), ValueError, "learning_rate is a str"),
    (lambda: SGD(np.nan), ValueError, "learning_rate is nan"),
    (lambda: Adam(cosine), ValueError, "learning_rate is a function; expected a number"),
    (lambda: Momentum(0.1, beta=1.0), ValueError, "beta is 1.0; expected a number below 1"),
    (lambda: Momentum(0.1, beta=-0.1), ValueError, "beta is -0.1"),
    (lambda: Adam(betas=(0.9, 1)), ValueError, "beta_2 is 1; expected a number below 1"),
    (lambda: Adam(betas=("0.9", 0.9)), ValueError, "beta_1 is a str"),
    (lambda: Adam(betas=(0.9, 0.9, 0.9)), ValueError, r"betas is \(0.9, 0.9, 0.9\); expected two"),
    (lambda: Adam(betas=0.9), ValueError, "betas is 0.9; expected two numbers"),
    (lambda: Adam(betas=(0.999, 0.9)), ValueError, r"betas is \(0.999, 0.9\); .* swapped\?"),
    (lambda: Adam(epsilon=0), ValueError, "epsilon is 0"),
    (lambda: AdamW(decay=-1), ValueError, "decay is -1"),
    (lambda: AdamW(0.5, decay=2), ValueError, r"learning_rate \* decay is 1.0; expected a number"),
    (lambda: clip_gradients({}, 0), ValueError, "clip_norm is 0"),
    (lambda: Solver(mlp([3, 2]), Adam()), TypeError, r"model is a Sequential; expected Model\("),
    (lambda: Solver(small(), Adam), TypeError, r"the class Adam; expected one such as Adam\("),
    (lambda: Solver(small(), "adam"), TypeError, "optimizer is a str"),
    (lambda: Solver(small(), Adam(), schedule=0.5), TypeError, "schedule is 0.5; expected a func"),
    (lambda: Solver(small(), Adam(), schedule=None), TypeError, "schedule is None; expected"),
    (lambda: Solver(small(), Adam(), metric="r2"), TypeError, "metric is a str; expected a func"),
    (lambda: Solver(small(), Adam(), clip_norm=0), ValueError, "clip_norm is 0"),
    (lambda: Solver(small(), Adam(), clip_norm="1"), ValueError, "clip_norm is a str"),
    (lambda: minibatches(X, Y[:, :5], 4, RNG), ValueError, r"Y .*; expected shape \(any, 20\)"),
    (lambda: minibatches(X, Y, 4, 0), TypeError, "rng is 0; expected np.random.default_rng"),
    (lambda: minibatches(X, Y, 4.0, RNG), ValueError, "batch_size is 4.0"),
    (lambda: minibatches(X, Y.tolist(), 4, RNG), TypeError, "Y is a list"),
    (lambda: SGD(1).step(Sequential(Identity())), ValueError, "has no parameters"),
    (lambda: SGD(1).step(mlp([3, 2])), RuntimeError, "step before backward: .* gradient dW1 yet"),
    (lambda: SGD(1).step(small()), TypeError, r"network is a Model; expected .*model\.network"),
    (lambda: SGD(1).step(Weights(), -1.0), ValueError, "factor is -1.0"),
    (lambda: SGD(1).step(Weights(), np.nan), ValueError, "factor is nan"),
    (
        lambda: Solver(small(l2=1.0, m=19), Adam()).fit((X, Y), epochs=1),
        ValueError,
        r"penalty is for 19 samples, train has 20; expected Model\(..., m=20\)",
    ),
]


@pytest.mark.parametrize("bad", [None, np.nan, -0.5, "1", 1j, np.ones(1), True])
@pytest.mark.parametrize(("begin", "place"), [(0, "0.0"), (0.4, "0.5"), (0.9, "0.99")])
def test_a_schedule_is_tried_before_a_training(bad, begin, place):
    with pytest.raises(ValueError, match=rf"schedule\({place}\) is .*; expected a number, 0 or m"):
        Solver(small(), Adam(), schedule=lambda done: bad if done >= begin else 1.0)


class Turned(Optimizer):
    """Its direction is what a test gives it."""

    def __init__(self, turn):
        super().__init__(0.1)
        self.turn = turn

    def direction(self, g):
        return self.turn(g)


TURNS = [
    lambda g: None,
    lambda g: 1.0,
    lambda g: g[:-1],
    lambda g: np.r_[g, g],
    lambda g: g[:, None],
]


@pytest.mark.parametrize("turn", TURNS)
def test_a_direction_of_another_shape_is_refused_before_the_step(turn):
    model = small()
    before = model.network.state()
    with pytest.raises(RuntimeError, match=r"Turned.direction returned .*; expected .*\(26,\)"):
        Solver(model, Turned(turn)).fit((X, Y), epochs=1)
    assert same(model.network.state(), before)


@pytest.mark.parametrize("bad", [np.nan, np.inf, None, "0.5", 1j, np.ones(1), np.ones((2, 20))])
def test_a_metric_that_is_no_number_is_refused_before_anything_changes(bad):
    model, optimizer = small(), Adam()
    with pytest.raises((TypeError, ValueError), match=r"the metric (is|returned) .*; expected a"):
        Solver(model, optimizer, metric=lambda Y, A: bad).fit((X, Y), epochs=1)
    assert optimizer.steps == 0


def test_a_metric_of_samples_in_rows_is_told_to_turn_them():
    with pytest.warns(UserWarning), pytest.raises(ValueError, match=r"r2_score\(Y\.T, A\.T\)"):
        Solver(Model(mlp([3, 1])), Adam(), metric=r2_score).fit((X, Y[:1]), epochs=1)


def test_a_metric_that_writes_into_its_targets_changes_no_training():
    def spoils(Y, A):
        Y -= A
        return np.mean(Y**2)

    Y_before, histories = Y.copy(), []
    for metric in (spoils, lambda Y, A: np.mean((Y - A) ** 2)):
        histories.append(Solver(small(), Adam(), metric=metric).fit((X, Y), epochs=2))
    assert histories[0] == histories[1]
    assert np.array_equal(Y, Y_before)


@pytest.mark.parametrize("rate", [0, -0.1, np.nan, "0.1", None])
def test_a_learning_rate_that_was_changed_is_looked_at(rate):
    optimizer = SGD(0.1)
    optimizer.learning_rate = rate
    with pytest.raises(ValueError, match="learning_rate is .*; expected a number above 0"):
        Solver(small(), optimizer).fit((X, Y), epochs=1)


def test_a_schedule_above_1_turns_no_decay_around():
    trainer = Solver(small(), AdamW(0.01, decay=1.0), schedule=lambda done: 100.0)
    with pytest.raises(ValueError, match=r"learning_rate \* factor \* decay is 1.0; expected a"):
        trainer.fit((X, Y), epochs=1)


@pytest.mark.parametrize("kind", [Momentum, Adam])
def test_after_an_overflow_a_smaller_rate_learns(kind):
    model, optimizer = small(), kind(1e-3)
    optimizer.learning_rate = 1e200
    trainer = Solver(model, optimizer)
    with pytest.raises(FloatingPointError, match="try a tenth"):
        trainer.fit((X, Y), epochs=5, batch_size=2)
    optimizer.learning_rate = 1e-3
    fresh = Solver(Model(copy.deepcopy(model.network)), kind(1e-3))
    assert trainer.fit((X, Y), epochs=3) == fresh.fit((X, Y), epochs=3)


def test_moments_are_float64_whatever_the_samples_are():
    model, optimizer = small(), Adam()
    Solver(model, optimizer).fit((X.astype(np.float32), Y.astype(np.float32)), epochs=1)
    Solver(model, optimizer).fit((X, Y), epochs=1)
    assert {array.dtype for array in optimizer.moments.values()} == {np.dtype(float)}


@pytest.mark.parametrize(("call", "error", "message"), CALLS)
def test_a_wrong_call_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_an_optimizer_keeps_to_its_network():
    optimizer = Adam()
    model = small()
    for seed in (0, 1):  # again with the same network is fine
        Solver(model, optimizer).fit((X, Y), epochs=1, seed=seed)
    assert optimizer.steps == 2
    other = small(seed=1)
    before = other.network.state()
    with pytest.raises(ValueError, match=r"Adam\(.*another network; expected an optimizer"):
        Solver(other, optimizer).fit((X, Y), epochs=1)
    assert same(other.network.state(), before)


def test_a_layer_without_a_way_down_says_so():
    layer = Weights()
    layer.given(1.0)
    with pytest.raises(NotImplementedError, match="Optimizer.direction"):
        Optimizer(0.1).step(layer)
    assert repr(AdamW(0.01)) == "AdamW(learning_rate=0.01)"


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_a_copy_goes_on_as_the_original_does(name, copied):
    original = Solver(small(), KINDS[name](learning_rate=0.01), schedule=cosine, clip_norm=2.0)
    original.fit((X, Y), epochs=2, batch_size=6)
    other = copied(original)
    assert other.optimizer.network is other.model.network is not original.model.network
    going_on = [s.fit((X, Y), OTHERS, epochs=3, batch_size=6, seed=1) for s in (original, other)]
    assert going_on[0] == going_on[1]
    assert same(original.model.network.state(), other.model.network.state())


def test_a_break_changes_nothing_but_the_order_that_a_seed_draws():
    """One batch an epoch has no order: 2 + 3 epochs are 5."""
    whole, parts = Solver(small(), Adam()), Solver(small(), Adam())
    history = whole.fit((X, Y), epochs=5, batch_size=20)
    parts.fit((X, Y), epochs=2, batch_size=20)
    after = parts.fit((X, Y), epochs=3, batch_size=20)
    np.testing.assert_allclose(history.train_loss[2:], after.train_loss, rtol=1e-12)


# ---- what is shown


LIVE = ("JPY_SESSION_NAME", "COLAB_RELEASE_TAG")  # what an open notebook sets


@pytest.fixture
def nobody(monkeypatch):
    """No terminal, no notebook."""
    for name in LIVE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)


def test_the_bar_is_silent_if_nobody_looks(nobody, capsys):
    Solver(small(), Adam()).fit((X, Y), epochs=2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", [*LIVE, "terminal", "vscode"])
def test_the_bar_is_shown_if_somebody_looks(name, nobody, monkeypatch, capsys):
    if name == "terminal":
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    elif name == "vscode":
        monkeypatch.setattr(sys.modules["__main__"], "__vsc_ipynb_file__", "a", raising=False)
    else:
        monkeypatch.setenv(name, "notebooks/a.ipynb")
    Solver(small(), Adam()).fit((X, Y), epochs=2)
    told = capsys.readouterr()
    assert told.out == ""
    assert "epochs" in told.err and "2/2" in told.err


def test_a_history_can_be_read_and_drawn():
    history = Solver(line(4), Walk(1.0, 2.0, 3.0), metric=lambda Y, A: A.item()).fit(
        TRAIN, OTHER, epochs=3, patience=2
    )
    ended = "no lower validation loss in 2 epochs"
    assert repr(history) == (
        f"History: 3 epochs, kept 1 (training loss 0.5, validation loss 2), {ended}"
    )
    history.draw()
    panels = plt.gcf().axes
    assert [panel.get_ylabel() for panel in panels] == ["loss", "metric"]
    drawn = [[list(drawn.get_ydata()) for drawn in panel.lines] for panel in panels]
    assert drawn[0][:2] == [history.train_loss, history.validation_loss]
    assert drawn[1][:2] == [[4.0, 1.0, 2.0, 3.0], [8.0, 2.0, 4.0, 6.0]]
    assert [list(panel.lines[2].get_xdata()) for panel in panels] == [[1, 1], [1, 1]]
    labels = [text.get_text() for text in panels[-1].get_legend().get_texts()]
    assert labels == ["training", "validation", "kept: epoch 1"]
    plt.close("all")


def test_a_history_without_validation():
    history = History([3.0, 1.0, 2.0], kept=2, ended="all epochs done")
    assert history.best == 1
    assert repr(history) == "History: 2 epochs, kept 2 (training loss 2), all epochs done"
    history.draw()
    (panel,) = plt.gcf().axes
    assert len(panel.lines) == 2
    plt.close("all")


def test_a_curve_is_learnt():
    X = np.linspace(-2, 2, 200)[None]
    Y = np.sin(2 * X)
    for optimizer in (Momentum(0.05), Adam(0.01), AdamW(0.01)):
        model = Model(mlp([1, 16, 1], activation=Tanh))
        history = Solver(model, optimizer, schedule=cosine).fit((X, Y), epochs=40, batch_size=16)
        assert history.train_loss[-1] < 0.05, optimizer


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_gradient_whose_shape_is_right_for_one_sample_only_is_refused(kind):
    class Forgets(Linear):
        def backward(self, dZ):
            dX = super().backward(dZ)
            self.gradients["db"] = dZ  # the sum over the samples is forgotten
            return dX

    X, Y = samples()
    model, optimizer = Model(Sequential(Forgets(3, 2, 0))), kind(0.1)
    model.loss(X[:, :1], Y[:, :1])
    model.backward()  # asks for the shapes
    model.loss(X, Y)
    model.backward()
    before = model.network.state()
    with pytest.raises(RuntimeError, match=r"db1 the shape \(2, 20\); expected \(2, 1\), as b1"):
        optimizer.step(model.network)
    assert same(model.network.state(), before)
