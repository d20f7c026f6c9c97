"""Judges of notebook 14."""

import functools
import itertools
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from nnfs_core import scaling as reference
from nnfs_core.backpropagation import backpropagate, mse_loss
from nnfs_core.forward_pass import feed_forward
from nnfs_core.initialization import initialize_parameters
from nnfs_course.judge import Wrong, called, exercise, grade, same

SIZES = [3, 5, 4, 2]


def _operations(sizes, m, factors):
    """Operations of all layers: factors for the first, and for the others."""
    pairs = list(itertools.pairwise(sizes))
    return sum(factors[place > 0] * 2 * n * k * m for place, (k, n) in enumerate(pairs))


@exercise
def least_milliseconds(least_milliseconds):
    """The larger of the time to compute and the time to read."""
    for sizes, m, peak, bandwidth, size in (
        ([14, 64, 32, 16, 1], 130_000, 100.0, 20.0, 8),
        ([14, 64, 32, 16, 1], 130_000, 1000.0, 0.05, 4),
        ([700, 2, 1], 1000, 50.0, 2.0, 4),
    ):
        computing = _operations(sizes, m, (2, 3)) / peak / 1e6
        reading = (sizes[0] + sizes[-1]) * m * size / bandwidth / 1e6
        right = max(computing, reading)
        every = sum(sizes) * m * size / bandwidth / 1e6
        forward = _operations(sizes, m, (1, 1)) / peak / 1e6
        mistakes = {
            "computing and reading happen at the same time: the longer of the two": (
                computing + reading
            ),
            "that is the shorter of the two times": min(computing, reading),
            "the way back is missing: two more products for each layer": max(forward, reading),
            "the first layer needs no dA": max(_operations(sizes, m, (3, 3)) / peak / 1e6, reading),
            "every layer but the first has a third product, for dA": max(
                _operations(sizes, m, (2, 2)) / peak / 1e6, reading
            ),
            "nkm multiplications and as many additions: 2nkm": max(computing / 2, reading),
            "of the memory count X and Y alone": max(computing, every),
            "Y is read, too": max(computing, sizes[0] * m * size / bandwidth / 1e6),
            "a number has `size` bytes": max(computing, reading / size),
            "that is in seconds": right / 1000,
            "that is in microseconds": right * 1000,
            "bandwidth is not looked at": max(computing, reading * bandwidth),
            "the longer of the two, not always that of computing": computing,
            "peak is not looked at": reading,
        }
        got = called(least_milliseconds, sizes, m, peak, bandwidth, size)
        mistakes = {text: value for text, value in mistakes.items() if value != right}
        same(f"for {sizes} and {m:,} samples the time", got, right, mistakes)
    return "What your program takes, divided by this, is what is left to gain"


def _triple(X):
    """Count, mean and sum of squared distances of the columns of X."""
    mean = X.mean(axis=1, keepdims=True)
    return X.shape[1], mean, ((X - mean) ** 2).sum(axis=1, keepdims=True)


@exercise
def merge(merge):
    """Count, mean and squared distances of two blocks together."""
    rng = np.random.default_rng(0)
    X = rng.normal([[1.0], [-5.0]], [[2.0], [0.5]], (2, 10))
    for cut in (3, 5, 9):
        one, other = _triple(X[:, :cut]), _triple(X[:, cut:])
        count, mean, S = _triple(X)
        got = called(merge, one, other)
        if not isinstance(got, tuple) or len(got) != 3:
            raise Wrong("expected three things, (m, mean, S)")
        same("m", got[0], count)
        mistakes = {
            "the plain mean of both means: the larger block counts more": (one[1] + other[1]) / 2,
            "the blocks' sums are missing the division by the count of both": (
                cut * one[1] + (10 - cut) * other[1]
            ),
            "each mean counts with the other block's samples": (
                ((10 - cut) * one[1] + cut * other[1]) / 10
            ),
        }
        same(f"the mean of {cut} and {10 - cut} samples", got[1], mean, mistakes)
        apart = (one[1] - other[1]) ** 2
        mistakes = {
            "each S is about its own block's mean: how far the means are apart is missing": (
                one[2] + other[2]
            ),
            "the distance of the means counts, but not fully: by how many samples?": (
                one[2] + other[2] + apart
            ),
            "S is a sum of squares, not a variance: no division": S / 10,
            "how far the means are apart counts with both counts multiplied, over their sum": (
                one[2] + other[2] + cut * (10 - cut) * apart
            ),
        }
        same(f"S of {cut} and {10 - cut} samples", got[2], S, mistakes)
    far = X + 1e9
    got = called(merge, _triple(far[:, :4]), _triple(far[:, 4:]))[2]
    if not np.allclose(got, _triple(far)[2], rtol=1e-3):
        raise Wrong("with means near a billion S has no right digit: no squares of means, please")
    total = _triple(X[:, :1])
    for place in range(1, 10):
        total = merge(total, _triple(X[:, place : place + 1]))
    same("S of ten blocks of one sample", total[2], _triple(X)[2])
    return "The variance of a file of any size is S / m, in one pass"


@exercise
def predicted_time(predicted_time):
    """Amdahl's law, from two measurements."""
    for t1, t2, workers in ((22.0, 13.0, 8), (100.0, 50.0, 4), (30.0, 30.0, 16), (22.0, 13.0, 1)):
        shared = 2 * (t1 - t2)
        right = t1 - shared + shared / workers
        mistakes = {
            "that is as if all could be shared": t1 / workers,
            "each doubling gains less than the one before: the rest stays": (
                t1 * (t2 / t1) ** np.log2(workers)
            ),
            "t1 - t2 is half of what is shared": t1 - (t1 - t2) + (t1 - t2) / workers,
            "the rest is missing, which no worker shortens": shared / workers,
            "that is the least of all, with any number of workers": t1 - shared,
            "t2 is for two workers: half of what is shared is in it": t2 / workers * 2,
        }
        mistakes = {text: value for text, value in mistakes.items() if value != right}
        got = called(predicted_time, t1, t2, workers)
        same(f"with {t1:g} and {t2:g} ms, the time of {workers} workers", got, right, mistakes)
    return "22 and 13 ms: 6.25 ms with 8 workers, and never below 4"


def _case(m, seed=0, sizes=SIZES):
    """Samples, parameters and the right sums in one row."""
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((sizes[0], m)), rng.random((sizes[-1], m))
    parameters = initialize_parameters(sizes, seed)
    for layer in range(1, len(sizes)):
        parameters[f"b{layer}"] += 0.1 * rng.standard_normal(parameters[f"b{layer}"].shape)
    A, cache = feed_forward(X, parameters)
    gradients = backpropagate(X, Y, cache, parameters)
    row = [[2 * m * mse_loss(A, Y)], (A > 0).sum(axis=1)]
    for layer in range(1, len(sizes)):
        both = np.hstack([gradients[f"dW{layer}"], gradients[f"db{layer}"]])
        row.append(m * both.T.ravel())
    return X, Y, reference.joined(parameters, np.float64), np.concatenate(row)


def _memory(block_gradient):
    """Bytes that an object for three tiles takes."""
    tracemalloc.start()
    one = block_gradient(SIZES, 3 * reference.TILE)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del one
    return taken


@exercise
def BlockGradient(BlockGradient):
    """The sums of a block, in buffers."""
    one = BlockGradient(SIZES, 3 * reference.TILE, np.float64)
    for m, what in (
        (2 * reference.TILE, "two tiles"),
        (7, "seven samples, after larger blocks"),
        (3 * reference.TILE, "three tiles, after a smaller block"),
    ):
        X, Y, weights, right = _case(m, seed=m)
        kept = [array.copy() for array in (X, Y, *weights)]
        got = one.sums(weights, X, Y)
        if got is None:
            raise Wrong("sums returns None: is a `return` missing?")
        if not all(map(np.array_equal, (X, Y, *weights), kept)):
            raise Wrong("X, Y or the weights are changed: copy X into the buffer")
        if np.shape(got) != right.shape:
            raise Wrong(f"a row of shape {np.shape(got)}; expected {right.shape}")
        same(f"Σ (A - Y)² of {what}", float(got[0]), right[0], {"half of it": right[0] / 2})
        same(f"how often an output is above 0, of {what},", got[1:3], right[1:3])
        turned = right.copy()
        place = 3
        for k, n in itertools.pairwise(SIZES):
            part = right[place : place + (k + 1) * n].reshape(k + 1, n)
            turned[place : place + part.size] = part.T.ravel()
            place += part.size
        mistakes = {
            "the gradients are divided by m: sums are asked for": right[3:] / m,
            "the gradients are not transposed: A dZᵀ": turned[3:],
        }
        same(f"the gradients of {what}", got[3:], right[3:], mistakes)
    X, Y, weights, right = _case(100)
    got = BlockGradient(SIZES, 100, np.float64).sums(weights, X, Y)
    same("a row of 100 samples, in buffers for 100,", got, right)
    if _memory(BlockGradient) > 2.5 * _memory(reference.BlockGradient):
        raise Wrong("the buffers are more than twice as large as needed: look at their shapes")
    X, Y, weights, right = _case(reference.TILE)
    rounded = [W.astype(np.float32) for W in weights]
    got = BlockGradient(SIZES, reference.TILE).sums(rounded, X, Y)
    if got.dtype != np.float64:
        raise Wrong(f"the row is {got.dtype}; expected float64, whatever the blocks are in")
    if not np.allclose(got, right, rtol=1e-3, atol=1e-3 * np.abs(right).max()):
        raise Wrong("in float32, with data in float64, the sums are others")
    double = reference.BlockGradient(SIZES, reference.TILE, np.float64).sums(rounded, X, Y)
    if np.allclose(got, double, rtol=1e-10):
        raise Wrong("asked for float32, it computes in float64: the buffers are not of dtype")
    return ""


def _whose(sum_over_blocks, count, blocks, values):
    """Return the sum by so many workers, which blocks were taken, and each worker's threads."""
    taken, threads, others_are_on = [], [set() for _ in range(count)], threading.Event()

    def worker(place, block):
        taken.append(block.start)
        threads[place].add(threading.get_ident())
        time.sleep(0.0005)
        if block.start == 0 and count > 1:  # which is done after some of the others
            others_are_on.wait(0.5)
        elif len(taken) > 4:
            others_are_on.set()
        return np.array([values[block.start], block.stop - block.start])

    with ThreadPoolExecutor(count) as pool:
        jobs = [functools.partial(worker, place) for place in range(count)]
        return sum_over_blocks(jobs, blocks, pool), taken, threads


def _after_an_error(sum_over_blocks, here):
    """Refuse others that go on after an error of this thread's worker, or of another's."""
    blocks, left, taken = [slice(n, n + 1) for n in range(200)], [], []
    inside, failed = threading.Event(), threading.Event()

    def fails(block):
        inside.wait(5)
        failed.set()
        raise KeyError("a worker")

    def goes_on(block):
        taken.append(block)
        inside.set()
        if len(taken) == 1:
            failed.wait(5)
        time.sleep(0.05 if len(taken) == 1 else 0.002)
        left.append(block)
        return np.zeros(2)

    with ThreadPoolExecutor(2) as pool:
        try:
            sum_over_blocks([fails, goes_on] if here else [goes_on, fails], blocks, pool)
        except KeyError:
            if len(left) < len(taken):
                raise Wrong("after an error a thread is still in its block: wait for it") from None
        else:
            raise Wrong("a worker stops with an error, and nobody hears of it: result() raises")
        if len(taken) > 100:
            raise Wrong("after an error all other blocks are still computed: stop the others")


@exercise
def sum_over_blocks(sum_over_blocks):
    """A sum in the order of the blocks, by several threads."""
    blocks = [slice(start, start + 10) for start in range(0, 200, 10)]
    values = {block.start: 1e16 if block.start == 0 else 3.3 for block in blocks}
    right = np.zeros(2)
    for block in blocks:  # 1e16 + 3.3 is rounded, so that the order counts
        right = right + np.array([values[block.start], 10.0])
    for count in (1, 2, 5):
        got, taken, threads = _whose(sum_over_blocks, count, blocks, values)
        if got is None:
            raise Wrong("your function returns None: is a `return` missing?")
        if sorted(taken) != [block.start for block in blocks]:
            raise Wrong(
                f"{count} workers took {len(taken)} of {len(blocks)} blocks; expected each once"
            )
        if count > 1 and len(set().union(*threads)) == 1:
            raise Wrong(f"{count} workers, but one thread does all: pool.submit starts others")
        if any(len(of_one) > 1 for of_one in threads):
            raise Wrong("a worker is called by two threads, and it has one set of buffers")
        same(f"the sum by {count} workers", np.asarray(got, float), right)
        if not np.array_equal(np.asarray(got, float), right):
            raise Wrong("the last digits depend on who is first: add in the order of the blocks")
    for here in (True, False):
        _after_an_error(sum_over_blocks, here)
    return ""


class _Ragged(reference.BlockGradient):
    def sums(self, weights, X, Y):
        row = super().sums(weights, X, Y)
        return row * (min(X.shape[1], reference.TILE) / reference.TILE)


class _NoBias(reference.BlockGradient):
    def sums(self, weights, X, Y):
        for array in self.A:
            array[:, -1] = 0
        return super().sums(weights, X, Y)


class _OnesLost(reference.BlockGradient):
    def sums(self, weights, X, Y):
        row = super().sums(weights, X, Y)
        for array in self.A:
            array[:, -1] = array[:, 0]
        return row


class _Adds(reference.BlockGradient):
    def sums(self, weights, X, Y):
        row = super().sums(weights, X, Y)
        self.before = row + getattr(self, "before", 0.0)
        return self.before


class _Mean(reference.BlockGradient):
    def sums(self, weights, X, Y):
        return super().sums(weights, X, Y) / X.shape[1]


class _Unmasked(reference.BlockGradient):
    def __init__(self, layer_sizes, block_size, dtype=np.float32):
        super().__init__(layer_sizes, block_size, dtype)
        self.sizes = layer_sizes

    def sums(self, weights, X, Y):
        row, m = super().sums(weights, X, Y), X.shape[1]
        A = [np.vstack([X, np.ones((1, m))])]
        for Wb in weights:
            A.append(np.vstack([np.maximum(Wb @ A[-1], 0), np.ones((1, m))]))
        last = A[-2] @ (A[-1][:-1] - Y).T  # without the mask of the output
        row[-last.size :] = last.ravel()
        return row


class _Half(reference.BlockGradient):
    def sums(self, weights, X, Y):
        row = super().sums(weights, X, Y)
        row[0] /= 2
        return row


@exercise
def check_blocks(check_blocks):
    """A check of the sums of blocks: the right class passes, wrong ones do not."""
    return grade(
        check_blocks,
        [reference.BlockGradient],
        {
            "one that takes a block of less than a tile for less": _Ragged,
            "one without biases": _NoBias,
            "one whose row of ones is overwritten, from the second block on": _OnesLost,
            "one that adds up the blocks before": _Adds,
            "one that returns means": _Mean,
            "one that forgets the mask of the output layer": _Unmasked,
            "one whose loss is half of what it should be": _Half,
        },
    )


@exercise
def best_machines(best_machines):
    """The number of machines with which an iteration is fastest."""
    for m, sample, task, alone, right in (
        (600_000, 0.6e-6, 1e-3, 0.1e-6, 19),
        (60_000, 0.6e-6, 1e-3, 0.1e-6, 1),
        (10_000_000, 0.6e-6, 1e-3, 0.1e-6, 77),
        (1_000_000, 1e-6, 0.2, 1e-6, 2),
        (10**9, 1e-6, 1e-3, 1e-7, 1000),
        (4 * 10**9, 1e-6, 1e-3, 1e-7, 1000),
    ):
        square = m * sample / task
        mistakes = {
            "how long does train_fast take? m times `alone`": min(1000, round(np.sqrt(square))),
            "there are 1,000 machines at most": np.sqrt(square),
            "`alone` is the time of a sample: train_fast takes m times as long": 1,
            "the whole number below is not always the better of two": int(np.sqrt(square)),
            "the more machines, the more tasks: each of them takes `task`": 1000,
            "that is the square of it": square,
            "that is the time, not the number of machines": 2 * np.sqrt(m * sample * task),
        }
        mistakes = {text: value for text, value in mistakes.items() if value != right}
        got = called(best_machines, m, sample, task, alone)
        what = f"for {m:,} samples of {1e6 * sample:g} µs and tasks of {1000 * task:g} ms"
        same(f"{what} the number", got, right, mistakes)
    return "0.6 µs, 1 ms and 0.1 µs: it pays from 240,000 samples on, 4 · sample · task / alone²"
