"""Guards of stage 9 and later, which train networks of layers.

Written by hand, as validation.py is.
"""

import copy
import math
import numbers

import numpy as np

from nnfs_core.validation import (
    describe,
    guard_kind,
    guard_matrix,
    guard_number,
    guard_samples,
    guard_shape,
    guard_share,
)


def guard_minibatches(X, Y, batch_size, rng):
    """Refuse samples without their targets, a batch of none, and a seed in a generator's place."""
    guard_matrix("X", X)
    guard_matrix("Y", Y, columns=X.shape[1])
    guard_number("batch_size", batch_size, least=1, whole=True)
    expected = "np.random.default_rng(seed), made once: a seed would give each epoch the same order"
    guard_kind("rng", rng, np.random.Generator, expected)


def guard_betas(betas):
    """Refuse all but two numbers from 0 to below 1, and two that look swapped."""
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        given = repr(betas) if isinstance(betas, tuple | list) else describe(betas)
        raise ValueError(f"betas is {given}; expected two numbers: (0.9, 0.999)")
    for name, beta in zip(("beta_1", "beta_2"), betas, strict=True):
        guard_share(name, beta)
    if betas[0] > betas[1]:
        expected = "the first, of g, no larger than the second, of g²"
        raise ValueError(f"betas is {betas}; expected {expected}: are they swapped?")


def guard_owner(optimizer, network):
    """Refuse a network that is not the one whose gradients an optimizer remembers."""
    if optimizer.network not in (None, network):
        what = "remembers the gradients of another network"
        raise ValueError(f"{optimizer!r} {what}; expected an optimizer for each network: make one")


def guard_step(optimizer, network, factor):
    """Return (parameter, gradient) of each name; refuse a step before backward or elsewhere."""
    guard_number("factor", factor, least=0)
    guard_number("learning_rate", optimizer.learning_rate, above=0)  # it may have been changed
    gradients = getattr(network, "gradients", None)
    if gradients is None:
        raise TypeError(f"network is {describe(network)}; expected the layers: model.network")
    guard_owner(optimizer, network)
    parameters = network.parameters
    if not parameters:
        raise ValueError(f"{network!r} has no parameters; expected a layer with weights in it")
    try:
        pairs = [(array, gradients[f"d{name}"]) for name, array in parameters.items()]
    except KeyError as error:
        missing = error.args[0]
        raise RuntimeError(f"step before backward: there is no gradient {missing} yet") from None
    for name, (array, gradient) in zip(parameters, pairs, strict=True):
        if gradient.shape != array.shape:  # in a row, it would shift all that follow
            expected = f"expected {array.shape}, as {name} has"
            raise RuntimeError(f"backward gave d{name} the shape {gradient.shape}; {expected}")
    return pairs


def guard_direction(optimizer, direction, g):
    """Refuse a direction that has not the shape of the gradient."""
    if np.shape(direction) != g.shape:
        expected = f"an array of shape {g.shape}, as g is"
        name = type(optimizer).__name__
        raise RuntimeError(f"{name}.direction returned {describe(direction)}; expected {expected}")


def _guard_output(model):
    """Refuse probabilities in front of a loss that takes logits: it would take them in silence."""
    last, loss = model.network, type(model.loss_part).__name__
    while type(last).__name__ == "Sequential":  # not a block that has layers of its own
        last = last.layers[-1]
    takes_logits = loss in ("SoftmaxCrossEntropyLoss", "BinaryCrossEntropyLoss")
    if takes_logits and type(last).__name__ in ("Softmax", "Sigmoid"):
        todo = f"leave {last!r} out, and take it of what the model predicts"
        raise ValueError(f"the last layer is {last!r}; {loss} expected logits: {todo}")


def guard_solver(model, optimizer, schedule, clip_norm, metric, kinds):
    """Refuse what is no model, no optimizer of it, no function, and a clip_norm not above 0."""
    guard_kind("model", model, kinds[0], "Model(mlp([14, 64, 1]))")
    guard_kind("optimizer", optimizer, kinds[1], "one such as Adam(learning_rate=0.001)")
    guard_owner(optimizer, model.network)
    _guard_output(model)
    for name, function in {"schedule": schedule, "metric": metric}.items():
        if not callable(function) and (name == "schedule" or function is not None):
            raise TypeError(f"{name} is {describe(function)}; expected a function")
    for progress in (0.0, 0.5, 0.99):  # before it is asked in the middle of a training
        guard_number(f"schedule({progress})", schedule(progress), least=0)
    if clip_norm is not None:
        guard_number("clip_norm", clip_norm, above=0)


def guard_metric(value):
    """Refuse all but a finite number as what a metric has returned."""
    samples = "scikit-learn takes a sample a row: metric=lambda Y, A: r2_score(Y.T, A.T)"
    if not isinstance(value, numbers.Real):
        raise TypeError(f"the metric returned {describe(value)}; expected a number")
    if not math.isfinite(value):
        raise ValueError(f"the metric is {value}; expected a finite number: {samples}")


def guard_pair(name, pair, n_in):
    """Refuse all but (X, Y), with X (n_in, m) and Y (any, m)."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"{name} is {describe(pair)}; expected the pair (X, Y)")
    guard_matrix(f"X of {name}", pair[0], rows=n_in)
    guard_matrix(f"Y of {name}", pair[1], columns=pair[0].shape[1])


def guard_fit(model, train, validation, epochs, batch_size, seed, patience):
    """Refuse samples that do not fit, validation on what is learnt, and settings without sense."""
    guard_pair("train", train, None)
    m = train[0].shape[1]
    if m > 1 and (train[1] == train[1][:, :1]).all():
        raise ValueError("Y of train is the same in all samples: there is nothing to learn")
    guard_number("epochs", epochs, least=1, whole=True)
    guard_number("batch_size", batch_size, least=1, whole=True)
    guard_number("seed", seed, least=0, whole=True)
    # Ask now what would stop in mid-epoch: a layer that standardises, at a batch of one sample.
    if model.network.buffers and min(m, m % batch_size or batch_size) == 1:
        with np.errstate(all="ignore"):
            copy.deepcopy(model.network).forward(train[0][:, :1], training=True)
    if model.l2 and model.m != m:
        expected = f"expected Model(..., m={m}), so that the penalty means what it says"
        raise ValueError(f"the model's penalty is for {model.m} samples, train has {m}; {expected}")
    if patience is not None:
        guard_number("patience", patience, least=1, whole=True)
        if validation is None:
            raise ValueError("patience needs validation=(X, Y), samples that are not learnt from")
    if validation is None:
        return
    guard_pair("validation", validation, len(train[0]))
    guard_shape("Y of validation", validation[1], rows=len(train[1]))
    some = validation[0][:, :: -(-validation[0].shape[1] // 100)]  # a hundred at most
    known = ((train[0] == sample[:, None]).all(axis=0).any() for sample in some.T)
    if all(known):  # which looks no further than the first that is new
        where = "validation is the training set, or a part of it"
        raise ValueError(f"{where}; expected samples that are kept aside")


def guard_bins(bins):
    """Refuse all but a number of bins, 1 or more, or a list with one for each feature."""
    several = isinstance(bins, list | tuple)
    if several and not bins:
        raise ValueError("bins is empty; expected a number, or one for each feature")
    for place, number in enumerate(bins if several else [bins]):
        guard_number(f"bins[{place}]" if several else "bins", number, least=1, whole=True)


def guard_features(X, bins):
    """Refuse samples that edges cannot be found from: other features than bins, or one value."""
    guard_matrix("X", X)
    if isinstance(bins, list | tuple) and len(bins) != len(X):
        raise ValueError(
            f"bins has {len(bins)} numbers; expected one for each of {len(X)} features"
        )
    if (flat := np.flatnonzero(X.max(axis=1) == X.min(axis=1))).size:
        same = "is the same in all samples; expected two values or more: leave it out"
        raise ValueError(f"feature {flat[0]} (counted from 0) {same}")


def guard_encoder(encoder, X):
    """Refuse to encode before fit, and samples with other features than fit has seen."""
    if encoder.edges is None:
        raise RuntimeError("transform before fit: the edges come from the training samples")
    guard_matrix("X", X, rows=len(encoder.edges))


def guard_ensemble(models):
    """Refuse all but a list of different objects that predict."""
    if not isinstance(models, list | tuple):
        raise TypeError(f"models is {describe(models)}; expected a list of trained models")
    if not models:
        raise ValueError("models is empty; expected at least one")
    for place, model in enumerate(models):
        if isinstance(model, type) or not callable(getattr(model, "predict", None)):
            expected = "a trained model, with predict"
            raise TypeError(f"models[{place}] is {describe(model)}; expected {expected}")
        if any(model is other for other in models[:place]):
            again = "stands in the list before, so that averaging changes nothing"
            raise ValueError(f"models[{place}] {again}: train one for each seed")


def guard_predictions(predictions):
    """Refuse predictions that are not all of one shape, which broadcasting would hide."""
    for place, prediction in enumerate(predictions):
        guard_shape(f"the prediction of models[{place}]", prediction, *predictions[0].shape)


def guard_logits(name, Z):
    """Return logits as floats; refuse all but a 2-D array (K, m) with K of 2 or more."""
    Z = guard_samples(name, Z)
    if len(Z) < 2:
        expected = "expected a row for each class, two or more: BinaryCrossEntropyLoss takes one"
        raise ValueError(f"{name} is {describe(Z)}; {expected}")
    return Z


def _guard_label_kind(labels):
    """Refuse all but a 1-D array of numbers, at least one of them."""
    if type(labels) is not np.ndarray:
        pandas = hasattr(labels, "to_numpy")
        hint = "labels.to_numpy()" if pandas else "np.array(labels)"
        raise TypeError(f"labels is {describe(labels)}; expected a 1-D NumPy array: {hint}")
    if labels.dtype.kind not in "iuf":
        hint = "np.unique(labels, return_inverse=True)[1] numbers them"
        if labels.dtype.kind == "b":
            hint = "labels.astype(int) makes 0 and 1 of False and True"
        raise TypeError(f"labels is {describe(labels)}; expected whole numbers: {hint}")
    if labels.ndim != 1:
        hint = ""
        if labels.ndim == 2:
            one_hot = min(labels.shape) > 1
            hint = "labels.argmax(axis=0), if they are one-hot" if one_hot else "labels.ravel()"
            hint = f": try {hint}"
        raise ValueError(f"labels is {describe(labels)}; expected shape (m,){hint}")
    if labels.size == 0:
        raise ValueError("labels is empty; expected one for each sample")


def guard_labels(labels, classes):
    """Refuse all but (m,) whole numbers from 0 to classes - 1, of two classes or more."""
    guard_number("classes", classes, least=2, whole=True)
    _guard_label_kind(labels)
    expected = f"expected whole numbers from 0 to {classes - 1}"
    missing = np.count_nonzero(np.isnan(labels))
    if missing:
        count = f"{missing} labels are" if missing > 1 else "1 label is"
        raise ValueError(f"{count} missing (NaN); {expected}: drop these samples")
    fractional = labels[labels != np.floor(labels)]
    if fractional.size:
        raise ValueError(f"labels holds {fractional[0]:g}, which is not whole; {expected}")
    low, high = labels.min(), labels.max()
    if low < 0:
        hint = "-1 often stands for a missing class: drop these samples" if low == -1 else ""
        raise ValueError(f"labels holds {low:g}; {expected}{': ' * bool(hint)}{hint}")
    if high >= classes:
        from_one = low >= 1 and high == classes
        hint = ": they count from 1, so take labels - 1" if from_one else ""
        raise ValueError(f"labels goes up to {high:g}; {expected}{hint}")
    if labels.size > 1 and low == high:
        nothing = "there is nothing to tell apart"
        raise ValueError(f"all {labels.size} labels are {low:g}: {nothing}; expected two classes")


def guard_one_hot(Y, classes, m):
    """Refuse targets that are not one-hot: a 1 in each column (classes, m), and else 0."""
    if type(Y) is np.ndarray and Y.size == m and classes > 1:
        hint = "it looks like labels, one a sample: take one_hot(labels, classes)"
        raise ValueError(f"Y is {describe(Y)}; expected shape ({classes}, {m}); {hint}")
    guard_shape("Y", Y, classes, m)
    strange = Y[(Y != 0) & (Y != 1)]
    if strange.size:
        raise ValueError(f"Y holds {strange[0]:g}; expected one-hot columns of 0 and 1")
    ones = Y.sum(axis=0)
    if np.any(ones != 1):
        place = int(np.flatnonzero(ones != 1)[0])
        raise ValueError(f"sample {place} of Y belongs to {ones[place]:g} classes; expected one")


def guard_one_logit(A):
    """Return the logits of two classes as floats; refuse all but a 2-D array (1, m)."""
    A = guard_samples("A", A)
    if len(A) != 1:
        several = "for several classes take SoftmaxCrossEntropyLoss"
        raise ValueError(f"A is {describe(A)}; expected one row of logits, (1, m): {several}")
    return A


def guard_binary(Y, m):
    """Refuse targets of two classes that are not (1, m) of 0 and 1."""
    guard_shape("Y", Y, 1, m)
    strange = Y[(Y != 0) & (Y != 1)]
    if strange.size:
        signs = bool(np.all(np.abs(Y) == 1))
        hint = ": make 0 and 1 of -1 and +1 by (Y + 1) / 2" if signs else ""
        raise ValueError(f"Y holds {strange[0]:g}; expected 0 and 1{hint}")


def guard_batch(X):
    """Refuse a training batch without a spread: of one sample."""
    if X.shape[1] < 2:
        todo = "choose a batch_size for which m % batch_size is not 1, or drop the last batch"
        raise ValueError(
            f"X is {describe(X)}; expected two samples or more in training, since one is its own "
            f"mean: {todo}. Predicting takes one: forward(X)"
        )
