"""The estimators in scikit-learn's hands: its own checks, its tools, and its MLPRegressor."""

import copy
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from nnfs_core import (
    SGD,
    Adam,
    LeakyReLU,
    Linear,
    Model,
    NumPyMLPClassifier,
    NumPyMLPRegressor,
    SoftmaxCrossEntropyLoss,
    Solver,
    Tanh,
    bridge,
    mlp,
    mse_loss,
    one_hot,
    softmax,
)

BOTH = pytest.mark.parametrize("kind", [NumPyMLPRegressor, NumPyMLPClassifier])
SMALL = {"hidden_layer_sizes": (8,), "epochs": 5, "random_state": 3}


def samples(kind, m=60, seed=0):
    """Rows X and what an estimator of this kind can learn from them."""
    X = np.random.default_rng(seed).standard_normal((m, 3))
    y = X[:, 0] - X[:, 1] ** 2
    return X, np.array(["no", "yes"])[(y > -0.5).astype(int)] if is_classifier(kind()) else y


def outputs(estimator, X):
    """What an estimator says, as numbers."""
    return estimator.predict_proba(X) if is_classifier(estimator) else estimator.predict(X)


@BOTH
def test_all_of_scikit_learns_checks_pass(kind):
    results = check_estimator(kind(), on_skip=None, on_fail="raise")
    statuses = {result["check_name"]: result["status"] for result in results}
    assert len(statuses) > 45
    assert "check_sample_weights_shape" in statuses
    skipped = {name for name, status in statuses.items() if status != "passed"}
    assert skipped <= {"check_array_api_input"}  # runs where SCIPY_ARRAY_API is set


def test_the_regressor_is_our_solver_bit_for_bit():
    X, y = samples(NumPyMLPRegressor)
    settings = SMALL | {"activation": "leaky_relu", "l2": 0.5, "batch_size": 16, "epochs": 7}
    ours = NumPyMLPRegressor(**settings).fit(X, y)
    model = Model(mlp([3, 8, 1], activation=LeakyReLU, seed=3), l2=0.5, m=60)
    history = Solver(model, Adam(0.003)).fit((X.T, y[None]), epochs=7, batch_size=16, seed=3)
    assert np.array_equal(ours.predict(X), model.predict(X.T)[0])
    assert np.array_equal(ours.model_.predict(X.T), model.predict(X.T))
    np.testing.assert_allclose(ours.history_.train_loss, history.train_loss, rtol=1e-14)


def test_the_classifier_is_our_solver_bit_for_bit():
    X, y = samples(NumPyMLPClassifier)
    settings = {"activation": "tanh", "optimizer": "sgd", "learning_rate": 0.1}
    ours = NumPyMLPClassifier(**SMALL, **settings).fit(X, y)
    network = mlp([3, 8, 2], activation=Tanh, initialization="xavier", seed=3)
    model = Model(network, SoftmaxCrossEntropyLoss())
    Y = one_hot((y == "yes").astype(int), 2)
    history = Solver(model, SGD(0.1)).fit((X.T, Y), epochs=5, batch_size=200, seed=3)
    np.testing.assert_allclose(ours.predict_proba(X), softmax(model.predict(X.T)).T, rtol=1e-12)
    np.testing.assert_allclose(ours.history_.train_loss, history.train_loss, rtol=1e-12)
    assert ours.classes_.tolist() == ["no", "yes"]
    assert ours.predict(X).tolist() == ours.classes_[model.predict(X.T).argmax(axis=0)].tolist()
    np.testing.assert_allclose(ours.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize(("batch_size", "alpha"), [(60, 0.0), (20, 0.0), (60, 0.7), (20, 0.7)])
def test_losses_are_those_of_scikit_learns_network_where_the_mathematics_coincides(
    batch_size, alpha
):
    X, y = samples(NumPyMLPRegressor)
    m, rate = len(X), 0.05
    settings = {"hidden_layer_sizes": (8, 4), "batch_size": batch_size}
    # Theirs divides the penalty by the samples of a batch, ours by those of the training set.
    ours = NumPyMLPRegressor(
        **settings, optimizer="sgd", learning_rate=rate, l2=alpha * m / batch_size, random_state=0
    )
    theirs = MLPRegressor(
        **settings, solver="sgd", momentum=0, learning_rate_init=rate, alpha=alpha, shuffle=False
    )
    theirs.partial_fit(X, y)  # which makes its arrays
    first = mlp([3, 8, 4, 1], seed=0)
    weights = [layer.parameters for layer in first.layers if isinstance(layer, Linear)]
    theirs.coefs_ = [own["W"].T.copy() for own in weights]
    theirs.intercepts_ = [own["b"][:, 0].copy() for own in weights]
    theirs._optimizer.params = theirs.coefs_ + theirs.intercepts_
    losses = []
    order = np.random.default_rng(0)
    for _ in range(30):
        ours.partial_fit(X, y)
        batches = order.permutation(m)  # the order in which ours takes them
        theirs.partial_fit(X[batches], y[batches])
        losses.append([mse_loss(net.predict(X)[None], y[None]) for net in (ours, theirs)])
    losses = np.array(losses)
    np.testing.assert_allclose(losses[:, 0], losses[:, 1], rtol=1e-10)
    assert losses[-1, 0] < 0.9 * losses[0, 0]


@BOTH
@pytest.mark.parametrize("l2", [0.0, 2.0])
def test_a_weight_counts_as_so_many_samples(kind, l2):
    X, y = samples(kind)
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    weighted = kind(**SMALL, l2=l2).fit(X, y, sample_weight=weights)
    repeated = kind(**SMALL, l2=l2).fit(X.repeat(weights, axis=0), y.repeat(weights))
    plain = kind(**SMALL, l2=l2).fit(X, y)
    np.testing.assert_allclose(outputs(weighted, X), outputs(repeated, X), rtol=1e-9)
    np.testing.assert_allclose(
        weighted.history_.train_loss, repeated.history_.train_loss, rtol=1e-12
    )
    assert not np.allclose(outputs(weighted, X), outputs(plain, X), rtol=1e-3)
    for network in (weighted, repeated):
        network.partial_fit(X[:20], y[:20], sample_weight=np.arange(20) % 2)
    half = kind(**SMALL, l2=l2).fit(X, y, sample_weight=weights)
    half.partial_fit(X[1:20:2], y[1:20:2])  # without those of weight 0
    np.testing.assert_allclose(outputs(weighted, X), outputs(half, X), rtol=1e-12)


@BOTH
def test_samples_of_weight_0_are_as_if_they_were_not_there(kind):
    X, y = samples(kind)
    settings, weights = SMALL | {"batch_size": 16}, np.arange(60) % 2
    weighted = kind(**settings).fit(X, y, sample_weight=weights)
    rest = kind(**settings).fit(X[1::2], y[1::2])
    assert np.array_equal(outputs(weighted, X), outputs(rest, X))
    if is_classifier(weighted):
        three = np.where(np.arange(60) == 0, "perhaps", y)
        assert kind(**settings).fit(X, three, weights).classes_.tolist() == ["no", "yes"]


@BOTH
@pytest.mark.parametrize("batch_size", [25, 200])  # 25: a last batch of 10
def test_partial_fit_is_an_epoch_of_fit(kind, batch_size):
    X, y = samples(kind)
    settings = SMALL | {"batch_size": batch_size, "l2": 1.0}
    whole, parts = kind(**settings).fit(X, y), kind(**settings)
    for epoch in range(5):
        first = {"classes": np.unique(y)} if is_classifier(parts) and epoch == 0 else {}
        assert parts.partial_fit(X, y, **first) is parts
    assert np.array_equal(outputs(parts, X), outputs(whole, X))
    whole.partial_fit(X, y)
    assert not np.array_equal(outputs(parts, X), outputs(whole, X))


def test_a_stream_may_bring_one_class_at_a_time_but_no_new_one():
    X, y = samples(NumPyMLPClassifier)
    stream = NumPyMLPClassifier(**SMALL)
    stream.partial_fit(X[y == "no"], y[y == "no"], classes=["yes", "no"])
    assert stream.classes_.tolist() == ["no", "yes"]
    assert set(stream.predict(X)) <= {"no", "yes"}
    stream.partial_fit(X[y == "yes"], y[y == "yes"])
    with pytest.raises(ValueError, match="classes that are not in"):
        stream.partial_fit(X[:2], ["yes", "perhaps"])
    with pytest.raises(ValueError, match="3 features"):
        stream.partial_fit(X[:, :2], y)


def test_a_refused_call_leaves_nothing_behind():
    X, y = samples(NumPyMLPClassifier)
    stream = NumPyMLPClassifier(**SMALL)
    with pytest.raises(ValueError, match="classes that are not in"):
        stream.partial_fit(X, y, classes=["no", "perhaps"])
    stream.partial_fit(X, y, classes=["no", "yes"])  # the second try counts as the first
    assert stream.classes_.tolist() == ["no", "yes"]
    stream.partial_fit(X, y, classes=["yes", "no"])
    with pytest.raises(ValueError, match="expected those of the first call"):
        stream.partial_fit(X, y, classes=["no", "perhaps", "yes"])
    with pytest.raises(ValueError, match="classes holds one class, no"):
        NumPyMLPClassifier().partial_fit(X, y, classes=["no"])
    network = NumPyMLPRegressor(**SMALL)
    with pytest.raises(ValueError, match="y is the same"):
        network.fit(X, np.ones(len(X)))
    with pytest.raises(NotFittedError):
        network.predict(X)


def test_several_targets_and_one():
    X, y = samples(NumPyMLPRegressor)
    both = NumPyMLPRegressor(**SMALL).fit(X, np.column_stack([y, X[:, 2]]))
    assert both.predict(X).shape == (60, 2)
    one = NumPyMLPRegressor(**SMALL).fit(X, y)
    column = NumPyMLPRegressor(**SMALL).fit(X, y[:, None])
    assert one.predict(X).shape == (60,)
    assert column.predict(X).shape == (60, 1)
    assert np.array_equal(column.predict(X)[:, 0], one.predict(X))
    assert one.score(X, y) < 1


@BOTH
def test_they_learn(kind):
    X, y = samples(kind, 400)
    assert kind(random_state=0).fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.85


@BOTH
def test_names_of_features(kind):
    X, y = samples(kind)
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    fitted = kind(**SMALL).fit(table, y)
    assert fitted.n_features_in_ == 3
    assert fitted.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(table[["b", "a", "c"]])


@BOTH
def test_in_scikit_learns_tools(kind):
    X, y = samples(kind, 90)
    pipeline = make_pipeline(StandardScaler(), kind(**SMALL))
    assert cross_val_score(pipeline, X, y, cv=3).shape == (3,)
    name = f"{kind.__name__.lower()}__epochs"
    search = GridSearchCV(pipeline, {name: [1, 300]}, cv=3, n_jobs=2, error_score="raise")
    search.fit(X, y)
    assert search.best_params_ == {name: 300}
    assert search.predict(X).shape == (90,)
    importance = permutation_importance(search, X, y, n_repeats=3, random_state=0)
    means = importance.importances_mean
    assert means[:2].min() > means[2]  # the third feature says nothing


@BOTH
def test_copies_pickles_and_clones(kind):
    X, y = samples(kind)
    fitted = kind(**SMALL, optimizer="momentum", learning_rate=0.01).fit(X, y)
    for twin in (copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
        assert np.array_equal(outputs(twin, X), outputs(fitted, X))
        twin.partial_fit(X, y)  # with the momentum that it had
    fitted.partial_fit(X, y)
    assert np.array_equal(outputs(twin, X), outputs(fitted, X))
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        fresh.predict(X)


@BOTH
def test_seeds(kind):
    X, y = samples(kind)

    def said(random_state):
        settings = SMALL | {"random_state": random_state, "batch_size": 20}
        return outputs(kind(**settings).fit(X, y), X)

    assert np.array_equal(said(1), said(1))
    assert np.array_equal(said(np.random.RandomState(1)), said(np.random.RandomState(1)))
    for one, other in [(1, 2), (None, None)]:
        assert not np.array_equal(said(one), said(other))


@BOTH
def test_a_layer_less_network_is_a_linear_model(kind):
    X, y = samples(kind)
    fitted = kind(**SMALL | {"hidden_layer_sizes": ()}).fit(X, y)
    assert len(fitted.model_.network.parameters) == 2


BAD = {
    "random_state is -1; expected a whole number, 0 or more": {"random_state": -1},
    "activation is 'rellu'; expected one of relu": {"activation": "rellu"},
    "optimizer is 'lbfgs'; expected one of sgd": {"optimizer": "lbfgs"},
    "learning_rate is 0; expected": {"learning_rate": 0},
    "l2 is -1; expected": {"l2": -1},
    "epochs is 0; expected": {"epochs": 0},
    "batch_size is 'auto'|batch_size is a str": {"batch_size": "auto"},
    "hidden_layer_sizes is 64; expected a tuple": {"hidden_layer_sizes": 64},
    r"hidden_layer_sizes\[1\] is 0": {"hidden_layer_sizes": (4, 0)},
    r"network 3-1000000000-. has [56],0.* parameters; expected": {"hidden_layer_sizes": (10**9,)},
}


@BOTH
@pytest.mark.parametrize("message", BAD)
def test_settings_are_refused_by_fit_and_not_before(kind, message):
    X, y = samples(kind)
    estimator = kind(**BAD[message])
    for method in (estimator.fit, estimator.partial_fit):
        with pytest.raises((ValueError, TypeError), match=message):
            method(X, y)
    assert not hasattr(estimator, "model_")


def test_what_cannot_be_learnt_is_refused():
    X, y = samples(NumPyMLPRegressor)
    for weights in (None, np.arange(60)):
        with pytest.raises(ValueError, match="y is the same in all samples"):
            NumPyMLPRegressor().fit(X, np.ones(60), weights)
        with pytest.raises(ValueError, match="one class, a;"):
            NumPyMLPClassifier().fit(X, ["a"] * 60, weights)
    for weights, message in {
        (1,) * 59: r"shape \(59,\); expected \(60,\)",
        (-1,) + (1,) * 59: "a negative weight",
        (0,) * 60: "only zeros",
        (np.nan,) * 60: "NaN",
        (1e308,) * 60: "adds up to inf; expected weights near 1",
        (5e-324,) * 60: "adds up to 2.*e-322",
    }.items():
        for network, target in [(NumPyMLPRegressor(), y), (NumPyMLPClassifier(), y > 0)]:
            with pytest.raises(ValueError, match=message):
                network.fit(X, target, list(weights))
    with pytest.raises(ValueError, match="Unknown label type"):
        NumPyMLPClassifier().fit(X, y)
    with pytest.raises(FloatingPointError, match="too fast"):
        NumPyMLPRegressor(optimizer="sgd", learning_rate=1e6).fit(X, y)


def test_targets_that_would_fill_the_memory_are_refused(monkeypatch):
    X, y = samples(NumPyMLPClassifier)
    monkeypatch.setattr(bridge, "MOST_TARGETS", 119)
    with pytest.raises(ValueError, match=r"2 classes of 60 samples are 120 numbers; expected 119"):
        NumPyMLPClassifier().fit(X, y)
    assert NumPyMLPClassifier(**SMALL).fit(X[:59], y[:59])


@BOTH
def test_the_input_stays_what_it_was(kind):
    X, y = samples(kind)
    weights = np.arange(60.0)
    before = copy.deepcopy((X, y, weights))
    kind(**SMALL).fit(X, y, weights).predict(X)
    assert all(map(np.array_equal, before, (X, y, weights)))
    assert re.match(rf"{kind.__name__}\(", repr(kind(epochs=3)))


@BOTH
def test_ctrl_c_goes_on_to_the_search_that_called(kind, monkeypatch):
    def interrupt(optimizer, network, factor=1.0):
        raise KeyboardInterrupt

    X, y = samples(kind)
    monkeypatch.setattr(Adam, "step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(kind(**SMALL), X, y, cv=2)
