"""Stage 15: every operation, 1,000 random graphs, the stages before, and what is refused."""

import contextvars
import copy
import functools
import gc
import inspect
import itertools
import pickle
import re
import types
import warnings
import weakref

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs_core import (
    BatchNorm,
    LeakyReLU,
    Model,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropyLoss,
    Tanh,
    autograd,
    backpropagate,
    central_differences,
    clean_tracks,
    feed_forward,
    initialize_parameters,
    load_tracks,
    mlp,
    one_hot,
    prepare_dataset,
    train,
)
from nnfs_core.autograd import Op, Tensor, Value, no_grad, topological, unbroadcast
from nnfs_course.graphs import draw_run
from tests import random_graphs
from tests.random_graphs import ARRAYS, NUMBERS, OURS, PLAIN

rng = np.random.default_rng(0)
A, B = rng.uniform(-2, 2, (3, 4)), rng.uniform(0.5, 2, (3, 4))


def numerical(function, arrays, h=1e-5):
    """Gradients of a number by differences, at copies of the arrays."""
    arrays = [np.array(a, float) for a in arrays]
    return [central_differences(lambda: float(function(*arrays)), a, h) for a in arrays]


def ours(function, arrays, kind=Tensor):
    """Gradients of the same number by backward."""
    values = [kind(a) for a in arrays]
    function(*values).backward()
    return [value.grad for value in values]


def agree(found, expected, tolerance=1e-7):
    for one, other in zip(found, expected, strict=True):
        assert np.shape(one) == np.shape(other)
        scale = max(1, np.abs(other).max())
        assert np.abs(np.asarray(one) - other).max() < tolerance * scale


# Every operation

FORMULAS = [
    "a + b",
    "a - b",
    "-a",
    "3 - a",
    "a + 3",
    "3 + a",
    "a - 3",
    "a * b",
    "3 * a",
    "a / b",
    "a / 3",
    "3 / b",
    "a ** 3",
    "b ** -1.5",
    "a ** 2",
    "a ** 1",
    "a ** 0 + a",
    "f.exp(a)",
    "f.log(b)",
    "f.tanh(a)",
    "f.relu(a)",
    "f.maximum(a, b)",
    "f.maximum(a, 0.3)",
]
SHAPED = [
    "f.sum(a, 0)",
    "f.sum(a, 1)",
    "f.sum(a, (0, 1))",
    "f.mean(a, 0)",
    "f.mean(a, 1)",
    "f.max(a, 0)",
    "f.max(a, 1)",
    "f.T(a) @ b",
    "a @ f.T(b)",
    "f.reshape(a, 2, 6)",
    "f.reshape(a, 12)",
    "f.reshape(a, -1, 2)",
    "a[1]",
    "a[1:, ::2]",
    "a[[0, 0, 2]]",
    "a[[0, 0], [1, 1]]",
    "a[None, 1, None]",
    "a[..., -1]",
    "a[mask]",
    "array @ a",
    "a * array[:, :1] + array[0]",
    "array - a",
    "array / (2 + a * a)",
]
MASK = np.arange(12).reshape(3, 4) % 3 == 0
CONSTANT = np.random.default_rng(1).uniform(0.5, 1.5, (3, 4))


def variables(text):
    """Which of a and b a formula has."""
    return [name for name in "ab" if re.search(rf"\b{name}\b", text)]


def formula(text, f):
    """A formula as a function of those of a and b that it has."""
    array = CONSTANT[:, :3] if text.startswith("array @") else CONSTANT
    names = {"f": f, "mask": MASK, "array": array}
    return lambda *given: eval(text, names, dict(zip(variables(text), given, strict=True)))


def weighted(function, f):
    """The sum of a result's entries, each times another number: its gradient has no pattern."""

    def loss(*arrays):
        result = function(*arrays)
        weights = np.sin(np.arange(1.0, 1 + np.prod(result.shape))).reshape(result.shape)
        return (result * weights).sum()

    return loss


@pytest.mark.parametrize("text", FORMULAS)
def test_each_operation_on_numbers(text):
    for a, b in [(0.7, 1.3), (-1.1, 0.4), (0.25, 0.9)]:
        given = [{"a": a, "b": b}[name] for name in variables(text)]
        agree(ours(formula(text, OURS), given, Value), numerical(formula(text, PLAIN), given), 1e-8)


@pytest.mark.parametrize("text", [*FORMULAS, *SHAPED])
def test_each_operation_on_arrays(text):
    given = [{"a": A, "b": B}[name] for name in variables(text)]
    found = ours(weighted(formula(text, OURS), OURS), given)
    agree(found, numerical(weighted(formula(text, PLAIN), PLAIN), given))


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize(
    "shapes", [((3, 4), (4,)), ((3, 1), (1, 4)), ((), (3, 4)), ((2, 1, 4), (3, 1))]
)
def test_what_broadcasting_spreads_is_summed_up(text, shapes):
    r = np.random.default_rng(2)
    given = [r.uniform(0.5, 2, shape) for shape, _ in zip(shapes, variables(text), strict=False)]
    found = ours(weighted(formula(text, OURS), OURS), given)
    agree(found, numerical(weighted(formula(text, PLAIN), PLAIN), given))


@pytest.mark.parametrize("reduce", ["sum", "mean", "max"])
def test_reductions_to_a_number(reduce):
    agree(
        ours(lambda a: getattr(a * a, reduce)(), [A]),
        numerical(lambda a: getattr(a * a, reduce)(), [A]),
    )
    assert getattr(Tensor(A), reduce)().shape == ()
    assert float(getattr(Tensor(A), reduce)().data) == pytest.approx(getattr(A, reduce)())


def test_broadcast_to_and_gradients_of_it():
    agree(
        ours(weighted(lambda a: a.broadcast_to(2, 3, 4), OURS), [A[:, :1]]),
        numerical(weighted(lambda a: np.broadcast_to(a, (2, 3, 4)), PLAIN), [A[:, :1]]),
    )


@given(st.lists(st.integers(1, 4), max_size=4), st.data())
def test_unbroadcast_is_the_sum_that_a_loop_would_take(full, data):
    shape = [data.draw(st.sampled_from([1, n])) for n in full]
    shape = tuple(shape[data.draw(st.integers(0, len(full))) :])
    d = np.random.default_rng(len(full)).standard_normal(full)
    expected = np.zeros(shape)
    lead = len(full) - len(shape)
    for place in itertools.product(*map(range, full)):  # the loop of broadcasting
        expected[tuple(i if n > 1 else 0 for i, n in zip(place[lead:], shape, strict=True))] += d[
            place
        ]
    found = unbroadcast(Tensor(d), shape)
    assert found.shape == shape
    np.testing.assert_allclose(found.data, expected, atol=1e-12)


# 1,000 random graphs


def run_graph(graph, f, arrays, *leaves):
    return random_graphs.run(graph, leaves, f, arrays)


def check_graphs(module, count=500):
    """Hold random graphs of numbers and of arrays against differences."""
    for arrays, kind in ((False, module.Value), (True, module.Tensor)):
        for leaves, graph in random_graphs.graphs(count, arrays):
            one = functools.partial(run_graph, graph, OURS, arrays)
            other = functools.partial(run_graph, graph, PLAIN, arrays)
            agree(ours(one, leaves, kind), numerical(other, leaves), 1e-5)


def test_random_graphs_against_differences():
    check_graphs(autograd)


def test_random_graphs_use_every_step_and_values_twice():
    for arrays, steps in ((False, NUMBERS), (True, ARRAYS)):
        drawn = [graph for _, graph in random_graphs.graphs(500, arrays)]
        assert {name for graph in drawn for name, _, _ in graph} == set(steps)
        assert all(
            len({p for _, *places in graph for p in places}) < 2 * len(graph) for graph in drawn
        )


@pytest.mark.parametrize("arrays", [False, True])
def test_random_graphs_against_pytorch(arrays):
    torch = pytest.importorskip("torch")
    f = random_graphs.of_torch(torch)
    for leaves, graph in random_graphs.graphs(500, arrays):
        theirs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in leaves]
        loss = random_graphs.run(graph, theirs, f, arrays)
        loss.backward()
        values = [(Tensor if arrays else Value)(a) for a in leaves]
        mine = random_graphs.run(graph, values, OURS, arrays)
        np.testing.assert_allclose(float(mine.data), loss.item(), rtol=1e-12)
        mine.backward()
        for one, other in zip(values, theirs, strict=True):
            np.testing.assert_allclose(one.grad, other.grad.numpy(), rtol=1e-9, atol=1e-11)


# Conventions at corners


def gradient(function, *arrays):
    values = [Tensor(a) for a in arrays]
    function(*values).sum().backward()
    return [value.grad.tolist() for value in values]


CORNERS = [
    (lambda f, a: f.relu(a), [0.0, -0.0, 1.0], [0, 0, 1]),
    (lambda f, a: f.maximum(a, a), [2.0, -1.0], [1, 1]),
    (lambda f, a: f.maximum(a, f.constant([2.0, 1.0, 0.0])), [2.0, 2.0, -1.0], [0.5, 1, 0]),
    (lambda f, a: f.whole_max(a), [2.0, 2.0, 1.0], [0.5, 0.5, 0]),
    (lambda f, a: f.whole_max(a), [3.0, 3.0, 3.0], [1 / 3, 1 / 3, 1 / 3]),
]


@pytest.mark.parametrize(("function", "at", "expected"), CORNERS)
def test_at_a_corner_as_in_pytorch(function, at, expected):
    f = types.SimpleNamespace(**vars(OURS), constant=np.array, whole_max=lambda a: a.max())
    assert gradient(lambda a: function(f, a), at) == [pytest.approx(expected)]
    torch = pytest.importorskip("torch")
    f = types.SimpleNamespace(
        **vars(random_graphs.of_torch(torch)), constant=torch.tensor, whole_max=lambda a: a.max()
    )
    x = torch.tensor(at, requires_grad=True)
    function(f, x).sum().backward()
    assert x.grad.tolist() == pytest.approx(expected)


def test_at_a_corner_as_in_jax():
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    assert jax.grad(jax.nn.relu)(0.0) == 0
    assert jax.grad(jnp.maximum)(2.0, 2.0) == 0.5
    assert jax.grad(jnp.max)(jnp.array([2.0, 2.0, 1.0])).tolist() == [0.5, 0.5, 0]


def test_the_two_of_maximum_share_where_they_are_equal():
    x, y = Value(3.0), Value(3.0)
    x.maximum(y).backward()
    assert (x.grad, y.grad) == (0.5, 0.5)


# Derivatives of derivatives


def slope_and_weights(function, arrays):
    """The gradient of a weighted result by the first array, weighted again."""
    values = [Tensor(a) for a in arrays]
    (slope,) = weighted(function, OURS)(*values).gradients(values[0])
    return weighted(lambda s: s, OURS)(slope), values


@pytest.mark.parametrize("text", [*FORMULAS, *SHAPED])
def test_the_derivative_of_each_derivative(text):
    given = [{"a": A, "b": B}[name] for name in variables(text)]
    slope, values = slope_and_weights(formula(text, OURS), given)
    expected = numerical(lambda *x: slope_and_weights(formula(text, OURS), x)[0].data, given)
    if slope.requires_grad:
        slope.backward()
    found = [
        np.zeros_like(a) if v.grad is None else v.grad for v, a in zip(values, given, strict=True)
    ]
    agree(found, expected)
    linear = text in LINEAR
    assert slope.requires_grad != linear or not any(np.any(g) for g in found)


LINEAR = {text for text in [*FORMULAS, *SHAPED] if not re.search(r"[*/@]|exp|log|tanh", text)}


def test_a_third_derivative_and_a_product_with_the_hessian():
    x = Value(0.7)
    found = x.tanh()
    for _ in range(3):
        (found,) = found.gradients(x)
    t = np.tanh(0.7)
    assert found.data == pytest.approx((1 - t**2) * (6 * t**2 - 2), rel=1e-12)
    M = np.array([[2.0, 1], [1, -3]])
    y = Tensor([[0.5], [1.5]])
    (slope,) = ((y.T @ M @ y).sum() / 2).gradients(y)
    (slope * np.array([[1.0], [2]])).sum().backward()
    np.testing.assert_allclose(y.grad, M @ [[1.0], [2]], atol=1e-12)


def test_second_derivatives_against_pytorch():
    torch = pytest.importorskip("torch")
    f = random_graphs.of_torch(torch)
    for leaves, graph in random_graphs.graphs(40, True):
        theirs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in leaves]
        first = torch.autograd.grad(
            random_graphs.run(graph, theirs, f, True), theirs, create_graph=True
        )
        sum((g * g).sum() for g in first).backward()
        values = [Tensor(a) for a in leaves]
        mine = random_graphs.run(graph, values, OURS, True).gradients(*values)
        sum((g * g).sum() for g in mine).backward()
        for one, other in zip(values, theirs, strict=True):
            np.testing.assert_allclose(one.grad, other.grad.numpy(), rtol=1e-8, atol=1e-9)


# The stages before


def mlp_forward(p, X, activation=lambda Z: Z.relu()):
    A = X
    for layer in range(1, len(p) // 2 + 1):
        A = activation(p[f"W{layer}"] @ A + p[f"b{layer}"])
    return A


def total_loss(p, X, Y, l2):
    m = X.shape[1]
    penalty = sum((W * W).sum() for name, W in p.items() if name.startswith("W"))
    return ((mlp_forward(p, X) - Y) ** 2).sum() / (2 * m) + penalty * (l2 / (2 * m))


@pytest.mark.parametrize("seed", range(5))
def test_stage_5(seed):
    r = np.random.default_rng(seed)
    start = initialize_parameters([4, 7, 5, 2], seed)
    for name in start:
        start[name] += 0.1 * r.standard_normal(start[name].shape)
    X, Y = r.standard_normal((4, 30)), r.uniform(0, 1, (2, 30))
    p = {name: Tensor(array) for name, array in start.items()}
    total_loss(p, X, Y, 0.7).backward()
    expected = backpropagate(X, Y, feed_forward(X, start)[1], start, 0.7)
    for name, tensor in p.items():
        np.testing.assert_allclose(tensor.grad, expected[f"d{name}"], rtol=1e-12, atol=1e-14)


ACTIVATIONS = {
    Tanh: lambda Z: Z.tanh(),
    ReLU: lambda Z: Z.relu(),
    LeakyReLU: lambda Z: Z.maximum(0.01 * Z),
    Sigmoid: lambda Z: 1 / (1 + (-Z).exp()),
}


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_stage_7(kind):
    r = np.random.default_rng(0)
    X, Y = r.standard_normal((4, 30)), r.standard_normal((2, 30))
    model = Model(mlp([4, 7, 5, 2], activation=kind, output=kind), l2=0.3, m=30)
    loss = model.loss(X, Y)
    dX = model.backward()
    p = {name: Tensor(array) for name, array in model.network.parameters.items()}
    given = Tensor(X)
    A = mlp_forward(p, given, ACTIVATIONS[kind])
    penalty = sum((W * W).sum() for name, W in p.items() if name.startswith("W"))
    mine = ((A - Y) ** 2).sum() / 60 + penalty * (0.3 / 60)
    np.testing.assert_allclose(mine.data, loss, rtol=1e-12)
    mine.backward()
    np.testing.assert_allclose(given.grad, dX, rtol=1e-11, atol=1e-14)
    for name, tensor in p.items():
        expected = model.network.gradients[f"d{name}"]
        np.testing.assert_allclose(tensor.grad, expected, rtol=1e-12, atol=1e-14)


def test_stage_11():
    r = np.random.default_rng(0)
    Z, Y = 3 * r.standard_normal((6, 50)), one_hot(r.integers(0, 6, 50), 6)
    loss = SoftmaxCrossEntropyLoss()
    expected = loss.forward(Z, Y)
    logits = Tensor(Z)
    shifted = logits - logits.max(0)
    mine = (shifted.exp().sum(0).log() - (Y * shifted).sum(0)).mean()
    np.testing.assert_allclose(mine.data, expected, rtol=1e-12)
    mine.backward()
    np.testing.assert_allclose(logits.grad, loss.backward(), rtol=1e-12, atol=1e-15)


def test_stage_12():
    r = np.random.default_rng(0)
    X, G = r.normal(2, 3, (4, 50)), r.standard_normal((4, 50))
    layer = BatchNorm(4)
    layer.parameters["gamma"][...] = r.uniform(0.5, 2, (4, 1))
    layer.parameters["beta"][...] = r.standard_normal((4, 1))
    output = layer.forward(X, training=True)
    dX = layer.backward(G)
    x, gamma, beta = (Tensor(a) for a in (X, *layer.parameters.values()))
    C = x - x.mean(1)
    A = gamma * (C / ((C * C).mean(1) + 1e-5) ** 0.5) + beta
    np.testing.assert_allclose(A.data, output, rtol=1e-12, atol=1e-12)
    (A * G).sum().backward()
    expected = [dX, *layer.gradients.values()]
    for tensor, right in zip((x, gamma, beta), expected, strict=True):
        np.testing.assert_allclose(tensor.grad, right, rtol=1e-12, atol=1e-12)


def test_the_tracks_of_stage_6():
    data = prepare_dataset(clean_tracks(load_tracks()).sample(1500, random_state=0))
    X, Y = data.X_train, data.Y_train
    sizes = [len(data.features), 64, 32, 16, 1]
    start = initialize_parameters(sizes, 3)
    result = train(X, Y, sizes, learning_rate=0.1, iterations=60, l2=0.1, seed=3)
    p, losses = {name: Tensor(array) for name, array in start.items()}, []
    for _ in range(60):
        loss = total_loss(p, X, Y, 0.1)
        losses.append(float(loss.data))
        loss.backward()
        p = {name: Tensor(t.data - 0.1 * t.grad) for name, t in p.items()}
    assert losses[-1] < 0.6 * losses[0]
    np.testing.assert_allclose(losses, result.losses, rtol=1e-12)
    for name, tensor in p.items():
        np.testing.assert_allclose(tensor.data, result.parameters[name], rtol=1e-10, atol=1e-12)


# The graph


def test_a_deep_graph_needs_no_deep_calls():
    x = Value(1.0)
    y = x
    for _ in range(20_000):
        y = y + 0.0
    y.backward()
    assert x.grad == 1


@pytest.mark.parametrize("end", ["backward", "forgotten", "gradients"])
def test_a_graph_is_let_go_without_the_garbage_collector(end):
    gc.collect()
    gc.disable()
    try:
        x = Tensor(A)
        middle = (x * x).tanh()
        seen = weakref.ref(middle)
        loss = middle.exp().sum()
        if end == "backward":
            loss.backward()
            del middle
            assert seen() is None  # though the loss is still there
        else:
            if end == "gradients":
                loss.gradients(x)
            del middle, loss
            assert seen() is None
    finally:
        gc.enable()


def test_an_order_is_topological_and_has_no_constants():
    x, y = Value(2.0), Value(3.0)
    p = x * y
    out = (p + x) * p * 5
    order = topological(out)
    assert len(order) == len({*order}) == 6
    assert order[-1] is out
    for place, node in enumerate(order):
        assert {one for one in node.inputs if one.requires_grad} <= {*order[:place]}


def test_gradients_keep_the_graph_and_set_nothing():
    x = Value(3.0)
    y = x * x
    assert [g.data for g in (*y.gradients(x), *y.gradients(x))] == [6, 6]
    assert x.grad is None
    y.backward()
    assert (x.grad, y.grad) == (6, 1)
    z = Value(2.0)
    assert z.gradients(z)[0].data == 1


def test_a_branch_is_differentiated_where_the_numbers_led():
    def absolute(x):
        return x if x.data > 0 else -x

    for number, slope in ((2.0, 1), (-2.0, -1)):
        x = Value(number)
        absolute(x).backward()
        assert x.grad == slope


def test_no_grad():
    x = Value(2.0)
    with no_grad():
        y = x * 3
        with no_grad():
            pass
        z = x * 3
        assert not Value(1.0).inputs and Value(1.0).requires_grad  # made by hand
    assert not y.requires_grad and not z.requires_grad and y.inputs == ()
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    w = x * 3 + y
    assert w.requires_grad
    w.backward()
    assert x.grad == 3  # what was computed under no_grad is a constant


def test_an_operation_that_a_reader_adds():
    cube = Op("cube", lambda a: a**3, lambda d, out, a: (3 * d * a * a,))
    for kind, at in ((Value, 2.0), (Tensor, A)):
        x = kind(at)
        (slope,) = (
            weighted(lambda a: a, OURS)(cube(x)).gradients(x)
            if kind is Tensor
            else cube(x).gradients(x)
        )
        (curve,) = (
            weighted(lambda a: a, OURS)(slope).gradients(x)
            if kind is Tensor
            else slope.gradients(x)
        )
        assert np.shape(curve.data) == np.shape(at)
    assert curve.op and cube(Value(2.0)).op == "cube"


def test_numbers_and_arrays_beside_values():
    for plain in (2, 2.0, np.float64(2), np.float32(2), np.int64(2), True):
        assert type((Value(3.0) * plain).data) is float
        assert type((plain * Value(3.0)).data) is float
    T = Tensor([[1, 2], [3, 4]])
    assert T.data.dtype == np.float64
    for plain in (2, [[1, 2], [3, 4]], np.ones((2, 2), np.float32), T.data > 2):
        assert (T * plain).data.dtype == np.float64
    assert type(np.ones((2, 2)) * T) is Tensor and type(np.ones((2, 2)) @ T) is Tensor
    assert type(np.float64(2) * T) is Tensor and type(2 - T) is Tensor


def test_what_is_given_is_copied_and_cannot_be_changed():
    given, key = A.copy(), np.array([0, 1])
    T = Tensor(given)
    loss = (T[key] * given[:2]).sum()
    expected = np.zeros_like(A)
    expected[:2] = A[:2]
    given[...] = 7.0
    key[...] = 2
    loss.backward()
    assert np.array_equal(T.data, A) and np.array_equal(T.grad, expected)
    part = A[:2]
    part.flags.writeable = False  # but A can still be written into
    kept = Tensor(part)
    assert not np.shares_memory(kept.data, A)
    for array in (T.data, (T * 2).data, T.T.data, T[0].data, T.broadcast_to(2, 3, 4).data):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 1.0


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_copy_is_made_anew_and_cannot_be_written_into(again):
    T, x = Tensor(A), Value(2.0, requires_grad=False)
    (T * x.data).sum().backward()
    other, number = (
        again({"T": T, "x": x}).values() if again is not copy.copy else map(again, (T, x))
    )
    assert other is not T and type(other) is Tensor and type(number) is Value
    assert np.array_equal(other.data, A) and np.array_equal(other.grad, 0 * A + 2)
    assert (number.data, number.requires_grad, number.grad) == (2, False, None)
    with pytest.raises(ValueError, match="read-only"):
        other.data[0, 0] = 7.0
    other.grad = None
    (other * other).sum().backward()
    assert np.array_equal(other.grad, 2 * A) and np.array_equal(T.grad, 0 * A + 2)
    for part in (Tensor(A) * 2, gone(Value(2.0))):
        with pytest.raises(TypeError, match="is a part of a graph, and is not copied"):
            again(part)


# What is refused


def gone(x):
    y = x * x
    y.backward()
    x.grad = None
    return y


REFUSED = [
    (lambda x, T: gone(x).backward(), RuntimeError, "its graph is gone"),
    (lambda x, T: (gone(x) * 2).backward(), RuntimeError, "its graph is gone"),
    (lambda x, T: [(x * x).backward(), (x * 2).backward()], RuntimeError, "earlier backward"),
    (lambda x, T: T.backward(), ValueError, r"shape \(3, 4\).*one number.*\.sum\(\)"),
    (lambda x, T: T.sum(0).backward(), ValueError, "one number"),
    (lambda x, T: Tensor(1.0, requires_grad=False).backward(), RuntimeError, "plain numbers"),
    (lambda x, T: (x * 2).gradients(Value(1.0)), ValueError, "input 0 .* not in the graph"),
    (lambda x, T: setattr(x, "data", 5.0), AttributeError, r"W = Value\(W.data - rate \* W.grad\)"),
    (lambda x, T: setattr(T, "data", A), AttributeError, "does not change"),
    (lambda x, T: T.data.__setitem__(0, 1.0), ValueError, "read-only"),
    (lambda x, T: T.data.__iadd__(1), ValueError, "read-only"),
    (lambda x, T: x == 2.0, TypeError, "does not see a comparison"),
    (lambda x, T: x != x * 1, TypeError, "does not see a comparison"),
    (lambda x, T: x < 3, TypeError, "does not see a comparison"),
    (lambda x, T: 3 >= x, TypeError, "does not see a comparison"),
    (lambda x, T: max(x, Value(1.0)), TypeError, r"x.maximum\(y\)"),
    (lambda x, T: 1 if x else 0, TypeError, "neither true nor false"),
    (lambda x, T: T == T * 1, TypeError, "does not see a comparison"),
    (lambda x, T: x in [x * 1, x], TypeError, "in a set, not in a list"),
    (lambda x, T: Value(float("nan")), ValueError, "data is nan; expected a finite number"),
    (lambda x, T: Value(float("inf")), ValueError, "finite"),
    (lambda x, T: Tensor([1.0, np.nan]), ValueError, "1 NaN or infinite"),
    (lambda x, T: x * float("inf"), ValueError, "finite"),
    (lambda x, T: x / 0, FloatingPointError, "/ of 2 and 0 is not finite"),
    (lambda x, T: (-x).log(), FloatingPointError, "log of -2 is not finite"),
    (lambda x, T: (-x) ** 0.5, FloatingPointError, "not finite"),
    (lambda x, T: (x * 1000).exp(), FloatingPointError, "exp of 2000"),
    (lambda x, T: (x - 2) ** -1, FloatingPointError, "not finite"),
    (lambda x, T: (T - 100).log(), FloatingPointError, r"an array \(3, 4\) from -10\d"),
    (lambda x, T: ((x - 2) ** 0.5).backward(), FloatingPointError, "not finite"),
    (lambda x, T: Value("2"), TypeError, "data is a str; expected a number"),
    (lambda x, T: Value(1j), TypeError, "expected a number"),
    (lambda x, T: Value(None), TypeError, "data is None"),
    (lambda x, T: Value(A), TypeError, "Tensor holds arrays"),
    (lambda x, T: Value(x), TypeError, "data is a Value"),
    (lambda x, T: Tensor(T), TypeError, "x.data, which is a constant"),
    (lambda x, T: Tensor([x, x]), TypeError, "is no array"),
    (lambda x, T: Tensor(["a"]), TypeError, "real numbers"),
    (lambda x, T: Tensor([]), ValueError, "empty"),
    (lambda x, T: T[5:], ValueError, "empty"),
    (lambda x, T: T[7], IndexError, "out of bounds"),
    (lambda x, T: T[Tensor([0])], TypeError, "the key is a value"),
    (lambda x, T: T[0, x], TypeError, "the key is a value"),
    (lambda x, T: x + T, TypeError, "data is a Tensor"),
    (lambda x, T: T + x, TypeError, "expected numbers"),
    (lambda x, T: x * A, TypeError, "Tensor holds arrays"),
    (lambda x, T: A * x, TypeError, "Tensor holds arrays"),
    (lambda x, T: T + "a", TypeError, "expected a NumPy array"),
    (lambda x, T: np.exp(T), TypeError, "ufunc"),
    (lambda x, T: np.array(T), TypeError, "is no array"),
    (lambda x, T: np.array([x, x]), TypeError, "is no array"),
    (lambda x, T: float(x), TypeError, "float"),
    (lambda x, T: x**x, TypeError, r"\(b \* a.log\(\)\).exp\(\)"),
    (lambda x, T: 2**x, TypeError, "unsupported operand"),
    (lambda x, T: x ** float("nan"), ValueError, "finite"),
    (lambda x, T: T @ T, ValueError, r"\(3, 4\) @ \(3, 4\): expected two matrices"),
    (lambda x, T: T @ np.ones(4), ValueError, "expected two matrices"),
    (lambda x, T: T.reshape(5, 2), ValueError, "reshape"),
    (lambda x, T: T.broadcast_to((2, 3, 4)), TypeError, r"as in broadcast_to\(2, 3\)"),
    (lambda x, T: T.broadcast_to(2, 3, 4.0), TypeError, "expected whole numbers"),
    (lambda x, T: T.broadcast_to(2, 5), ValueError, "broadcast"),
    (lambda x, T: T.sum(2), ValueError, "axis"),
    (lambda x, T: T + np.ones((2, 4)), ValueError, "broadcast"),
    (lambda x, T: Op("new", np.sin, None)(2.0), TypeError, "expected a Value or a Tensor"),
    (lambda x, T: Op("new", lambda a: x, None)(x), TypeError, "forward returns a Value"),
    (lambda x, T: Op("new", lambda a: None, None)(T), TypeError, "returns None.*`return` missing"),
    (lambda x, T: Op("new", lambda a: "1", None)(x), TypeError, "forward returns a str"),
    (lambda x, T: Op("new", lambda a: [None], None)(T), TypeError, "expected numbers"),
    (lambda x, T: Op("new", lambda a: a + 1j, None)(T), TypeError, "complex.*real numbers"),
    (lambda x, T: Op("new", np.sin, lambda d, out, a: d)(x).backward(), TypeError, "a tuple"),
    (lambda x, T: Op("new", np.sin, lambda d, out, a: (d, d))(x).backward(), TypeError, "2 parts"),
    (
        lambda x, T: Op("new", np.sin, lambda d, out, a: (1.0,))(x).backward(),
        TypeError,
        "returns 1.0",
    ),
    (
        lambda x, T: Op("new", np.sin, lambda d, out, a: (d.sum(0),))(T).sum().backward(),
        ValueError,
        r"a gradient of shape \(1, 4\) for an input of shape \(3, 4\)",
    ),
    *(
        (
            lambda x, T, forward=forward: weighted(
                Op("new", forward, lambda d, out, a: (d,)), OURS
            )(T).backward(),
            ValueError,
            r"for an input of shape \(3, 4\) and a result of shape .* broadcasting",
        )
        for forward in (  # each forgets that its result has another shape
            lambda a: np.array(a.sum()),
            lambda a: a.sum(0, keepdims=True),
            lambda a: a.sum(1),
            lambda a: a.T.copy(),
            lambda a: a.reshape(12),
        )
    ),
    (lambda x, T: topological(2.0), TypeError, "the output is 2.0; expected a Value or a Tensor"),
    (lambda x, T: (x * x).gradients([x]), TypeError, r"is a list.*loss.gradients\(w, b\)"),
    (lambda x, T: (T * T).sum().gradients(T.data), TypeError, "input 0 .* is an array"),
    (lambda x, T: sum(T.sum()), TypeError, "it has no parts"),
    (lambda x, T: Value(1.0, 2.0), TypeError, "positional"),
    (lambda x, T: Tensor([1, 2], [3, 4]), TypeError, "positional"),
]


@pytest.mark.parametrize(("mistake", "error", "message"), REFUSED, ids=range(len(REFUSED)))
def test_nothing_wrong_is_computed_in_silence(mistake, error, message):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, where an operand is no value
        with pytest.raises(error, match=message):
            mistake(Value(2.0), Tensor(A))


def test_pytorch_goes_on_where_ours_stops():
    torch = pytest.importorskip("torch")  # the notebook says so
    x = torch.tensor(-3.0, requires_grad=True)
    assert x.log().isnan()
    (x * 2).backward()
    (x * 2).backward()
    assert x.grad == 4


def test_a_loss_computed_under_no_grad_is_refused():
    x = Value(2.0)
    with no_grad():
        loss = x * x
    with pytest.raises(RuntimeError, match="under no_grad"):
        loss.backward()


def test_a_refused_backward_sets_nothing():
    x, y = Value(0.0), Value(2.0)
    loss = x**0.5 + y * y
    with pytest.raises(FloatingPointError):
        loss.backward()
    assert x.grad is None and y.grad is None


def test_losses_of_the_same_parameter_are_added_up_before_going_back():
    w = Value(3.0)
    (w * w + 2 * w).backward()
    assert w.grad == 8
    w.grad = None
    (w * w).backward()
    assert w.grad == 6


def test_repr_shows_what_it_is_and_no_address():
    x, T = Value(2.0), Tensor(A)
    shown = [repr(one) for one in (x, x * 3, Value(1.0, requires_grad=False), T, T @ T.T)]
    assert shown == [
        "Value(2)",
        "Value(6, by *)",
        "Value(1, constant)",
        "Tensor(shape (3, 4))",
        "Tensor(shape (3, 3), by @)",
    ]


# The checks see faults

MODULE = inspect.getsource(autograd)
FAULTS = [
    ("kind(x, requires_grad=False) for", "kind(x) for"),
    ("any(x.requires_grad for x in inputs)", "all(x.requires_grad for x in inputs)"),
    ("any(x.requires_grad for x in inputs)", "False"),
    ("guard.RECORDING.get() and any", "any"),
    ("if needed else", "if True else"),
    ("(name, backward, inputs)", "(name, backward, inputs[::-1])"),
    ("guard.RECORDING.reset(before)", "pass"),
    ("guard.RECORDING.set(False)", "guard.RECORDING.set(True)"),
    ("None if node.op else ()", "node.inputs"),
    ("if x.requires_grad)", ")"),
    ("found[x] + d if x in found else d", "d"),
    ("found[x] + d if x in found else d", "found.get(x, d)"),
    ("reversed(guard.start(topological(self)))", "guard.start(topological(self))"),
    ("d = unbroadcast(d, x.shape)", "pass"),
    ("d.shape == shape else d.sum(", "d.shape == shape else d.mean("),
    ("n < d.shape[new + axis]", "n > d.shape[new + axis]"),
    ("a, b: (d, -d))", "a, b: (d, d))"),
    ("b, a: (-d, d))", "b, a: (d, -d))"),
    ("(d * b, d * a)", "(d * a, d * b)"),
    ("(d / b, -d * out / b)", "(d / b, d * out / b)"),
    ("(-d * out / b, d / b)", "(-d / b, d / b)"),
    ("lambda d, out, a: (-d,)", "lambda d, out, a: (d,)"),
    ("(d * out,)", "(d * a,)"),
    ("(d / a,)", "(d / out,)"),
    ("(1 - out * out)", "(1 - out)"),
    ("(a.data > 0)", "(a.data > 0.5)"),
    ("guard.shared(d, a, b)", "guard.shared(d, b, a)"),
    ("d * n * a**less", "d * a**less"),
    ("d * n * a**less", "d * n * a**n"),
    ("(d @ b.T, a.T @ d)", "(d @ b.T, a.T @ d * 2)"),
    ("(a.T @ d, d @ b.T)", "(a.T @ d * 2, d @ b.T)"),
    ("(d.T,)", "(-d.T,)"),
    ("(d * share,)", "(d * largest,)"),
    ("(d * share,)", "(d * (1 - share),)"),
    ("(d.broadcast_to(*a.shape),)", "(d.broadcast_to(*a.shape) / 2,)"),
    ("total.data.size / self.data.size", "1 / self.data.size"),
    ("(back(d),)", "(back(d) / 2,)"),
    ("(d.reshape(a.shape),)", "(-d.reshape(a.shape),)"),
]


def check_operations(module):
    """Hold all operations on arrays against differences, and a few graphs."""
    for text in [*FORMULAS, *SHAPED]:
        given = [
            {"a": A, "b": B[:, :1] if text in FORMULAS else B}[name] for name in variables(text)
        ]
        found = ours(weighted(formula(text, OURS), OURS), given, module.Tensor)
        agree(found, numerical(weighted(formula(text, PLAIN), PLAIN), given))
    agree(gradient_at_ties(module), [[0.5, 0.5, 0]])
    check_remembering(module)
    check_graphs(module, 10)


def check_remembering(module):
    """Hold what a result knows against what it should know."""
    x = module.Tensor(A)
    y = x * 2
    assert y.inputs[0] is x and not y.inputs[1].requires_grad
    assert module.topological(y) == [x, y]
    constant = module.Tensor(A, requires_grad=False) * 2
    assert not constant.requires_grad and constant.inputs == ()
    with module.no_grad():
        inside = x * 2
    after = x * 2
    assert after.requires_grad and not inside.requires_grad
    y.sum().backward()
    assert y.inputs is None and x.inputs == () and np.array_equal(x.grad, 0 * A + 2)


def gradient_at_ties(module):
    x = module.Tensor([2.0, 2.0, 1.0])
    x.max().backward()
    return [x.grad]


def broken(before, after):
    """The module of the stage with a fault."""
    assert before in MODULE, before
    module = types.ModuleType("broken")
    exec(compile(MODULE.replace(before, after), "broken", "exec"), vars(module))
    return module


def test_the_checks_are_content_with_the_module():
    check_operations(broken("d * n * a**less", "n * d * a**less"))


@pytest.mark.parametrize(("before", "after"), FAULTS)
def test_the_checks_see_a_fault(before, after):
    with pytest.raises(Exception):  # noqa: B017  a wrong number, or shapes that do not fit
        contextvars.copy_context().run(check_operations, broken(before, after))


def test_the_module_has_150_lines_at_most():
    assert len(MODULE.splitlines()) <= 150


def test_a_graph_is_drawn_with_each_number_and_each_line():
    nodes = [
        ("x", 2.0, 4.0, []),
        ("y", 3.0, 0.5, []),
        ("×", 4.0, 1.0, [0, 0]),
        ("+", 7.0, 1.0, [2, 1]),
    ]
    figure, axes = plt.subplots()
    draw_run(axes, nodes, "A square and a sum")
    words = [text.get_text() for text in axes.texts]
    plt.close(figure)
    for name, value, slope, _ in nodes:
        assert name in words and f"{value:g}" in words and f"{slope:g}" in words
    arrows = [text for text in axes.texts if not text.get_text()]
    assert len(arrows) == 8  # four lines, forward and back
    boxes = {text.get_text(): text.get_position() for text in axes.texts}
    assert boxes["x"][0] < boxes["×"][0] < boxes["+"][0]
    assert boxes["y"][0] == boxes["×"][0]  # close to its first use
