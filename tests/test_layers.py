"""Stage 7: networks and models, and what they refuse; test_contract.py has each layer alone."""

import copy
import pickle
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
    Model,
    MSELoss,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    check_gradients,
    feed_forward,
    initialize_parameters,
    layers,
    mlp,
    predict,
    train,
    update_parameters,
)
from tools.lib.layout import ROOT

ACTIVATIONS = [ReLU, LeakyReLU, Sigmoid, Tanh, Identity]
SMOOTH = [Sigmoid, Tanh, Identity]  # no corner that a difference could step over


def toy(n_in=4, n_out=3, m=6, seed=0):
    """Random X and Y."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n_in, m)), rng.standard_normal((n_out, m))


def small(l2=0.0, m=None):
    """A model for toy()."""
    return Model(mlp([4, 5, 3], activation=Tanh), l2=l2, m=m)


def step(model, X, Y, learning_rate=0.1):
    """One step of gradient descent; the loss before it."""
    loss = model.loss(X, Y)
    model.backward()
    for name, array in model.network.parameters.items():
        array -= learning_rate * model.network.gradients[f"d{name}"]
    return loss


def wrong_gradients(model, X, Y, check=check_gradients):
    """Names of the gradients that finite differences refute."""
    return [name for name, error in check(model, X, Y).items() if not error < 1e-7]


class Scale(Layer):
    """g X: a parameter that no penalty takes."""

    def __init__(self, **parameters):
        super().__init__()
        self.parameters = {"g": np.full((1, 1), 1.5)} | parameters

    def forward(self, X, training=False):
        if training:
            self.memory = X
        return self.parameters["g"] * X

    def backward(self, dA):
        self.gradients = {"dg": np.sum(dA * self.recall()).reshape(1, 1)}
        return self.parameters["g"] * dA


class Wrapper(Layer):
    """A layer around another one, which gives its arrays on."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.parameters, self.penalised = layer.parameters, layer.penalised

    def forward(self, X, training=False):
        return self.layer.forward(X, training)

    def backward(self, dA):
        dX = self.layer.backward(dA)
        self.gradients = self.layer.gradients
        return dX


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradients_of_deep_networks(activation):
    X, Y = toy()
    deep = mlp([4, 5, 5, 3], activation=activation, output=activation)
    assert wrong_gradients(Model(deep, l2=0.7, m=9), X, Y) == []


@given(st.integers(0, 10**6), st.lists(st.sampled_from(SMOOTH), min_size=1, max_size=4))
def test_a_random_stack_has_the_right_slope_in_a_random_direction(seed, kinds):
    """An absolute error: behind four sigmoids a gradient can be as small as its round-off."""
    rng = np.random.default_rng(seed)
    parts = [part for kind in kinds for part in (Linear(4, 4, rng, "xavier"), kind())]
    model, (X, Y) = Model(Sequential(*parts, Linear(4, 3, rng)), l2=0.3, m=6), toy(seed=seed)
    model.loss(X, Y)
    gradients = {"dX": model.backward(), **model.network.gradients}
    moved = {"X": X, **model.network.parameters}
    ways = {name: rng.standard_normal(array.shape) for name, array in moved.items()}
    slope = sum(np.sum(gradients[f"d{name}"] * way) for name, way in ways.items())
    losses = []
    for shift in (1e-5, -2e-5):  # there, and back beyond the start
        for name, array in moved.items():
            array += shift * ways[name]
        losses.append(model.loss(X, Y))
    assert abs(slope - (losses[0] - losses[1]) / 2e-5) < 1e-6 * max(1, abs(slope))


def test_the_gradient_check_restores_what_it_moves():
    model, (X, Y) = small(), toy()
    before, X_before = model.network.state(), X.copy()
    check_gradients(model, X, Y)
    assert all(np.array_equal(model.network.parameters[key], before[key]) for key in before)
    assert np.array_equal(X, X_before)


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_a_layer_without_a_half_says_so(method):
    with pytest.raises(NotImplementedError, match=f"Layer.{method}"):
        getattr(Layer(), method)(1)


@pytest.mark.parametrize("activation", ACTIVATIONS)
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


CALLS = [  # what is refused: where it happens, with what was given and what to do
    (lambda: Linear(0, 3, 0), ValueError, "n_in is 0; expected a whole number, 1 or more"),
    (lambda: Linear(3, 2.5, 0), ValueError, "n_out is 2.5"),
    (lambda: Linear(4, 2, "he"), ValueError, r"rng \(a seed or a generator\) is a str"),
    (lambda: Linear(3, 2, 0, "zeros"), ValueError, "'zeros'; expected one of he, xavier, normal"),
    (lambda: Linear(3, 2, 0, ["he"]), ValueError, r"\['he'\]; expected one of he, xavier, normal"),
    (lambda: LeakyReLU(-1), ValueError, "alpha is -1"),
    (lambda: Sequential(), ValueError, "a network of no layers"),
    (
        lambda: Sequential([Linear(4, 3, 0)]),
        TypeError,
        "part 0 is a list; expected layers, as in Sequen",
    ),
    (lambda: Sequential("relu"), TypeError, "part 0 is a str; expected layers"),
    (lambda: Sequential(Linear(4, 3, 0), ReLU), TypeError, "part 1 is the class ReLU; expected"),
    (
        lambda: Sequential(ReLU(), MSELoss()),
        TypeError,
        "part 1 is a MSELoss; .* a loss goes to Model",
    ),
    (
        lambda: mlp([4, 3, 1], activation=ReLU()),
        TypeError,
        "a ReLU; expected a class, as activation",
    ),
    (
        lambda: mlp([4, 3, 1], activation="relu"),
        TypeError,
        "a str; expected a class, as activation",
    ),
    (lambda: mlp([4, 3, 1], output=None), TypeError, "output is None; expected a class"),
    (lambda: mlp([4]), ValueError, r"layer_sizes is \[4\]"),
    (lambda: mlp([4, 3], initialization="big"), ValueError, "initialization is 'big'"),
    (lambda: Model(Linear(4, 3, 0)), TypeError, "network is a Linear; expected Sequential"),
    (lambda: Model(ReLU), TypeError, "network is the class ReLU; expected Sequential"),
    (lambda: Model([Linear(4, 3, 0)]), TypeError, "network is a list; expected Sequential"),
    (lambda: Model(mlp([4, 3]), MSELoss), TypeError, r"the class MSELoss; expected .* MSELoss\(\)"),
    (lambda: Model(mlp([4, 3]), ReLU()), TypeError, "loss is a ReLU; expected one such as MSELoss"),
    (lambda: Model(mlp([4, 3]), 0.1), TypeError, "loss is 0.1; expected one such as MSELoss"),
    (lambda: Model(mlp([4, 3]), l2=-1), ValueError, "l2 is -1"),
    (lambda: Model(mlp([4, 3]), l2=0.1), ValueError, r"m \(samples of the whole .* is None"),
    (
        lambda: Model(mlp([4, 3]), l2=0.1, m=2.5),
        ValueError,
        "training set.* is 2.5; expected a whole",
    ),
    (lambda: small().backward(), RuntimeError, "Model: backward before forward"),
    (lambda: small().predict(toy()[0].T), ValueError, r"expected shape \(4, any\); .* try X\.T"),
    (lambda: small().predict(toy()[0] * np.nan), ValueError, "X holds 24 NaN"),
    (lambda: small().predict(toy()[0][:, 0]), ValueError, r"one sample is X\[:, None\]"),
    (lambda: small().predict(toy()[0].tolist()), TypeError, "X is a list"),
    (lambda: small().loss(toy()[0], toy()[1][:, :1]), ValueError, "Y is an array of shape"),
    (lambda: small().loss(toy()[0], toy()[1][:1]), ValueError, r"expected shape \(3, 6\)"),
    (lambda: small().loss(toy()[0], toy()[1] * np.inf), ValueError, "Y holds 18 NaN"),
    (
        lambda: small().loss(*(1e300 * part for part in toy())),
        FloatingPointError,
        "the loss is inf",
    ),
    (
        lambda: check_gradients(mlp([4, 3]), *toy()),
        TypeError,
        "model is a Sequential; expected Model",
    ),
    (lambda: check_gradients(small(), toy()[0].tolist(), toy()[1]), TypeError, "X is a list"),
    (lambda: mlp([4, 3]).parameters.update(W1=1), TypeError, "the names belong to the network"),
    (lambda: predict(toy()[0], mlp([4, 3]).parameters), TypeError, "a network of layers"),
    (
        lambda: update_parameters(mlp([4, 3]).parameters, {}, 0.1),
        TypeError,
        "parameters belongs to a network of layers, .* use the network's own methods",
    ),
    (lambda: mlp([4, 3]).load_state({"W1": np.ones((3, 4))}), ValueError, "state: missing b1"),
]


@pytest.mark.parametrize(("call", "error", "message"), CALLS)
def test_a_wrong_call_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_an_array_of_a_network_is_changed_in_place_alone():
    network = mlp([4, 3])
    W = network.parameters["W1"].copy()
    with pytest.raises(TypeError, match=r"in place, network\.parameters\['W1'\]\[\.\.\.\] = W"):
        network.parameters["W1"] = W
    network.parameters["W1"][...] = 2 * W
    assert np.array_equal(network[0].parameters["W"], 2 * W)
    for named in (network.parameters, copy.deepcopy(network.parameters)):
        assert named["W1"].sum() == 2 * W.sum()


shared = ReLU()


@pytest.mark.parametrize(
    "parts",
    [
        (shared, Linear(4, 4, 0), shared),
        (shared, Sequential(Linear(4, 4, 0), shared)),
        (Sequential(shared), Sequential(shared)),
        (shared, Wrapper(shared)),
        (Sequential(Wrapper(shared)), shared),
    ],
)
def test_one_layer_twice_is_refused_wherever_it_is(parts):
    with pytest.raises(ValueError, match=r"ReLU\(\) is in the network twice, .*: make two"):
        Sequential(*parts)


class WithoutSuper(Layer):
    """A layer that is not set up."""

    def __init__(self):
        self.parameters = {}


def test_a_layer_that_is_not_set_up_is_refused():
    for make in (WithoutSuper, lambda: Wrapper(WithoutSuper())):
        with pytest.raises(TypeError, match=r"WithoutSuper.__init__ lacks super\(\).__init__\(\)"):
            Sequential(Linear(4, 3, 0), make())


class Silent(Scale):
    """A layer that sets no gradient, or another."""

    wrong: dict = {}

    def backward(self, dA):
        self.gradients = self.wrong
        return dA


@pytest.mark.parametrize(
    "wrong", [{}, {"g": np.zeros((1, 1))}, {"dg": np.zeros((1, 3))}, {"dg": 0.0}, {"dg": None}]
)
def test_a_layer_without_its_gradient_is_named(wrong):
    silent, (X, Y) = Silent(), toy()
    silent.wrong = wrong
    model = Model(Sequential(silent, Linear(4, 3, 0)))
    model.loss(X, Y)
    with pytest.raises(
        RuntimeError, match=r"Silent\(g \(1, 1\)\): backward should set .*'dg'.* \(1, 1\)"
    ):
        model.backward()


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        ([Linear(4, 3, 0), Tanh(), Linear(3, 2, 0)], "W1 b1 W2 b2"),
        ([Scale(), Linear(4, 3, 0), Scale(), Tanh(), Linear(3, 2, 0)], "g0 W1 b1 g1 W2 b2"),
        ([Sequential(Linear(4, 3, 0), Scale()), Linear(3, 2, 0), Scale()], "W1 b1 g1 W2 b2 g2"),
        ([Linear(4, 3, 0), Sequential(Scale(), Tanh()), Linear(3, 2, 0)], "W1 b1 g1 W2 b2"),
        ([Linear(4, 3, 0), mlp([3, 2, 2]), Linear(2, 2, 0)], "W1 b1 W2 b2 W3 b3 W4 b4"),
        ([Linear(4, 3, 0), Sequential(mlp([3, 3, 2]), Scale())], "W1 b1 W2 b2 W3 b3 g3"),
        ([Linear(4, 3, 0), Wrapper(mlp([3, 2, 2])), Linear(2, 2, 0)], "W1 b1 W2 b2 W3 b3 W4 b4"),
        ([Tanh(), Sequential(ReLU()), Linear(4, 2, 0)], "W1 b1"),
    ],
)
def test_arrays_carry_the_number_of_their_layer(parts, names):
    network = Sequential(*parts)
    assert " ".join(network.parameters) == names
    assert set(network.penalised) == {name for name in names.split() if name[0] == "W"}
    model, X = Model(network, l2=0.5, m=6), toy()[0]
    assert wrong_gradients(model, X, np.ones(model.predict(X).shape)) == []
    assert list(network.gradients) == [f"d{name}" for name in network.parameters]
    assert network.state().keys() == network.parameters.keys()
    other = pickle.loads(pickle.dumps(network))
    for array in other.parameters.values():
        array += 1.0  # its own, and those that its forward uses
    assert not np.array_equal(other.forward(X), network.forward(X))


@pytest.mark.parametrize("gradient", [1.0, np.ones((3, 1)), np.ones(6)])
def test_a_gradient_of_another_shape_is_refused_before_a_layer_that_takes_any(gradient):
    network = Sequential(Linear(4, 3, 0), Scale())
    network.forward(toy()[0], training=True)
    with pytest.raises((TypeError, ValueError), match="dA is .*; expected"):
        network.backward(gradient)


def test_two_arrays_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two arrays would be called 'g1': give one another name"):
        Sequential(Linear(4, 3, 0), Scale(), Tanh(), Scale())
    both = Scale()
    both.buffers["g"] = np.ones((1, 1))
    with pytest.raises(ValueError, match="two arrays would be called 'g0'"):
        Sequential(both)


def test_buffers_are_in_the_state_and_get_no_gradient():
    counting, (X, Y) = Scale(), toy()
    counting.buffers["mean"] = np.zeros((4, 1))
    network = Sequential(counting, Linear(4, 3, 0))
    assert list(network.buffers) == ["mean0"]
    assert list(network.state()) == ["g0", "W1", "b1", "mean0"]
    network.load_state({name: array + 1 for name, array in network.state().items()})
    assert (counting.buffers["mean"] == 1).all()
    assert wrong_gradients(Model(network), X, Y) == []


def test_a_network_can_be_read_and_indexed():
    network = Sequential(mlp([14, 64, 1]), LeakyReLU())
    assert repr(network).splitlines() == [
        "Sequential, 1,025 parameters",
        "  0 Sequential, 1,025 parameters",
        "      0 Linear(W (64, 14), b (64, 1))",
        "      1 ReLU()",
        "      2 Linear(W (1, 64), b (1, 1))",
        "      3 Identity()",
        "  1 LeakyReLU()",
    ]
    assert (len(network), len(network[0])) == (2, 4)
    assert [type(part) for part in network[0]] == [Linear, ReLU, Linear, Identity]
    assert network[-1] is network[1]
    assert len(network[0][1:3]) == 2
    assert network.gradients == {}
    assert "0x" not in repr(Model(network))


def test_predicting_between_loss_and_backward_changes_nothing():
    model, (X, Y) = small(l2=0.5, m=20), toy()
    model.loss(X, Y)
    expected = {"dX": model.backward(), **model.network.gradients}
    model.loss(X, Y)
    model.predict(toy(seed=1)[0])
    model.network.forward(toy(seed=2, m=9)[0])
    got = {"dX": model.backward(), **model.network.gradients}
    assert all(np.array_equal(got[name], expected[name]) for name in expected)


def test_another_forward_between_loss_and_backward_is_refused():
    X, Y = toy()
    loss, network = MSELoss(), mlp([4, 3])
    others = [Model(network), Model(mlp([4, 3]), loss)]
    for disturb in (
        lambda: network.forward(X, training=True),
        lambda: loss.forward(Y, 2 * Y),
        lambda: others[0].loss(X, Y),
        lambda: others[1].loss(X, 2 * Y),
    ):
        model = Model(network, loss)
        model.loss(X, Y)
        disturb()
        with pytest.raises(RuntimeError, match=r"another forward .*: call loss\(X, Y\) again"):
            model.backward()
        model.loss(X, Y)
        model.backward()


def test_the_penalty_means_the_same_at_every_batch_size():
    X, Y = toy(m=60)
    model = small(l2=3.0, m=60)
    loss = model.loss(X, Y)
    model.backward()
    expected = copy.deepcopy(dict(model.network.gradients))
    for size in (1, 5, 20):
        losses, gradients = [], []
        for first in range(0, 60, size):
            losses.append(model.loss(X[:, first : first + size], Y[:, first : first + size]))
            model.backward()
            gradients.append(copy.deepcopy(dict(model.network.gradients)))
        assert np.isclose(np.mean(losses), loss, rtol=1e-12)
        for name, array in expected.items():
            mean = np.mean([gradient[name] for gradient in gradients], axis=0)
            np.testing.assert_allclose(mean, array, atol=1e-12)


def test_a_model_keeps_float32_to_the_gradients():
    X, Y = (part.astype(np.float32) for part in toy())
    model = small(l2=0.5, m=6)
    for targets in (Y, Y.astype(float)):
        assert isinstance(model.loss(X, targets), float)
        arrays = [model.predict(X), model.backward(), *model.network.gradients.values()]
        assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_a_model_in_a_pickle_has_the_size_of_its_parameters_and_goes_on():
    model, (X, Y) = Model(mlp([14, 64, 32, 16, 1]), l2=0.1, m=100), toy(14, 1, 20_000)
    step(model, X, Y)
    other = pickle.loads(pickle.dumps(model))
    assert len(pickle.dumps(model)) < 8 * 3585 + 3000
    with pytest.raises(RuntimeError, match="Model: backward before forward"):
        other.backward()
    assert step(other, X, Y) == step(model, X, Y)


def test_the_functions_of_the_stages_again():
    X, Y = toy(14, 1, 40)
    sizes, start = [14, 8, 4, 1], initialize_parameters([14, 8, 4, 1], seed=5)
    model = Model(mlp(sizes, output=ReLU, seed=5), l2=0.5, m=40)
    assert model.network.parameters.keys() == start.keys()
    assert np.array_equal(model.predict(X), feed_forward(X, start)[0])
    expected = train(X, np.abs(Y), sizes, learning_rate=0.1, iterations=100, l2=0.5, seed=5).losses
    losses = [step(model, X, np.abs(Y)) for _ in range(100)]
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "activation"), [("relu", ReLU), ("tanh", Tanh), ("logistic", Sigmoid)]
)
def test_scikit_learn_takes_the_same_steps(name, activation):
    X, Y = toy(5, 1, 50)
    model = Model(mlp([5, 7, 3, 1], activation=activation), l2=0.2, m=50)
    ours = model.network.parameters
    settings = {"solver": "sgd", "momentum": 0, "batch_size": 50, "shuffle": False, "alpha": 0.2}
    library = MLPRegressor(
        hidden_layer_sizes=(7, 3), activation=name, learning_rate_init=0.1, **settings
    )
    library.partial_fit(X.T, Y[0])
    library.coefs_ = [ours[f"W{i}"].T.copy() for i in (1, 2, 3)]
    library.intercepts_ = [ours[f"b{i}"][:, 0].copy() for i in (1, 2, 3)]
    for _ in range(20):
        step(model, X, Y)
        library.partial_fit(X.T, Y[0])
        for i in (1, 2, 3):
            np.testing.assert_allclose(library.coefs_[i - 1].T, ours[f"W{i}"], atol=1e-10)
            b = ours[f"b{i}"][:, 0]
            np.testing.assert_allclose(library.intercepts_[i - 1], b, atol=1e-10)


def test_the_module_prints_the_table_of_errors():
    command = [sys.executable, "-m", "nnfs_core.layers"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    for name in ("ReLU", "LeakyReLU", "Sigmoid", "Tanh", "Identity", "all, in random order"):
        assert re.search(rf"^{name} +largest error < 1e-7$", done.stdout, re.MULTILINE)


def test_the_module_names_a_wrong_layer_and_fails():
    source = (ROOT / "nnfs_core" / "layers.py").read_text("utf-8")
    wrong = source.replace("1 - A**2", "1 - A")
    done = subprocess.run([sys.executable, "-c", wrong], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r"^Tanh +largest error \S+: WRONG$", done.stdout, re.MULTILINE)
    assert re.search(r"^ReLU +largest error < 1e-7$", done.stdout, re.MULTILINE)


FAULTS = [
    ("(Z > 0).astype", "(Z >= 0.5).astype"),
    ("*mask.shape) * mask", "*mask.shape) * (-1 * mask)"),
    ("return np.maximum(Z, 0)", "return np.abs(Z)"),
    ("Z.dtype.type(1), Z.dtype.type(self.alpha)", "Z.dtype.type(self.alpha), Z.dtype.type(1)"),
    ("A * (1 - A)", "A * (1 + A)"),
    ("1 - A**2", "1 - A"),
    ("np.where(Z >= 0, 1, small)", "np.where(Z >= 0, small, 1)"),
    ("dZ @ X.T,", "-dZ @ X.T,"),
    ("dZ @ X.T,", "(X @ dZ.T).reshape(len(dZ), -1),"),
    ("dZ.sum(axis=1, keepdims=True)", "dZ.mean(axis=1, keepdims=True)"),
    ("return W.T @ dZ", "return W.reshape(-1, len(dZ)) @ dZ"),
    ("Z += b", "Z -= b"),
    ("difference / difference.shape[1]", "-difference / difference.shape[1]"),
    ("difference / difference.shape[1]", "difference"),
    ("self.memory = A - Y", "self.memory = Y - A"),
    ("+= self.l2 / self.m *", "-= self.l2 / self.m *"),
    ("+= self.l2 / self.m *", "+= self.l2 / len(dX) *"),
    ("self.l2 / (2 * self.m)", "self.l2 / (2 * X.shape[1])"),
    ("reversed(self.layers)", "self.layers"),
    ('penalised = ("W",)', 'penalised = ("W", "b")'),
]


def network_of(module, kind):
    """A small network with an activation function of this kind, from the names of a module."""
    rng, linear = np.random.default_rng(3), module["Linear"]
    parts = [linear(4, 4, rng), module[kind](), linear(4, 3, rng)]
    network = module["Sequential"](*parts)
    network.parameters["b1"][:] = 0.3  # biases of 0 would test less
    return module["Model"](network, l2=0.5, m=24)


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
            caught += wrong_gradients(model, X, Y, planted["check_gradients"])
        except ValueError:  # the shapes no longer fit
            caught.append(True)
    assert any(caught)


def test_without_a_fault_nothing_is_caught():
    assert wrong_gradients(network_of(vars(layers), "Tanh"), *toy()) == []


def test_a_training_forward_that_stops_midway_leaves_nothing_to_go_back_from():
    class Stops(Identity):
        stop = False

        def forward(self, Z, training=False):
            if self.stop:
                raise KeyboardInterrupt
            return super().forward(Z, training)

    rng = np.random.default_rng(0)
    stops = Stops()
    model = Model(Sequential(Linear(3, 4, 0), stops, Linear(4, 1, 1)))
    model.loss(rng.standard_normal((3, 5)), rng.standard_normal((1, 5)))
    stops.stop = True
    with pytest.raises(KeyboardInterrupt):
        model.loss(rng.standard_normal((3, 5)), rng.standard_normal((1, 5)))
    with pytest.raises(RuntimeError, match="another forward came after the loss"):
        model.backward()


class AbsoluteLoss(layers.Loss):
    """A loss that does not look at shapes."""

    def forward(self, A, Y):
        self.memory = np.sign(A - Y) / A.shape[1]
        return float(np.abs(A - Y).sum() / A.shape[1])

    def backward(self):
        return self.recall()


@pytest.mark.parametrize("shape", [(1, 5), (2, 1), (1, 1)])
def test_targets_are_not_broadcast_whatever_the_loss(shape):
    model, X = Model(mlp([4, 2]), AbsoluteLoss()), np.ones((4, 5))
    with pytest.raises(ValueError, match=r"Y is .*; expected shape \(2, 5\)"):
        model.loss(X, np.ones(shape))
    with pytest.raises(RuntimeError):
        model.backward()
    assert model.loss(X, np.ones((2, 5))) >= 0


@pytest.mark.parametrize("shape", [(), (3,), (2, 1, 2)])
def test_the_gradient_check_puts_buffers_of_any_shape_back(shape):
    class Counts(Identity):
        def __init__(self):
            super().__init__()
            self.buffers["count"] = np.zeros(shape)

        def forward(self, Z, training=False):
            self.buffers["count"] += training
            return super().forward(Z, training)

    rng = np.random.default_rng(0)
    model = Model(Sequential(Linear(3, 2, rng), Counts()))
    errors = check_gradients(model, rng.standard_normal((3, 5)), rng.standard_normal((2, 5)))
    assert max(errors.values()) < 1e-7
    assert not model.network.buffers["count1"].any()
