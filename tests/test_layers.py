"""Stage 7: the contract of layers, their gradients, and networks made of them."""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network import MLPRegressor

from nnfs_core import (
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    check_gradients,
    feed_forward,
    initialize_parameters,
    layers,
    train,
)
from tools.lib.layout import ROOT

ACTIVATIONS = [ReLU, LeakyReLU, Sigmoid, Tanh, Identity]
SMOOTH = [Sigmoid, Tanh, Identity]  # no corner that a difference could step over
EACH = pytest.mark.parametrize("activation", ACTIVATIONS)


def stack(*sizes, activation=Tanh, output=Identity, seed=0, l2=0.0, initialization="he"):
    """A network of linear layers with an activation function between them."""
    rng, parts = np.random.default_rng(seed), []
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        parts += [Linear(n_in, n_out, rng, initialization), activation()]
    return Sequential(*parts[:-1], output(), l2=l2)


def toy(n_in=4, n_out=3, m=6, seed=0):
    """Random X and Y."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n_in, m)), rng.standard_normal((n_out, m))


def wrong_gradients(model, X, Y):
    """Names of the gradients that finite differences refute."""
    return [name for name, error in check_gradients(model, X, Y).items() if not error < 1e-7]


@EACH
@pytest.mark.parametrize("l2", [0.0, 0.7])
def test_every_gradient_of_every_layer(activation, l2):
    X, Y = toy()
    assert wrong_gradients(Sequential(Linear(4, 3, 0), activation(), l2=l2), X, Y) == []
    assert wrong_gradients(stack(4, 5, 5, 3, activation=activation, l2=l2), X, Y) == []
    assert wrong_gradients(stack(4, 5, 3, activation=Tanh, output=activation, l2=l2), X, Y) == []


@given(st.integers(0, 10**6), st.lists(st.sampled_from(SMOOTH), min_size=1, max_size=4))
def test_a_random_stack_has_the_right_slope_in_a_random_direction(seed, kinds):
    """An absolute error: behind four sigmoids a gradient can be as small as its round-off."""
    rng = np.random.default_rng(seed)
    parts = [part for kind in kinds for part in (Linear(4, 4, rng, "xavier"), kind())]
    model, (X, Y) = Sequential(*parts, Linear(4, 3, rng), l2=0.3), toy(seed=seed)
    model.loss(X, Y)
    gradients = {"dX": model.backward()} | model.gradients
    moved = {"X": X} | model.parameters
    ways = {name: rng.standard_normal(array.shape) for name, array in moved.items()}
    slope = sum(np.sum(gradients[f"d{name}"] * way) for name, way in ways.items())
    losses = []
    for step in (1e-5, -2e-5):  # there, and back beyond the start
        for name, array in moved.items():
            array += step * ways[name]
        losses.append(model.loss(X, Y))
    assert abs(slope - (losses[0] - losses[1]) / 2e-5) < 1e-6 * max(1, abs(slope))


def test_the_check_restores_what_it_moves():
    model, (X, Y) = stack(4, 5, 3), toy()
    before, X_before = {k: v.copy() for k, v in model.parameters.items()}, X.copy()
    check_gradients(model, X, Y)
    assert all(np.array_equal(model.parameters[key], before[key]) for key in before)
    assert np.array_equal(X, X_before)


@pytest.mark.parametrize("make", [*ACTIVATIONS, lambda: Linear(3, 3, 0)])
def test_the_contract_out_of_order(make):
    layer, inputs, other = make(), *toy(3, 3, 5)
    with pytest.raises(RuntimeError, match="backward before forward: call forward first"):
        layer.backward(np.ones((3, 5)))
    layer.forward(other)
    layer.forward(inputs)
    first = layer.backward(other)
    gradients = dict(layer.gradients)
    assert np.array_equal(layer.backward(other), first)
    assert all(np.array_equal(layer.gradients[key], gradients[key]) for key in gradients)
    fresh = make()
    fresh.forward(inputs)
    assert np.array_equal(fresh.backward(other), first)


def test_a_network_before_its_loss():
    with pytest.raises(RuntimeError, match="MSELoss: backward before forward"):
        stack(4, 5, 3).backward()


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_a_layer_without_a_half_says_so(method):
    with pytest.raises(NotImplementedError, match=f"Layer.{method}"):
        getattr(Layer(), method)(1)


@EACH
def test_values_against_the_definition(activation):
    Z = np.linspace(-3, 3, 13)[None]
    expected = {
        ReLU: Z * (Z > 0),
        LeakyReLU: np.maximum(0.01 * Z, Z),
        Sigmoid: 1 / (1 + np.exp(-Z)),
        Tanh: (np.exp(Z) - np.exp(-Z)) / (np.exp(Z) + np.exp(-Z)),
        Identity: Z,
    }
    np.testing.assert_allclose(activation().forward(Z), expected[activation], atol=1e-15)


@EACH
def test_extreme_inputs_stay_finite_and_warn_nobody(activation):
    Z = np.array([[-1000.0, 1000.0, 0.0]])
    layer = activation()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.isfinite(layer.forward(Z)).all()
        assert np.isfinite(layer.backward(np.ones_like(Z))).all()
    model = stack(2, 8, 8, 1, activation=activation, l2=0.1)
    X = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]])
    assert np.isfinite(model.loss(X, np.zeros((1, 2))))
    assert np.isfinite(model.backward()).all()


@pytest.mark.parametrize(
    ("initialization", "variance"), [("he", 2 / 300), ("xavier", 2 / 700), ("normal", 0.01)]
)
def test_the_initializations(initialization, variance):
    layer = Linear(300, 400, 0, initialization)
    W, b = layer.parameters["W"], layer.parameters["b"]
    assert (W.shape, b.shape) == ((400, 300), (400, 1))
    assert not b.any()
    assert abs(W.var() / variance - 1) < 0.02
    assert np.array_equal(W, Linear(300, 400, 0, initialization).parameters["W"])
    assert not np.array_equal(W, Linear(300, 400, 1, initialization).parameters["W"])


def test_a_shared_generator_goes_on():
    rng = np.random.default_rng(0)
    one, two = Linear(3, 3, rng).parameters["W"], Linear(3, 3, rng).parameters["W"]
    assert not np.array_equal(one, two)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3, 0), "n_in is 0; expected a whole number, 1 or more"),
        ((3, 2.5, 0), "n_out is 2.5"),
        ((3, 2, 0, "zeros"), "initialization is 'zeros'; expected one of he, xavier, normal"),
    ],
)
def test_bad_layers_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Linear(*arguments)


def test_bad_input_is_refused():
    model, (X, Y) = stack(4, 5, 3), toy()
    with pytest.raises(ValueError, match=r"W \(5, 4\) takes 4 rows"):
        model.forward(X.T)
    with pytest.raises(ValueError, match="NaN"):
        model.forward(X * np.nan)
    with pytest.raises(ValueError, match="Y is"):
        model.loss(X, Y[:, :1])
    with pytest.raises(ValueError, match="alpha is -1"):
        LeakyReLU(-1)
    with pytest.raises(ValueError, match="l2 is -1"):
        Sequential(Linear(2, 1, 0), l2=-1)


def test_the_functions_of_the_stages_again():
    X, Y = toy(14, 1, 40)
    model = stack(14, 8, 4, 1, activation=ReLU, output=ReLU, seed=5, l2=0.5)
    sizes, start = [14, 8, 4, 1], initialize_parameters([14, 8, 4, 1], seed=5)
    assert model.parameters.keys() == start.keys()
    assert np.array_equal(model.forward(X), feed_forward(X, start)[0])
    expected = train(X, np.abs(Y), sizes, learning_rate=0.1, iterations=100, l2=0.5, seed=5).losses
    losses = []
    for _ in range(100):
        losses.append(model.loss(X, np.abs(Y)))
        model.backward()
        for name, array in model.parameters.items():
            array -= 0.1 * model.gradients[f"d{name}"]
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "activation"), [("relu", ReLU), ("tanh", Tanh), ("logistic", Sigmoid)]
)
def test_scikit_learn_takes_the_same_steps(name, activation):
    X, Y = toy(5, 1, 50)
    model = stack(5, 7, 3, 1, activation=activation, l2=0.2)
    settings = {"solver": "sgd", "momentum": 0, "batch_size": 50, "shuffle": False, "alpha": 0.2}
    library = MLPRegressor(
        hidden_layer_sizes=(7, 3), activation=name, learning_rate_init=0.1, **settings
    )
    library.partial_fit(X.T, Y[0])
    library.coefs_ = [model.parameters[f"W{i}"].T.copy() for i in (1, 2, 3)]
    library.intercepts_ = [model.parameters[f"b{i}"][:, 0].copy() for i in (1, 2, 3)]
    for _ in range(20):
        model.loss(X, Y)
        model.backward()
        for key, array in model.parameters.items():
            array -= 0.1 * model.gradients[f"d{key}"]
        library.partial_fit(X.T, Y[0])
        for i in (1, 2, 3):
            np.testing.assert_allclose(
                library.coefs_[i - 1].T, model.parameters[f"W{i}"], atol=1e-10
            )
            b = model.parameters[f"b{i}"][:, 0]
            np.testing.assert_allclose(library.intercepts_[i - 1], b, atol=1e-10)


def test_the_summary_counts():
    table = stack(14, 64, 32, 16, 1, activation=ReLU).summary()
    assert list(table["parameters"]) == [960, 0, 2080, 0, 528, 0, 17, 0, 3585]
    assert list(table["output"][:2]) == ["(64, m)", "(64, m)"]
    assert list(table["layer"][[0, 1, 8]]) == ["Linear", "ReLU", "all"]


def test_the_module_prints_the_table_of_errors():
    command = [sys.executable, "-m", "nnfs_core.layers"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    for name in ("ReLU", "LeakyReLU", "Sigmoid", "Tanh", "Identity", "all, in random order"):
        assert re.search(rf"^{name} +largest error < 1e-7$", done.stdout, re.MULTILINE)


def test_the_module_names_a_wrong_layer_and_fails():
    source = (ROOT / "nnfs_core" / "layers.py").read_text("utf-8")
    wrong = source.replace("1 - self.recall() ** 2", "1 - self.recall()")
    done = subprocess.run([sys.executable, "-c", wrong], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r"^Tanh +largest error \S+: WRONG$", done.stdout, re.MULTILINE)
    assert re.search(r"^ReLU +largest error < 1e-7$", done.stdout, re.MULTILINE)


FAULTS = [
    ("self.memory = Z > 0", "self.memory = Z >= 0.5"),
    ("return dA * self.recall()", "return -dA * self.recall()"),
    ("return np.maximum(Z, 0)", "return np.abs(Z)"),
    ("1.0, self.alpha)", "self.alpha, 1.0)"),
    ("dA * A * (1 - A)", "dA * A * (1 + A)"),
    ("1 - self.recall() ** 2", "1 - self.recall()"),
    ("np.where(Z >= 0, 1, small)", "np.where(Z >= 0, small, 1)"),
    ("dZ @ X.T,", "-dZ @ X.T,"),
    ("dZ @ X.T,", "(X @ dZ.T).reshape(len(dZ), -1),"),
    ("dZ.sum(axis=1, keepdims=True)", "dZ.mean(axis=1, keepdims=True)"),
    ('return self.parameters["W"].T @ dZ', 'return self.parameters["W"].reshape(-1, len(dZ)) @ dZ'),
    (
        'self.parameters["W"] @ X + self.parameters["b"]',
        'self.parameters["W"] @ X - self.parameters["b"]',
    ),
    ("self.recall() / self.recall().shape[1]", "-self.recall() / self.recall().shape[1]"),
    ("self.recall() / self.recall().shape[1]", "self.recall()"),
    ("self.memory = A - Y", "self.memory = Y - A"),
    ("+= self.l2 / m *", "-= self.l2 / m *"),
    ("reversed(self.layers)", "self.layers"),
    (
        "self.memory = np.tanh(Z)\n        return self.memory",
        "self.memory = Z\n        return np.tanh(Z)",
    ),
]


def network_of(module, kind):
    """A small network with an activation function of this kind, from the names of a module."""
    rng, linear = np.random.default_rng(3), module["Linear"]
    parts = [linear(4, 4, rng), module[kind](), linear(4, 3, rng)]
    model = module["Sequential"](*parts, l2=0.5)
    model.parameters["b1"][:] = 0.3  # biases of 0 would test less
    return model


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right, wrong):
    """Wrong signs, missing transposes, swapped masks: a loss or a gradient tells each of them."""
    source = (ROOT / "nnfs_core" / "layers.py").read_text("utf-8")
    assert right in source
    planted, (X, Y) = {"__name__": "planted"}, toy()
    exec(source.replace(right, wrong), planted)
    caught = []
    for kind in ("ReLU", "LeakyReLU", "Sigmoid", "Tanh", "Identity"):
        model, expected = network_of(planted, kind), network_of(vars(layers), kind)
        try:
            caught.append(not np.isclose(model.loss(X, Y), expected.loss(X, Y)))
            caught += wrong_gradients(model, X, Y)
        except ValueError:  # the shapes no longer fit
            caught.append(True)
    assert any(caught)


def test_without_a_fault_nothing_is_caught():
    assert wrong_gradients(network_of(vars(layers), "Tanh"), *toy()) == []
