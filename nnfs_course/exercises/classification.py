"""Judges of notebook 11."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from nnfs_core import classification as reference
from nnfs_course.examples import keeps_contract
from nnfs_course.judge import Wrong, called, exercise, refused, same

Z = np.array([[1.0, -2.0, 0.5, 3.0], [2.0, 0.0, 0.5, -1.0], [0.0, 1.0, -4.0, 1.0]])
LABELS = np.array([1, 0, 2, 0])
Y = np.eye(3)[:, LABELS]
DA = np.array([[1.0, 2.0, -3.0, 0.5], [0.5, -1.0, 4.0, 2.0], [-2.0, 0.0, 1.0, 3.0]])
FAR = np.array([[1e4, -1e4], [0.0, 0.0], [-1e4, 1e4]])
EVEN = np.array([[-1e4, -1e4, 5.0], [-1e4, -1e4, 5.0]])
P = np.exp(Z) / np.exp(Z).sum(axis=0)


def _quietly(what, function, *arguments):
    """Call a function where a number that overflows is an error with a message of ours."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        try:
            return called(function, *arguments)
        except FloatingPointError as error:
            hint = "exp overflows: take the largest of each column off first"
            if "invalid" in str(error):
                hint = "0 is divided by 0: take the largest of each column off first"
            if "log" in str(error):
                hint = "a probability becomes 0, and has no logarithm: go without it"
            raise Wrong(f"{what} at ±10,000: {hint}") from None


@exercise
def softmax(softmax):
    """Probabilities from logits."""
    E = np.exp(Z)
    mistakes = {
        "the sum runs over the samples: each column sums to 1, axis=0": E / E.sum(axis=1)[:, None],
        "the sum runs over all entries: each column sums to 1, axis=0": E / E.sum(),
        "nothing is divided: the columns do not sum to 1": E,
        "the largest is 1: divide by the sum": E / E.max(axis=0),
        "the exponent has the wrong sign: the largest logit gets the largest share": (
            1 / E / (1 / E).sum(axis=0)
        ),
        "that is the logarithm of the probabilities": np.log(P),
        "the logits are divided as they are: exponentials first": Z / Z.sum(axis=0),
    }
    mistakes["that is the sigmoid of each logit: the columns do not sum to 1"] = E / (1 + E)
    same("softmax", called(softmax, Z), P, mistakes)
    right = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    same("softmax at ±10,000", _quietly("softmax", softmax, FAR), right)
    with np.errstate(all="ignore"):
        alone = np.asarray(softmax(EVEN[:, :1]), float)
    if np.isnan(alone).any():
        raise Wrong("a column of -10,000 becomes NaN: take its largest off, not its largest size")
    far_apart = np.array([[1e4, -1e4], [1e4 - 1, -1e4 - 1]])
    hint = "take off the largest of each column, and not of the whole array"
    whole = np.array([[1 / (1 + np.exp(-1.0)), np.nan], [1 / (1 + np.e), np.nan]])
    with np.errstate(all="ignore"):
        got = np.asarray(softmax(far_apart), float)
    if np.isnan(got).any() and np.allclose(got[:, 0], whole[:, 0]):
        raise Wrong(f"a column far below the others becomes NaN: {hint}")
    same("softmax of columns far apart", got, np.repeat(whole[:, :1], 2, axis=1))
    for logits in (EVEN, np.array([[7.0], [7.0]])):
        got = _quietly("softmax", softmax, logits)
        same("softmax of equal logits", got, np.full(logits.shape, 0.5))
    off = np.abs(softmax(Z).sum(axis=0) - 1).max()
    if off > 1e-13:
        raise Wrong(f"the columns are {off:.1g} off a sum of 1: is something added to the sum?")
    single = softmax(Z.astype(np.float32))
    if single.dtype != np.float32:
        raise Wrong(f"float32 goes in, and {single.dtype} comes out")
    refused(softmax, Z[:1], what="a single row of logits")
    refused(softmax, np.array([[1.0, np.nan], [0.0, 1.0]]), what="NaN among the logits")


@exercise
def one_hot(one_hot):
    """Columns of 0 and 1."""
    got = called(one_hot, LABELS, 3)
    mistakes = {
        "a sample is a column: the result is transposed": Y.T,
        "the 1 and the 0 have changed places": 1 - Y,
        "each column holds the label, not a 1": Y * LABELS,
        "the rows stand upside down: row 0 is class 0": Y[::-1],
    }
    same("one_hot", got, Y, mistakes)
    if got.dtype != np.float64:
        raise Wrong(f"the result holds {got.dtype}; expected float64, as the losses compute in it")
    more = np.zeros((5, 4))
    more[:3] = Y
    mistakes = {"there are rows for the classes that occur alone: classes says how many": Y}
    same("one_hot with 5 classes", called(one_hot, LABELS, 5), more, mistakes)
    same("one_hot of labels as floats", one_hot(LABELS.astype(float), 3), Y)
    same("one_hot of a single sample", one_hot(np.array([1]), 3), np.array([[0.0], [1.0], [0.0]]))
    for what, bad in {
        "a label of -1": [0, -1, 2],
        "a label as large as classes": [0, 1, 3],
        "a label of 0.5": [0, 0.5, 2],
        "a label of NaN": [0, np.nan, 2],
        "a table of labels": [[0, 1, 2]],
        "labels of one class only": [1, 1, 1],
    }.items():
        refused(one_hot, np.array(bad), 3, what=what)


def _back(loss, A, Y, name):
    """Judge the way back of a loss, and that it is about the last forward."""
    refused(loss().backward, error=RuntimeError, what="backward before forward")
    if (dtype := _of(loss(), A.astype(np.float32), Y).dtype) != np.float32:
        raise Wrong(f"float32 goes into forward, with a Y in float64, and {name} is {dtype}")
    part = loss()
    part.forward(-A, Y)
    part.forward(A, Y)
    first = part.backward()
    if not np.array_equal(part.backward(), first):
        raise Wrong("backward, called twice, gives something else: it should not change its memory")
    given = A.copy(), Y.copy()
    part.forward(*given)
    for array, what in zip(given, "AY", strict=True):
        array[...] = 1 - array
        if not np.array_equal(part.backward(), first):
            raise Wrong(f"writing into {what} after forward changes {name}: remember a new array")
    alone = _of(loss(), A[:, :1], Y[:, :1])
    same(f"{name} of a single sample", alone, A.shape[1] * first[:, :1])
    first[...] = 7.0
    if np.array_equal(part.backward(), first):
        raise Wrong("writing into what backward returned changes the next one: return a new array")


def _whole(loss):
    """Refuse a loss at ±10,000 that stops far too low, as one with a lower end for p does."""
    if np.ndim(loss) == 0 and 0 < loss < 2000:
        raise Wrong(
            f"the loss at ±10,000 stops at {loss:.4g}: is a probability kept off 0 before its "
            "logarithm? Go without the probability"
        )


def _of(loss, A, Y):
    """The gradient that a loss gives."""
    loss.forward(A, Y)
    return loss.backward()


@exercise
def SoftmaxCrossEntropyLoss(SoftmaxCrossEntropyLoss):
    """Log-sum-exp forward, P - Y back."""
    loss, m = SoftmaxCrossEntropyLoss(), 4
    each = logsumexp(Z, axis=0) - Z[LABELS, range(m)]
    mistakes = {
        "m times too large: is the mean missing?": each.sum(),
        "the mean runs over all entries: m counts samples (columns)": each.mean() / 3,
        "the sign is wrong: minus the logarithm": -each.mean(),
        "the logit of the right class is missing": logsumexp(Z, axis=0).mean(),
        "the largest logit is taken off once only: off the right one, too": np.mean(
            each - Z.max(axis=0)
        ),
        "it is a base of 2: the natural logarithm": each.mean() / np.log(2),
        "the other classes count, too: only the right one": -np.mean(np.log(P).sum(axis=0)),
    }
    mistakes["that is a squared error: minus the logarithm of a probability"] = np.sum(
        (P - Y) ** 2
    ) / (2 * m)
    value = called(loss.forward, Z, Y)
    same("forward", value, each.mean(), mistakes)
    if type(value) is not float:
        raise Wrong(f"forward returns a {type(value).__name__}; expected a plain float: float(...)")
    mistakes = {
        "m times too large: is the mean missing?": P - Y,
        "the sign is wrong: P minus Y": (Y - P) / m,
        "divided by all entries: m counts samples (columns)": (P - Y) / 12,
        "Y is missing": P / m,
        "that goes through the slope of softmax once more: P - Y holds it already": (
            P * (1 - P) * (P - Y) / m
        ),
        "A holds logits: softmax is missing": (Z - Y) / m,
        "only the right class gets a gradient: the others get P": (P - Y) * Y / m,
    }
    same("backward", called(loss.backward), (P - Y) / m, mistakes)
    wrong = np.array([[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
    far = _quietly("forward", loss.forward, FAR, wrong)
    _whole(far)
    same("the loss of logits at ±10,000", far, 20000.0)
    same("backward at ±10,000", loss.backward(), (np.eye(3)[:, [0, 2]] - wrong) / 2)
    with np.errstate(all="ignore"):
        even = called(loss.forward, EVEN, np.eye(2)[:, [0, 1, 1]])
    if not np.all(np.isfinite(even)):
        raise Wrong("a column of -10,000 fails: take its largest off, not that of the array")
    same("the loss of equal logits", even, np.log(2))
    _back(SoftmaxCrossEntropyLoss, Z, Y, "backward")
    for what, bad in {
        "a Y of labels, one a sample,": LABELS[None],
        "a Y with 0.5 in it": np.where(Y == 1, 0.5, 0.25),
        "a Y with two classes for a sample": np.maximum(Y, Y[:, ::-1]),
        "a Y of another shape": Y[:, :2],
    }.items():
        refused(loss.forward, Z, bad, what=what)
    refused(loss.forward, Z[:1], np.ones((1, 4)), what="a single row of logits")


@exercise
def Softmax(Softmax):
    """The layer with the whole Jacobian."""
    layer = Softmax()
    E = np.exp(Z)
    mistakes = {
        "the sum runs over the samples: each column sums to 1, axis=0": E / E.sum(axis=1)[:, None],
        "nothing is divided: the columns do not sum to 1": E,
    }
    same("forward", called(layer.forward, Z, True), P, mistakes)
    dot = (P * DA).sum(axis=0)
    mistakes = {
        "that is the diagonal of the Jacobian alone: each logit moves all probabilities": (
            P * (1 - P) * DA
        ),
        "the rest of the column is missing: take off the sum of P dA": P * DA,
        "P is missing in front of the bracket": DA - dot,
        "the sum runs over the samples: over the classes, axis=0": (
            P * (DA - (P * DA).sum(axis=1)[:, None])
        ),
        "the sum is taken of dA alone: of P times dA": P * (DA - DA.sum(axis=0)),
        "the sign of the sum is wrong: it is taken off": P * (DA + dot),
    }
    same("backward", called(layer.backward, DA), P * (DA - dot), mistakes)
    right = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    same("forward at ±10,000", _quietly("forward", layer.forward, FAR), right)
    same(
        "forward of equal logits far below 0",
        _quietly("forward", layer.forward, EVEN),
        EVEN * 0 + 0.5,
    )
    same("forward of a single sample", called(Softmax().forward, Z[:, :1], True), P[:, :1])
    keeps_contract(Softmax, Z, DA)
    refused(layer.forward, Z[:1], what="a single row of logits")


@exercise
def BinaryCrossEntropyLoss(BinaryCrossEntropyLoss):
    """One logit, two answers."""
    A = np.array([[-2.0, 0.0, 3.0, 1.0]])
    yes = np.array([[1.0, 0.0, 1.0, 0.0]])
    p = 1 / (1 + np.exp(-A))
    each = np.log(1 + np.exp(A)) - A * yes
    loss = BinaryCrossEntropyLoss()
    mistakes = {
        "m times too large: is the mean missing?": each.sum(),
        "the sign is wrong: minus the logarithm": -each.mean(),
        "samples with Y = 0 count, too: log(1 - p)": -np.mean(yes * np.log(p)),
        "the two answers have changed places": np.mean(np.log(1 + np.exp(A)) - A * (1 - yes)),
        "it is a base of 2: the natural logarithm": each.mean() / np.log(2),
    }
    mistakes["a sample with Y = 1 counts one time too often: its weight is positive_weight"] = (
        np.mean((1 + yes) * each)
    )
    mistakes["z y is missing: the loss ignores the targets"] = np.log(1 + np.exp(A)).mean()
    value = called(loss.forward, A, yes)
    same("forward", value, each.mean(), mistakes)
    if type(value) is not float:
        raise Wrong(f"forward returns a {type(value).__name__}; expected a plain float: float(...)")
    mistakes = {
        "m times too large: is the mean missing?": p - yes,
        "the sign is wrong: p minus Y": (yes - p) / 4,
        "A holds logits: sigmoid is missing": (A - yes) / 4,
        "that goes through the slope of sigmoid once more: p - Y holds it already": (
            p * (1 - p) * (p - yes) / 4
        ),
    }
    same("backward", called(loss.backward), (p - yes) / 4, mistakes)
    far, no = np.array([[1e4, -1e4, 1e4]]), np.array([[0.0, 1.0, 1.0]])
    value = _quietly("forward", loss.forward, far, no)
    _whole(value)
    same("the loss at ±10,000", value, 20000 / 3)
    same("backward at ±10,000", loss.backward(), np.array([[1.0, -1.0, 0.0]]) / 3)
    tiny = loss.forward(np.array([[-40.0]]), np.array([[0.0]]))
    if not 4e-18 < tiny < 4.4e-18:
        raise Wrong("a loss of 4e-18 is lost in round-off: log1p(x) keeps it where log(1 + x) not")
    weighted, w = BinaryCrossEntropyLoss(3.0), np.where(yes == 1, 3.0, 1.0)
    mistakes = {
        "the weight counts for nothing in forward": each.mean(),
        "the weight counts for Y = 0: it is for Y = 1": np.mean(np.where(yes == 1, 1, 3) * each),
        "the weight counts for all samples: for those with Y = 1": 3 * each.mean(),
        "divided by the sum of the weights: by m": np.sum(w * each) / w.sum(),
    }
    same("forward with positive_weight=3", weighted.forward(A, yes), np.mean(w * each), mistakes)
    mistakes = {
        "the weight counts for nothing in backward": (p - yes) / 4,
        "the weight counts for Y = 0 in backward: it is for Y = 1": (
            np.where(yes == 1, 1, 3) * (p - yes) / 4
        ),
        "the weight multiplies Y alone: it multiplies the difference p - Y": (p - w * yes) / 4,
    }
    same("backward with positive_weight=3", weighted.backward(), w * (p - yes) / 4, mistakes)
    half = np.mean(np.where(yes == 1, 0.5, 1.0) * each)
    mistakes = {"a weight below 1 counts for nothing: it may be any number above 0": each.mean()}
    light = called(BinaryCrossEntropyLoss, 0.5)
    same("forward with positive_weight=0.5", light.forward(A, yes), half, mistakes)
    _back(BinaryCrossEntropyLoss, A, yes, "backward")
    if "3" not in repr(weighted):
        raise Wrong("the repr does not say the weight: BinaryCrossEntropyLoss(positive_weight=3)")
    for weight in (0, -1):
        refused(BinaryCrossEntropyLoss, weight, what=f"positive_weight={weight}")
    refused(loss.forward, A, 2 * yes - 1, what="a Y of -1 and 1")
    refused(loss.forward, A, yes / 2, what="a Y with 0.5 in it")
    refused(loss.forward, A, yes[:, :2], what="a Y of another shape")
    refused(loss.forward, Z, Y, what="several rows of logits")


@exercise
def log_softmax(log_softmax):
    """The logarithm of the probabilities, without computing them."""
    right = Z - logsumexp(Z, axis=0)
    mistakes = {
        "those are the probabilities: their logarithm": P,
        "the sum runs over the samples: over the classes, axis=0": (
            Z - logsumexp(Z, axis=1)[:, None]
        ),
        "the sum runs over all entries: over each column, axis=0": Z - logsumexp(Z),
        "the largest logit was taken off twice": right - Z.max(axis=0),
        "that only takes off the largest: the logarithm of the sum is missing": Z - Z.max(axis=0),
        "the sum's logarithm is missing: the sum was taken off": (
            Z - Z.max(axis=0) - np.exp(Z - Z.max(axis=0)).sum(axis=0)
        ),
        "the sign is wrong: the logarithm of a share is 0 or below": -right,
        "the largest logit is missing once: it belongs to both terms": right + Z.max(axis=0),
        "the logarithm is that of a mean: that of the sum": right + np.log(3),
    }
    same("log_softmax", called(log_softmax, Z), right, mistakes)
    with np.errstate(all="ignore"):
        far = np.asarray(called(log_softmax, FAR), float)
    if np.array_equal(np.isfinite(far), FAR == 1e4):
        raise Wrong(
            "at ±10,000 a probability becomes 0, and its logarithm minus infinity: go without it"
        )
    if np.isfinite(far).all() and -2000 < far.min() < 0:
        raise Wrong(
            f"at ±10,000 it stops at {far.min():.4g}: is a probability kept off 0 before its "
            "logarithm? Go without the probability"
        )
    if not np.isfinite(far).all():
        raise Wrong("at ±10,000 exp overflows: take the largest of each column off first")
    same("log_softmax at ±10,000", far, FAR - 1e4)
    apart = np.array([[1e4, -1e4], [1e4, -1e4]])
    with np.errstate(all="ignore"):
        got, alone = log_softmax(apart), np.asarray(log_softmax(apart[:, 1:]), float)
    if not np.isfinite(alone).all():
        raise Wrong("a column of -10,000 fails: take its largest off, not its largest size")
    same("log_softmax of a single sample", alone, np.full((2, 1), -np.log(2)))
    if not np.isfinite(got).all():
        raise Wrong("the largest of the whole array was taken off: that of each column, axis=0")
    same("log_softmax of columns far apart", got, np.full((2, 2), -np.log(2)))
    return "Minus the entry of the right class is the cross-entropy of a sample"


def _entropy(shares):
    kept = shares[shares > 0]
    return float(-np.sum(kept * np.log(kept)))


@exercise
def constant_loss(constant_loss):
    """The log-loss of the best constant guess."""
    labels = np.array([0, 0, 0, 0, 1, 1, 3, 3])
    shares = np.array([0.5, 0.25, 0.0, 0.25])
    two = np.array([0, 1, 1, 1])
    quarter = np.array([0.25, 0.75])
    mistakes = {
        "that is log K, the loss of equal probabilities: give each class its share": np.log(2),
        "that is the loss of the most frequent class alone": -np.log(0.75),
        "it is a base of 2: the natural logarithm": _entropy(quarter) / np.log(2),
        "each class counts alike: each sample should": -np.mean(np.log(quarter)),
        "the sign is wrong: a loss is not negative": -_entropy(quarter),
        "that is the sum over the samples: their mean": 4 * _entropy(quarter),
        "that is the probability of being wrong if one guesses at random": 1 - np.sum(quarter**2),
        "that is the share of wrong answers of the most frequent class": 0.25,
        "the mean runs over the classes: the sum": _entropy(quarter) / 2,
    }
    same("the loss", called(constant_loss, two, 2), _entropy(quarter), mistakes)
    with np.errstate(all="ignore"):
        got = called(constant_loss, labels, 4)
    if isinstance(got, float | np.floating) and np.isnan(got):
        raise Wrong("a class without samples gives NaN: its share is 0, and it adds nothing")
    mistakes = {
        "that is log K, the loss of equal probabilities: give each class its share": np.log(4)
    }
    same("the loss, where a class has no samples,", got, _entropy(shares), mistakes)
    same("the loss of six even classes", constant_loss(np.arange(6), 6), np.log(6))
    with np.errstate(all="ignore"):
        alone = float(constant_loss(np.array([1, 1]), 2))
    if np.isnan(alone):
        raise Wrong("a class without samples gives NaN: its share is 0, and it adds nothing")
    same("the loss, where all samples are of one class,", alone, 0.0)
    return "Whoever does not beat this number has learnt nothing"


def _loss_at(Z, Y, tau):
    return reference.SoftmaxCrossEntropyLoss().forward(Z / tau, Y)


def _best(Z, Y):
    found = minimize_scalar(
        lambda t: _loss_at(Z, Y, np.exp(t)),
        bounds=(-7, 9),
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(np.exp(found.x))


def _validation(scale, seed, m=600):
    """Logits that are `scale` times as large as they should be, with their one-hot targets."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.standard_normal((4, m))
    draws = (rng.random(m) > np.cumsum(reference.softmax(logits), axis=0)).sum(axis=0)
    return scale * logits, np.eye(4)[:, np.minimum(draws, 3)]


@exercise
def temperature(temperature):
    """The temperature that fits validation tracks best."""
    for scale, seed in ((2.0, 1), (1.0, 6), (0.3, 1), (20.0, 1), (300.0, 1)):
        logits, targets = _validation(scale, seed)
        right = _best(logits, targets)
        got = called(temperature, logits, targets)
        if not isinstance(got, float | int | np.number):
            raise Wrong(f"the temperature is a {type(got).__name__}; expected a number")
        got = float(got)
        where = f"for logits {scale:g} times as large as they should be"
        if abs(np.log(max(got, 1e-300) / right)) < 0.02:
            continue
        if scale == 2 and abs(got * right - 1) < 0.02:
            raise Wrong("that is 1 over the temperature: the logits are divided by it")
        if scale == 2 and abs(got - _loss_at(logits, targets, right)) < 0.02:
            raise Wrong("that is the loss at the best temperature: the temperature itself")
        if scale == 2 and got == 1:
            raise Wrong("the temperature stays 1: the accuracy does not tell, look at the log-loss")
        if got == 1 and right < 1:
            raise Wrong(f"{where} it is 1, and should be smaller: a temperature may be below 1")
        if abs(np.log(max(got, 1e-300) / right)) < 0.1:
            raise Wrong(
                f"{where} it is right to about {abs(got / right - 1):.0%}: is your search too "
                "coarse, or is it not the log-loss of all samples that becomes smallest?"
            )
        if scale in (20.0, 300.0) and got < right:
            raise Wrong(f"{where} it is too small: does your search end too early?")
        if scale == 0.3 and got > right:
            raise Wrong(f"{where} it is too large: a temperature may be below 1")
        aim = "smaller" if got > right else "larger"
        raise Wrong(f"{where} it is {got:.3g}, and should be {aim}")
    return "One number, and no class changes its place"


def _ece(P, labels, groups=10, gap=np.abs):
    confidence, right = P.max(axis=0), P.argmax(axis=0) == labels
    number = np.minimum((confidence * groups).astype(int), groups - 1)
    sums = np.bincount(number, confidence - right, groups)
    return float(gap(sums).sum() / len(labels))


def _grouped(P, labels, groups=10):
    """Gap and size of each group that is not empty."""
    confidence, right = P.max(axis=0), P.argmax(axis=0) == labels
    number = np.minimum((confidence * groups).astype(int), groups - 1)
    kept = [number == g for g in range(groups) if (number == g).any()]
    gaps = np.array([abs(confidence[k].mean() - right[k].mean()) for k in kept])
    return gaps, np.array([k.sum() for k in kept])


@exercise
def expected_calibration_error(expected_calibration_error):
    """The mean distance from the diagonal."""
    rng = np.random.default_rng(0)
    P = reference.softmax(2 * rng.standard_normal((3, 80)))
    labels = np.where(rng.random(80) < 0.6, P.argmax(axis=0), rng.integers(0, 3, 80))
    gaps, sizes = _grouped(P, labels)
    confidence, right = P.max(axis=0), P.argmax(axis=0) == labels
    of_right = P[labels, range(80)]
    mistakes = {
        "each group counts alike: weigh it by its samples": gaps.mean(),
        "empty groups count, too: weigh each group by its samples": gaps.sum() / 10,
        "gaps of different signs cancel: the distance of each group": _ece(
            P, labels, gap=lambda s: s
        ),
        "that is one group for all samples: sort them first": abs(confidence.mean() - right.mean()),
        "that is the largest gap: their mean": gaps.max(),
        "that is the distance of each sample: of the groups' means": np.abs(
            confidence - right
        ).mean(),
        "confidence is the largest probability, and not that of the right class": sum(
            abs(np.sum(of_right[k] - right[k]))
            for k in (np.minimum((of_right * 10).astype(int), 9) == g for g in range(10))
        )
        / 80,
        "the gaps are added up: weigh each by its share of the samples": gaps.sum(),
        "that is the share of wrong answers": 1 - right.mean(),
        "that is a mean of squares: of distances": float(np.sum(gaps**2 * sizes) / 80),
    }
    what = "the error"
    same(what, called(expected_calibration_error, P, labels), _ece(P, labels), mistakes)
    five = called(expected_calibration_error, P, labels, 5)
    mistakes = {"groups is ignored: it says how many there are": _ece(P, labels)}
    same("the error with groups=5", five, _ece(P, labels, 5), mistakes)
    sure = np.eye(3)[:, [0, 1, 2, 0]]
    with np.errstate(all="ignore"):
        got = called(expected_calibration_error, sure, np.array([0, 1, 2, 1]))
    if isinstance(got, float | np.floating) and np.isnan(got):
        raise Wrong("a group without samples gives NaN: leave it out")
    mistakes = {"samples with a confidence of 1 get lost: they belong to the last group": 0.0}
    same("the error of a model that is always sure", got, 0.25, mistakes)
    same(
        "the error of a model that is sure and right",
        expected_calibration_error(sure, np.array([0, 1, 2, 0])),
        0.0,
    )
    nearly = np.array([[1.0, 1.0, 0.95, 0.95], [0.0, 0.0, 0.05, 0.05]])
    mistakes = {"a confidence of 1 makes a group of its own: it belongs to the last one": 0.275}
    got = expected_calibration_error(nearly, np.array([0, 1, 0, 0]))
    same("the error of a model that is sure, or nearly", got, 0.225, mistakes)
    return "A model that always says the shares of the classes has one near 0: it is not all"


def _invariants(groups, share, train, test):
    """Refuse what is no split by group."""
    for name, side in (("train", train), ("test", test)):
        if not isinstance(side, np.ndarray) or side.ndim != 1 or side.dtype.kind not in "iu":
            raise Wrong(f"{name} is no 1-D array of whole numbers: the places of the samples")
    if both := np.intersect1d(train, test).size:
        raise Wrong(f"{both} samples are on both sides")
    if sorted([*train, *test]) != list(range(len(groups))):
        raise Wrong("a sample is lost, or is there twice: each is on one side, once")
    if np.intersect1d(groups[train], groups[test]).size:
        raise Wrong("some groups are on both sides: draw groups, not samples")
    if not len(train):
        raise Wrong("nothing is left to learn from: at least one group stays")
    needed = share * len(groups)
    sizes = [np.unique(groups[side], return_counts=True)[1] for side in (train, test)]
    if needed <= len(train) < needed + max(sizes[0]) < len(test):
        raise Wrong("train and test have changed places: return train, test")
    if len(test) < needed and len(sizes[0]) > 1:
        raise Wrong(
            f"the test set has {len(test)} of {len(groups)} samples; expected {share:g} of them or "
            "more: count samples, not groups, and stop no sooner"
        )
    if len(test) >= needed + max(sizes[1]):
        raise Wrong(
            f"the test set has {len(test)} of {len(groups)} samples, and a group fewer would do: "
            "stop as soon as the share is reached"
        )


@exercise
def split_by_group(split_by_group):
    """Whole groups on each side."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 12, 30)
    numbers = rng.permutation(np.repeat(np.arange(30) + 100, sizes))
    words = np.array([f"artist {number}" for number in numbers])
    even = np.repeat(np.arange(4), 5)
    big = np.repeat(np.array(["a", "b", "c", "d"]), [2, 3, 60, 4])
    for groups, share in (
        (numbers, 0.2),
        (words, 0.3),
        (numbers, 0.5),
        (big, 0.2),
        (big, 0.9),
        (big[:5], 0.3),
        (even, 0.25),
        (even, 0.5),
    ):
        for seed in range(6):
            result = called(split_by_group, groups, share, seed)
            if not isinstance(result, tuple | list) or len(result) != 2:
                raise Wrong("expected two arrays: return train, test")
            _invariants(groups, share, *result)
    test = [np.sort(split_by_group(numbers, 0.2, seed)[1]) for seed in (0, 0, 1)]
    if not np.array_equal(test[0], test[1]):
        raise Wrong("the same seed gives two splits: draw by np.random.default_rng(seed)")
    if np.array_equal(test[0], test[2]):
        raise Wrong("another seed gives the same split: draw the groups by the seed")
    drawn = {
        group for seed in range(40) for group in numbers[split_by_group(numbers, 0.2, seed)[1]]
    }
    if len(drawn) < 30:
        raise Wrong("some groups are never drawn for the test set: shuffle all of them")
    state = np.random.get_state()[1:3]  # noqa: NPY002
    split_by_group(numbers, 0.2, 0)
    if not all(map(np.array_equal, state, np.random.get_state()[1:3])):  # noqa: NPY002
        raise Wrong("NumPy's global generator was used: make one by np.random.default_rng(seed)")
    refused(split_by_group, np.array(["a", "a", "a"]), 0.2, 0, what="a single group")
    return "Now a test track is one that no artist of the training set had a part in"
