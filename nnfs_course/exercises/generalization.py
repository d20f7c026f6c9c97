"""Judges of notebook 10."""

import functools

import numpy as np

from nnfs_core import generalization as reference
from nnfs_core.backpropagation import mse_loss
from nnfs_core.layers import Identity, Model, Sequential, Tanh, mlp
from nnfs_course.examples import keeps_contract
from nnfs_course.judge import Wrong, called, exercise, grade, refused, same

LEARN = np.array([[9.0, 0.0, 4.0, 1.0, 2.0, 6.0, 8.0, 3.0, 16.0], [0, 0, 0, 0, 0, 0, 5, 7, 10]])
NEW = np.array([[-2.0, 0.5, 3.5, 12.0, 20.0], [-1.0, 0.0, 2.0, 6.0, 15.0]])
DA = np.array([[1.0, 2.0, -3.0], [0.5, -1.0, 4.0]])
X = np.array([[-2.0, 0.5, 1.0], [3.0, -1.0, 2.0]])


def _entries(x, edges, low=True, high=True):
    """The encoding of one feature; low, high: whether the ends go on beyond their edges."""
    entries = (x - edges[:-1, None]) / np.diff(edges)[:, None]
    first, last = low * entries[0], high * entries[-1]
    cut = np.clip(entries, 0, 1)
    cut[0] = np.minimum(first, cut[0])
    cut[-1] = np.maximum(last, cut[-1])
    return cut


def _encoded(X, edges, **ends):
    """The encoding of all features."""
    return np.concatenate([_entries(x, e, **ends) for x, e in zip(X, edges, strict=True)])


def _fitted(PiecewiseLinear, bins, X):
    """What fit returns: the encoder itself."""
    encoder = PiecewiseLinear(bins)
    back = called(encoder.fit, X)
    if back is not encoder:
        raise Wrong("fit should return the encoder itself: return self")
    return encoder


@exercise
def PiecewiseLinear(PiecewiseLinear):
    """Edges at the quantiles, entries between them."""
    refused(PiecewiseLinear(3).transform, LEARN, error=RuntimeError, what="transform before fit")
    right = reference.PiecewiseLinear(3).fit(LEARN)
    ours = _fitted(PiecewiseLinear, 3, LEARN)
    edges = ours.edges
    if not isinstance(edges, list) or len(edges) != 2:
        raise Wrong("edges is not a list of two arrays, though there are two features")
    quantiles = [np.quantile(x, np.linspace(0, 1, 4)) for x in LEARN]
    even = np.linspace(0, 16, 4)
    mistakes = {
        "the edges are evenly spaced: take quantiles, so that each bin has as many tracks": even,
        "there are as many edges as bins: n bins have n + 1 edges": np.quantile(
            LEARN[0], np.linspace(0, 1, 3)
        ),
        "the lowest and the highest edge are missing": quantiles[0][1:-1],
    }
    same("edges[0], for 3 bins,", edges[0], right.edges[0], mistakes)
    repeated = {"two edges of a feature are equal: merge them, or a bin has no width": quantiles[1]}
    same("edges[1], of a feature with many zeros,", edges[1], right.edges[1], repeated)
    inside = called(ours.transform, LEARN)
    same("transform, of the training samples,", inside, _encoded(LEARN, right.edges), _wrong(right))
    new = called(ours.transform, NEW)
    again = reference.PiecewiseLinear(3).fit(NEW)
    mistakes = {
        "transform finds edges anew: they are those of the training samples": again.transform(NEW),
        "beyond the outer edges all values become equal: leave the two ends uncut": np.clip(
            right.transform(NEW), 0, 1
        ),
        "below the lowest edge all values become equal: the first entry has no lower cut": _encoded(
            NEW, right.edges, low=False
        ),
        "above the highest edge all values become equal: the last entry has no upper cut": _encoded(
            NEW, right.edges, high=False
        ),
    }
    same("transform, of new samples,", new, right.transform(NEW), mistakes)
    for bins in ([2, 1], (4, 3)):
        right = reference.PiecewiseLinear(bins).fit(LEARN)
        got = _fitted(PiecewiseLinear, bins, LEARN).transform(NEW)
        same(f"with bins={bins}, transform", got, right.transform(NEW))
    truths = np.array([[True, False, False, False, True]])
    got = _fitted(PiecewiseLinear, 2, truths).transform(truths)
    same(
        "the encoding of True and False",
        got,
        reference.PiecewiseLinear(2).fit(truths).transform(truths),
    )
    twice = _fitted(PiecewiseLinear, 3, LEARN)
    twice.fit(NEW)
    if not all(map(np.array_equal, twice.edges, again.edges)):
        raise Wrong("a second fit changes nothing: it finds edges anew")
    if twice.bins != 3:
        raise Wrong("fit changes bins: they are what was asked for")
    if new.dtype != np.float64:
        raise Wrong(f"the encoding holds {new.dtype}; expected float64")
    ones = np.ones((1, 4))
    refused(PiecewiseLinear(3).fit, ones, what="a feature that is the same in all samples")
    refused(PiecewiseLinear([3]).fit, LEARN, what="one number of bins in a list, for two features,")
    refused(ours.transform, NEW[:1], what="an X with a feature less")
    refused(PiecewiseLinear, 0, what="bins=0")


def _wrong(right):
    """What mistakes in transform give, for the training samples."""
    blocks = [_entries(x, e) for x, e in zip(LEARN, right.edges, strict=True)]
    uncut = [
        (x - e[:-1, None]) / np.diff(e)[:, None] for x, e in zip(LEARN, right.edges, strict=True)
    ]
    steps = [(x >= e[:-1, None]) * 1.0 for x, e in zip(LEARN, right.edges, strict=True)]
    return {
        "nothing is cut: between its edges an entry grows from 0 to 1, and stays there": (
            np.concatenate(uncut)
        ),
        "the entries are steps: inside a bin they should grow": np.concatenate(steps),
        "the features come in another order: the rows of the first one stand on top": (
            np.concatenate(blocks[::-1])
        ),
        "a sample is a column: the encoding is transposed": np.concatenate(blocks).T,
        "the bins of a feature stand upside down: the lowest is on top": np.concatenate(
            [block[::-1] for block in blocks]
        ),
        "an entry grows with x: it is how much of the bin lies below": 1 - np.concatenate(blocks),
        "the width of the bin is missing: divide by it": np.concatenate(
            [block * np.diff(e)[:, None] for block, e in zip(blocks, right.edges, strict=True)]
        ),
    }


def _held(Dropout, mask, rate=0.5):
    """A layer whose mask is always the same."""
    layer = Dropout(rate, 0)
    layer.draw = lambda shape: mask.copy()
    return layer


@exercise
def Dropout(Dropout):
    """A mask in training, nothing else."""
    many = np.ones((300, 200))
    mask = called(Dropout(0.2, 0).draw, (300, 200))
    if np.shape(mask) != (300, 200):
        raise Wrong(f"draw((300, 200)) has the shape {np.shape(mask)}")
    kinds = np.unique(np.round(mask, 9))
    zeros = float(np.mean(mask == 0))
    if abs(zeros - 0.8) < 0.02:
        raise Wrong("with rate=0.2 four fifths become 0: rate is the share that goes")
    if abs(zeros - 0.2) > 0.02:
        raise Wrong(f"with rate=0.2 a share of {zeros:.2g} becomes 0")
    if kinds.size == 2 and abs(kinds[1] - 1) < 1e-9:
        raise Wrong("what stays is not scaled up: the mean gets smaller in training")
    if kinds.size == 2 and abs(kinds[1] - 5) < 1e-6:
        raise Wrong("what stays is divided by rate: by the share that stays, 1 - rate")
    if kinds.size != 2 or abs(kinds[1] - 1.25) > 1e-6:
        raise Wrong(f"with rate=0.2 a mask holds {kinds[:4]}; expected 0 and 1.25")
    for axis, what in ((0, "sample"), (1, "unit")):
        if np.var(np.mean(mask == 0, axis=axis)) > 0.01:
            raise Wrong(f"a {what} loses all its entries or none: draw for each entry")
    layer, rng = Dropout(0.5, 0), np.random.default_rng(0)
    if np.array_equal(layer.draw((20, 20)), layer.draw((20, 20))):
        raise Wrong("each forward has the same mask: make the generator once, in __init__")
    one, other = Dropout(0.5, rng), Dropout(0.5, rng)
    if np.array_equal(one.draw((20, 20)), other.draw((20, 20))):
        raise Wrong("two layers that share a generator draw the same: use the one that is given")
    if not np.array_equal(Dropout(0.5, 3).draw((20, 20)), Dropout(0.5, 3).draw((20, 20))):
        raise Wrong("the same seed gives other masks: draw from self.rng alone")
    mask = np.array([[0.0, 2.0, 2.0], [2.0, 0.0, 2.0]])
    layer = _held(Dropout, mask)
    mistakes = {"predicting drops entries, too: only training does": X * mask}
    mistakes["predicting is scaled: the mask has scaled already in training"] = X / 2
    same("forward without training", called(layer.forward, X), X, mistakes)
    if np.shares_memory(layer.forward(X), X):
        raise Wrong("predicting returns what it was given: a copy, so that each can be changed")
    mistakes = {"training drops nothing": X, "forward returns the mask alone": mask}
    same("forward in training", called(layer.forward, X, True), X * mask, mistakes)
    mistakes = {
        "backward lets everything through: it is the same mask": DA,
        "remember the mask, not the output": DA * X * mask,
        "backward returns the mask alone: times what comes in": mask,
        "backward is not scaled: it is the same mask, with its scale": DA * (mask > 0),
        "backward asks where the output is above 0: that is ReLU": DA * (X * mask > 0),
    }
    same("backward", called(layer.backward, DA), DA * mask, mistakes)
    loose = Dropout(0.5, 0)
    output = loose.forward(many, True)
    if not np.array_equal(loose.backward(many), output):
        raise Wrong("backward draws a mask of its own: it is that of the last forward")
    keeps_contract(functools.partial(_held, Dropout, mask), X, DA)
    for rate in (1, -0.1):
        refused(Dropout, rate, 0, what=f"rate={rate}")
    same("with rate=0, forward in training", Dropout(0, 0).forward(X, True), X)
    if repr(Dropout(0.25, 0)).startswith("Dropout(") and "0.25" not in repr(Dropout(0.25, 0)):
        raise Wrong("the repr does not say the rate: Dropout(rate=0.25)")


def _models(count=3):
    """Small models that are not trained."""
    return [
        Model(
            mlp(
                [2, 3, 1],
                activation=lambda: Sequential(Tanh(), reference.Dropout(0.5, seed)),  # noqa: B023
                seed=seed,
            )
        )
        for seed in range(count)
    ]


@exercise
def Ensemble(Ensemble):
    """The mean of predictions."""
    models = _models()
    given = list(models)
    ours = Ensemble(given)
    all_of_them = np.array([model.predict(X) for model in models])
    mistakes = {
        "the predictions are added up: divide by their number": all_of_them.sum(axis=0),
        "that is the prediction of one model alone": all_of_them[0],
        "that is the median: each model counts alike in the mean": np.median(all_of_them, axis=0),
        "the mean is over the samples, too: over the models alone": all_of_them.mean(),
    }
    mistakes["that is the prediction of the last model alone"] = all_of_them[-1]
    dropped = np.array([model.network.forward(X, True) for model in _models()]).mean(axis=0)
    mistakes[
        "predicting drops entries: model.predict does not, network.forward in training does"
    ] = dropped
    same("predict", called(ours.predict, X), all_of_them.mean(axis=0), mistakes)
    given.append(Model(mlp([2, 3, 1], activation=Identity, seed=9)))
    if not np.array_equal(ours.predict(X), all_of_them.mean(axis=0)):
        raise Wrong("a change of the list afterwards changes the ensemble: keep a copy of it")
    refused(Ensemble, [], what="an ensemble of no models")
    refused(Ensemble, [models[0], models[0]], what="one model, twice in an ensemble,")
    refused(Ensemble, [Model], error=TypeError, what="a class instead of a model")
    wide = Model(mlp([2, 3, 4], seed=0))
    refused(Ensemble([models[0], wide]).predict, X, what="models whose predictions differ in shape")


@exercise
def decode(decode):
    """From the entries back to x."""
    edges = np.array([-1.0, 1.0, 2.0, 6.0])
    for where, x in (
        ("between the edges", np.array([-1.0, 0.0, 1.5, 4.0, 6.0])),
        ("beyond the outer edges", np.array([-3.0, 8.0])),
    ):
        entries = _entries(x, edges)
        widths = np.diff(edges)[:, None]
        mistakes = {
            "the lowest edge is missing: the entries say how far x is above it": x - edges[0],
            "each entry counts in bins, and bins differ in width": edges[0] + entries.sum(axis=0),
            "it counts bins, without their widths and the lowest edge": entries.sum(axis=0),
            "that is the highest edge minus them": edges[-1] - (widths * entries).sum(axis=0),
        }
        same(f"x {where}", called(decode, entries, edges), x, mistakes)
    one = np.array([0.0, 10.0])
    same("x with one bin", called(decode, _entries(np.array([3.0]), one), one), np.array([3.0]))
    return "So the encoding loses nothing"


@exercise
def gain(gain):
    """What averaging takes off the loss."""
    rng = np.random.default_rng(0)
    for count, outputs in ((3, 1), (4, 2)):
        predictions = [rng.standard_normal((outputs, 5)) for _ in range(count)]
        mean = np.mean(predictions, axis=0)
        right = sum(mse_loss(A, mean) for A in predictions) / count
        rows = np.array(predictions)
        mistakes = {
            "twice too large: is the ½ of the loss missing?": 2 * right,
            "that is the sum over the networks: take their mean": count * right,
            "np.var of all numbers mixes networks and samples: for each sample by itself": (
                rows.var() / 2
            ),
            "that is the standard deviation: squares, please": rows.std(axis=0).sum(axis=0).mean(),
            "the mean runs over the networks' number minus 1: all of them count": (
                right * count / (count - 1)
            ),
        }
        if outputs == 2:
            what = "m counts samples (columns): the squares of two outputs are added up"
            mistakes[what] = right / 2
        same(f"the gain with {count} networks", called(gain, predictions), right, mistakes)
    only = [predictions[0]]
    same("the gain with one network", called(gain, only), 0.0)
    return "No targets needed: what the networks disagree about is what averaging takes off"


class _TestEdges(reference.PiecewiseLinear):
    def transform(self, X):
        return self.fit(X)._right(X) if np.ptp(X, axis=1).all() else self._right(X)

    def _right(self, X):
        return reference.PiecewiseLinear.transform(self, X)


class _EvenEdges(reference.PiecewiseLinear):
    def fit(self, X):
        super().fit(X)
        self.edges = [np.linspace(e[0], e[-1], len(e)) for e in self.edges]
        return self


class _CutAtBothEnds(reference.PiecewiseLinear):
    def transform(self, X):
        return np.clip(super().transform(X), 0, 1)


class _NeverCut(reference.PiecewiseLinear):
    def transform(self, X):
        pairs = zip(X, self.edges, strict=True)
        return np.concatenate([(x - e[:-1, None]) / np.diff(e)[:, None] for x, e in pairs])


class _Steps(reference.PiecewiseLinear):
    def transform(self, X):
        return np.floor(super().transform(X))


class _LastFeatureFirst(reference.PiecewiseLinear):
    def transform(self, X):
        return _encoded(X[::-1], self.edges[::-1])


class _Falls(reference.PiecewiseLinear):
    def transform(self, X):
        return 1 - super().transform(X)


class _OneBinMore(reference.PiecewiseLinear):
    def fit(self, X):
        bins, self.bins = self.bins, self.bins + 1
        super().fit(X)
        self.bins = bins
        return self


class _ChangesX(reference.PiecewiseLinear):
    def transform(self, X):
        entries = super().transform(X)
        X[...] = np.sort(X, axis=1)
        return entries


@exercise
def check_encoding(check_encoding):
    """A check of encoders: the right one passes, wrong ones do not."""
    return grade(
        check_encoding,
        [reference.PiecewiseLinear],
        {
            "one that cuts at both ends": _CutAtBothEnds,
            "one that cuts nowhere": _NeverCut,
            "one that finds its edges anew in transform": _TestEdges,
            "one with bins of equal width": _EvenEdges,
            "one whose entries are 0 or 1 and nothing between": _Steps,
            "one that puts the last feature on top": _LastFeatureFirst,
            "one whose entries fall where x grows": _Falls,
            "one with a bin more than was asked for": _OneBinMore,
            "one that sorts the X that it was given": _ChangesX,
        },
    )


def _by_group(groups, test_share, seed):
    """The right split: whole groups, until the test set is large enough."""
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    sizes = np.array([np.sum(groups == name) for name in names])
    count = int(np.searchsorted(np.cumsum(sizes), test_share * len(groups))) + 1
    test = np.isin(groups, names[:count])
    return np.flatnonzero(~test), np.flatnonzero(test)


def _by_track(groups, test_share, seed):
    order = np.random.default_rng(seed).permutation(len(groups))
    count = round(test_share * len(groups))
    return np.sort(order[count:]), np.sort(order[:count])


def _one_group_in_both(groups, test_share, seed):
    train, test = _by_group(groups, test_share, seed)
    return np.concatenate([train, test[:1]]), test[1:]


def _drops_some(groups, test_share, seed):
    train, test = _by_group(groups, test_share, seed)
    return train[1:], test


def _twice_and_lost(groups, test_share, seed):
    train, test = _by_group(groups, test_share, seed)
    return np.append(train[1:], train[-1]), test


def _twice(groups, test_share, seed):
    train, test = _by_group(groups, test_share, seed)
    return np.concatenate([train, train[:1]]), test


def _ignores_the_seed(groups, test_share, seed):
    return _by_group(groups, test_share, 0)


def _another_each_time(groups, test_share, seed):
    return _by_group(groups, test_share, np.random.default_rng().integers(2**32))


def _turned(groups, test_share, seed):
    return _by_group(groups, test_share, seed)[::-1]


def _ignores_the_share(groups, test_share, seed):
    return _by_group(groups, 0.5, seed)


@exercise
def check_split(check_split):
    """A check of splits by artist: the right one passes, wrong ones do not."""
    return grade(
        check_split,
        [_by_group],
        {
            "one that splits tracks, so that an artist is on both sides": _by_track,
            "one that leaves a single track of a test artist in training": _one_group_in_both,
            "one that loses a track": _drops_some,
            "one that has a track twice": _twice,
            "one that has a track twice and loses another": _twice_and_lost,
            "one that ignores the seed": _ignores_the_seed,
            "one that splits anew at each call, whatever the seed": _another_each_time,
            "one that gives the test set first": _turned,
            "one that ignores the share and halves the tracks": _ignores_the_share,
        },
    )
