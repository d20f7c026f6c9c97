"""Stage 12: batch normalization; test_contract.py has it as a layer."""

import copy
import json
import pickle

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnfs_core import (
    SGD,
    AdamW,
    BatchNorm,
    Dropout,
    Ensemble,
    Identity,
    Linear,
    Model,
    ReLU,
    Sequential,
    SoftmaxCrossEntropyLoss,
    Solver,
    Tanh,
    central_differences,
    check_gradients,
    gradient_error,
)
from tests.make_batch_normalization_oracle import (
    EPS,
    FROZEN,
    OURS,
    RATE,
    SHAPES,
    STORED,
    batches,
    first,
    run,
)

VALUES = st.floats(-100, 100).map(lambda x: round(x, 2))
BATCHES = st.tuples(st.integers(1, 4), st.integers(2, 12)).flatmap(
    lambda shape: arrays(float, shape, elements=VALUES)
)
EACH_MODE = pytest.mark.parametrize("frozen", [False, True])


def layer_for(X, frozen=False, seed=0, **settings):
    """A layer whose scale, shift and running statistics are not those of the start."""
    layer, rng = BatchNorm(len(X), **settings), np.random.default_rng(seed)
    layer.frozen = frozen
    for arrays_of in (layer.parameters, layer.buffers):
        for array in arrays_of.values():
            array[...] = rng.uniform(0.5, 2, array.shape)
    return layer


def copies(arrays_by_name):
    return {name: array.copy() for name, array in arrays_by_name.items()}


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def network(seed=0, frozen=False, last=2):
    """Linear, BatchNorm and tanh twice, and an output."""
    rng = np.random.default_rng(seed)
    norms = [layer_for(np.empty((n, 1)), frozen, n) for n in (5, 4)]
    return Sequential(
        *(Linear(3, 5, rng), norms[0], Tanh(), Linear(5, 4, rng), norms[1], Tanh()),
        Linear(4, last, rng),
    )


def draw(m=9, seed=3, outputs=2):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((3, m)), rng.standard_normal((outputs, m))


# Against PyTorch


def ours(frozen):
    """What run() of the oracle returns, by the course's own parts."""
    norm = BatchNorm(4, momentum=OURS, eps=EPS)
    norm.frozen = frozen
    if frozen:
        for buffer, values in zip(norm.buffers.values(), FROZEN, strict=True):
            buffer[:, 0] = values
    model = Model(Sequential(Linear(3, 4, 0), norm, Tanh(), Linear(4, 2, 0)))
    for name, array in first().items():
        model.network.parameters[name][...] = array
    optimizer = SGD(RATE)
    found = {"losses": [], "predictions": [], "gradients": [], "running": [], "parameters": []}
    for X, Y in batches():
        found["losses"].append(model.loss(X, Y))
        dX = model.backward()
        gradients = [dX, *(model.network.gradients[f"d{name}"] for name in SHAPES)]
        found["gradients"].append([g.ravel().tolist() for g in gradients])
        optimizer.step(model.network)
        found["predictions"].append(model.predict(X).ravel().tolist())
        found["running"].append([b.ravel().tolist() for b in norm.buffers.values()])
        last = [model.network.parameters[name].ravel().tolist() for name in SHAPES]
        found["parameters"].append(last)
    return found


def flat(values):
    return np.array(
        [x for one in values for x in flat(one)] if isinstance(values, list) else [values]
    )


def compare(found, theirs):
    assert found.keys() == theirs.keys()
    for name, values in found.items():
        np.testing.assert_allclose(flat(values), flat(theirs[name]), atol=1e-10, err_msg=name)


@EACH_MODE
def test_ten_steps_against_the_stored_ones_of_pytorch(frozen):
    compare(ours(frozen), json.loads(STORED.read_text("utf-8"))["frozen" if frozen else "training"])


@EACH_MODE
def test_ten_steps_against_pytorch(frozen):
    pytest.importorskip("torch")
    compare(ours(frozen), run(frozen))


# Forward


@example(np.full((1, 3), 86.16), 0.0, 1e-5)
@given(BATCHES, st.floats(0, 0.99), st.sampled_from([1e-5, 1e-3, 0.5]))
def test_a_training_forward_by_its_definition(X, momentum, eps):
    layer = layer_for(X, momentum=momentum, eps=eps)
    gamma, beta, mean, variance = layer.state().values()
    output = layer.forward(X, training=True)
    for i, x in enumerate(X):
        centred = x - sum(x) / len(x)
        v = sum(centred**2) / len(x)
        right = gamma[i] * centred / np.sqrt(v + eps) + beta[i]
        np.testing.assert_allclose(output[i], right, atol=1e-8)
        moved = momentum * mean[i] + (1 - momentum) * sum(x) / len(x)
        np.testing.assert_allclose(layer.buffers["running_mean"][i], moved, atol=1e-9)
        moved = momentum * variance[i] + (1 - momentum) * sum(centred**2) / (len(x) - 1)
        square = np.spacing(np.abs(x).max()) ** 2  # of the round-off: equal values vary by it
        np.testing.assert_allclose(
            layer.buffers["running_variance"][i], moved, rtol=1e-9, atol=10 * square
        )


@given(BATCHES)
def test_the_output_has_mean_0_and_a_variance_just_below_1(X):
    X_hat = BatchNorm(len(X)).forward(X, training=True)
    v = X.var(axis=1)
    np.testing.assert_allclose(X_hat.mean(axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(X_hat.var(axis=1), v / (v + 1e-5), atol=1e-9)


@given(BATCHES, st.floats(0.5, 100), st.floats(-1000, 1000))
def test_shifting_and_stretching_what_goes_in_changes_nothing(X, factor, shift):
    assume((np.ptp(X, axis=1) > 0.5).all())
    outputs = [
        BatchNorm(len(X), eps=1e-12).forward(Z, training=True) for Z in (X, factor * X + shift)
    ]
    np.testing.assert_allclose(*outputs, atol=1e-6)


@given(BATCHES)
def test_predicting_takes_each_sample_by_itself(X):
    layer = layer_for(X)
    before = layer.state()
    together = layer.forward(X)
    alone = [layer.forward(X[:, k : k + 1]) for k in range(X.shape[1])]
    assert np.array_equal(together, np.concatenate(alone, axis=1))
    assert same(layer.state(), before)
    gamma, beta, mean, variance = before.values()
    np.testing.assert_allclose(together, gamma * (X - mean) / np.sqrt(variance + 1e-5) + beta)


@given(BATCHES)
def test_a_frozen_layer_does_in_training_what_it_does_in_predicting(X):
    layer = layer_for(X, frozen=True)
    before = layer.state()
    assert np.array_equal(layer.forward(X, training=True), layer.forward(X))
    assert same(layer.state(), before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("constant", [0.0, 0.1, -1234.5678, 1e5 / 7, 3e7])
@pytest.mark.parametrize("m", [2, 3, 100, 777])
def test_a_constant_feature_gives_exactly_beta(dtype, constant, m):
    X = np.array([np.full(m, constant), np.arange(m)], dtype)
    layer = BatchNorm(2)
    layer.parameters["beta"][...] = [[0.25], [0.5]]
    output = layer.forward(X, training=True)
    assert (output[0] == 0.25).all()
    assert np.isfinite(layer.backward(np.ones_like(X))).all()
    assert layer.buffers["running_variance"][0, 0] == 0.9  # nothing but what is forgotten


def test_many_batches_bring_the_running_statistics_to_those_of_all_samples():
    rng, layer = np.random.default_rng(0), BatchNorm(2, momentum=0.99)
    for _ in range(3000):
        layer.forward(rng.normal([[3.0], [-1.0]], [[2.0], [0.5]], (2, 4)), training=True)
    mean, variance = layer.buffers.values()
    np.testing.assert_allclose(mean.ravel(), [3, -1], atol=0.3)
    np.testing.assert_allclose(variance.ravel(), [4, 0.25], rtol=0.2)  # 3 and 0.19 if biased


# Backward


@given(BATCHES, st.booleans())
def test_gradients_against_differences(X, frozen):
    assume((np.ptp(X, axis=1) > 0.5).all())
    G, layer = np.random.default_rng(0).standard_normal(X.shape), layer_for(X, frozen)
    layer.forward(X, training=True)
    gradients = {"dX": layer.backward(G), **layer.gradients}
    largest = max(np.abs(g).max() for g in gradients.values())
    for name, array in {"X": X, **layer.parameters}.items():
        numerical = central_differences(
            lambda: float((G * layer.forward(X, training=True)).sum()), array, 1e-4
        )
        np.testing.assert_allclose(gradients[f"d{name}"], numerical, atol=1e-5 * max(1, largest))


@EACH_MODE
@pytest.mark.parametrize("l2", [0.0, 0.7])
def test_every_gradient_of_a_network(frozen, l2):
    X, Y = draw()
    model = Model(network(frozen=frozen), l2=l2, m=9)
    errors = check_gradients(model, X, Y)
    if not frozen:  # a bias in front gets 0, and 0 against round-off is no comparison
        for name in ("b1", "b2"):
            errors.pop(name)
            assert np.abs(model.network.gradients[f"d{name}"]).max() < 1e-12
    assert max(errors.values()) < 1e-7, errors


@EACH_MODE
def test_the_gradient_check_leaves_the_running_statistics(frozen):
    X, Y = draw()
    model = Model(network(frozen=frozen))
    before = copies(model.network.buffers)
    check_gradients(model, X, Y)
    assert same(copies(model.network.buffers), before)


@given(BATCHES)
def test_what_comes_back_has_no_mean_and_nothing_along_the_output(X):
    assume((np.ptp(X, axis=1) > 0.5).all())
    layer = BatchNorm(len(X), eps=1e-12)
    X_hat = layer.forward(X, training=True)
    dX = layer.backward(np.random.default_rng(1).standard_normal(X.shape))
    np.testing.assert_allclose(dX.sum(axis=1), 0, atol=1e-8)
    np.testing.assert_allclose((dX * X_hat).sum(axis=1), 0, atol=1e-8)


def test_frozen_between_forward_and_backward_is_that_of_the_forward():
    X, dA = draw(outputs=3)
    layer = layer_for(X)
    layer.forward(X, training=True)
    first_one = layer.backward(dA)
    layer.frozen = True
    assert np.array_equal(layer.backward(dA), first_one)


@pytest.mark.parametrize("training", [False, True])
def test_float32_is_near_float64_and_running_statistics_stay_float64(training):
    X = draw(m=200)[0] * 5 + 40
    double, single = layer_for(X), layer_for(X)
    expected, output = double.forward(X, training), single.forward(X.astype(np.float32), training)
    assert output.dtype == np.float32
    np.testing.assert_allclose(output, expected, atol=1e-4)
    assert {array.dtype for array in single.state().values()} == {np.dtype(np.float64)}
    np.testing.assert_allclose(
        single.buffers["running_variance"], double.buffers["running_variance"], rtol=1e-5
    )


# In a network


def test_names_penalty_and_decay():
    one = network()
    assert list(one.parameters) == "W1 b1 gamma1 beta1 W2 b2 gamma2 beta2 W3 b3".split()
    assert list(one.buffers) == [
        f"running_{what}{number}" for number in (1, 2) for what in ("mean", "variance")
    ]
    assert one.penalised == ("W1", "W2", "W3")
    X, Y = draw()
    model = Model(one)
    model.loss(X, Y)
    model.backward()
    for g in one.gradients.values():
        g[...] = 0
    before = one.state()
    AdamW(0.1, decay=0.5).step(one)
    changed = {
        name for name, array in one.state().items() if not np.array_equal(array, before[name])
    }
    assert changed == {"W1", "W2", "W3"}
    first_layer = Sequential(BatchNorm(3), Linear(3, 2, 0))
    assert list(first_layer.parameters) == ["gamma0", "beta0", "W1", "b1"]
    with pytest.raises(ValueError, match="two arrays would be called 'gamma1'"):
        Sequential(Linear(3, 3, 0), BatchNorm(3), ReLU(), BatchNorm(3))


def test_state_holds_the_running_statistics_and_load_state_writes_into_them():
    X, Y = draw()
    trained, other = Model(network()), Model(network(seed=1))
    for _ in range(3):
        trained.loss(X, Y)
    state = trained.network.state()
    assert not any(np.shares_memory(state[k], a) for k, a in trained.network.buffers.items())
    own = other.network[1].buffers["running_mean"]
    other.network.load_state(state)
    assert other.network[1].buffers["running_mean"] is own
    assert np.array_equal(other.predict(X), trained.predict(X))
    del state["running_mean1"]
    with pytest.raises(ValueError, match="running_mean1"):
        other.network.load_state(state)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_predicts_the_same_and_goes_its_own_way(copied):
    X, Y = draw()
    model = Model(network(frozen=True))
    model.network[1].frozen = False
    model.loss(X, Y)
    other = copied(model)
    assert np.array_equal(other.predict(X), model.predict(X))
    assert [other.network[place].frozen for place in (1, 4)] == [False, True]
    assert other.network[1].memory is None
    before = copies(model.network.buffers)
    other.loss(X + 1, Y)
    assert same(copies(model.network.buffers), before)
    assert not same(copies(other.network.buffers), before)


def test_an_average_of_networks_predicts_by_running_statistics():
    X, Y = draw()
    models = [Model(network(seed)) for seed in (0, 1)]
    for model in models:
        model.loss(X, Y)
    average = Ensemble(models)
    np.testing.assert_allclose(average.predict(X)[:, :1], average.predict(X[:, :1]), atol=1e-12)


def test_early_stopping_gives_back_the_best_running_statistics():
    X, Y = draw(m=40)
    train, validation = (X[:, :30], Y[:, :30]), (X[:, 30:], Y[:, 30:])
    model = Model(network())
    history = Solver(model, SGD(0.5)).fit(train, validation, epochs=60, batch_size=10, patience=5)
    assert 0 < history.kept < len(history.train_loss) - 1
    found = model.loss_part.forward(model.predict(validation[0]), validation[1])
    assert found == history.validation_loss[history.kept]
    again = Model(network())
    Solver(again, SGD(0.5)).fit(train, epochs=history.kept, batch_size=10)
    assert same(again.network.state(), model.network.state())


def test_an_overflow_gives_back_the_best_running_statistics():
    X, Y = draw(m=30)
    model = Model(Sequential(*network().layers[:-1], Linear(4, 2, 0), Identity()))
    with pytest.raises(FloatingPointError, match="best epoch"):
        Solver(model, SGD(1e200)).fit((X, Y), epochs=3, batch_size=10)
    assert all(np.isfinite(array).all() for array in model.network.state().values())


def test_with_dropout_and_classes_it_learns():
    rng = np.random.default_rng(0)
    X = 50 + 10 * rng.standard_normal((3, 300))  # not scaled: the first layer does it
    labels = (X[0] > X[1]).astype(int)
    layers = [BatchNorm(3), Linear(3, 16, rng), BatchNorm(16), ReLU(), Dropout(0.1, rng)]
    model = Model(Sequential(*layers, Linear(16, 2, rng)), SoftmaxCrossEntropyLoss())
    Solver(model, AdamW(0.01)).fit((X, np.eye(2)[:, labels]), epochs=30)
    assert (model.predict(X).argmax(axis=0) == labels).mean() > 0.9


def test_a_weight_matrix_in_front_is_at_right_angles_to_its_gradient():
    X, Y = draw()
    model = Model(network())
    model.loss(X, Y)
    model.backward()
    W, dW = model.network.parameters["W2"], model.network.gradients["dW2"]
    assert abs((W * dW).sum()) < 1e-4 * np.linalg.norm(W) * np.linalg.norm(dW)
    W *= 1000
    loss = model.loss(X, Y)
    W *= 3
    assert abs(model.loss(X, Y) - loss) < 1e-8


# What is refused


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: BatchNorm(0), ValueError, "features is 0; expected a whole number, 1 or more"),
        (lambda: BatchNorm(2.5), ValueError, "features is 2.5"),
        (lambda: BatchNorm((3, 1)), ValueError, "features is a tuple"),
        (lambda: BatchNorm(3, momentum=1), ValueError, "momentum is 1; expected a number below 1"),
        (lambda: BatchNorm(3, momentum=-0.1), ValueError, "momentum is -0.1"),
        (lambda: BatchNorm(3, eps=0), ValueError, "eps is 0; expected a number above 0"),
        (
            lambda: BatchNorm(3).forward(np.ones((3, 1)), training=True),
            ValueError,
            r"shape \(3, 1\).*two samples or more in training.*m % batch_size is not 1",
        ),
        (lambda: BatchNorm(3).forward(np.ones((2, 4))), ValueError, r"expected shape \(3, any\)"),
        (lambda: BatchNorm(3).forward(np.ones((4, 3))), ValueError, r"try X\.T"),
        (lambda: BatchNorm(3).backward(np.ones((3, 4))), RuntimeError, "backward before forward"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_batch_of_one_leaves_all_as_it_is_and_a_frozen_layer_takes_it():
    X, Y = draw(m=1)
    model = Model(network())
    before = model.network.state()
    with pytest.raises(ValueError, match="one is its own mean"):
        model.loss(X, Y)
    assert same(model.network.state(), before)
    assert model.predict(X).shape == (2, 1)
    errors = check_gradients(Model(network(frozen=True)), X, Y)
    assert max(errors.values()) < 1e-7


def test_a_last_batch_of_one_is_told():
    X, Y = draw(m=9)
    with pytest.raises(ValueError, match="choose a batch_size for which m % batch_size is not 1"):
        Solver(Model(network()), SGD(0.1)).fit((X, Y), epochs=1, batch_size=4)
    Solver(Model(network()), SGD(0.1)).fit((X, Y), epochs=1, batch_size=3)


def test_gradient_error_of_the_frozen_backward_is_tiny():
    X, dA = draw(outputs=3)
    layer = layer_for(X, frozen=True)
    layer.forward(X, training=True)
    gamma, _, _, variance = layer.state().values()
    right = dA * gamma / np.sqrt(variance + 1e-5)
    assert gradient_error({"X": layer.backward(dA)}, {"X": right}) < 1e-14


@pytest.mark.parametrize(("m", "batch_size"), [(9, 4), (9, 1), (1, 4), (9, 8)])
def test_a_last_batch_of_one_is_told_before_the_first_step(m, batch_size):
    X, Y = draw(m)
    model, optimizer = Model(network()), SGD(0.1)
    before = model.network.state()
    with pytest.raises(ValueError, match="choose a batch_size for which m % batch_size is not 1"):
        Solver(model, optimizer).fit((X, Y), epochs=1, batch_size=batch_size)
    assert same(model.network.state(), before)
    assert optimizer.steps == 0
    Solver(Model(network(frozen=True)), SGD(0.1)).fit((X, Y), epochs=1, batch_size=batch_size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, "large"])
def test_a_variance_that_is_not_finite_never_reaches_the_running_one(dtype, wrong):
    X = np.array([[1, 2, 3], [4, 5, 6]], dtype)
    X[1, 2] = np.finfo(dtype).max / 100 if wrong == "large" else wrong
    layer = layer_for(X)
    before = layer.state()
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="not finite"):
        layer.forward(X, training=True)
    assert same(layer.state(), before)


def test_the_gradient_check_leaves_the_running_statistics_also_if_it_stops():
    class Stops(Identity):
        left = 9

        def forward(self, Z, training=False):
            self.left -= 1
            if not self.left:
                raise RuntimeError("stopped")
            return super().forward(Z, training)

    X, Y = draw()
    model = Model(Sequential(*network().layers, Stops()))
    before = model.network.state()
    with pytest.raises(RuntimeError, match="stopped"):
        check_gradients(model, X, Y)
    assert same(model.network.state(), before)
