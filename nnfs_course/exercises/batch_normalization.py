"""Judges of notebook 12."""

import copy
import functools

import numpy as np

from nnfs_core import batch_normalization as reference
from nnfs_core.backpropagation import central_differences, gradient_error
from nnfs_core.layers import Linear
from nnfs_course.examples import keeps_contract
from nnfs_course.judge import Wrong, called, exercise, grade, refused, same, same_arrays, same_keys

X = np.array([[-2.0, 0.5, 1.0, 3.5, 9.0], [3.0, -1.0, 2.0, 0.0, -4.0], [0.1, 0.2, 0.4, 0.3, 1.0]])
DA = np.array([[1.0, 2.0, -3.0, 0.5, 1.5], [0.5, -1.0, 4.0, 2.0, 1.0], [1.0, 1.0, -2.0, 3.0, 0.0]])
GAMMA, BETA = np.array([[2.0], [0.5], [-1.0]]), np.array([[1.0], [-1.0], [0.25]])
RUNNING = {
    "running_mean": np.array([[1.0], [0.5], [-1.0]]),
    "running_variance": np.array([[4.0], [0.5], [2.0]]),
}
EPS = 0.5  # large, so that it is seen where it stands


def _standard(X, axis, eps=EPS, ddof=0):
    """X̂ and the root."""
    root = np.sqrt(X.var(axis=axis, keepdims=True, ddof=ddof) + eps)
    return (X - X.mean(axis=axis, keepdims=True)) / root, root


def _made(BatchNorm, frozen=False, momentum=0.8):
    """A layer with numbers that are not those of the start."""
    layer = BatchNorm(3, momentum, EPS)
    layer.frozen = frozen
    layer.parameters["gamma"][...] = GAMMA
    layer.parameters["beta"][...] = BETA
    for name, array in RUNNING.items():
        layer.buffers[name][...] = array
    return layer


def _start(BatchNorm):
    """Refuse other arrays at the start."""
    layer = BatchNorm(3)
    ones, zeros = np.ones((3, 1)), np.zeros((3, 1))
    same_arrays(layer.parameters, {"gamma": ones, "beta": zeros})
    same_keys(layer.buffers, RUNNING)
    same("running_mean at the start", layer.buffers["running_mean"], zeros)
    same("running_variance at the start", layer.buffers["running_variance"], ones)
    if tuple(layer.penalised):
        raise Wrong(f"penalised is {layer.penalised!r}: neither scale nor shift, so ()")


def _defaults(make, axis):
    """Refuse another eps than 1e-5 where none is named."""
    small = X / 1000  # so that it shows
    got = make(3).forward(small, True)
    same("forward of small numbers, with no eps named,", got, _standard(small, axis, 1e-5)[0])


def _forward_in_training(layer):
    """Refuse another output in training, and running statistics that move otherwise."""
    (X_hat, _), m = _standard(X, 1), X.shape[1]
    v, mean = X.var(axis=1, keepdims=True), X.mean(axis=1, keepdims=True)
    by_running = (X - RUNNING["running_mean"]) / np.sqrt(RUNNING["running_variance"] + EPS)
    mistakes = {
        "gamma and beta have no effect": X_hat,
        "training uses the running statistics: those of the batch": GAMMA * by_running + BETA,
        "standardised over the units: over the samples, axis=1": GAMMA * _standard(X, 0)[0] + BETA,
        "divided by the variance: by its root": GAMMA * (X - mean) / (v + EPS) + BETA,
        "the mean is not taken off": GAMMA * X / np.sqrt(v + EPS) + BETA,
        "eps is added to the root: to the variance, under the root": (
            GAMMA * (X - mean) / (np.sqrt(v) + EPS) + BETA
        ),
        "the variance that divides is the mean of squares, by m: m - 1 is for the running one": (
            GAMMA * _standard(X, 1, ddof=1)[0] + BETA
        ),
        "eps is missing under the root": GAMMA * _standard(X, 1, 0)[0] + BETA,
        "eps is 1e-5, whatever was asked for": GAMMA * _standard(X, 1, 1e-5)[0] + BETA,
    }
    same("forward in training", called(layer.forward, X, True), GAMMA * X_hat + BETA, mistakes)
    before = RUNNING["running_mean"]
    mistakes = {
        "training does not move running_mean": before,
        "momentum is the share that stays: here the batch has it": 0.2 * before + 0.8 * mean,
        "running_mean becomes the batch's: momentum times the old one stays in it": mean,
        "momentum is 0.9, whatever was asked for": 0.9 * before + 0.1 * mean,
        "the new part is not multiplied by 1 - momentum": 0.8 * before + mean,
    }
    right = 0.8 * before + 0.2 * mean
    same("running_mean after a batch", layer.buffers["running_mean"], right, mistakes)
    before = RUNNING["running_variance"]
    mistakes = {
        "training does not move running_variance": before,
        "the plain variance goes into the running one: times m / (m - 1)": 0.8 * before + 0.2 * v,
        "standard deviations run: variances, please": 0.8 * before + 0.2 * np.sqrt(v),
    }
    right = 0.8 * before + 0.2 * v * m / (m - 1)
    same("running_variance after a batch", layer.buffers["running_variance"], right, mistakes)


def _second_batch(BatchNorm):
    """Refuse running statistics that are right after the first batch of five alone."""
    layer, two = _made(BatchNorm), X[:, 1:3]
    layer.forward(X, True)
    layer.forward(two, True)
    mean, v = two.mean(axis=1, keepdims=True), two.var(axis=1, keepdims=True)
    start, five = RUNNING["running_mean"], X.mean(axis=1, keepdims=True)
    first = 0.8 * start + 0.2 * five
    mistakes = {"the second batch does not move running_mean": first}
    right = 0.8 * first + 0.2 * mean
    got = layer.buffers["running_mean"]
    same("running_mean after a second batch", got, right, mistakes)
    first = 0.8 * RUNNING["running_variance"] + 0.2 * X.var(axis=1, keepdims=True, ddof=1)
    mistakes = {
        "the second batch does not move running_variance": first,
        "m / (m - 1) is always that of five samples: m is this batch's": 0.8 * first + 0.25 * v,
    }
    right = 0.8 * first + 0.2 * v * 2
    got = layer.buffers["running_variance"]
    same("running_variance after a second batch, of two samples,", got, right, mistakes)


def _far_from_zero(make, axis):
    """Refuse a variance that is lost in rounding where the numbers are large."""
    right = GAMMA * _standard(X, axis)[0] + BETA
    got = np.asarray(make().forward(X + 2.0**27, True))
    if got.shape != right.shape or not np.allclose(got, right, 1e-5, 1e-5):
        raise Wrong(
            "with numbers far from 0 the result is another: take the mean off first, and square "
            "then. The mean of squares minus the squared mean loses its digits"
        )


def _constant(BatchNorm):
    """Refuse a layer that makes something of a unit that is the same in all samples."""
    flat = BatchNorm(2).forward(np.array([[3.0] * 4, [1.0, 2.0, 3.0, 4.0]]), True)
    if not np.isfinite(flat).all():
        raise Wrong("a unit that is the same in all samples gives NaN: is eps missing?")
    if BatchNorm(1).forward(np.full((1, 100), 1e5 / 7, np.float32), True).any():
        raise Wrong(
            "in float32 a unit that is the same in all samples does not become 0: take off the "
            "first sample before the mean"
        )


def _one_sample(BatchNorm):
    """Refuse a layer that trains with one sample, or does not predict one."""
    layer = _made(BatchNorm)
    refused(layer.forward, X[:, :1], True, what="a training batch of one sample")
    if not _unmoved(layer):
        raise Wrong("a refused batch of one moves the running statistics: refuse it first")
    try:
        got = layer.forward(X[:, :1])
    except ValueError:
        raise Wrong("predicting refuses a single sample: only training needs two") from None
    same("forward of a single sample, without training,", got, layer.forward(X)[:, :1])


def _unmoved(layer):
    """Whether the running statistics are those that were given."""
    return all(np.array_equal(layer.buffers[name], RUNNING[name]) for name in RUNNING)


def _predicting(BatchNorm):
    """Refuse another output in predicting, and running statistics that move there."""
    layer = _made(BatchNorm)
    by_running = (X - RUNNING["running_mean"]) / np.sqrt(RUNNING["running_variance"] + EPS)
    without = (X - RUNNING["running_mean"]) / np.sqrt(RUNNING["running_variance"])
    mistakes = {
        "predicting uses the statistics of the batch: the running ones": (
            GAMMA * _standard(X, 1)[0] + BETA
        ),
        "predicting leaves out gamma and beta": by_running,
        "predicting leaves out eps": GAMMA * without + BETA,
        "predicting adds eps to the root: to the variance, under the root": (
            GAMMA * (X - RUNNING["running_mean"]) / (np.sqrt(RUNNING["running_variance"]) + EPS)
            + BETA
        ),
        "predicting changes nothing at all: it scales by the running statistics": X,
    }
    got = called(layer.forward, X)
    if not _unmoved(layer):
        raise Wrong("predicting moves the running statistics: only training does")
    same("forward without training", got, GAMMA * by_running + BETA, mistakes)


def _back(layer):
    """Refuse other gradients of a training batch."""
    (X_hat, root), m = _standard(X, 1), X.shape[1]
    dgamma, dbeta = (DA * X_hat).sum(1, keepdims=True), DA.sum(1, keepdims=True)
    outer = GAMMA / root
    right = outer * (DA - dbeta / m - X_hat * dgamma / m)
    mistakes = {
        "mean and variance are not constants: they depend on X, too": outer * DA,
        "the path through the variance is missing": outer * (DA - dbeta / m),
        "the path through the mean is missing": outer * (DA - X_hat * dgamma / m),
        "gamma is missing on the way back": right / GAMMA,
        "1/m is missing: the two sums should be means": outer * (DA - dbeta - X_hat * dgamma),
        "the root is missing on the way back": right * root,
    }
    same("what backward returns", called(layer.backward, DA), right, mistakes)
    mistakes = {
        "dgamma is the sum of dA times X̂, not times X": {
            "dgamma": (DA * X).sum(1, keepdims=True),
            "dbeta": dbeta,
        },
        "dgamma and dbeta are sums over the samples, no means": {
            "dgamma": dgamma / m,
            "dbeta": dbeta / m,
        },
    }
    same_arrays(layer.gradients, {"dgamma": dgamma, "dbeta": dbeta}, mistakes)


def _frozen(BatchNorm):
    """Refuse a frozen layer that does not take the running statistics as constants."""
    layer = _made(BatchNorm, frozen=True)
    root = np.sqrt(RUNNING["running_variance"] + EPS)
    X_hat = (X - RUNNING["running_mean"]) / root
    got = called(layer.forward, X, True)
    mistakes = {
        "frozen has no effect: training should use the running statistics": (
            GAMMA * _standard(X, 1)[0] + BETA
        )
    }
    if not _unmoved(layer):
        raise Wrong(
            "with frozen, training moves the running statistics: it should use them, and leave "
            "them as they are"
        )
    same("forward in training, with frozen,", got, GAMMA * X_hat + BETA, mistakes)
    dgamma, dbeta = (DA * X_hat).sum(1, keepdims=True), DA.sum(1, keepdims=True)
    m = X.shape[1]
    mistakes = {
        "with frozen, mean and variance are constants: nothing is taken off dA": (
            GAMMA / root * (DA - dbeta / m - X_hat * dgamma / m)
        )
    }
    same("backward, with frozen,", called(layer.backward, DA), GAMMA / root * DA, mistakes)
    same_arrays(layer.gradients, {"dgamma": dgamma, "dbeta": dbeta})
    mistakes = {
        "with frozen, predicting uses the statistics of the batch: the running ones": (
            GAMMA * _standard(X, 1)[0] + BETA
        )
    }
    got = called(layer.forward, X)
    same("forward without training, with frozen,", got, GAMMA * X_hat + BETA, mistakes)


@exercise
def BatchNorm(BatchNorm):
    """The batch's statistics in training, the running ones in predicting."""
    _start(BatchNorm)
    layer = _made(BatchNorm)
    _forward_in_training(layer)
    _back(layer)
    _second_batch(BatchNorm)
    _predicting(BatchNorm)
    _frozen(BatchNorm)
    _defaults(BatchNorm, 1)
    layer = BatchNorm(3)
    layer.forward(X, True)
    moved = 0.1 * X.mean(axis=1, keepdims=True)
    same("running_mean, with no momentum named,", layer.buffers["running_mean"], moved)
    _one_sample(BatchNorm)
    _far_from_zero(functools.partial(_made, BatchNorm), 1)
    _constant(BatchNorm)
    refused(BatchNorm(2).forward, np.ones((3, 4)), what="an X with more rows than features")
    refused(BatchNorm, 0, what="features=0")
    refused(BatchNorm, 2, 1, what="momentum=1")
    refused(BatchNorm, 2, 0.9, 0, what="eps=0")
    keeps_contract(functools.partial(_made, BatchNorm), X, DA)


def _layer_norm(LayerNorm):
    layer = LayerNorm(3, EPS)
    layer.parameters["gamma"][...] = GAMMA
    layer.parameters["beta"][...] = BETA
    return layer


@exercise
def LayerNorm(LayerNorm):
    """Each sample over its units, forward and back."""
    layer = _layer_norm(LayerNorm)
    X_hat, root = _standard(X, 0)
    C = X - X.mean(axis=0)
    mistakes = {
        "that is batch normalization: each sample over its units, axis=0": (
            GAMMA * _standard(X, 1)[0] + BETA
        ),
        "gamma and beta have no effect": X_hat,
        "one mean and one variance for the whole array: for each sample": (
            GAMMA * (X - X.mean()) / np.sqrt(X.var() + EPS) + BETA
        ),
        "eps is added to the root: to the variance, under the root": (
            GAMMA * C / (np.sqrt(X.var(axis=0)) + EPS) + BETA
        ),
        "the variance is the mean of squares: over n, not n - 1": (
            GAMMA * _standard(X, 0, ddof=1)[0] + BETA
        ),
        "divided by the variance: by its root": GAMMA * C / (X.var(axis=0) + EPS) + BETA,
        "eps is 1e-5, whatever was asked for": GAMMA * _standard(X, 0, 1e-5)[0] + BETA,
    }
    right = GAMMA * X_hat + BETA
    same("forward in training", called(layer.forward, X, True), right, mistakes)
    got = called(layer.forward, X)
    mistakes = {"predicting changes nothing: it does the same as in training": X}
    same("forward without training", got, right, mistakes)
    back = GAMMA * DA
    along, mean = (back * X_hat).mean(axis=0), back.mean(axis=0)
    first = DA.mean(axis=0), (DA * X_hat).mean(axis=0)
    mistakes = {
        "gamma comes too late: it differs from unit to unit, so it is inside the two means": (
            GAMMA / root * (DA - first[0] - X_hat * first[1])
        ),
        "mean and variance are not constants: they depend on X, too": back / root,
        "the path through the variance is missing": (back - mean) / root,
        "the path through the mean is missing": (back - X_hat * along) / root,
        "gamma is missing on the way back": (DA - first[0] - X_hat * first[1]) / root,
        "the means run over the samples, as in batch normalization: over the units": (
            back - back.mean(1, keepdims=True) - X_hat * (back * X_hat).mean(1, keepdims=True)
        )
        / root,
        "1/n is missing: the two sums should be means": (back - 3 * mean - X_hat * 3 * along)
        / root,
    }
    layer.forward(X, True)
    right = (back - mean - X_hat * along) / root
    same("what backward returns", called(layer.backward, DA), right, mistakes)
    dgamma, dbeta = (DA * X_hat).sum(1, keepdims=True), DA.sum(1, keepdims=True)
    mistakes = {
        "dgamma and dbeta are sums over the samples, no means": {
            "dgamma": dgamma / X.shape[1],
            "dbeta": dbeta / X.shape[1],
        },
        "dgamma is the sum of dA times X̂, not times X": {
            "dgamma": (DA * X).sum(1, keepdims=True),
            "dbeta": dbeta,
        },
    }
    same_arrays(layer.gradients, {"dgamma": dgamma, "dbeta": dbeta}, mistakes)
    one = X[:, :1]
    same("forward of a single sample", layer.forward(one, True), GAMMA * X_hat[:, :1] + BETA)
    if layer.buffers:
        raise Wrong(f"the layer keeps {', '.join(layer.buffers)}: no running statistics here")
    keeps_contract(functools.partial(_layer_norm, LayerNorm), X, DA)
    _defaults(LayerNorm, 0)
    _far_from_zero(functools.partial(_layer_norm, LayerNorm), 0)
    _differences(_layer_norm(LayerNorm), 3)
    _differences(LayerNorm(4, EPS), 4)


def _differences(layer, n):
    """Refuse a layer of n units whose gradients are not those by differences."""
    inputs = np.resize(X, (n, 5)) + np.sin(np.arange(5.0 * n)).reshape(n, 5)
    dA = np.resize(DA, (n, 5))
    layer.forward(inputs, True)
    found = copy.deepcopy({"dX": layer.backward(dA), **layer.gradients})
    for name, array in {"X": inputs, **layer.parameters}.items():
        numerical = central_differences(
            lambda: float((dA * layer.forward(inputs, True)).sum()), array
        )
        if gradient_error({"": found[f"d{name}"]}, {"": numerical}) > 1e-7:
            raise Wrong(f"with {n} units d{name} is not what differences give")


@exercise
def fold(fold):
    """One linear layer for two."""
    linear, norm = Linear(2, 3, 0), _made(reference.BatchNorm)
    linear.parameters["b"][...] = [[0.5], [-1.0], [2.0]]
    W, b = linear.parameters.values()
    mean, variance = RUNNING.values()
    scale = GAMMA / np.sqrt(variance + EPS)
    given = copy.deepcopy((linear, norm))
    got = called(lambda: fold(*given))
    if not isinstance(got, tuple) or len(got) != 2:
        raise Wrong("expected two arrays, (W, b)")
    kept = all(
        np.array_equal(array, other.state()[name])
        for one, other in zip(given, (linear, norm), strict=True)
        for name, array in one.state().items()
    )
    if not kept:
        raise Wrong("your function changes the layers: leave them, and return new arrays")
    mistakes = {
        "W is not scaled": W,
        "gamma is missing in W": W / np.sqrt(variance + EPS),
        "W is divided by nothing: the root of the running variance": W * GAMMA,
        "eps is missing under the root": W * GAMMA / np.sqrt(variance),
        "the root is missing: W is divided by the variance": W * GAMMA / (variance + EPS),
        "W is multiplied by the root: divide by it": W * GAMMA * np.sqrt(variance + EPS),
        "eps is added to the root: to the variance, under the root": (
            W * GAMMA / (np.sqrt(variance) + EPS)
        ),
    }
    same("W", got[0], scale * W, mistakes)
    mistakes = {
        "the bias of the linear layer is lost": BETA - scale * mean,
        "the running mean is not taken off": scale * b + BETA,
        "b is not scaled: the bias goes through the BatchNorm, too": b + BETA - scale * mean,
        "beta is missing": scale * (b - mean),
        "beta is scaled: it is added behind the scale": scale * (b - mean + BETA),
        "the running mean is taken off behind the scale: before it": scale * b - mean + BETA,
        "the running mean is added: take it off": scale * (b + mean) + BETA,
    }
    same("b", got[1], scale * (b - mean) + BETA, mistakes)
    return "Two layers for the price of one, as long as nothing is trained any more"


@exercise
def batch_weights(batch_weights):
    """How much each batch counts in the running mean."""
    for k, share in ((4, 0.1), (6, 0.3), (1, 0.2)):
        stays, ages = 1 - share, np.arange(k)[::-1]
        right = share * stays**ages
        mistakes = {
            "PyTorch's momentum is the share of the new batch, and ours is what stays": (
                stays * share**ages
            ),
            "the newest batch counts most: the oldest stands first": right[::-1],
            "they add up to 1: a part is still that of the 0 at the start": right / right.sum(),
            "each new batch counts with the share torch_momentum, and not fully": stays**ages,
            "each batch shrinks once less: the newest has not shrunk yet": right * stays,
            "all batches count the same: older ones have shrunk more often": np.full(k, share),
            "that is the mean of all batches: running means forget": np.full(k, 1 / k),
        }
        got = called(batch_weights, k, share)
        same(f"the weights of {k} batches, with {share},", got, right, mistakes)
    return "They add up to 1 - (1 - torch_momentum)^k: the rest is the start"


class _PredictsByBatch(reference.BatchNorm):
    def forward(self, X, training=False):
        kept, memory = self.state(), self.memory
        output = super().forward(X, True)
        if not training:
            self.load_state(kept)
            self.memory = memory
        return output


class _TrainsByRunning(reference.BatchNorm):
    def forward(self, X, training=False):
        if training:
            self.follow(X)
        self.frozen = True
        return super().forward(X, training)


class _MovesInPredicting(reference.BatchNorm):
    def forward(self, X, training=False):
        output = super().forward(X, training)
        if not training:
            self.follow(X)
        return output


class _NeverMoves(reference.BatchNorm):
    def follow(self, X):
        kept = self.state()
        found = super().follow(X)
        self.load_state(kept)
        return found


class _TurnedMomentum(reference.BatchNorm):
    def __init__(self, features, momentum=0.9, eps=1e-5):
        super().__init__(features, momentum, eps)
        self.momentum = 1 - momentum


class _PlainRuns(reference.BatchNorm):
    def follow(self, X):
        kept = self.buffers["running_variance"].copy()
        mean, variance = super().follow(X)
        moved = self.momentum * kept + (1 - self.momentum) * variance
        self.buffers["running_variance"][...] = moved
        return mean, variance


class _OtherDivides(reference.BatchNorm):
    def follow(self, X):
        mean, variance = super().follow(X)
        return mean, variance * X.shape[1] / (X.shape[1] - 1)


class _Constants(reference.BatchNorm):
    def backward(self, dA):
        super().backward(dA)
        return self.parameters["gamma"] / self.memory[1] * dA


class _NoVarianceBack(reference.BatchNorm):
    def backward(self, dA):
        super().backward(dA)
        mean = dA.mean(axis=1, keepdims=True)
        return self.parameters["gamma"] / self.memory[1] * (dA - mean)


class _NoGammaBack(reference.BatchNorm):
    def backward(self, dA):
        return super().backward(dA) / self.parameters["gamma"]


class _MeanInGradients(reference.BatchNorm):
    def backward(self, dA):
        dX = super().backward(dA)
        self.gradients = {name: g / dA.shape[1] for name, g in self.gradients.items()}
        return dX


@exercise
def check_batch_norm(check_batch_norm):
    """A check of batch normalization: the right one passes, wrong ones do not."""
    return grade(
        check_batch_norm,
        [reference.BatchNorm],
        {
            "one that predicts by the statistics of the batch": _PredictsByBatch,
            "one that trains by the running statistics": _TrainsByRunning,
            "one whose running statistics move in predicting, too": _MovesInPredicting,
            "one whose running statistics never move": _NeverMoves,
            "one in which momentum is the share of the new batch": _TurnedMomentum,
            "one in which the plain variance runs, without m / (m - 1)": _PlainRuns,
            "one that divides by the other variance, with m - 1": _OtherDivides,
            "one whose backward takes mean and variance as constants": _Constants,
            "one whose backward forgets the variance alone": _NoVarianceBack,
            "one whose backward leaves out gamma": _NoGammaBack,
            "one whose dgamma and dbeta are means": _MeanInGradients,
        },
    )
