"""Stage 14: the same mathematics in blocks, on all cores; and its benchmarks compare equals."""

import copy
import pickle
import re
import subprocess
import sys
import threading
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks import peers, rows
from benchmarks.__main__ import ratios
from nnfs_core import (
    SGD,
    AdamW,
    BatchNorm,
    BlockModel,
    Dropout,
    Identity,
    LeakyReLU,
    Linear,
    Model,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropyLoss,
    Solver,
    Tanh,
    check_gradients,
    initialize_parameters,
    joined,
    mlp,
    scaling,
    sum_over_blocks,
    train,
    train_fast,
    update_from_sums,
)
from nnfs_core.scaling import TILE, BlockGradient, _block_size, _blocks
from tools.lib.layout import ROOT

SIZES = [4, 7, 5, 2]
STEPS = {"learning_rate": 0.05, "iterations": 12, "l2": 0.3}


def samples(m, sizes=SIZES, seed=0):
    """Noise, and parameters: biases are not 0, outputs are above 0 for some samples, or for all."""
    rng, last = np.random.default_rng(seed), len(sizes) - 1
    parameters = initialize_parameters(sizes, seed)
    for layer in range(1, len(sizes)):
        parameters[f"b{layer}"] += rng.uniform(-0.3, 0.3, parameters[f"b{layer}"].shape)
    parameters[f"b{last}"] += 0.6
    if m < 90:
        parameters[f"W{last}"] = np.abs(parameters[f"W{last}"])
    return rng.standard_normal((sizes[0], m)), rng.random((sizes[-1], m)), parameters


def both(m, sizes=SIZES, **settings):
    """What train and train_fast make of the same samples."""
    X, Y, parameters = samples(m, sizes)
    slow = train(X, Y, sizes, **STEPS, parameters=parameters)
    settings = {"dtype": np.float64} | settings
    return slow, train_fast(X, Y, sizes, **STEPS, parameters=parameters, **settings)


def same(one, other):
    """Whether two results are equal to the last bit."""
    return one.losses == other.losses and all(
        np.array_equal(array, other.parameters[name]) for name, array in one.parameters.items()
    )


@pytest.mark.parametrize("m", [1, 2, 99, TILE - 1, TILE, TILE + 1, 3 * TILE, 5 * TILE + 7])
@pytest.mark.parametrize("block_size", [None, 1, 7, TILE, 2 * TILE + 5])
def test_losses_and_parameters_are_those_of_train(m, block_size):
    if block_size == 1 and m > 100:
        m = 100
    slow, fast = both(m, block_size=block_size)
    assert np.allclose(fast.losses, slow.losses, rtol=1e-10, atol=0)
    assert slow.losses[-1] < slow.losses[0]  # it learns, so that gradients matter
    for name, array in slow.parameters.items():
        assert np.allclose(fast.parameters[name], array, rtol=1e-10, atol=1e-12), name


@pytest.mark.parametrize("sizes", [[3, 1], [3, 4], [1, 1, 1], [14, 64, 32, 16, 1], [5, 3, 1, 4]])
def test_any_depth_and_width(sizes):
    slow, fast = both(2 * TILE + 50, sizes)
    assert np.allclose(fast.losses, slow.losses, rtol=1e-10, atol=0)


def test_it_begins_as_train_does_without_parameters():
    X, Y, _ = samples(60)
    slow = train(X, Y, SIZES, **STEPS, seed=4)
    assert np.allclose(
        train_fast(X, Y, SIZES, **STEPS, seed=4, dtype="float64").losses, slow.losses, rtol=1e-10
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block_size", [50, 2 * TILE])
def test_any_number_of_workers_gives_the_same_bits(dtype, block_size):
    results = [
        both(5 * TILE + 7, dtype=dtype, block_size=block_size, workers=workers)[1]
        for workers in (1, 2, 3, 16)
    ]
    assert all(same(results[0], other) for other in results[1:])


def test_float32_keeps_to_its_spread_and_is_the_default():
    X, Y, parameters = samples(9000)
    slow = train(X, Y, SIZES, **STEPS, parameters=parameters)
    fast = train_fast(X, Y, SIZES, **STEPS, parameters=parameters)
    gaps = np.abs(np.divide(fast.losses, slow.losses) - 1)
    assert 1e-12 < gaps.max() < 1e-5  # float64 would be nearer
    assert fast.parameters["W1"].dtype == np.float64
    assert same(fast, train_fast(X, Y, SIZES, **STEPS, parameters=parameters, dtype="float32"))
    in_float32 = X.astype(np.float32), Y.astype(np.float32)
    assert same(fast, train_fast(*in_float32, SIZES, **STEPS, parameters=parameters))


def test_a_unit_at_exactly_0_gets_no_gradient():
    X, Y = np.zeros((4, 3)), np.ones((2, 3))
    parameters = {name: array * 0 for name, array in samples(1)[2].items()}
    parameters["b3"] += 1.0
    slow = train(X, Y, SIZES, **STEPS, parameters=parameters)
    assert same(slow, train_fast(X, Y, SIZES, **STEPS, parameters=parameters, dtype="float64"))


def test_it_trains_on_memory_maps(tmp_path):
    X, Y, parameters = samples(3000)
    maps = []
    for name, array in {"X": X, "Y": Y}.items():
        np.save(tmp_path / f"{name}.npy", array)
        maps.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    assert type(maps[0]) is np.memmap
    settings = STEPS | {"parameters": parameters}
    assert same(train_fast(*maps, SIZES, **settings), train_fast(X, Y, SIZES, **settings))


def test_it_leaves_what_it_is_given():
    given = samples(1000)
    kept = copy.deepcopy(given)
    train_fast(*given[:2], SIZES, **STEPS, parameters=given[2])
    assert all(map(np.array_equal, given[:2], kept[:2]))
    assert all(np.array_equal(given[2][name], kept[2][name]) for name in kept[2])


def test_memory_does_not_grow_with_the_samples():
    X, Y, parameters = samples(60_000)
    most = []
    for m in (6_000, 60_000):
        tracemalloc.start()
        train_fast(
            X[:, :m], Y[:, :m], SIZES, **STEPS, parameters=parameters, workers=2, block_size=960
        )
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < most[0] + 600_000 < 2e6  # the guard looks at 65,536 samples at a time


def test_callbacks_see_what_those_of_train_see():
    X, Y, parameters = samples(700)
    seen = {train: [], train_fast: []}
    for function, calls in seen.items():
        more = {"dtype": np.float64} if function is train_fast else {}
        result = function(
            X,
            Y,
            SIZES,
            **STEPS,
            parameters=parameters,
            callback=lambda *call, calls=calls: calls.append(call),
            **more,
        )
        assert [loss for _, loss, _ in calls] == result.losses
        assert calls[-1][2] is result.parameters
    for one, other in zip(*seen.values(), strict=True):
        assert one[0] == other[0] and type(other[1]) is float
        assert all(np.allclose(one[2][name], other[2][name], rtol=1e-10) for name in one[2])


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


class Stop(Exception):
    pass


@pytest.mark.parametrize("stop", [None, KeyboardInterrupt, Stop])
@pytest.mark.parametrize("workers", [1, 3])
def test_blas_has_one_thread_meanwhile_and_all_afterwards(stop, workers):
    X, Y, parameters = samples(2000)
    inside, before = [], threading.active_count()

    def callback(iteration, loss, parameters):
        inside.append(blas_threads())
        if iteration == 3 and stop:
            raise stop

    settings = {"callback": callback, "workers": workers, "parameters": parameters}
    with threadpool_limits(2, "blas"):
        outside = blas_threads()
        if stop is Stop:
            with pytest.raises(Stop):
                train_fast(X, Y, SIZES, **STEPS, **settings)
        elif stop:
            with pytest.warns(UserWarning, match="interrupted after 3 of 12"):
                result = train_fast(X, Y, SIZES, **STEPS, **settings)
            assert len(result.losses) == 3
            assert result.parameters["W1"].shape == (7, 4)
        else:
            train_fast(X, Y, SIZES, **STEPS, **settings)
        assert set(outside) == {2} and blas_threads() == outside
    assert all(set(threads) == {1} for threads in inside)
    assert threading.active_count() == before


def test_ctrl_c_in_the_middle_of_a_block_leaves_the_iteration_out(monkeypatch):
    X, Y, parameters = samples(5 * TILE)
    calls, sums = [], BlockGradient.sums

    def interrupted(self, *arguments):
        calls.append(threading.current_thread() is threading.main_thread())
        if sum(calls) == 3 and calls[-1]:  # Ctrl-C reaches the first thread
            raise KeyboardInterrupt
        return sums(self, *arguments)

    monkeypatch.setattr(BlockGradient, "sums", interrupted)
    with pytest.warns(UserWarning, match="interrupted after"):
        result = train_fast(X, Y, SIZES, **STEPS, parameters=parameters, workers=2, block_size=TILE)
    whole = train_fast(X, Y, SIZES, **STEPS, parameters=parameters, workers=1, block_size=TILE)
    assert len(result.losses) < 3
    assert result.losses == whole.losses[: len(result.losses)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_divergence_stops_as_that_of_train(dtype):
    X, Y, parameters = samples(600)
    told = []
    for function in (train, train_fast):
        more = {"dtype": dtype} if function is train_fast else {}
        with pytest.raises(FloatingPointError, match="training diverges in iteration 1: ") as found:
            function(1e200 * X, Y, SIZES, **STEPS, parameters=parameters, **more)
        told.append(str(found.value))
    assert told[0] == told[1]
    for function in (train, train_fast):  # a finite loss, but no finite step
        settings = {"learning_rate": 1e308, "iterations": 1, "parameters": parameters}
        with pytest.raises(FloatingPointError, match="training diverges in iteration 1: "):
            function(1000 * X, Y, SIZES, **settings)


def test_a_dead_output_is_told_once_with_its_iteration():
    X, Y, parameters = samples(2000)
    parameters["b3"][1] = -1000.0
    told = []
    for function in (train, train_fast):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            function(X, Y, SIZES, **STEPS, parameters=parameters)
        assert [warning.filename for warning in found] == [__file__]
        told.append([str(warning.message) for warning in found])
    assert told[0] == told[1] and len(told[0]) == 1


X_OK, Y_OK, _ = samples(10)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": X_OK[:3]}, ValueError, r"X is .* \(3, 10\).*expected shape \(4, any\)|X is"),
        ({"X": X_OK.T}, ValueError, "X is|Y is"),
        ({"X": X_OK.tolist()}, TypeError, "X is a list"),
        ({"X": X_OK[:, :0], "Y": Y_OK[:, :0]}, ValueError, "X is empty"),
        ({"X": X_OK.astype("U9")}, TypeError, "real numbers"),
        ({"Y": Y_OK[:, :9]}, ValueError, r"Y is .*expected shape \(any, 10\)"),
        ({"Y": Y_OK[:1]}, ValueError, "Y is"),
        ({"layer_sizes": [4, 0, 2]}, ValueError, r"layer_sizes\[1\]"),
        ({"learning_rate": 0}, ValueError, "learning_rate is 0"),
        ({"iterations": 0}, ValueError, "iterations is 0"),
        ({"l2": -1}, ValueError, "l2 is -1"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"callback": 3}, TypeError, "callback is 3"),
        ({"parameters": {"W1": X_OK}}, ValueError, "parameters: missing"),
        ({"dtype": np.float16}, ValueError, "dtype is .*float16.*expected numpy.float32 or"),
        ({"dtype": "double?"}, ValueError, "dtype is 'double[?]'"),
        ({"dtype": int}, ValueError, "dtype is"),
        ({"dtype": X_OK}, ValueError, "dtype is"),
        ({"workers": 0}, ValueError, "workers is 0; expected a whole number, 1 or more"),
        ({"workers": 2.0}, ValueError, "workers is 2.0"),
        ({"workers": True}, ValueError, "workers is True"),
        ({"block_size": 0}, ValueError, "block_size is 0"),
        ({"block_size": "auto"}, ValueError, "block_size is a str"),
    ],
)
def test_bad_input_is_refused(change, error, message):
    given = {"X": X_OK, "Y": Y_OK, "layer_sizes": SIZES} | STEPS | change
    with pytest.raises(error, match=message):
        train_fast(**given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.ones((1, 9))}, r"X is .*expected shape \(4, any\)"),
        ({"Y": np.ones((1, 9))}, r"Y is .*expected shape \(2, 9\)"),
        ({"Y": np.ones((2, 1))}, r"Y is .*expected shape \(2, 9\)"),
        ({"X": np.ones((4, 0)), "Y": np.ones((2, 0))}, "X has 0 samples"),
        ({"X": np.ones((4, 481)), "Y": np.ones((2, 481))}, "481 samples; expected 1 to 480, or up"),
        ({"X": np.ones((4, 1440)), "Y": np.ones((2, 1440))}, "1,440 samples; .*up to 2 times 480"),
        ({"weights": []}, r"weights have the shapes \[\]; expected \[\(7, 5\), "),
    ],
)
def test_a_block_that_does_not_fit_is_not_broadcast(change, message):
    weights = joined(samples(1)[2], np.float64)
    given = {"weights": weights, "X": np.ones((4, 9)), "Y": np.ones((2, 9))} | change
    with pytest.raises(ValueError, match=message):
        BlockGradient(SIZES, 2 * TILE, np.float64).sums(**given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer_sizes": [3]}, "layer_sizes is .*two or more"),
        ({"block_size": 0}, "block_size is 0"),
        ({"dtype": "float16"}, "dtype is 'float16'"),
    ],
)
def test_buffers_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        BlockGradient(**({"layer_sizes": SIZES, "block_size": 9} | change))


@pytest.mark.parametrize("more", [-1, 1])
def test_sums_of_another_network_are_refused(more):
    parameters = samples(1)[2]
    size = 3 + sum(array.size for array in parameters.values()) + more
    with pytest.raises(ValueError, match=rf"sums has the shape \({size},\)"):
        update_from_sums(parameters, np.zeros(size), 9, 0.1)
    with pytest.raises(ValueError, match="m is 0"):
        update_from_sums(parameters, np.zeros(size - more), 0, 0.1)


def test_buffers_are_no_larger_than_the_samples():
    X, Y, parameters = samples(100)
    settings = STEPS | {"parameters": parameters}
    huge = train_fast(X, Y, SIZES, **settings, block_size=10**12)
    assert same(huge, train_fast(X, Y, SIZES, **settings, block_size=TILE))


@pytest.mark.parametrize("name", ["X", "Y"])
def test_a_gap_in_a_late_block_is_found_and_its_samples_are_named(name):
    given = dict(zip("XY", samples(70_000)[:2], strict=True))
    given[name][0, 69_000] = np.nan
    with pytest.raises(ValueError, match=f"{name}, samples 65,536 to 69,999, holds 1 NaN"):
        train_fast(**given, layer_sizes=SIZES, **STEPS)


@pytest.mark.parametrize("m", [1, 5, TILE, TILE + 1, 10 * TILE - 1])
@pytest.mark.parametrize("block_size", [1, 3, TILE - 1, TILE, TILE + 1, 8 * TILE])
def test_blocks_are_whole_tiles_and_a_rest(m, block_size):
    blocks, tile = _blocks(m, block_size), min(block_size, TILE)
    sizes = [block.stop - block.start for block in blocks]
    assert [block.start for block in blocks] == [sum(sizes[:place]) for place in range(len(sizes))]
    assert blocks[-1].stop == m
    assert all(0 < size <= block_size for size in sizes)
    assert all(size % tile == 0 for size in sizes[:-1])
    assert sizes[-1] % tile == 0 or sizes[-1] < tile


def test_the_block_size_follows_the_network_and_the_precision():
    narrow, wide = [14, 64, 32, 16, 1], [784, 2048, 10]
    assert _block_size(narrow, "float32") >= _block_size(narrow, "float64") >= TILE
    assert _block_size(wide, "float32") == TILE or _block_size(wide, "float32") < 3 * TILE
    assert _block_size([10**6, 1], "float64") == TILE


def test_the_order_of_the_sum_is_that_of_the_blocks():
    blocks = [slice(start, start + 1) for start in range(40)]
    values = [1e16] + [3.3] * 39
    expected = 0.0
    for value in values:
        expected += value
    assert expected != sum(sorted(values))  # the order counts
    waits = threading.Event()

    def slow(block):
        if block.start == 0:
            waits.wait(5)  # until the other worker has done all the rest
        return np.float64(values[block.start])

    def quick(block):
        if block.start == 39:
            waits.set()
        return np.float64(values[block.start])

    with ThreadPoolExecutor(2) as pool:
        assert sum_over_blocks([slow, quick], blocks, pool) == expected


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
@pytest.mark.parametrize("first", [True, False])
def test_an_error_in_a_worker_stops_all_and_is_raised(error, first):
    blocks = [slice(start, start + 1) for start in range(1000)]
    taken, both_are_in = [], threading.Barrier(2)

    def worker(block):
        taken.append(block.start)
        if block.start < 2:
            both_are_in.wait(5)
        main = threading.current_thread() is threading.main_thread()
        if main is first:
            raise error("no more")
        if len(taken) > 2:
            threading.Event().wait(0.001)
        return np.zeros(2)

    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(error, match="no more"):
            sum_over_blocks([worker, worker], blocks, pool)
        assert len(taken) < 900
        done = len(taken)
        threading.Event().wait(0.02)
        assert len(taken) == done  # nobody goes on in the background


def test_ctrl_c_while_a_thread_is_started_waits_for_its_block(monkeypatch):
    start, inside, left = threading.Thread.start, threading.Event(), []

    def interrupted(self):
        start(self)
        inside.wait(5)
        raise KeyboardInterrupt  # and the pool does not know of its thread

    def worker(block):
        inside.set()
        threading.Event().wait(0.05)
        left.append(block)
        return np.zeros(2)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(KeyboardInterrupt):
            sum_over_blocks([worker, worker], [slice(0, 1), slice(1, 2)], pool)
        assert left


def test_nobody_is_in_a_block_any_more_when_an_error_is_raised():
    blocks, inside = [slice(start, start + 1) for start in range(50)], threading.Event()
    left = []

    def fails(block):
        assert inside.wait(5)
        raise MemoryError

    def slow(block):
        inside.set()
        threading.Event().wait(0.1)
        left.append(block.start)

    with ThreadPoolExecutor(2) as pool:
        try:
            sum_over_blocks([fails, slow], blocks, pool)
        except MemoryError:
            assert len(left) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_are_computed_in_the_precision_that_was_asked_for(dtype, monkeypatch):
    X, Y, parameters = samples(1000)
    seen, sums = set(), BlockGradient.sums

    def spy(self, weights, X, Y):
        seen.update(array.dtype for array in (*weights, *self.A, *self.masks, self.rows))
        row = sums(self, weights, X, Y)
        assert row.dtype == np.float64
        return row

    monkeypatch.setattr(BlockGradient, "sums", spy)
    train_fast(X, Y, SIZES, **STEPS, parameters=parameters, dtype=dtype)
    assert seen == {np.dtype(dtype)}


CLASSES = np.eye(3)[:, np.random.default_rng(0).integers(0, 3, 50)]
NETWORKS = {
    "ReLU": (lambda: mlp([4, 6, 3], seed=1), None),
    "Tanh": (lambda: mlp([4, 6, 5, 3], activation=Tanh, output=Sigmoid, seed=1), None),
    "leaky": (lambda: mlp([4, 6, 3], activation=LeakyReLU, seed=1), None),
    "classes": (lambda: mlp([4, 6, 3], seed=1), SoftmaxCrossEntropyLoss),
    "nested": (
        lambda: Sequential(Sequential(Linear(4, 5, 0), Tanh()), Sequential(Linear(5, 3, 1))),
        None,
    ),
}


def pair(kind, m=50, **settings):
    """A Model, and the BlockModel of an equal network."""
    network, loss = NETWORKS[kind]
    return [
        model(network(), loss and loss(), l2=0.2, m=m, **more)
        for model, more in ((Model, {}), (BlockModel, {"block_size": 7} | settings))
    ]


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("workers", [1, 3])
def test_a_block_model_computes_what_a_model_does(kind, workers):
    X = np.random.default_rng(1).standard_normal((4, 50))
    model, blocks = pair(kind, workers=workers)
    assert blocks.loss(X, CLASSES) == pytest.approx(model.loss(X, CLASSES), rel=1e-13)
    assert np.allclose(blocks.backward(), model.backward(), rtol=1e-10, atol=1e-14)
    assert blocks.network.gradients.keys() == model.network.gradients.keys()
    for name, gradient in model.network.gradients.items():
        assert np.allclose(blocks.network.gradients[name], gradient, rtol=1e-10, atol=1e-14), name
    assert np.allclose(blocks.predict(X), model.predict(X), rtol=1e-13)
    errors = check_gradients(blocks, X[:, :9], CLASSES[:, :9])
    assert kind in ("ReLU", "leaky", "classes") or max(errors.values()) < 1e-7


def test_a_block_model_gives_the_same_bits_for_any_number_of_workers():
    X = np.random.default_rng(1).standard_normal((4, 50))
    rows = []
    for workers in (1, 2, 8):
        _, blocks = pair("Tanh", workers=workers)
        row = [blocks.loss(X, CLASSES), *blocks.backward().ravel()]
        rows.append(row + [x for g in blocks.network.gradients.values() for x in g.ravel()])
    assert rows[0] == rows[1] == rows[2]


MEETING = threading.Barrier(2)


class Meets(Identity):
    """Waits on the way forward, until the other thread is there, too."""

    def forward(self, X, training=False):
        output = super().forward(X, training)
        if X.shape[1] == 25:  # a block
            MEETING.wait(60)
        return output


def test_workers_do_not_share_what_layers_remember():
    X = np.random.default_rng(1).standard_normal((4, 50))
    found = []
    for model, settings in ((Model, {}), (BlockModel, {"workers": 2, "block_size": 25})):
        one = model(Sequential(Linear(4, 5, 0), Tanh(), Linear(5, 3, 1), Meets()), **settings)
        one.loss(X, CLASSES)
        one.backward()
        found.append(one.network.gradients)
    for name, gradient in found[0].items():
        assert np.allclose(found[1][name], gradient, rtol=1e-10), name


@pytest.mark.parametrize("optimizer", [lambda: SGD(0.3), lambda: AdamW(0.01)])
def test_the_solver_takes_a_block_model_as_any_other(optimizer):
    X = np.random.default_rng(1).standard_normal((4, 50))
    train_set, kept = (X[:, :40], CLASSES[:, :40]), (X[:, 40:], CLASSES[:, 40:])
    histories = []
    for model in pair("classes", m=40):
        solver = Solver(model, optimizer(), clip_norm=1)
        histories.append(solver.fit(train_set, kept, epochs=15, batch_size=16, patience=9))
    one, other = histories
    assert one.train_loss[-1] < one.train_loss[0] - 0.01
    assert np.allclose(one.train_loss, other.train_loss, rtol=1e-10)
    assert np.allclose(one.validation_loss, other.validation_loss, rtol=1e-10)
    assert (one.kept, one.ended) == (other.kept, other.ended)


def test_a_block_model_follows_its_parameters_and_copies_are_free_of_it():
    X = np.random.default_rng(1).standard_normal((4, 50))
    model, blocks = pair("Tanh")
    other = NETWORKS["Tanh"][0]().state()
    other = {name: array + 0.1 for name, array in other.items()}
    for one in (model, blocks):
        one.network.load_state(other)
    assert blocks.loss(X, CLASSES) == pytest.approx(model.loss(X, CLASSES), rel=1e-13)
    for copied in (copy.deepcopy(blocks), pickle.loads(pickle.dumps(blocks))):
        before = blocks.loss(X, CLASSES)
        assert copied.loss(X, CLASSES) == before
        copied.network.parameters["W1"][...] += 1
        assert copied.loss(X, CLASSES) != before
        assert blocks.loss(X, CLASSES) == before


def test_a_block_model_follows_its_penalty():
    X = np.random.default_rng(1).standard_normal((4, 50))
    model, blocks = pair("Tanh")
    for one in (model, blocks):
        one.l2, one.m = 3.0, 70
    assert blocks.loss(X, CLASSES) == pytest.approx(model.loss(X, CLASSES), rel=1e-13)
    model.backward(), blocks.backward()
    for name, gradient in model.network.gradients.items():
        assert np.allclose(blocks.network.gradients[name], gradient, rtol=1e-10), name


def test_a_thread_without_a_block_is_not_started(monkeypatch):
    started = []

    class Spy(ThreadPoolExecutor):
        def __init__(self, workers):
            started.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(scaling, "ThreadPoolExecutor", Spy)
    X = np.random.default_rng(1).standard_normal((4, 50))
    _, blocks = pair("Tanh", workers=9, block_size=20)
    blocks.loss(X, CLASSES)
    blocks.predict(X[:, :20])
    train_fast(*samples(50)[:2], SIZES, **STEPS, workers=9)
    assert started == [3, 1, 1]


def test_a_block_model_in_float32_computes_in_float32():
    X = np.random.default_rng(1).standard_normal((4, 50)).astype(np.float32)
    _, blocks = pair("ReLU")
    blocks.loss(X, CLASSES)
    assert blocks.backward().dtype == blocks.predict(X).dtype == np.float32


def test_backward_needs_a_loss_first_and_a_loss_that_is_not_finite_stops():
    _, blocks = pair("ReLU")
    with pytest.raises(RuntimeError, match="BlockModel: backward before forward"):
        blocks.backward()
    with pytest.raises(ValueError, match="X and Y have no samples"):
        BlockModel(mlp([4, 2])).forward(np.ones((4, 0)), np.ones((2, 0)))
    X = np.full((4, 50), 1e200)
    with pytest.raises(FloatingPointError, match="the loss is"):
        blocks.loss(X, CLASSES)
    with pytest.raises(ValueError, match=r"Y is .*expected shape \(any, 50\)"):
        blocks.loss(np.ones((4, 50)), CLASSES[:, :49])
    with pytest.raises(TypeError, match="X is a list"):
        blocks.forward(X.tolist(), CLASSES)
    with pytest.raises(ValueError, match="Y is|A is|expected shape"):
        blocks.loss(np.ones((4, 50)), CLASSES[:2])


@pytest.mark.parametrize("layer", [BatchNorm(3), Dropout(0.5, 0)])
@pytest.mark.parametrize("nested", [False, True])
def test_layers_that_are_no_matter_of_one_sample_are_refused(layer, nested):
    inner = Sequential(ReLU(), layer) if nested else layer
    with pytest.raises(ValueError, match=rf"{type(layer).__name__}\(.*in a BlockModel: .*expected"):
        BlockModel(Sequential(Linear(4, 3, 0), inner))


@pytest.mark.parametrize("settings", [{"workers": 0}, {"workers": 1.5}, {"block_size": 0}])
def test_a_block_model_refuses_bad_settings(settings):
    with pytest.raises(ValueError, match=f"{next(iter(settings))} is"):
        BlockModel(mlp([2, 1]), **settings)
    with pytest.raises(ValueError, match="m .samples of the whole training set"):
        BlockModel(mlp([2, 1]), l2=0.1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.filterwarnings("ignore")  # of libraries
def test_the_peers_take_the_same_steps(dtype):
    given = peers.problem(900, dtype)
    losses = {}
    for name, peer in peers.peers().items():
        if name != peers.PRODUCTS and "compiled" not in name and "JAX" not in name:
            losses[name] = peer(given)(3)[0][:3]
    assert len(losses) >= 7
    for name, found in losses.items():
        near = {"float32": 1e-5, "float64": 1e-12}[dtype]
        assert np.allclose(found, losses["plain formulas"], rtol=near, atol=0), name
    assert len(peers.products(given)(2)[1]) == 2


@pytest.mark.parametrize(
    ("products", "said", "reached"),
    [(5.0, "1.40, at most 1.5: reached", True), (4.0, "1.75, at most 1.5: MISSED", False),
     (20.0, "0.35, which cannot be: the machine was busy", False)],
)  # fmt: skip
def test_a_ratio_that_cannot_be_is_no_answer(products, said, reached):
    times = {"train_fast": 7.0, "PyTorch": 70.0, peers.PRODUCTS: products}
    rows = [
        {"samples": count, "dtype": "float32", "name": name, "median": median}
        for count in (20_000, 130_000)
        for name, median in times.items()
    ]
    lines, found = ratios(rows)
    assert lines[1].endswith(said) and found is reached


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RssAnon is Linux's")
def test_rows_come_from_a_file_within_the_memory(tmp_path):
    command = [sys.executable, "-m", "benchmarks.rows", "--samples", "300000", "--iterations", "3"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    most = re.search(r"most: (\d+) MB beside the pages of the file, at most 200", done.stdout)
    assert 5 < int(most[1]) < 120
    assert "300,000 samples, 18 MB on disk" in done.stdout


def test_too_few_rows_are_refused_in_a_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks.rows", "--samples", "999"])
    with pytest.raises(SystemExit, match="2"):
        rows.main()
    assert "--samples is 999; expected 1,000 or more" in capsys.readouterr().err
