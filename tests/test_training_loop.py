"""Stage 6: the loop against scikit-learn, its endings, its refusals, and real tracks if present."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_info, threadpool_limits
from tqdm import tqdm

from nnfs_core import (
    TrainingResult,
    backpropagate,
    clean_tracks,
    feed_forward,
    initialize_parameters,
    l2_loss,
    load_tracks,
    mlp,
    mse_loss,
    predict,
    prepare_dataset,
    train,
    training_loop,
    update_parameters,
)

SETTINGS = {"learning_rate": 0.05, "iterations": 30}


def problem(seed=0, m=40):
    """Return X, Y that a small network can learn."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 1, (3, m))
    return X, 0.2 + 0.5 * X[:1] + 0.3 * X[1:2] * X[2:]


def test_update_by_hand():
    parameters = {"W1": np.array([[1.0, 2.0]]), "b1": np.array([[3.0]])}
    gradients = {"dW1": np.array([[10.0, -10.0]]), "db1": np.array([[5.0]])}
    new = update_parameters(parameters, gradients, 0.1)
    assert new["W1"].tolist() == [[0, 3]] and new["b1"].tolist() == [[2.5]]
    assert parameters["W1"].tolist() == [[1, 2]]


@given(
    st.lists(st.integers(1, 6), max_size=3), st.integers(1, 3), st.integers(0, 99), st.floats(0, 2)
)
def test_train_is_the_loop_by_hand(hidden, n_outputs, seed, l2):
    rng = np.random.default_rng(seed)
    X, Y = rng.uniform(0, 1, (2, 5)), rng.uniform(0, 1, (n_outputs, 5))
    sizes = [2, *hidden, n_outputs]
    parameters, losses = initialize_parameters(sizes, seed), []
    for _ in range(4):
        A, cache = feed_forward(X, parameters)
        losses.append(mse_loss(A, Y) + l2_loss(parameters, l2, 5))
        parameters = update_parameters(parameters, backpropagate(X, Y, cache, parameters, l2), 0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some of these networks are dead
        result = train(X, Y, sizes, learning_rate=0.01, iterations=4, l2=l2, seed=seed)
    assert isinstance(result, TrainingResult) and result.losses == losses
    assert all(np.array_equal(result.parameters[key], parameters[key]) for key in parameters)


def test_it_learns_and_is_deterministic():
    X, Y = problem()
    first, again = (train(X, Y, [3, 8, 1], learning_rate=0.1, iterations=500, seed=2) for _ in "ab")
    assert first.losses == again.losses
    assert first.losses[-1] < first.losses[0] / 10
    assert r2_score(Y[0], predict(X, first.parameters)[0]) > 0.8


@pytest.mark.parametrize("hidden", [(5,), (6, 4), (5, 4, 3)])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_step_by_step_agreement_with_scikit_learn(hidden, l2):
    """scikit-learn's output is linear, so we compare where all Z_L > 0 and ReLU changes nothing.

    MLPRegressor with plain full-batch SGD minimises the same: 1/(2m) Σ (A - Y)² + λ/(2m) Σ ‖W‖².
    """
    X, Y = problem(m=40)
    Y = Y + 3
    sizes = [3, *hidden, 1]
    parameters = initialize_parameters(sizes, seed=4)
    parameters[f"b{len(hidden) + 1}"] += 3.0  # lifts every output above 0
    theirs = MLPRegressor(
        hidden_layer_sizes=hidden,
        solver="sgd",
        momentum=0,
        batch_size=40,
        learning_rate_init=0.01,
        alpha=l2,
        shuffle=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.partial_fit(X.T, Y[0])  # makes the arrays, which are then replaced by ours
    depth = len(sizes) - 1
    theirs.coefs_ = [parameters[f"W{layer}"].T.copy() for layer in range(1, depth + 1)]
    theirs.intercepts_ = [parameters[f"b{layer}"][:, 0].copy() for layer in range(1, depth + 1)]
    theirs._optimizer.params = theirs.coefs_ + theirs.intercepts_
    for _ in range(25):
        assert (feed_forward(X, parameters)[1][f"Z{depth}"] > 0).all()
        theirs.partial_fit(X.T, Y[0])
        ours = train(X, Y, sizes, learning_rate=0.01, iterations=1, l2=l2, parameters=parameters)
        parameters = ours.parameters
        assert ours.losses[0] == pytest.approx(theirs.loss_, rel=1e-10)
        for layer in range(1, depth + 1):
            np.testing.assert_allclose(
                parameters[f"W{layer}"], theirs.coefs_[layer - 1].T, atol=1e-10
            )
            b = theirs.intercepts_[layer - 1][:, None]
            np.testing.assert_allclose(parameters[f"b{layer}"], b, atol=1e-10)


def test_given_parameters_are_the_start_and_stay_as_they_are():
    X, Y = problem()
    half = train(X, Y, [3, 4, 1], seed=2, learning_rate=0.05, iterations=15)
    kept = {key: array.copy() for key, array in half.parameters.items()}
    rest = train(X, Y, [3, 4, 1], parameters=half.parameters, learning_rate=0.05, iterations=15)
    assert half.losses + rest.losses == train(X, Y, [3, 4, 1], seed=2, **SETTINGS).losses
    assert all(np.array_equal(kept[key], half.parameters[key]) for key in kept)


def test_the_callback_sees_each_iteration_and_can_drive_a_progress_bar(capsys):
    X, Y = problem()
    seen = []
    with tqdm(total=30) as bar:
        result = train(
            X,
            Y,
            [3, 4, 1],
            seed=2,
            callback=lambda *at: (seen.append(at), bar.update()),
            **SETTINGS,
        )
        assert bar.n == 30
    assert [at[0] for at in seen] == list(range(1, 31)) and [at[1] for at in seen] == result.losses
    assert seen[-1][2] is result.parameters
    capsys.readouterr()
    train(X, Y, [3, 4, 1], seed=2, **SETTINGS)
    assert capsys.readouterr() == ("", "")


def test_an_interrupt_returns_what_was_reached():
    X, Y = problem()

    def stop(iteration, loss, parameters):
        if iteration == 5:
            raise KeyboardInterrupt  # as Ctrl-C does; a real signal is ignored in background jobs

    with pytest.warns(UserWarning, match="interrupted after 5 of 30 iterations"):
        result = train(X, Y, [3, 4, 1], seed=2, callback=stop, **SETTINGS)
    wanted = train(X, Y, [3, 4, 1], seed=2, learning_rate=0.05, iterations=5)
    assert result.losses == wanted.losses
    assert np.array_equal(result.parameters["W1"], wanted.parameters["W1"])


def test_a_loss_that_is_no_number_names_the_iteration_and_the_cause():
    X, Y = problem()
    start = initialize_parameters([3, 1], seed=0)
    start["W1"][:] = 1e200
    with pytest.raises(
        FloatingPointError, match="training diverges in iteration 1: learning_rate 0.05 .*tenth"
    ):
        train(X, Y, [3, 1], parameters=start, **SETTINGS)
    expected = pytest.raises(FloatingPointError, match=r"in iteration \d+: learning_rate 50")
    with expected, pytest.warns(UserWarning, match="dead"):
        train(
            X,
            Y + 1,
            [3, 1],
            parameters={"W1": np.ones((1, 3)), "b1": np.ones((1, 1))},
            learning_rate=50,
            iterations=2000,
            l2=100.0,
        )
    with pytest.raises(FloatingPointError, match="in iteration 1: learning_rate 1e"):
        # The loss is a number still: only the step to the parameters overflows.
        start = {"W1": np.ones((1, 3)), "b1": np.ones((1, 1))}
        train(1e3 * X, Y, [3, 1], parameters=start, learning_rate=1e306, iterations=1)


def test_a_dead_output_is_told_once():
    X, Y = problem()
    dead = {"W1": -np.ones((1, 3)), "b1": -np.ones((1, 1))}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = train(X, Y, [3, 1], parameters=dead, **SETTINGS)
    assert [str(w.message) for w in caught] == [training_loop._DEAD.format(1)]
    assert caught[0].filename == __file__  # the line of the caller, not one of ours
    assert len(set(result.losses)) == 1 and np.array_equal(result.parameters["W1"], dead["W1"])


def test_one_dead_output_of_two_is_told():
    X, Y = problem()
    half = {"W1": np.array([[1.0] * 3, [-1.0] * 3]), "b1": np.array([[1.0], [-1.0]])}
    with pytest.warns(UserWarning, match="an output is dead"):
        train(X, np.vstack([Y, Y]), [3, 2], parameters=half, **SETTINGS)


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("end", [None, KeyboardInterrupt, ZeroDivisionError])
def test_one_core_is_used_and_the_others_are_given_back_whatever_happens(end):
    X, Y = problem()
    inside = []

    def callback(*_):
        inside.append(blas_threads())
        if end:
            raise end

    with threadpool_limits(2, "blas"):
        before = blas_threads()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # an interrupt warns
                train(X, Y, [3, 4, 1], seed=2, callback=callback, **SETTINGS)
        except ZeroDivisionError:
            pass
        assert blas_threads() == before == {2} and inside[0] == {1}


def test_a_callback_that_is_false_is_called_and_its_own_errors_are_its_own():
    class Calls(list):
        def __call__(self, *now):
            self.append(now)

    X, Y = problem()
    calls = Calls()
    train(X, Y, [3, 4, 1], seed=2, callback=calls, **SETTINGS)
    assert len(calls) == 30

    def spoilt(iteration, loss, parameters):
        predict(X * np.nan, parameters)

    with pytest.raises(ValueError, match="X holds 120 NaN"):  # and not: training diverges
        train(X, Y, [3, 4, 1], seed=2, callback=spoilt, **SETTINGS)


def test_numpy_numbers_and_large_seeds_work_without_a_warning():
    X, Y = problem()
    given = {"learning_rate": np.float32(0.1), "iterations": np.int64(2), "l2": np.float64(0.1)}
    assert len(train(X, Y, (3, np.int64(4), 1), seed=2**32, **given).losses) == 2


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.ones((4, 40))}, ValueError, r"X .*expected shape \(3, any\)"),
        ({"X": problem()[0].T}, ValueError, "try X.T"),
        ({"X": problem()[0] * np.nan}, ValueError, "X holds 120 NaN"),
        ({"Y": np.ones((1, 39))}, ValueError, r"Y .*expected shape \(1, 40\)"),
        ({"Y": np.ones(40)}, ValueError, r"Y .*shape \(40,\)"),
        ({"X": np.ones((3, 0)), "Y": np.ones((1, 0))}, ValueError, "X is empty"),
        ({"layer_sizes": [3]}, ValueError, "layer_sizes"),
        ({"learning_rate": 0}, ValueError, "learning_rate is 0; expected a number above 0"),
        ({"learning_rate": np.inf}, ValueError, "learning_rate is inf"),
        ({"learning_rate": np.float32(np.inf)}, ValueError, "learning_rate is .*inf"),
        ({"learning_rate": np.nan}, ValueError, "learning_rate is nan"),
        ({"learning_rate": True}, ValueError, "learning_rate is True"),
        ({"learning_rate": 10**400}, ValueError, "learning_rate is 1000"),
        ({"learning_rate": "0.1"}, ValueError, "learning_rate is a str"),
        ({"iterations": True}, ValueError, "iterations is True"),
        ({"Y": problem()[1].tolist()}, TypeError, "Y is a list"),
        ({"Y": problem()[1] * np.inf}, ValueError, "Y holds 40 NaN or infinite"),
        ({"X": problem()[0].astype(np.float16)}, TypeError, "X .*float16"),
        ({"parameters": mlp([3, 4, 1]).parameters}, TypeError, "network of layers"),
        ({"iterations": 0}, ValueError, "iterations is 0; expected a whole number, 1 or more"),
        ({"iterations": 1.5}, ValueError, "iterations is 1.5"),
        ({"l2": -0.1}, ValueError, "l2 is -0.1; expected a number, 0 or more"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"callback": 3}, TypeError, "callback is 3; expected a function"),
        (
            {"parameters": initialize_parameters([3, 5, 1])},
            ValueError,
            r"sizes \[3, 5, 1\]; expected",
        ),
        ({"parameters": {"W1": np.ones((1, 3))}}, ValueError, "missing b1"),
    ],
)
def test_bad_input_is_refused(change, error, message):
    X, Y = problem()
    given = {"X": X, "Y": Y, "layer_sizes": [3, 4, 1], **SETTINGS, **change}
    with pytest.raises(error, match=message):
        train(given.pop("X"), given.pop("Y"), given.pop("layer_sizes"), **given)


@pytest.mark.parametrize(
    ("gradients", "rate", "message"),
    [
        ({"dW1": np.ones((1, 2))}, 0.1, "missing db1"),
        (
            {"dW1": np.ones((2, 1)), "db1": np.ones((1, 1))},
            0.1,
            r"dW1'\] .*expected shape \(1, 2\)",
        ),
        ({"dW1": np.ones((1, 2)), "db1": np.ones((1, 1))}, -1, "learning_rate is -1"),
    ],
)
def test_bad_updates_are_refused(gradients, rate, message):
    with pytest.raises(ValueError, match=message):
        update_parameters({"W1": np.ones((1, 2)), "b1": np.ones((1, 1))}, gradients, rate)


def test_what_belongs_to_a_network_of_layers_is_refused():
    parameters = mlp([3, 1]).parameters
    gradients = {"dW1": np.ones((1, 3)), "db1": np.ones((1, 1))}
    with pytest.raises(TypeError, match="network of layers"):
        update_parameters(parameters, gradients, 0.1)
    with pytest.raises(TypeError, match="network of layers"):
        predict(np.ones((3, 2)), parameters)


def test_predict_is_the_last_activation(network):
    X, _, parameters = network([3, 4, 2])
    assert np.array_equal(predict(X, parameters), feed_forward(X, parameters)[0])
    with pytest.raises(ValueError, match="X holds 1 NaN"):
        predict(np.where(X == X[0, 0], np.nan, X), parameters)


def test_the_shipped_tracks_are_learnt_better_than_the_mean():
    cleaned = clean_tracks(load_tracks()).sample(1000, random_state=0)
    data = prepare_dataset(cleaned)
    result = train(
        data.X_train, data.Y_train, [14, 64, 32, 16, 1], learning_rate=0.1, iterations=150, seed=3
    )
    assert r2_score(data.Y_test[0], predict(data.X_test, result.parameters)[0]) > 0.1


def test_the_real_sample_is_learnt(kaggle_sample):
    data = prepare_dataset(clean_tracks(load_tracks(kaggle_sample)))
    result = train(
        data.X_train, data.Y_train, [14, 64, 32, 16, 1], learning_rate=0.3, iterations=100, seed=2
    )
    assert r2_score(data.Y_test[0], predict(data.X_test, result.parameters)[0]) > 0.25
