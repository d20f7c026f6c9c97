"""Stage 8: the network on lists and floats, against the one of NumPy."""

import ast
import copy
import math
import random
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs_core import Model, mlp
from nnfs_core.pure_python import (
    backward_by_loops,
    forward_by_loops,
    initialize_by_loops,
    layer_by_loops,
    mse_by_loops,
    neuron,
    train_by_loops,
    update_by_loops,
)
from nnfs_course.exercises import pure_python as exercises
from tools.lib.layout import ROOT

SOURCE = (ROOT / "nnfs_core" / "pure_python.py").read_text("utf-8")


def to_lists(arrays):
    """Weights as rows, biases flat."""
    return {key: a.tolist() if "W" in key else a[:, 0].tolist() for key, a in arrays.items()}


def twins(sizes, m, seed=0):
    """A network in NumPy, its parameters as lists, X and Y, and both as lists of samples."""
    model, rng = Model(mlp(sizes, seed=seed)), np.random.default_rng(seed + 1)
    for name, array in model.network.parameters.items():
        if name.startswith("b"):
            array += 0.1 * rng.standard_normal(array.shape)  # biases of 0 would test less
    X, Y = rng.standard_normal((sizes[0], m)), rng.standard_normal((sizes[-1], m))
    return model, to_lists(model.network.parameters), X, Y, X.T.tolist(), Y.T.tolist()


def numpy_step(model, X, Y, learning_rate):
    """Loss before a step of gradient descent."""
    loss = model.loss(X, Y)
    model.backward()
    for name, array in model.network.parameters.items():
        array -= learning_rate * model.network.gradients[f"d{name}"]
    return loss


def loops(parameters, samples, targets):
    """Loss and gradients."""
    outputs, caches = zip(*[forward_by_loops(x, parameters) for x in samples], strict=True)
    return mse_by_loops(outputs, targets), backward_by_loops(targets, caches, parameters)


def test_it_imports_math_and_random_and_nothing_else():
    imports = [n for n in ast.walk(ast.parse(SOURCE)) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert {alias.name for node in imports for alias in node.names} == {"math", "random"}
    assert all(isinstance(node, ast.Import) for node in imports)


def test_it_trains_where_no_package_is_installed(tmp_path):
    program = "\n".join(
        [
            SOURCE,
            "import sys",
            "xs = [[i / 10, 1 - i / 10] for i in range(11)]",
            "ys = [[abs(a - b)] for a, b in xs]",
            "start = initialize_by_loops([2, 8, 4, 3, 1], seed=1)",
            "losses, _ = train_by_loops(",
            "    xs, ys, start, learning_rate=0.1, epochs=200, batch_size=1)",
            "assert sum(losses[-11:]) < sum(losses[:11]) / 10",
            "assert 'numpy' not in sys.modules",
        ]
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=5),
    st.integers(1, 4),
    st.integers(0, 10**6),
)
def test_forward_loss_and_gradients_are_those_of_numpy(sizes, m, seed):
    model, parameters, X, Y, samples, targets = twins(sizes, m, seed)
    outputs = [forward_by_loops(x, parameters)[0] for x in samples]
    np.testing.assert_allclose(np.array(outputs).T, model.predict(X), rtol=0, atol=1e-12)
    loss, gradients = loops(parameters, samples, targets)
    assert abs(loss - model.loss(X, Y)) < 1e-12 * max(1, loss)
    model.backward()
    expected = to_lists(model.network.gradients)
    assert gradients.keys() == expected.keys()
    for key in expected:
        np.testing.assert_allclose(gradients[key], expected[key], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("batch_size", "epochs"), [(1, 5), (6, 25), (20, 100), (99, 100)])
def test_training_has_the_losses_of_numpy(batch_size, epochs):
    model, parameters, X, Y, samples, targets = twins([5, 8, 6, 4, 2], 20)
    order, rng, expected = list(range(20)), random.Random(3), []
    for _ in range(epochs):
        rng.shuffle(order)
        for first in range(0, 20, batch_size):
            batch = order[first : first + batch_size]
            expected.append(numpy_step(model, X[:, batch], Y[:, batch], 0.05))
    settings = {"learning_rate": 0.05, "epochs": epochs, "batch_size": batch_size, "seed": 3}
    losses, trained = train_by_loops(samples, targets, parameters, **settings)
    assert len(losses) >= 100
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-12)
    for key, values in to_lists(model.network.parameters).items():
        np.testing.assert_allclose(trained[key], values, rtol=0, atol=1e-12)


def test_a_cache_holds_what_the_way_back_needs():
    _, parameters, *_ = twins([3, 4, 2], 1)
    a, cache = forward_by_loops([1.0, -2.0, 0.5], parameters)
    assert list(cache) == ["a0", "z1", "a1", "z2", "a2"]
    assert cache["a0"] == [1.0, -2.0, 0.5]
    assert a == cache["a2"] == cache["z2"]
    z = np.array(parameters["W1"]) @ [1.0, -2.0, 0.5] + parameters["b1"]
    np.testing.assert_allclose(cache["z1"], z)
    assert min(z) < 0 < max(z)
    assert cache["a1"] == [max(0.0, z) for z in cache["z1"]]


def test_he_initialization():
    state, parameters = random.getstate(), initialize_by_loops([200, 300, 80])
    for name, shape in {"W1": (300, 200), "W2": (80, 300)}.items():
        W = np.array(parameters[name]) / np.sqrt(2 / shape[1])
        assert W.shape == shape
        assert abs(W.var() - 1) < 0.03
        assert abs(W.mean()) < 0.02
        assert abs((abs(W) < 0.6745).mean() - 0.5) < 0.02  # half of a normal distribution
    first, second = np.array(parameters["W1"])[0], np.array(parameters["W2"])[0, :200]
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.3
    assert (parameters["b1"], parameters["b2"]) == ([0.0] * 300, [0.0] * 80)
    assert parameters == initialize_by_loops([200, 300, 80], seed=0)
    assert parameters != initialize_by_loops([200, 300, 80], seed=1)
    assert random.getstate() == state


def test_what_is_given_stays_as_it_is():
    _, parameters, _, _, samples, targets = twins([3, 4, 2], 5)
    before = copy.deepcopy((parameters, samples, targets))
    _, gradients = loops(parameters, samples, targets)
    update_by_loops(parameters, gradients, 0.1)
    train_by_loops(samples, targets, parameters, learning_rate=0.1, epochs=2, batch_size=2)
    assert (parameters, samples, targets) == before


def test_arrays_for_parameters_stay_as_they_are_and_work():
    model, parameters, _, _, samples, _ = twins([3, 4, 2], 1)
    before = copy.deepcopy(model.network.parameters)
    a, _ = forward_by_loops(samples[0], model.network.parameters)
    np.testing.assert_allclose(np.ravel(a), forward_by_loops(samples[0], parameters)[0])
    assert all(np.array_equal(before[key], model.network.parameters[key]) for key in before)


def test_the_slope_at_zero_is_zero():
    parameters = {"W1": [[1.0], [1.0]], "b1": [-1.0, 0.0], "W2": [[1.0, 1.0]], "b2": [0.0]}
    a, cache = forward_by_loops([1.0], parameters)
    assert (a, cache["z1"]) == ([1.0], [0.0, 1.0])
    assert backward_by_loops([[0.0]], [cache], parameters)["dW1"] == [[0.0], [1.0]]


def test_training_leaves_the_common_random_numbers_alone():
    _, parameters, _, _, samples, targets = twins([3, 4, 2], 5)
    state, settings = random.getstate(), {"learning_rate": 0.1, "epochs": 2, "batch_size": 2}
    result = train_by_loops(samples, targets, parameters, **settings)
    assert random.getstate() == state
    assert result == train_by_loops(samples, targets, parameters, **settings, seed=0)
    assert result != train_by_loops(samples, targets, parameters, **settings, seed=1)


def test_each_epoch_takes_each_sample_once_in_a_new_order():
    samples, targets = [[float(i)] for i in range(9)], [[0.0]] * 9
    settings = {"learning_rate": 1e-15, "epochs": 2, "batch_size": 1}
    losses, _ = train_by_loops(samples, targets, {"W1": [[1.0]], "b1": [0.0]}, **settings)
    first, second = (
        [round((2 * loss) ** 0.5) for loss in part] for part in (losses[:9], losses[9:])
    )
    assert sorted(first) == sorted(second) == list(range(9))
    assert first != second


def test_nan_stays_nan():
    _, parameters, *_ = twins([2, 4, 4, 1], 1)
    assert math.isnan(forward_by_loops([math.nan, 1.0], parameters)[0][0])


GOOD = {"learning_rate": 0.1, "epochs": 1, "batch_size": 2}
ONE = {"W1": [[1.0]], "b1": [0.0]}
STEP = {"dW1": [[1.0]], "db1": [1.0]}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: neuron([1.0, 2.0], [1.0], 0.0),
            "x has the length 2, w 1; expected equal lengths, 1 or more",
        ),
        (lambda: neuron([1.0], [1.0, 2.0], 0.0), "x has the length 1, w 2"),
        (lambda: layer_by_loops([1.0], [[1.0], [2.0]], [0.0]), "W has the length 2, b 1"),
        (lambda: forward_by_loops([1.0], {}), "parameters has no keys; expected W1, b1"),
        (lambda: forward_by_loops([1.0], {**ONE, "W2": [[1.0]]}), "parameters has W1, b1, W2"),
        (lambda: forward_by_loops([1.0], {"W2": 1, "b2": 1}), "parameters has W2, b2"),
        (lambda: mse_by_loops([[1.0]], [[1.0], [1.0]]), "outputs has the length 1, targets 2"),
        (
            lambda: mse_by_loops([[1.0, 2.0]], [[1.0]]),
            r"outputs\[0\] has the length 2, targets\[0\] 1",
        ),
        (lambda: mse_by_loops([], []), "outputs has the length 0, targets 0; expected"),
        (lambda: backward_by_loops([[1.0]], [], ONE), "targets has the length 1, caches 0"),
        (lambda: backward_by_loops([], [], ONE), "length 0, caches 0"),
        (
            lambda: initialize_by_loops([3]),
            "number of layer_sizes is 1; expected a whole",
        ),
        (
            lambda: initialize_by_loops([3, 0, 1]),
            r"layer_sizes\[1\] is 0; expected a whole number, 1",
        ),
        (lambda: initialize_by_loops([3, 2.5, 1]), r"layer_sizes\[1\] is 2.5"),
        (lambda: initialize_by_loops([3, -1, 1]), r"layer_sizes\[1\] is -1"),
        (lambda: initialize_by_loops([True, 1]), r"layer_sizes\[0\] is True"),
        (lambda: initialize_by_loops([3, 2], seed=-1), "seed is -1"),
        (lambda: forward_by_loops([1.0, 2.0], ONE), r"a0 has the length 2, W1\[0\] 1"),
        (
            lambda: backward_by_loops([[1.0]], [{"a0": [1.0], "z1": [2.0], "a1": [2.0, 1.0]}], ONE),
            "an output has the length 2, its target 1",
        ),
        (
            lambda: backward_by_loops([[1.0]], [{"a0": [1.0, 2.0], "a1": [2.0]}], ONE),
            r"a0 of a cache has the length 2, W1\[0\] 1",
        ),
        (
            lambda: backward_by_loops([[1.0] * 2], [{"a0": [1.0], "a1": [2.0] * 2}], ONE),
            "z1 of a cache has the length 2, W1 1",
        ),
        (lambda: update_by_loops(ONE, STEP, 0), "learning_rate is 0"),
        (lambda: update_by_loops(ONE, STEP, math.inf), "learning_rate is inf"),
        (lambda: update_by_loops({"W2": [[1.0]]}, {"dW2": [[1.0]]}, 1), "parameters has W2"),
        (lambda: update_by_loops(ONE, STEP | {"db1": []}, 1), "b1 has the length 1, db1 0"),
        (lambda: update_by_loops(ONE, STEP | {"dW1": [[1.0, 2.0]]}, 1), "longer"),
        (lambda: train_by_loops([], [], ONE, **GOOD), "length 0, targets 0"),
        (lambda: train_by_loops([[1.0]], [], ONE, **GOOD), "samples has the length 1, targets 0"),
        (
            lambda: train_by_loops([1.0], [[1.0]], ONE, **GOOD),
            r"samples\[0\] is 1.0; expected a list",
        ),
        (lambda: train_by_loops([[1.0]], [1.0], ONE, **GOOD), r"targets\[0\] is 1.0; expected"),
        (
            lambda: train_by_loops([[1.0, 2.0], [1.0, math.nan]], [[1.0]] * 2, ONE, **GOOD),
            r"samples\[1\] is \[1.0, nan\]; expected finite numbers",
        ),
        (lambda: train_by_loops([[1.0]], [[math.inf]], ONE, **GOOD), r"targets\[0\] is \[inf\]"),
        (lambda: train_by_loops([[1.0]], [[1.0]], ONE, **GOOD | {"epochs": 0}), "epochs is 0"),
        (lambda: train_by_loops([[1.0]], [[1.0]], ONE, **GOOD | {"epochs": 2.0}), "epochs is 2.0"),
        (lambda: train_by_loops([[1.0]], [[1.0]], ONE, **GOOD | {"epochs": "2"}), "epochs is '2'"),
        (lambda: train_by_loops([[1.0]], [[1.0]], ONE, **GOOD | {"epochs": math.nan}), "is nan"),
        (lambda: train_by_loops([[1.0]], [[1.0]], ONE, **GOOD | {"batch_size": 0}), "1 or more"),
        (lambda: train_by_loops([[1.0]], [[1.0]], ONE, **GOOD | {"batch_size": 1.5}), "is 1.5"),
        (lambda: train_by_loops([[1.0]], [[1.0]], ONE, **GOOD | {"seed": None}), "seed is None"),
        (
            lambda: train_by_loops([[1.0]], [[1.0]], ONE, **GOOD | {"learning_rate": -1}),
            "rate is -1",
        ),
        (
            lambda: train_by_loops([[1.0]], [[1.0]], ONE, **GOOD | {"learning_rate": math.nan}),
            "learning_rate is nan",
        ),
        (lambda: train_by_loops(np.ones((3, 5)), np.ones((1, 5)), ONE, **GOOD), "the length 3"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_loss_that_explodes_is_an_error():
    _, parameters, _, _, samples, targets = twins([3, 8, 8, 2], 5)
    settings = {"learning_rate": 50, "batch_size": 5}
    with pytest.raises(FloatingPointError, match="try a tenth of learning_rate=50") as info:
        train_by_loops(samples, targets, parameters, **settings, epochs=99)
    step = int(re.match(r"the loss is (?:inf|nan) in step (\d+):", str(info.value))[1])
    assert 1 < step < 99
    losses, _ = train_by_loops(samples, targets, parameters, **settings, epochs=step - 1)
    assert len(losses) == step - 1


def test_a_loss_of_nan_is_an_error():
    nan = {"W1": [[math.nan]], "b1": [0.0]}
    with pytest.raises(FloatingPointError, match="loss is nan in step 1: .* look at the size"):
        train_by_loops([[1.0]], [[1.0]], nan, **GOOD)


FAULTS = [
    ("return z + b", "return z - b"),
    ("return z + b", "return z"),
    ("z += w[j] * x[j]", "z -= w[j] * x[j]"),
    ("z += w[j] * x[j]", "z = w[j] * x[j]"),
    ("z.append(neuron(x, W[i], b[i]))", "z.append(neuron(x, W[i], b[0]))"),
    ("0.0 if z_i <= 0 else z_i", "0.0 if z_i >= 0 else z_i"),
    ("if layer == depth else", "if layer > depth else"),
    ("error * error", "error"),
    ("total / (2 * len(targets))", "total / len(targets)"),
    ("(a[i] - y[i]) / m", "(y[i] - a[i]) / m"),
    ("(a[i] - y[i]) / m", "(a[i] - y[i])"),
    ("db[i] += dz[i]", "db[i] = dz[i]"),
    ("dW[i][j] += dz[i] * x[j]", "dW[i][j] -= dz[i] * x[j]"),
    ("dW[i][j] += dz[i] * x[j]", "dW[i][j] = dz[i] * x[j]"),
    ("dx[j] += W[i][j] * dz[i]", "dx[j] -= W[i][j] * dz[i]"),
    ("dx[j] += W[i][j] * dz[i]", "dx[j] = W[i][j] * dz[i]"),
    ("dx[j] += W[i][j] * dz[i]", "dx[j] += W[min(j, len(W) - 1)][min(i, len(x) - 1)] * dz[i]"),
    ("dx[j] if z[j] > 0 else 0.0", "dx[j] if z[j] < 0 else 0.0"),
    ("dx[j] if z[j] > 0 else 0.0", "dx[j]"),
    ("w - learning_rate * dw", "w + learning_rate * dw"),
    ("b_i - learning_rate * db_i", "b_i + learning_rate * db_i"),
    ("range(depth, 0, -1)", "range(depth, 1, -1)"),
]


def distances(module):
    """How far loss, gradients and updated parameters of a module are from those of NumPy."""
    model, parameters, X, Y, samples, targets = twins([4, 5, 4, 3, 2], 6, seed=1)
    passes = [module["forward_by_loops"](x, parameters) for x in samples]
    loss = module["mse_by_loops"]([a for a, _ in passes], targets)
    gradients = module["backward_by_loops"](targets, [cache for _, cache in passes], parameters)
    updated = module["update_by_loops"](parameters, gradients, 0.5)
    yield abs(loss - numpy_step(model, X, Y, 0.5))
    expected = to_lists(model.network.gradients) | to_lists(model.network.parameters)
    for key, values in (gradients | updated).items():
        yield np.abs(np.array(values) - expected[key]).max()


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right, wrong):
    assert SOURCE.count(right) == 1
    planted = {"__name__": "planted"}
    exec(SOURCE.replace(right, wrong), planted)
    assert max(distances(planted)) > 1e-3


def test_without_a_fault_nothing_is_caught():
    module = {"__name__": "copy"}
    exec(SOURCE, module)
    assert max(distances(module)) < 1e-12


def test_the_network_of_the_checks_is_alive():
    """A check on a dead network would accept nearly anything."""
    for sizes in ([3, 2, 2], exercises.SIZES):
        parameters = exercises._network(sizes)
        caches = exercises._caches(parameters)
        gradients = backward_by_loops(exercises.TARGETS, caches, parameters)
        assert all(np.any(values) for values in gradients.values())
        depth = len(sizes) - 1
        assert len({tuple(cache[f"a{depth}"]) for cache in caches}) == len(caches)
    assert any(min(cache["a4"]) < 0 for cache in caches)
