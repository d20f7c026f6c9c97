"""The contract of layers and losses, held against each of them: list a new one, and it is tested.

A maker makes a layer that takes (3, m), or a loss. Whatever the stages export has to be listed.
"""

import copy
import inspect
import pickle

import numpy as np
import pytest

import nnfs_core
from nnfs_core import (
    BatchNorm,
    BinaryCrossEntropyLoss,
    Dropout,
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    Loss,
    Model,
    MSELoss,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropyLoss,
    Tanh,
    WeightedLoss,
    WeightRow,
    central_differences,
    check_gradients,
    gradient_error,
    squared_errors,
)


def frozen_norm():
    """A layer with statistics of its own, which it uses in training, too."""
    layer = BatchNorm(3)
    layer.frozen = True
    layer.buffers["running_mean"][...] = [[0.5], [-1.0], [0.0]]
    layer.buffers["running_variance"][...] = [[0.5], [2.0], [1.0]]
    return layer


LAYERS = [
    ReLU,
    LeakyReLU,
    Sigmoid,
    Tanh,
    Identity,
    lambda: Linear(3, 3, 0),
    lambda: Linear(3, 2, 0, "xavier"),
    lambda: Sequential(Linear(3, 4, 0), Sequential(Tanh(), Linear(4, 2, 1)), Sigmoid()),
    lambda: Dropout(0.0, 0),  # test_generalization.py holds a mask
    Softmax,
    frozen_norm,
    lambda: BatchNorm(3),
    WeightRow,
]
LOSSES = [MSELoss, SoftmaxCrossEntropyLoss, lambda: BinaryCrossEntropyLoss(2.0)]
LOSSES += [lambda: WeightedLoss(squared_errors)]


def named(makers):
    """Each maker, with what it makes as the name of its test."""
    names = [repr(make()).replace("\n", ";") for make in makers]
    return [pytest.param(make, id=name) for make, name in zip(makers, names, strict=True)]


EACH_LAYER = pytest.mark.parametrize("make", named(LAYERS))
EACH_LOSS = pytest.mark.parametrize("make", named(LOSSES))


def batch(m=5, seed=0):
    """An X that every listed layer takes."""
    return np.random.default_rng(seed).standard_normal((3, m))


def samples_for(loss, m=5):
    """An A and a Y that a loss takes: numbers, one-hot columns, or yes and no."""
    A, Y = batch(m), batch(m, seed=1)
    if isinstance(loss, BinaryCrossEntropyLoss):
        return A[:1].copy(), (Y[:1] > 0).astype(float)
    if isinstance(loss, SoftmaxCrossEntropyLoss):
        return A, np.eye(3)[:, Y.argmax(axis=0)]
    if isinstance(loss, WeightedLoss):
        return A, np.vstack([Y[:2], np.abs(Y[2])])
    return A, Y


def gradient_for(output, seed=1):
    """A dA for an output."""
    return np.random.default_rng(seed).standard_normal(output.shape).astype(output.dtype)


def back(part, *gradient):
    """Copies of all that backward gives."""
    dX = part.backward(*gradient)
    return copy.deepcopy({"dX": dX, **getattr(part, "gradients", {})})


def same(one, other):
    """Whether two dicts of arrays are equal to the last bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize(("family", "makers"), [(Layer, LAYERS), (Loss, LOSSES)])
def test_all_that_is_exported_is_listed(family, makers):
    exported = [getattr(nnfs_core, name) for name in dir(nnfs_core)]
    kinds = {kind for kind in exported if inspect.isclass(kind) and issubclass(kind, family)}
    assert kinds - {family} <= {type(make()) for make in makers}


@EACH_LAYER
def test_the_order_of_forward_and_backward(make):
    layer, X = make(), batch()
    dA = gradient_for(layer.forward(X))
    with pytest.raises(RuntimeError, match=f"{type(layer).__name__}: backward before forward"):
        layer.backward(dA)  # a forward that only predicts remembers nothing
    layer.forward(batch(seed=7), training=True)
    layer.forward(X, training=True)
    layer.forward(batch(seed=8))
    first = back(layer, dA)
    assert same(back(layer, dA), first)  # twice gives the same twice
    fresh = make()
    fresh.forward(X, training=True)
    assert same(back(fresh, dA), first)  # the last training forward counts, and it alone


@EACH_LAYER
def test_the_same_values_in_training_and_without(make):
    if isinstance(make(), BatchNorm) and not make().frozen:
        pytest.skip("that is what it is for: test_batch_normalization.py")
    assert np.array_equal(make().forward(batch()), make().forward(batch(), training=True))


@EACH_LAYER
@pytest.mark.parametrize("l2", [0.0, 0.7])
def test_every_gradient_against_differences(make, l2):
    model, X = Model(Sequential(make()), l2=l2, m=12), batch()
    errors = check_gradients(model, X, gradient_for(model.predict(X)))
    assert errors.keys() == {"X", *model.network.parameters}
    assert max(errors.values()) < 1e-7, errors


@EACH_LAYER
def test_shapes_and_names_of_what_comes_back(make):
    layer, X = make(), batch()
    output = layer.forward(X, training=True)
    assert layer.backward(gradient_for(output)).shape == X.shape
    assert output.shape[1] == X.shape[1]
    shapes = {f"d{name}": array.shape for name, array in layer.parameters.items()}
    assert {name: array.shape for name, array in layer.gradients.items()} == shapes
    assert set(layer.penalised) <= set(layer.parameters)


@EACH_LAYER
def test_float32_stays_float32_and_other_numbers_become_float64(make):
    layer, X = make(), batch().astype(np.float32)
    output = layer.forward(X, training=True)
    kinds = {array.dtype for array in back(layer, gradient_for(output)).values()}
    assert {output.dtype, *kinds} == {np.dtype(np.float32)}
    for dtype in (np.uint8, np.int64, bool):
        whole = (batch() > 0).astype(dtype)
        assert np.array_equal(layer.forward(whole), layer.forward(whole.astype(float)))


@EACH_LAYER
def test_writing_into_arrays_afterwards_changes_nothing(make):
    layer, X = make(), batch()
    output = layer.forward(X, training=True)
    dA = gradient_for(output)
    first = back(layer, dA)
    assert not np.shares_memory(output, X)
    assert not np.shares_memory(layer.backward(dA), dA)
    for array in (output, X, layer.backward(dA)):
        array[...] = 7.0
        assert same(back(layer, dA), first)


@EACH_LAYER
def test_what_is_given_stays_as_it_is(make):
    layer, X = make(), batch()
    dA = gradient_for(layer.forward(X, training=True))
    before = X.copy(), dA.copy()
    layer.backward(dA)
    assert np.array_equal(X, before[0])
    assert np.array_equal(dA, before[1])


@EACH_LAYER
def test_what_is_no_matrix_of_numbers_is_refused(make):
    layer, X = make(), batch()
    refused = [
        (X[0], ValueError, "one sample is"),
        (X.tolist(), TypeError, "is a list; expected a 2-D NumPy array"),
        (X.astype(str), TypeError, "expected real numbers"),
        (X + 1j, TypeError, "expected real numbers"),
        (np.ma.array(X), TypeError, "is a MaskedArray"),
    ]
    for wrong, error, message in refused:
        with pytest.raises(error, match=message):
            layer.forward(wrong)
    if layer.parameters:
        with pytest.raises(ValueError, match=r"a sample is a column: try X\.T"):
            layer.forward(X.T)
    dA = gradient_for(layer.forward(X, training=True))
    for wrong in (1.0, dA[0], dA[:, :2], dA.T):
        with pytest.raises((TypeError, ValueError), match=r"d[AZ] is .*; expected"):
            layer.backward(wrong)


@EACH_LAYER
def test_a_copy_has_the_size_of_the_parameters(make):
    layer, X = make(), batch(m=20_000)
    dA = gradient_for(layer.forward(X, training=True))
    layer.backward(dA)
    arrays = {**layer.parameters, **layer.buffers}
    stored = pickle.dumps(layer)
    assert len(stored) < sum(array.nbytes for array in arrays.values()) + 3000
    for other in (pickle.loads(stored), copy.deepcopy(layer)):
        assert np.array_equal(other.forward(X), layer.forward(X))
        assert not other.gradients
        with pytest.raises(RuntimeError, match="backward before forward"):
            other.backward(dA)
        for name, array in other.parameters.items():
            array += 1.0  # its own, and those that its forward uses
            assert not np.array_equal(array, layer.parameters[name])
        assert not layer.parameters or not np.array_equal(other.forward(X), layer.forward(X))


@EACH_LAYER
def test_a_state_goes_round_and_a_wrong_one_is_refused_whole(make):
    layer = make()
    state, before = layer.state(), layer.forward(batch())
    for array in layer.parameters.values():
        array += 1.0
    layer.load_state(state)
    assert np.array_equal(layer.forward(batch()), before)
    wrong = [({**state, "Q": np.zeros((1, 1))}, "unknown Q"), ([], "is a list")]
    for name, array in state.items():
        rest = {other: state[other] + 1 for other in state if other != name}
        wrong += [(rest, f"missing {name}"), ({**rest, name: array[:, :-1]}, "expected shape")]
        wrong += [({**rest, name: array * np.nan}, "NaN")]
    for other, message in wrong:
        with pytest.raises((TypeError, ValueError), match=message):
            layer.load_state(other)
        assert same(layer.state(), state)


@EACH_LAYER
def test_extreme_inputs_stay_finite_and_warn_nobody(make):
    layer = make()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        output = layer.forward(np.array([[-1000.0, 1000.0, 0.0]] * 3), training=True)
        assert np.isfinite(output).all()
        assert np.isfinite(layer.backward(np.ones_like(output))).all()


@EACH_LAYER
def test_a_layer_can_be_read(make):
    layer = make()
    assert repr(layer).startswith(type(layer).__name__)
    assert "0x" not in repr(layer)
    assert all(str(array.shape) in repr(layer) for array in layer.parameters.values())


@EACH_LOSS
def test_the_contract_of_a_loss(make):
    loss = make()
    A, Y = samples_for(loss)
    with pytest.raises(RuntimeError, match=f"{type(loss).__name__}: backward before forward"):
        loss.backward()
    loss.forward(2 - A, Y)
    assert type(loss.forward(A, Y)) is float
    first = back(loss)
    assert same(back(loss), first)
    numerical = central_differences(lambda: make().forward(A, Y), A)
    assert gradient_error(first, {"dX": numerical}) < 1e-7
    for array in (A, Y, loss.backward()):
        array[...] = 7.0
        assert same(back(loss), first)
    assert not isinstance(loss, Layer)
    assert "0x" not in repr(loss)


@EACH_LOSS
def test_a_loss_keeps_float32_refuses_other_shapes_and_forgets_in_a_copy(make):
    loss = make()
    A, Y = samples_for(loss, m=20_000)
    A = A.astype(np.float32)
    loss.forward(A, Y)
    assert loss.backward().dtype == np.float32
    stored = pickle.dumps(loss)
    assert len(stored) < 1000
    with pytest.raises(RuntimeError, match="backward before forward"):
        pickle.loads(stored).backward()
    for wrong in (Y[:, :1], Y[0], Y.T):
        with pytest.raises(ValueError, match="Y is an array"):
            loss.forward(A, wrong)
    with pytest.raises(TypeError, match="A is a list"):
        loss.forward(A.tolist(), Y)
