"""Guards of stage 13, and what scikit-learn asks of an estimator: rows, classes, weights, seeds.

Written by hand: scikit-learn's customs are not the lesson.
"""

import numbers
from itertools import pairwise

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_array, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from nnfs_core.validation import describe, guard_choice, guard_number, guard_shape, guard_values

MOST_PARAMETERS = 50_000_000  # with gradients, moments and copies they take some gigabytes
MOST_TARGETS = 100_000_000  # numbers, nearly all of them 0: 0.8 gigabytes


def guard_pairs(one, other):
    """Return two rows of numbers as arrays; refuse rows that are no pairs, and fewer than two."""
    rows = []
    for name, values in {"one": one, "other": other}.items():
        row = np.asarray(values)
        guard_values(name, row)
        if row.ndim != 1 or len(row) < 2:
            expected = "two or more numbers in a row: one pair has no spread"
            raise ValueError(f"{name} is {describe(row)}; expected {expected}")
        rows.append(row.astype(np.float64))
    if len(rows[0]) != len(rows[1]):
        counts = f"one has {len(rows[0])} numbers, other has {len(rows[1])}"
        raise ValueError(f"{counts}; expected pairs, of the same splits or seeds in the same order")
    return rows


def guard_weighted(A, Y):
    """Return Y in the precision of A; refuse other shapes, no row of weights, negative weights."""
    guard_shape("Y", Y, *A.shape)
    if len(Y) < 2:
        raise ValueError(f"Y is {describe(Y)}; expected targets and a row of weights below them")
    if (lowest := Y[-1].min()) < 0:
        raise ValueError(
            f"the weights, the last row of Y, go down to {lowest:g}; expected 0 or more"
        )
    return Y.astype(A.dtype, copy=False)


def guard_each(found, A):
    """Return losses (m,) and gradient as each of WeightedLoss returned them for A; refuse others.

    Other shapes would be stretched over the weights.
    """
    if not isinstance(found, tuple) or len(found) != 2:
        expected = "the losses of the samples, and their gradient by A"
        raise TypeError(f"each returned {describe(found)}; expected two arrays: {expected}")
    losses, gradient = found
    if np.shape(losses) != A.shape[1:]:
        expected = f"an array of shape ({A.shape[1]},), one for each sample"
        raise ValueError(f"each returned losses, {describe(losses)}; expected {expected}")
    guard_shape("the gradient that each returned", gradient, *A.shape)
    return losses, gradient


def guard_settings(estimator, activations, optimizers):
    """Refuse settings without sense: at fit, as scikit-learn wants it, not when they are set."""
    guard_choice("activation", estimator.activation, activations)
    guard_choice("optimizer", estimator.optimizer, optimizers)
    guard_number("learning_rate", estimator.learning_rate, above=0)
    guard_number("l2", estimator.l2, least=0)
    guard_number("epochs", estimator.epochs, least=1, whole=True)
    guard_number("batch_size", estimator.batch_size, least=1, whole=True)
    sizes = estimator.hidden_layer_sizes
    if not isinstance(sizes, list | tuple):
        raise TypeError(f"hidden_layer_sizes is {sizes!r}; expected a tuple such as (64, 32)")
    for place, size in enumerate(sizes):
        guard_number(f"hidden_layer_sizes[{place}]", size, least=1, whole=True)


def guard_size(sizes):
    """Return layer sizes (n_0, ..., n_L); refuse more parameters than memory should hold."""
    count = sum(a * b + b for a, b in pairwise(map(int, sizes)))
    if count > MOST_PARAMETERS:
        layers = "-".join(map(str, sizes))
        raise ValueError(
            f"a network {layers} has {count:,} parameters; expected {MOST_PARAMETERS:,} at most: "
            "make hidden_layer_sizes smaller, or take fewer features"
        )
    return sizes


def seed_of(random_state) -> int:
    """Return a seed: a whole number is one; None and a RandomState draw one."""
    if isinstance(random_state, numbers.Integral):
        guard_number("random_state", random_state, least=0, whole=True)
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def _read_weights(sample_weight, X):
    """Return a weight for each row of X; refuse others, negative ones, and only zeros."""
    if sample_weight is None:
        return np.ones(len(X))
    weights = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    if weights.shape != (len(X),):
        raise ValueError(f"sample_weight has the shape {weights.shape}; expected ({len(X)},)")
    if weights.min() < 0 or weights.max() == 0:
        what = "a negative weight" if weights.min() < 0 else "only zeros"
        raise ValueError(f"sample_weight holds {what}; expected 0 or more, and one above 0")
    with np.errstate(over="ignore"):
        total = weights.sum()
        usable = np.isfinite([total, len(X) / total]).all()
    if not usable:
        raise ValueError(f"sample_weight adds up to {total:g}; expected weights near 1")
    return weights


def read_samples(estimator, X, y, sample_weight, begins):
    """Return X and y, a sample a row, and weights, without the samples of weight 0.

    begins: whether it is the first time, which fixes number and names of the features.
    """
    regression = not is_classifier(estimator)
    kind = {"multi_output": regression, "y_numeric": regression}
    X, y = validate_data(estimator, X, y, reset=begins, dtype=np.float64, **kind)
    weights = _read_weights(sample_weight, X)
    if not regression:
        check_classification_targets(y)
    counts = weights > 0
    return X[counts], y[counts], weights[counts]


def guard_varies(Y):
    """Refuse targets (n_L, m) that are the same in all of several samples."""
    if Y.shape[1] > 1 and (Y == Y[:, :1]).all():
        raise ValueError("y is the same in all samples: there is nothing to learn")


def find_classes(y, classes, known=None):
    """Return the sorted classes: known from before, or else named, or else those of y."""
    if known is not None:
        if classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(f"classes is {classes}; expected those of the first call, {known}")
        return known
    found = np.unique(y if classes is None else classes)
    if len(found) < 2:
        where = "y" if classes is None else "classes"
        raise ValueError(f"{where} holds one class, {found[0]}; expected two classes or more")
    return found


def encode(y, classes):
    """Return one-hot targets (K, m) of labels y; refuse one that is not among the classes."""
    if not np.isin(y, classes).all():
        raise ValueError(f"y holds classes that are not in {classes}: name all of them at first")
    if (count := len(classes) * len(y)) > MOST_TARGETS:
        many = f"{len(classes):,} classes of {len(y):,} samples are {count:,} numbers"
        todo = "is y a number to predict? That is for NumPyMLPRegressor"
        raise ValueError(f"{many}; expected {MOST_TARGETS:,} at most: {todo}")
    Y = np.zeros((len(classes), len(y)))
    Y[np.searchsorted(classes, y), np.arange(len(y))] = 1
    return Y
