"""Stage 11: softmax, one-hot targets and the losses; test_contract.py has their contract."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax, logsumexp
from scipy.special import softmax as scipy_softmax
from sklearn.metrics import log_loss

from nnfs_core import (
    AdamW,
    BinaryCrossEntropyLoss,
    Identity,
    Linear,
    Loss,
    Model,
    Sequential,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropyLoss,
    Solver,
    Tanh,
    check_gradients,
    mlp,
    one_hot,
    softmax,
)
from nnfs_core.validation import NotFinite

LOGITS = st.integers(2, 6).flatmap(
    lambda K: st.integers(1, 8).flatmap(
        lambda m: arrays(float, (K, m), elements=st.floats(-1e4, 1e4))
    )
)
TORCH = pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="needs PyTorch")


def batch(K=4, m=9, seed=0, scale=3.0):
    """Logits, labels and their one-hot targets."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(K), rng.integers(0, K, m - K)])
    return scale * rng.standard_normal((K, m)), labels, one_hot(labels, K)


# softmax and one_hot


@given(LOGITS)
def test_columns_are_probabilities_that_keep_the_order(Z):
    P = softmax(Z)
    assert ((P >= 0) & (P <= 1)).all()
    np.testing.assert_allclose(P.sum(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(P, scipy_softmax(Z, axis=0), atol=1e-12)
    assert np.array_equal(P.max(axis=0), np.take_along_axis(P, Z.argmax(axis=0)[None], 0)[0])


@given(LOGITS, st.floats(-1e4, 1e4))
def test_the_same_number_for_all_logits_of_a_column_changes_nothing(Z, shift):
    np.testing.assert_allclose(softmax(Z + shift), softmax(Z), rtol=1e-7, atol=1e-9)


@given(LOGITS, st.integers(0, 100))
def test_columns_do_not_know_of_each_other(Z, seed):
    order = np.random.default_rng(seed).permutation(Z.shape[1])
    assert np.array_equal(softmax(Z[:, order]), softmax(Z)[:, order])


@given(st.integers(2, 9), st.lists(st.integers(0, 8), min_size=1, max_size=30))
def test_argmax_leads_back_from_one_hot_columns(K, numbers):
    labels = np.array(numbers) % K
    if labels.size > 1 and labels.min() == labels.max():
        labels[0] = (labels[0] + 1) % K
    Y = one_hot(labels, K)
    assert Y.shape == (K, len(labels)) and Y.dtype == np.float64
    assert np.array_equal(Y.argmax(axis=0), labels)
    assert np.array_equal(Y.sum(axis=0), np.ones(len(labels)))
    assert set(np.unique(Y)) <= {0, 1}
    assert np.array_equal(one_hot(labels.astype(float), K), Y)
    assert np.array_equal(one_hot(labels.astype(np.uint8), K), Y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_keeps_the_precision_and_its_input(dtype):
    Z = batch()[0].astype(dtype)
    before = Z.copy()
    assert softmax(Z).dtype == dtype
    assert np.array_equal(Z, before)
    assert softmax(np.array([[1, 2], [2, 1]])).dtype == np.float64


@pytest.mark.parametrize(
    ("Z", "error", "message"),
    [
        (np.ones((1, 3)), ValueError, "two or more: BinaryCrossEntropyLoss takes one"),
        (np.array([[np.nan], [1.0]]), NotFinite, "1 NaN or infinite"),
        (np.array([[np.inf], [1.0]]), NotFinite, "1 NaN or infinite"),
        (np.ones(3), ValueError, r"expected shape \(any, any\)"),
        ([[1.0], [2.0]], TypeError, "is a list"),
        (np.array([["a"], ["b"]]), TypeError, "expected real numbers"),
    ],
)
def test_softmax_refuses_what_are_no_logits(Z, error, message):
    with pytest.raises(error, match=message):
        softmax(Z)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 1], TypeError, r"labels is a list; expected a 1-D NumPy array: np.array\(labels\)"),
        (np.array([True, False]), TypeError, r"labels.astype\(int\) makes 0 and 1 of False"),
        (np.array(["rock", "metal"]), TypeError, r"np.unique\(labels, return_inverse=True\)"),
        (np.array([0, None, 2], dtype=object), TypeError, "expected whole numbers"),
        (np.array([0, np.nan, 2]), ValueError, r"1 label is missing \(NaN\)"),
        (np.array([0, 0.5, 2]), ValueError, "labels holds 0.5, which is not whole"),
        (np.array([0, np.inf]), ValueError, "labels goes up to inf"),
        (np.array([0, -1, 2]), ValueError, "labels holds -1; .* stands for a missing class"),
        (np.array([0, -2, 2]), ValueError, "labels holds -2; expected whole numbers from 0 to 2$"),
        (np.array([1, 2, 3]), ValueError, "they count from 1, so take labels - 1"),
        (np.array([0, 3]), ValueError, "labels goes up to 3; expected .* from 0 to 2$"),
        (np.array([1, 1, 1]), ValueError, "all 3 labels are 1: there is nothing to tell apart"),
        (np.array([[0, 1, 2]]), ValueError, r"expected shape \(m,\): try labels.ravel\(\)"),
        (np.array([[0], [1]]), ValueError, r"try labels.ravel\(\)"),
        (np.eye(3), ValueError, r"try labels.argmax\(axis=0\), if they are one-hot"),
        (np.array([]), ValueError, "labels is empty"),
        (np.array(1), ValueError, r"expected shape \(m,\)"),
    ],
)
def test_labels_are_refused_with_a_message(labels, error, message):
    with pytest.raises(error, match=message):
        one_hot(labels, 3)


@pytest.mark.parametrize("classes", [1, 0, -3, 2.5, True, None, "3", np.nan])
def test_classes_are_refused(classes):
    with pytest.raises(ValueError, match="classes is"):
        one_hot(np.array([0, 1]), classes)


def test_labels_of_pandas_are_told_how():
    pd = pytest.importorskip("pandas")
    with pytest.raises(TypeError, match=r"labels.to_numpy\(\)"):
        one_hot(pd.Series([0, 1]), 2)


# the losses


def test_the_loss_is_that_of_scikit_learn_and_of_scipy():
    Z, labels, Y = batch()
    loss = SoftmaxCrossEntropyLoss().forward(Z, Y)
    assert np.isclose(loss, log_loss(labels, softmax(Z).T, labels=range(4)), rtol=1e-10)
    assert np.isclose(loss, -log_softmax(Z, axis=0)[labels, range(9)].mean(), rtol=1e-12)
    yes = (labels > 1)[None].astype(float)
    binary = BinaryCrossEntropyLoss().forward(Z[:1], yes)
    assert np.isclose(binary, log_loss(yes[0], Sigmoid().forward(Z[:1])[0]), rtol=1e-10)


@TORCH
@pytest.mark.parametrize("weight", [1.0, 0.2, 7.0])
def test_losses_and_gradients_are_those_of_pytorch(weight):
    import torch
    from torch.nn import functional

    Z, labels, Y = batch(K=5, m=40, scale=20)
    theirs = torch.tensor(Z.T, requires_grad=True)
    value = functional.cross_entropy(theirs, torch.tensor(labels))
    value.backward()
    ours = SoftmaxCrossEntropyLoss()
    assert np.isclose(ours.forward(Z, Y), value.item(), rtol=1e-12)
    np.testing.assert_allclose(ours.backward(), theirs.grad.numpy().T, atol=1e-15)
    yes = (labels > 1)[None].astype(float)
    theirs = torch.tensor(Z[:1], requires_grad=True)
    with_logits = functional.binary_cross_entropy_with_logits
    value = with_logits(theirs, torch.tensor(yes), pos_weight=torch.tensor(weight).double())
    value.backward()
    ours = BinaryCrossEntropyLoss(weight)
    assert np.isclose(ours.forward(Z[:1], yes), value.item(), rtol=1e-7)
    np.testing.assert_allclose(ours.backward(), theirs.grad.numpy(), rtol=1e-6, atol=1e-15)


@TORCH
def test_the_layer_goes_back_as_pytorch_does():
    import torch

    Z, _, _ = batch(scale=5)
    dA = np.random.default_rng(1).standard_normal(Z.shape)
    theirs = torch.tensor(Z, requires_grad=True)
    torch.softmax(theirs, dim=0).backward(torch.tensor(dA))
    layer = Softmax()
    layer.forward(Z, training=True)
    np.testing.assert_allclose(layer.backward(dA), theirs.grad.numpy(), atol=1e-14)


@pytest.mark.parametrize(
    ("outputs", "output", "loss"),
    [
        (3, Identity, SoftmaxCrossEntropyLoss),
        (2, Identity, SoftmaxCrossEntropyLoss),
        (3, Softmax, None),
        (1, Identity, BinaryCrossEntropyLoss),
        (1, Identity, lambda: BinaryCrossEntropyLoss(4.0)),
    ],
)
@pytest.mark.parametrize("l2", [0.0, 0.7])
def test_every_gradient_of_a_network(outputs, output, loss, l2):
    rng = np.random.default_rng(2)
    X, labels = rng.standard_normal((4, 12)), np.arange(12) % 3
    Y = one_hot(labels % outputs, outputs) if outputs > 1 else (labels > 0)[None].astype(float)
    network = mlp([4, 5, outputs], activation=Tanh, output=output, initialization="xavier")
    model = Model(network, loss and loss(), l2=l2, m=12)
    assert max(check_gradients(model, X, Y).values()) < 1e-7


@given(LOGITS, st.integers(0, 1000))
def test_the_loss_is_never_negative_and_its_gradient_sums_to_0(Z, seed):
    labels = np.random.default_rng(seed).integers(0, len(Z), Z.shape[1])
    Y, loss = np.eye(len(Z))[:, labels], SoftmaxCrossEntropyLoss()
    value = loss.forward(Z, Y)
    right = np.mean(logsumexp(Z, axis=0) - Z[labels, range(len(labels))])
    assert 0 <= value and np.isclose(value, right, atol=1e-8)
    np.testing.assert_allclose(loss.backward().sum(axis=0), 0, atol=1e-12)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=9), st.integers(0, 100))
def test_one_logit_is_two_of_which_one_is_0(logits, seed):
    A = np.array([logits])
    yes = np.random.default_rng(seed).integers(0, 2, A.shape).astype(float)
    pair, both = np.concatenate([A, 0 * A]), np.concatenate([yes, 1 - yes])
    one, two = BinaryCrossEntropyLoss(), SoftmaxCrossEntropyLoss()
    assert np.isclose(one.forward(A, yes), two.forward(pair, both), atol=1e-12)
    np.testing.assert_allclose(one.backward(), two.backward()[:1], atol=1e-12)
    np.testing.assert_allclose(Sigmoid().forward(A), softmax(pair)[:1], atol=1e-12)


def test_a_weight_of_three_is_the_sample_three_times():
    Z, labels, _ = batch(m=8)
    yes = (labels > 1)[None].astype(float)
    weighted, plain = BinaryCrossEntropyLoss(3.0), BinaryCrossEntropyLoss()
    times = np.where(yes[0] == 1, 3, 1)
    more = plain.forward(np.repeat(Z[:1], times, axis=1), np.repeat(yes, times, axis=1))
    assert np.isclose(weighted.forward(Z[:1], yes), more * times.sum() / 8)


def test_losses_at_ten_thousand_are_finite_and_warn_nobody():
    far = np.array([[1e4, -1e4, 1e4], [-1e4, 1e4, 1e4]])
    Y = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    with np.errstate(all="raise", under="ignore"):
        assert np.array_equal(softmax(far), [[1, 0, 0.5], [0, 1, 0.5]])
        loss = SoftmaxCrossEntropyLoss()
        assert np.isclose(loss.forward(far, Y), (0 + 2e4 + np.log(2)) / 3)
        assert np.isfinite(loss.backward()).all()
        loss = BinaryCrossEntropyLoss()
        assert np.isclose(loss.forward(far[:1], Y[:1]), 2e4 / 3)
        np.testing.assert_allclose(loss.backward(), [[0, -1 / 3, 1 / 3]])
        single = SoftmaxCrossEntropyLoss()
        assert np.isfinite(single.forward(far.astype(np.float32), Y))


def test_the_start_loss_is_the_logarithm_of_the_number_of_classes():
    for K in (2, 6, 10):
        Y = one_hot(np.arange(K), K)
        assert np.isclose(SoftmaxCrossEntropyLoss().forward(np.zeros((K, K)), Y), np.log(K))
    half = BinaryCrossEntropyLoss().forward(np.zeros((1, 2)), np.array([[0.0, 1.0]]))
    assert np.isclose(half, np.log(2))


Z3, Y3 = np.ones((3, 4)), np.eye(3)[:, [0, 1, 2, 0]]


@pytest.mark.parametrize(
    ("A", "Y", "message"),
    [
        (Z3, np.array([[0, 1, 2, 0]]), r"it looks like labels.* one_hot\(labels, classes\)"),
        (Z3, np.array([0, 1, 2, 0]), "it looks like labels"),
        (Z3, Y3[:2], r"expected shape \(3, 4\)"),
        (Z3, Y3.T.copy(), "try Y.T"),
        (Z3, 2 * Y3 - 1, "Y holds -1; expected one-hot columns"),
        (Z3, 0.9 * Y3 + 0.03, "expected one-hot columns of 0 and 1"),
        (Z3, np.zeros((3, 4)), "sample 0 of Y belongs to 0 classes; expected one"),
        (Z3, np.maximum(Y3, [[0], [0], [1]]), "sample 0 of Y belongs to 2 classes"),
        (np.ones((1, 4)), np.ones((1, 4)), "two or more: BinaryCrossEntropyLoss takes one"),
        (np.ones((3, 4)), np.full((3, 4), np.nan), "Y holds nan"),
    ],
)
def test_targets_that_are_not_one_hot_are_refused(A, Y, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxCrossEntropyLoss().forward(A, Y)


YES = np.array([[0.0, 1.0, 1.0, 0.0]])


@pytest.mark.parametrize(
    ("A", "Y", "message"),
    [
        (Z3[:1], 2 * YES - 1, r"make 0 and 1 of -1 and \+1 by \(Y \+ 1\) / 2"),
        (Z3[:1], YES / 2, "Y holds 0.5; expected 0 and 1$"),
        (Z3[:1], 2 * YES, "Y holds 2; expected 0 and 1$"),
        (Z3[:1], YES[:, :2], r"expected shape \(1, 4\)"),
        (Z3[:1], YES[0], r"expected shape \(1, 4\)"),
        (Z3, Y3, "one row of logits, .* take SoftmaxCrossEntropyLoss"),
        (Z3[:1], YES * np.nan, "Y holds nan"),
    ],
)
def test_targets_of_two_classes_that_are_refused(A, Y, message):
    with pytest.raises(ValueError, match=message):
        BinaryCrossEntropyLoss().forward(A, Y)


@pytest.mark.parametrize("weight", [0, -1, np.nan, np.inf, True, None, "2"])
def test_a_weight_is_above_0(weight):
    with pytest.raises(ValueError, match="positive_weight is"):
        BinaryCrossEntropyLoss(weight)
    assert repr(BinaryCrossEntropyLoss(2)) == "BinaryCrossEntropyLoss(positive_weight=2)"


def test_targets_of_whole_numbers_and_of_booleans_are_taken():
    Z, _, Y = batch()
    right = SoftmaxCrossEntropyLoss().forward(Z, Y)
    for dtype in (int, bool, np.float32):
        assert SoftmaxCrossEntropyLoss().forward(Z, Y.astype(dtype)) == right
        yes = Y[:1].astype(dtype)
        expected = BinaryCrossEntropyLoss(2.0).forward(Z[:1], Y[:1])
        assert BinaryCrossEntropyLoss(2.0).forward(Z[:1], yes) == expected


class OfProbabilities(Loss):
    """Cross-entropy behind a layer of softmax: the longer way."""

    def forward(self, A, Y):
        self.memory = A, Y
        return float(-np.mean(np.log(A[Y == 1])))

    def backward(self):
        A, Y = self.recall()
        return -Y / A / A.shape[1]


def test_the_longer_way_agrees_until_it_overflows():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((4, 6)), one_hot(np.arange(6) % 3, 3)
    layers = [Linear(4, 3, 0)]
    joined = Model(Sequential(*layers), SoftmaxCrossEntropyLoss())
    apart = Model(Sequential(Sequential(*layers), Softmax()), OfProbabilities())
    assert np.isclose(joined.loss(X, Y), apart.loss(X, Y))
    np.testing.assert_allclose(joined.backward(), apart.backward(), atol=1e-12)
    layers[0].parameters["W"][...] *= 1e4
    assert np.isfinite(joined.loss(X, Y)) and np.isfinite(joined.backward()).all()
    with pytest.raises(FloatingPointError), np.errstate(divide="ignore"):
        apart.loss(X, Y)


def test_a_network_learns_what_logistic_regression_learns():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    X = rng.standard_normal((2, 300))
    true = np.array([[2.0, -1.0], [-1.0, 1.0], [0.0, 0.0]]) @ X
    labels = (true + rng.gumbel(size=true.shape)).argmax(axis=0)
    model = Model(mlp([2, 3]), SoftmaxCrossEntropyLoss())
    optimizer = AdamW(0.05, decay=0.0)
    Solver(model, optimizer).fit((X, one_hot(labels, 3)), epochs=400, batch_size=300)
    theirs = LogisticRegression(C=1e6, max_iter=1000).fit(X.T, labels)
    np.testing.assert_allclose(softmax(model.predict(X)).T, theirs.predict_proba(X.T), atol=0.01)


@pytest.mark.parametrize(
    ("outputs", "output", "loss"),
    [
        (3, Softmax, SoftmaxCrossEntropyLoss),
        (3, Sigmoid, SoftmaxCrossEntropyLoss),
        (1, Sigmoid, BinaryCrossEntropyLoss),
    ],
)
def test_probabilities_in_front_of_a_loss_on_logits_are_refused(outputs, output, loss):
    flat = mlp([4, outputs], output=output)
    for network in (flat, Sequential(Identity(), flat)):
        with pytest.raises(ValueError, match=rf"layer is {output.__name__}\(\); .*expected logits"):
            Solver(Model(network, loss()), AdamW())
        Solver(Model(network), AdamW())
