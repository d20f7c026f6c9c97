"""Stage 14: near the machine's limit.

Generated from notebooks/14_scaling.ipynb by `make export`: edit that, not this.
"""

import copy
import itertools
import os
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from nnfs_core.initialization import initialize_parameters
from nnfs_core.layers import Layer, Loss, Model, Sequential
from nnfs_core.training_loop import _DEAD, _DIVERGED, TrainingResult
from nnfs_core.validation import Array, Arrays, guard_matrix
from nnfs_core.validation_scaling import (
    guard_batch,
    guard_block,
    guard_blocks,
    guard_buffers,
    guard_fast,
    guard_separable,
    guard_sums,
)

TILE = 480  # samples in one matrix product: OpenBLAS does not copy the factors of a small one


def _tiled(X, tiles):
    """Return X (n, m) as (tiles, n, m / tiles), without a copy."""
    return X.reshape(len(X), tiles, -1).transpose(1, 0, 2)


def _blocks(m, block_size):
    """Return slices of m samples: whole tiles, of about the same number each, and then the rest."""
    tile = min(block_size, TILE)
    count = -(-m // (block_size // tile * tile))
    count += count > 1 and count % 2  # an even number: two workers have the same to do
    size = -(-m // (count * tile)) * tile
    whole = m - m % tile
    edges = [*range(0, whole, size), *sorted({whole, m})]
    return [slice(start, stop) for start, stop in itertools.pairwise(edges)]


def _cores():
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _block_size(layer_sizes, dtype):
    """Return how many samples a worker takes at once: buffers of eight second-level caches."""
    try:
        kibibytes = int(Path("/sys/devices/system/cpu/cpu0/cache/index2/size").read_text()[:-2])
    except (OSError, ValueError):  # not Linux
        kibibytes = 1024
    column = (2 * sum(layer_sizes) + len(layer_sizes)) * np.dtype(dtype).itemsize
    return max(1, 8192 * kibibytes // column // TILE) * TILE


class BlockGradient:
    """Loss and gradient of stage 6's network, added up over the samples of a block.

    Works in dtype, in buffers for up to block_size samples that are made once: an activation is
    (tiles, n_l + 1, TILE), with a last row of ones for the bias, and becomes dZ in place. Each tile
    has a row of results: Σ (A - Y)², how often each output is above 0, [dW db] transposed.
    """

    def __init__(self, layer_sizes: list[int], block_size: int, dtype=np.float32):
        guard_buffers(layer_sizes, block_size, dtype)
        tiles, width = max(1, block_size // TILE), min(block_size, TILE)
        self.A = [np.ones((tiles, n + 1, width), dtype) for n in layer_sizes]
        self.masks = [np.empty((tiles, n, width), dtype) for n in layer_sizes]
        self.shapes = [(k + 1, n) for k, n in itertools.pairwise(layer_sizes)]
        results = 1 + layer_sizes[-1] + sum(k * n for k, n in self.shapes)
        self.rows = np.empty((tiles, results), dtype)

    def _views(self, m):
        """Return what m samples take of the buffers: [A; 1], Z, masks, rows, and dW in these."""
        tiles, width = max(1, m // TILE), min(m, TILE)
        A = [array[:tiles, :, :width] for array in self.A]
        Z = [array[:, :-1] for array in A]
        masks = [array[:tiles, :, :width] for array in self.masks]
        rows, dW, start = self.rows[:tiles], [], 1 + len(Z[-1][0])
        for k, n in self.shapes:
            dW.append(rows[:, start : start + k * n].reshape(tiles, k, n))
            start += k * n
        return A, Z, masks, rows, dW

    def sums(self, weights: list[Array], X: Array, Y: Array) -> Array:
        """Return the sum of the rows of all tiles, in float64.

        weights: the matrices [W b]; X (n_0, m), Y (n_L, m): whole tiles, or less than one.
        """
        guard_block(weights, X, Y, self.A)
        A, Z, masks, rows, dW = self._views(X.shape[1])
        Z[0][...] = _tiled(X, len(rows))
        for layer, Wb in enumerate(weights, start=1):
            np.matmul(Wb, A[layer - 1], out=Z[layer])
            np.greater(Z[layer], 0, out=masks[layer])
            Z[layer] *= masks[layer]
        Z[-1] -= _tiled(Y, len(rows)).astype(Z[-1].dtype, copy=False)  # A - Y
        rows[:, 0] = np.square(Z[-1]).sum(axis=(1, 2))
        rows[:, 1 : 1 + len(Y)] = masks[-1].sum(axis=2)
        for layer in range(len(weights), 0, -1):
            Z[layer] *= masks[layer]  # dA becomes dZ
            np.matmul(A[layer - 1], Z[layer].transpose(0, 2, 1), out=dW[layer - 1])
            if layer > 1:  # nobody asks for dX
                product = np.multiply if Z[layer].shape[1] == 1 else np.matmul
                product(weights[layer - 1][:, :-1].T, Z[layer], out=Z[layer - 1])
        return rows.sum(axis=0, dtype=np.float64)


def _listed(inside, work, worker):
    """Do the work of a worker, who is listed as inside meanwhile."""
    inside.append(worker)
    try:
        work(worker)
    finally:
        inside.remove(worker)


def sum_over_blocks(
    workers: list[Callable[[slice], Array]], blocks: list[slice], pool: ThreadPoolExecutor
) -> Array:
    """Return the sum of what the workers make of the blocks, the same for any number of workers.

    Each worker has a thread, the first this one, and takes a block after the other. An error in
    one of them, or Ctrl-C, stops all.
    """
    numbers, lock = iter(range(len(blocks))), threading.Lock()
    total, added, waiting, inside = 0.0, 0, {}, []

    def work(worker):
        nonlocal total, added
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # who gets the sum looks at it
                for number in numbers:  # whoever is free takes the next one
                    part = worker(blocks[number])
                    with lock:
                        waiting[number] = part
                        while added in waiting:  # in the order of the blocks, whoever was first
                            total = total + waiting.pop(added)
                            added += 1
        except BaseException:
            list(numbers)  # nothing is left for the others
            raise

    others = []
    try:
        for worker in workers[1:]:
            others.append(pool.submit(_listed, inside, work, worker))
        work(workers[0])
    finally:
        list(numbers)  # Ctrl-C may come while the threads are started
        while inside:  # no wait(others): a thread may be at work whose submit did not return
            time.sleep(0.0001)
    for other in others:
        other.result()  # raises what stopped it
    return total


def joined(parameters: Arrays, dtype) -> list[Array]:
    """Return [W b] of each layer in one array, for BlockGradient."""
    layers = range(1, len(parameters) // 2 + 1)
    pairs = [(parameters[f"W{layer}"], parameters[f"b{layer}"]) for layer in layers]
    with np.errstate(over="ignore"):  # the loss tells of it
        return [np.hstack(pair).astype(dtype) for pair in pairs]


def update_from_sums(
    parameters: Arrays, sums: Array, m: int, learning_rate: float, l2: float = 0.0
) -> tuple[float, Arrays]:
    """Return the total loss, and new parameters after a step of gradient descent.

    sums: what BlockGradient gives, added up over all m samples.
    """
    guard_sums(parameters, sums, m)
    squares, updated = 0.0, {}
    start = 1 + len(parameters[f"b{len(parameters) // 2}"])
    for layer in range(1, len(parameters) // 2 + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        stop = start + W.size + b.size
        gradient = sums[start:stop].reshape(-1, len(b)).T / m  # [dW db]
        updated[f"W{layer}"] = W - learning_rate * (gradient[:, :-1] + l2 / m * W)
        updated[f"b{layer}"] = b - learning_rate * gradient[:, -1:]
        squares += np.sum(W**2)
        start = stop
    return float((sums[0] + l2 * squares) / (2 * m)), updated


class _Engine:
    """Data in blocks, and for each worker buffers to compute in."""

    def __init__(self, X, Y, layer_sizes, dtype, workers, block_size):
        block_size = block_size or _block_size(layer_sizes, dtype)
        self.X, self.Y, self.dtype, self.warned = X, Y, dtype, False
        self.blocks = _blocks(X.shape[1], block_size)
        workers = range(min(workers or _cores(), len(self.blocks)))
        most = self.blocks[0].stop  # the first block is the largest
        self.gradients = [BlockGradient(layer_sizes, most, dtype) for _ in workers]

    def sums(self, parameters, pool):
        """Return what BlockGradient gives, added up over all blocks."""
        weights = joined(parameters, self.dtype)

        def worker(gradient):
            return lambda block: gradient.sums(weights, self.X[:, block], self.Y[:, block])

        return sum_over_blocks([worker(one) for one in self.gradients], self.blocks, pool)

    def step(self, parameters, pool, iteration, learning_rate, l2):
        """Return the loss before an update, and the parameters after it."""
        sums = self.sums(parameters, pool)
        with np.errstate(over="ignore", invalid="ignore"):
            m = self.X.shape[1]
            loss, updated = update_from_sums(parameters, sums, m, learning_rate, l2)
        if not all(np.isfinite(value).all() for value in (loss, *updated.values())):
            raise FloatingPointError(_DIVERGED.format(iteration, learning_rate))
        alive = sums[1 : 1 + len(self.Y)]
        if not self.warned and not alive.all():
            warnings.warn(_DEAD.format(iteration), stacklevel=3)
            self.warned = True
        return loss, updated


def train_fast(
    X: Array,
    Y: Array,
    layer_sizes: list[int],
    *,
    learning_rate: float,
    iterations: int,
    l2: float = 0.0,
    seed: int = 0,
    parameters: Arrays | None = None,
    callback: Callable[[int, float, Arrays], None] | None = None,
    dtype=np.float32,
    workers: int | None = None,
    block_size: int | None = None,
) -> TrainingResult:
    """Train as `train` does, but in blocks and on all cores; X and Y may be memory maps.

    dtype: what the blocks are computed in; parameters are float64. The losses of the first tens of
    iterations are those of `train` to about 1e-10 in float64, and to 1e-5 in float32. workers:
    threads, one a core if None; any number gives the same. block_size: samples taken at once.
    """
    X, Y = (part.view(np.ndarray) if isinstance(part, np.memmap) else part for part in (X, Y))
    settings = learning_rate, iterations, l2, seed, parameters, callback
    guard_fast(X, Y, layer_sizes, settings, dtype, workers, block_size)
    engine = _Engine(X, Y, layer_sizes, dtype, workers, block_size)
    losses, parameters = [], dict(parameters or initialize_parameters(layer_sizes, seed))
    try:
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(len(engine.gradients)) as pool:
            for iteration in range(1, iterations + 1):
                loss, parameters = engine.step(parameters, pool, iteration, learning_rate, l2)
                losses.append(loss)
                if callback is not None:
                    callback(iteration, loss, parameters)
    except KeyboardInterrupt:
        warnings.warn(f"interrupted after {len(losses)} of {iterations} iterations", stacklevel=2)
    return TrainingResult(losses, parameters)


def _copies(model, workers):
    """Return for each worker a model with memories of its own, but the same parameters."""
    shared = {id(array): array for array in model.network.parameters.values()}  # are not copied
    parts = [copy.deepcopy((model.network, model.loss_part), {**shared}) for _ in range(workers)]
    return [Model(*part, l2=model.l2, m=model.m) for part in parts]


def _over_blocks(task, parts, m, block_size):
    """Return the sum of task(part, block) over the blocks of m samples, a thread for each part."""
    blocks = [slice(start, start + block_size) for start in range(0, m, block_size)]
    parts = parts[: len(blocks)]  # a thread without a block would be started for nothing
    workers = [lambda block, part=part: task(part, block) for part in parts]
    with ThreadPoolExecutor(len(workers)) as pool:
        return sum_over_blocks(workers, blocks, pool)


def _block_sums(part, X, Y, share, dX):
    """Return loss and gradients of a block in a row, times its share of the samples; fill dX."""
    loss = part.forward(X, Y)
    np.multiply(part.backward(), share, out=dX)
    arrays = (array.ravel() for array in part.network.gradients.values())
    return share * np.concatenate([[loss], *arrays], dtype=np.float64)


class BlockModel(Model):
    """A Model whose loss and gradients are added up over blocks of samples, by several threads.

    network, loss, l2, m: as of Model, for layers that look at each sample alone and a loss that is
    a mean over samples. workers: threads, one a core if None; any number gives the same result.
    block_size: samples that a thread takes at once. A Solver takes it as any other model.
    """

    def __init__(
        self,
        network: Sequential,
        loss: Loss | None = None,
        *,
        l2: float = 0.0,
        m: int | None = None,
        workers: int | None = None,
        block_size: int = 2048,
    ):
        super().__init__(network, loss, l2=l2, m=m)
        guard_separable(network, Layer)
        guard_blocks(workers, block_size)
        self.block_size = block_size
        self.parts = _copies(self, workers or _cores())

    def predict(self, X):
        """Return the prediction for X (n_0, m), an array (n_L, m)."""
        guard_matrix("X", X)
        first = self.network.forward(X[:, :1])
        A = np.empty((len(first), X.shape[1]), first.dtype)

        def fill(part, block):
            A[:, block] = part.network.forward(X[:, block])
            return 0.0

        _over_blocks(fill, self.parts, X.shape[1], self.block_size)
        return A

    def forward(self, X, Y):
        """Return the loss; remember the gradients, which are computed with it, block by block."""
        guard_batch(X, Y)
        m = X.shape[1]
        for part in self.parts:  # somebody may have changed the penalty
            part.l2, part.m = self.l2, self.m
        dX = np.empty(X.shape, np.result_type(X, np.float32))

        def task(part, block):
            share = dX[:, block].shape[1] / m
            return _block_sums(part, X[:, block], Y[:, block], share, dX[:, block])

        loss, *sums = _over_blocks(task, self.parts, m, self.block_size)
        self.memory = X[:, :1], np.array(sums), dX
        return float(loss)

    def backward(self):
        """Return dX of the last loss; set the gradients of the network, with the penalty's."""
        first, sums, dX = self.recall()
        self.network.backward(0 * self.network.forward(first, training=True))  # makes the arrays
        gradients = self.network.gradients.values()
        ends = np.cumsum([gradient.size for gradient in gradients])[:-1]
        for gradient, found in zip(gradients, np.split(sums, ends), strict=True):
            gradient[...] = found.reshape(gradient.shape)
        return dX
