"""Those that are compared: each takes the same steps of full-batch gradient descent.

The network is that of stage 6, 14-64-32-16-1 with a ReLU behind every layer, its loss 1/(2m) times
the sum of squares, no penalty. It starts where every output is above 0, and stays there, so that
the ReLU of the output changes nothing: scikit-learn has none. A peer is a function of a problem
that returns `run`, and `run(steps)` returns the loss before each step, and the seconds of each.
"""

import functools
import importlib.util
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits

from nnfs_core import SGD, BlockModel, Model, Solver, initialize_parameters, mlp, train, train_fast
from nnfs_core.scaling import BlockGradient, _cores, _Engine
from nnfs_core.solver import _take_steps
from tools.bench import plain as plain_step

LAYER_SIZES, RATE = [14, 64, 32, 16, 1], 0.01
PRODUCTS = "matrix products alone"


class Problem(NamedTuple):
    """Samples as columns, in one precision, and the parameters to start from, in float64."""

    X: np.ndarray
    Y: np.ndarray
    parameters: dict


def problem(m: int, dtype: str) -> Problem:
    """Return m samples of noise: how long a step takes does not depend on what they mean."""
    rng = np.random.default_rng(0)
    X = rng.random((LAYER_SIZES[0], m), np.float32).astype(dtype)
    Y = rng.random((LAYER_SIZES[-1], m), np.float32).astype(dtype)
    parameters = initialize_parameters(LAYER_SIZES, seed=3)
    last = len(LAYER_SIZES) - 1
    parameters[f"W{last}"] = np.abs(parameters[f"W{last}"])  # outputs above 0
    parameters[f"b{last}"] += 0.1
    return Problem(X, Y, parameters)


def _typed(given):
    """Return copies of the parameters in the precision of the data."""
    return {name: array.astype(given.X.dtype) for name, array in given.parameters.items()}


def _timed(step):
    """Return `run` for a function that takes a step and returns the loss before it."""

    def run(steps):
        losses, seconds = [], []
        for _ in range(steps):
            start = time.perf_counter()
            losses.append(float(step()))
            seconds.append(time.perf_counter() - start)
        return losses, seconds

    return run


def plain(given: Problem):
    """Return `run` of the formulas as one types them; BLAS has all cores."""
    parameters = _typed(given)

    def step():
        nonlocal parameters
        loss, parameters = plain_step(given.X, given.Y, parameters, RATE, 0.0)
        return loss

    return _timed(step)


def _of_train(function, given, **settings):
    """Return `run` of train or train_fast: one call takes all steps, and one more to begin."""
    state = {"parameters": _typed(given)}

    def run(steps):
        marks, losses = [], []

        def mark(_, loss, parameters):
            marks.append(time.perf_counter())
            losses.append(loss)
            state["parameters"] = parameters
            if len(marks) == 1:
                marks[0] = time.perf_counter()

        data = given.X, given.Y, LAYER_SIZES
        more = settings | state
        function(*data, learning_rate=RATE, iterations=steps + 1, callback=mark, **more)
        return losses, list(np.diff(marks))

    return run


def of_train(given: Problem):
    """Return `run` of stage 6's train."""
    return _of_train(train, given)


def of_train_fast(given: Problem, workers: int | None = None):
    """Return `run` of stage 14's train_fast."""
    return _of_train(train_fast, given, dtype=given.X.dtype, workers=workers)


def of_solver(given: Problem, model_class=Model):
    """Return `run` of stage 9's Solver with plain gradient descent and one batch of all samples."""
    told = []

    class Told(model_class):
        def forward(self, X, Y):
            told.append(super().forward(X, Y))
            return told[-1]

    model = Told(mlp(LAYER_SIZES))
    model.network.load_state(given.parameters)
    solver, rng = Solver(model, SGD(RATE)), np.random.default_rng(0)

    def step():
        with threadpool_limits(1, "blas"):  # as Solver.fit does
            _take_steps(solver, (given.X, given.Y), given.X.shape[1], rng, epoch=0, epochs=1)
        return told[-1]

    return _timed(step)


def of_scikit_learn(given: Problem):
    """Return `run` of scikit-learn's MLPRegressor."""
    m = given.X.shape[1]
    settings = {"learning_rate_init": RATE, "batch_size": m, "alpha": 0, "momentum": 0}
    settings |= {"solver": "sgd", "shuffle": False, "hidden_layer_sizes": LAYER_SIZES[1:-1]}
    library = MLPRegressor(**settings)
    X, y = np.ascontiguousarray(given.X.T), given.Y[0]
    library.partial_fit(X, y)  # which sets it up; then it begins anew
    parameters = _typed(given)
    for layer in range(1, len(LAYER_SIZES)):
        library.coefs_[layer - 1][...] = parameters[f"W{layer}"].T
        library.intercepts_[layer - 1][...] = parameters[f"b{layer}"][:, 0]

    def step():
        library.partial_fit(X, y)
        return library.loss_

    return _timed(step)


def of_pytorch(given: Problem, compiled: bool = False):
    """Return `run` of PyTorch, eager or compiled, on all cores."""
    import torch

    torch.set_num_threads(_cores())
    parts = []
    for n_in, n_out in zip(LAYER_SIZES[:-1], LAYER_SIZES[1:], strict=True):
        parts += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
    X, Y = (torch.tensor(np.ascontiguousarray(part.T)) for part in (given.X, given.Y))
    network = torch.nn.Sequential(*parts).to(X.dtype)
    with torch.no_grad():
        for array, ours in zip(network.parameters(), given.parameters.values(), strict=True):
            array[...] = torch.tensor(ours).reshape(array.shape)
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)

    def loss_of(X, Y):
        return torch.nn.functional.mse_loss(network(X), Y) / 2

    if compiled:
        loss_of = torch.compile(loss_of)

    def step():
        optimizer.zero_grad()
        loss = loss_of(X, Y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return _timed(step)


def of_jax(given: Problem):
    """Return `run` of JAX: the plain formulas of the loss, and its compiler does the rest."""
    import jax

    jax.config.update("jax_enable_x64", True)  # else it has no float64
    X, Y = jax.numpy.array(given.X), jax.numpy.array(given.Y)
    parameters = {name: jax.numpy.array(array) for name, array in _typed(given).items()}

    def loss_of(parameters, X, Y):
        A = X
        for layer in range(1, len(LAYER_SIZES)):
            A = jax.nn.relu(parameters[f"W{layer}"] @ A + parameters[f"b{layer}"])
        return ((A - Y) ** 2).sum() / (2 * X.shape[1])

    @jax.jit
    def update(parameters, X, Y):
        loss, gradients = jax.value_and_grad(loss_of)(parameters, X, Y)
        return loss, {name: array - RATE * gradients[name] for name, array in parameters.items()}

    def step():
        nonlocal parameters
        loss, parameters = jax.block_until_ready(update(parameters, X, Y))
        return loss

    return _timed(step)


class _Products(BlockGradient):
    """The matrix products of BlockGradient, in its blocks and buffers, and nothing else."""

    def sums(self, weights, X, Y):
        """Return 0."""
        A, Z, _, _, dW = self._views(X.shape[1])
        for layer, Wb in enumerate(weights, start=1):
            np.matmul(Wb, A[layer - 1], out=Z[layer])
        for layer in range(len(weights), 0, -1):
            np.matmul(A[layer - 1], Z[layer].transpose(0, 2, 1), out=dW[layer - 1])
            if layer > 1:
                product = np.multiply if Z[layer].shape[1] == 1 else np.matmul
                product(weights[layer - 1][:, :-1].T, Z[layer], out=Z[layer - 1])
        return 0.0


def products(given: Problem):
    """Return `run` of the matrix products of train_fast, on as many threads; it has no loss."""
    engine = _Engine(given.X, given.Y, LAYER_SIZES, given.X.dtype, None, None)
    for one in engine.gradients:
        one.__class__ = _Products

    def run(steps):
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(len(engine.gradients)) as pool:
            return _timed(lambda: engine.sums(given.parameters, pool))(steps)

    return run


def peers() -> dict:
    """Return those that are installed here, by name."""
    found = {
        "plain formulas": plain,
        "train": of_train,
        "train_fast": of_train_fast,
        PRODUCTS: products,
        "train_fast, 1 worker": functools.partial(of_train_fast, workers=1),
        "Solver": of_solver,
        "Solver, BlockModel": functools.partial(of_solver, model_class=BlockModel),
        "scikit-learn": of_scikit_learn,
    }
    if importlib.util.find_spec("torch"):
        found["PyTorch"] = of_pytorch
        if shutil.which("g++") or shutil.which("clang++"):
            found["PyTorch, compiled"] = functools.partial(of_pytorch, compiled=True)
    if importlib.util.find_spec("jax"):
        found["JAX, jit"] = of_jax
    return found
