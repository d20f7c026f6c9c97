"""Stage 10: the encoding, dropout and averages; test_contract.py has dropout as a layer."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnfs_core import (
    AdamW,
    Dropout,
    Ensemble,
    Linear,
    Model,
    PiecewiseLinear,
    Sequential,
    Solver,
    Tanh,
    check_gradients,
    mlp,
    mse_loss,
)

VALUES = st.floats(-100, 100).map(lambda x: round(x, 3))  # no widths of the size of round-off
TIED = st.integers(-3, 3).map(float)


def features(values=VALUES, n=2):
    """Samples in which each feature takes two values or more."""
    shapes = st.tuples(st.just(n), st.integers(2, 30))
    varied = shapes.flatmap(lambda shape: arrays(float, shape, elements=values))
    return varied.filter(lambda X: (np.ptp(X, axis=1) > 0).all())


def decode(encoder, E):
    """Turn entries back into features."""
    ends = np.cumsum([len(edges) - 1 for edges in encoder.edges])[:-1]
    pairs = zip(encoder.edges, np.split(E, ends), strict=True)
    return np.array([edges[0] + np.diff(edges) @ entries for edges, entries in pairs])


def by_definition(x, edges):
    """Entries of one number, as the paper writes them (formula 1)."""
    entries = []
    for j in range(1, len(edges)):
        if x < edges[j - 1] and j > 1:
            entries.append(0.0)
        elif x >= edges[j] and j < len(edges) - 1:
            entries.append(1.0)
        else:
            entries.append((x - edges[j - 1]) / (edges[j] - edges[j - 1]))
    return entries


@given(features(st.one_of(VALUES, TIED)), st.integers(1, 40), features())
def test_the_encoding_is_that_of_the_paper(learn, bins, new):
    encoder = PiecewiseLinear(bins).fit(learn)
    for X in (learn, new):
        right = [
            [
                e
                for x, edges in zip(column, encoder.edges, strict=True)
                for e in by_definition(x, edges)
            ]
            for column in X.T
        ]
        np.testing.assert_allclose(encoder.transform(X).T, right, atol=1e-9, rtol=1e-9)


@given(features(st.one_of(VALUES, TIED)), st.integers(1, 40), features())
def test_the_encoding_inverts_also_beyond_the_edges(learn, bins, new):
    encoder = PiecewiseLinear(bins).fit(learn)
    for X in (learn, new):
        E = encoder.transform(X)
        scale = max(np.abs(X).max(), np.abs(learn).max())
        np.testing.assert_allclose(decode(encoder, E), X, atol=1e-9 * scale)


@given(features(), st.integers(1, 40), st.lists(VALUES, min_size=2, max_size=20))
def test_no_entry_falls_as_x_grows_and_some_entry_rises(learn, bins, new):
    encoder = PiecewiseLinear(bins).fit(learn[:1])
    x = np.unique(new)
    steps = np.diff(encoder.transform(x[None]), axis=1)
    assert (steps >= 0).all()
    assert (steps > 0).any(axis=0).all()


@given(features(TIED), st.integers(1, 40))
def test_repeated_edges_are_merged_and_inner_entries_are_shares(learn, bins):
    encoder = PiecewiseLinear(bins).fit(learn)
    for x, edges in zip(learn, encoder.edges, strict=True):
        assert (np.diff(edges) > 0).all()
        assert (edges[0], edges[-1]) == (x.min(), x.max())
        assert 2 <= len(edges) <= bins + 1
    E = encoder.transform(learn)
    assert np.isfinite(E).all()
    assert ((E >= 0) & (E <= 1)).all()


def test_bins_hold_equally_many_samples_if_none_are_tied():
    x = np.random.default_rng(0).permutation(1600.0 + np.arange(1600))
    (edges,) = PiecewiseLinear(16).fit(x[None]).edges
    counts, _ = np.histogram(x, edges)
    assert counts.tolist() == [100] * 16


def test_a_list_of_bins_and_the_order_of_the_rows():
    X = np.random.default_rng(0).standard_normal((3, 50))
    encoder = PiecewiseLinear([2, 1, 4])
    assert encoder.fit(X) is encoder
    assert [len(edges) - 1 for edges in encoder.edges] == [2, 1, 4]
    blocks = [
        PiecewiseLinear(n).fit(x[None]).transform(x[None])
        for n, x in zip([2, 1, 4], X, strict=True)
    ]
    assert np.array_equal(encoder.transform(X), np.concatenate(blocks))
    assert repr(encoder) == "PiecewiseLinear(bins=[2, 1, 4]): 3 features, 7 rows"
    assert repr(PiecewiseLinear(3)) == "PiecewiseLinear(bins=3)"


def test_two_values_whole_numbers_truths_and_float32_are_encoded_as_floats():
    X = np.arange(101)[None] >= 50  # so many that no quantile falls between the two values
    for dtype in (bool, np.uint8, np.int64, float):
        E = PiecewiseLinear(4).fit(X.astype(dtype)).transform(X.astype(dtype))
        assert E.dtype == np.float64
        assert np.array_equal(E, X)  # one bin: it is the feature itself
    X = np.random.default_rng(0).uniform(size=(2, 40))
    single = PiecewiseLinear(4).fit(X.astype(np.float32)).transform(X.astype(np.float32))
    np.testing.assert_allclose(single, PiecewiseLinear(4).fit(X).transform(X), atol=1e-5)


def test_scaling_a_feature_changes_nothing():
    X = np.random.default_rng(0).standard_normal((2, 60))
    scaled = X * np.array([[5.0], [0.01]]) + 3
    one, other = (PiecewiseLinear(8).fit(part).transform(part) for part in (X, scaled))
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_edges_are_those_of_fit_and_what_is_given_stays_as_it_is():
    rng = np.random.default_rng(0)
    learn, new = rng.standard_normal((2, 30)), rng.standard_normal((2, 5)) * 9
    before = learn.copy(), new.copy()
    encoder = PiecewiseLinear(5).fit(learn)
    edges = copy.deepcopy(encoder.edges)
    alone = encoder.transform(new[:, :1])
    assert np.array_equal(encoder.transform(new)[:, :1], alone)  # whatever stands beside it
    assert all(map(np.array_equal, encoder.edges, edges))
    assert np.array_equal(learn, before[0])
    assert np.array_equal(new, before[1])
    learn[...] = 0
    stored = pickle.loads(pickle.dumps(encoder))
    assert np.array_equal(stored.transform(new)[:, :1], alone)


CALLS = [
    (lambda: PiecewiseLinear(0), ValueError, "bins is 0; expected a whole number, 1 or more"),
    (lambda: PiecewiseLinear(2.5), ValueError, "bins is 2.5; expected a whole number"),
    (lambda: PiecewiseLinear(True), ValueError, "bins is True"),
    (lambda: PiecewiseLinear("16"), ValueError, "bins is a str"),
    (lambda: PiecewiseLinear([]), ValueError, "bins is empty; expected a number, or one for each"),
    (lambda: PiecewiseLinear([4, -1]), ValueError, r"bins\[1\] is -1; expected a whole number"),
    (
        lambda: PiecewiseLinear([4]).fit(np.eye(2)),
        ValueError,
        "bins has 1 numbers; expected one for each of 2 features",
    ),
    (
        lambda: PiecewiseLinear(4).fit(np.array([[0.0, 1.0], [2.0, 2.0]])),
        ValueError,
        r"feature 1 \(counted from 0\) is the same in all samples; expected two values .* leave",
    ),
    (lambda: PiecewiseLinear(4).fit(np.array([1.0, 2.0])), ValueError, r"one sample is X\[:, None"),
    (lambda: PiecewiseLinear(4).fit(np.eye(2) * np.nan), ValueError, "X holds 4 NaN"),
    (lambda: PiecewiseLinear(4).fit([[1.0, 2.0]]), TypeError, "X is a list"),
    (
        lambda: PiecewiseLinear(4).transform(np.eye(2)),
        RuntimeError,
        "transform before fit: the edg",
    ),
    (
        lambda: PiecewiseLinear(4).fit(np.eye(2)).transform(np.eye(3)),
        ValueError,
        r"expected shape \(2, any\)",
    ),
    (
        lambda: PiecewiseLinear(4).fit(np.eye(2)).transform(np.ones((3, 2))),
        ValueError,
        r"a sample is a column: try X\.T",
    ),
    (lambda: Dropout(1, 0), ValueError, "rate is 1; expected a number below 1"),
    (lambda: Dropout(-0.1, 0), ValueError, "rate is -0.1; expected a number, 0 or more"),
    (lambda: Dropout("half", 0), ValueError, "rate is a str"),
    (lambda: Dropout(0.5, None), ValueError, r"rng \(a seed or a generator\) is None"),
    (lambda: Ensemble([]), ValueError, "models is empty; expected at least one"),
    (lambda: Ensemble(small()), TypeError, "models is a Model; expected a list of trained models"),
    (lambda: Ensemble([Model]), TypeError, r"models\[0\] is the class Model; expected a trained"),
    (lambda: Ensemble([mlp([2, 1])]), TypeError, r"models\[0\] is a Sequential; .* with predict"),
    (lambda: Ensemble([small()] * 2), ValueError, r"models\[1\] stands in the list before"),
    (
        lambda: Ensemble([small(), Model(mlp([2, 3]))]).predict(np.eye(2)),
        ValueError,
        r"the prediction of models\[1\] is an array of shape \(3, 2\).*expected shape \(1, 2\)",
    ),
    (lambda: Ensemble([small()]).predict(np.eye(3)), ValueError, r"expected shape \(2, any\)"),
]


def small(seed=0):
    """A model of two features."""
    return Model(mlp([2, 3, 1], activation=Tanh, seed=seed))


@pytest.mark.parametrize(("call", "error", "message"), CALLS)
def test_a_wrong_call_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@given(st.floats(0, 0.9), st.integers(0, 2**32))
def test_dropout_keeps_the_mean(rate, seed):
    X = np.random.default_rng([1, 2]).uniform(1, 2, (40, 500))  # no mask's own stream
    output = Dropout(rate, seed).forward(X, training=True)
    kept = output != 0
    np.testing.assert_allclose(output[kept], X[kept] / (1 - rate))
    error = np.sqrt(rate / (1 - rate) * np.mean(X**2) / X.size)
    assert abs(output.mean() - X.mean()) <= 6 * error + 1e-12
    assert abs(kept.mean() - (1 - rate)) <= 6 * np.sqrt(rate * (1 - rate) / X.size) + 1e-12


def test_the_mean_over_many_masks_is_what_is_predicted():
    X, layer = np.random.default_rng(0).standard_normal((3, 4)), Dropout(0.3, 0)
    mean = np.mean([layer.forward(X, training=True) for _ in range(20_000)], axis=0)
    np.testing.assert_allclose(mean, layer.forward(X), atol=0.05)


def test_masks_come_from_the_generator_alone():
    rng = np.random.default_rng(0)
    one, other = Dropout(0.5, rng), Dropout(0.5, rng)
    masks = [one.draw((9, 9)), other.draw((9, 9)), one.draw((9, 9))]
    assert not any(np.array_equal(a, b) for a, b in [masks[:2], masks[1:], masks[::2]])
    again = np.random.default_rng(0)
    assert all(np.array_equal(mask, Dropout(0.5, again).draw((9, 9))) for mask in masks)
    layer = Dropout(0.5, 3)
    layer.forward(np.ones((9, 9)))  # predicting draws nothing
    assert np.array_equal(layer.draw((9, 9)), Dropout(0.5, 3).draw((9, 9)))


def test_rate_0_changes_nothing_and_the_repr_says_the_rate():
    X = np.random.default_rng(0).standard_normal((3, 4))
    assert np.array_equal(Dropout(0, 0).forward(X, training=True), X)
    assert repr(Dropout(0.25, 0)) == "Dropout(rate=0.25)"


def network(rng, kept=None):
    """A network with two dropouts, whose masks are held if there is a seed for them."""
    drops = [Dropout(0.4, rng), Dropout(0.2, rng)]
    if kept is not None:
        for place, drop in enumerate(drops):
            drop.draw = lambda shape, drop=drop, place=place: (
                np.random.default_rng([kept, place]).random(shape) >= drop.rate
            ) / (1 - drop.rate)
    first, second = drops
    return Sequential(
        Linear(4, 6, rng), Tanh(), first, Linear(6, 5, rng), second, Linear(5, 2, rng)
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_gradients_with_the_masks_held(seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((4, 6)), rng.standard_normal((2, 6))
    errors = check_gradients(Model(network(rng, kept=seed), l2=0.3, m=6), X, Y)
    assert max(errors.values()) < 1e-7, errors


def test_the_gradients_with_a_new_mask_each_time_are_no_derivatives():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((4, 6)), rng.standard_normal((2, 6))
    assert min(check_gradients(Model(network(rng)), X, Y).values()) > 1e-3


def test_a_network_with_dropout_predicts_the_same_twice_and_learns():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4, 200))
    Y = np.stack([X[0] + X[1], X[2]])
    model = Model(network(1))
    assert np.array_equal(model.predict(X), model.predict(X))
    before = mse_loss(model.predict(X), Y)
    Solver(model, AdamW(0.01, decay=0.0)).fit((X, Y), epochs=20, batch_size=20)
    assert mse_loss(model.predict(X), Y) < before / 4


@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 10**6))
def test_an_ensemble_is_better_than_its_members_by_what_they_disagree(count, outputs, seed):
    rng = np.random.default_rng(seed)
    models = [Model(mlp([2, 4, outputs], seed=int(rng.integers(10**6)))) for _ in range(count)]
    X, Y = rng.standard_normal((2, 7)), rng.standard_normal((outputs, 7))
    members = np.array([model.predict(X) for model in models])
    together = Ensemble(models).predict(X)
    mean_loss = np.mean([mse_loss(A, Y) for A in members])
    assert mse_loss(together, Y) <= mean_loss * (1 + 1e-12)
    disagreement = members.var(axis=0).sum() / (2 * X.shape[1])
    assert np.isclose(mse_loss(together, Y) + disagreement, mean_loss)


def test_an_ensemble_of_one_of_ensembles_and_of_others_that_predict():
    X, models = np.random.default_rng(0).standard_normal((2, 5)), [small(s) for s in range(4)]
    assert np.array_equal(Ensemble(models[:1]).predict(X), models[0].predict(X))
    nested = Ensemble([Ensemble(models[:2]), Ensemble(tuple(models[2:]))])
    np.testing.assert_allclose(nested.predict(X), Ensemble(models).predict(X))
    assert repr(Ensemble(models)) == "Ensemble of 4"
    given_list = list(models)
    ensemble = Ensemble(given_list)
    given_list.pop()
    assert len(ensemble.models) == 4


def test_ties_at_an_edge_belong_to_both_bins_alike():
    encoder = PiecewiseLinear(2).fit(np.array([[0.0, 1.0, 2.0]]))
    assert np.array_equal(encoder.transform(np.array([[1.0]])), [[1.0], [0.0]])


@given(features(), st.integers(1, 10))
def test_a_track_is_encoded_alike_alone_and_among_others(learn, bins):
    assume(learn.shape[1] > 2)
    encoder = PiecewiseLinear(bins).fit(learn)
    alone = np.concatenate([encoder.transform(x[:, None]) for x in learn.T], axis=1)
    assert np.array_equal(alone, encoder.transform(learn))
