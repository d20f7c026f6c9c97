"""Guards: what is refused, with what was given, what was expected and what to do.

Written by hand, unlike the stages: the guards are not the lesson. A function of the course calls
its guard first. Names, shapes and values are looked at where arrays come in. That costs little
beside the formulas for thousands of samples, and more than they do for a few.
"""

import math
import numbers
import sys
import warnings

import numpy as np

Array = np.ndarray
Arrays = dict[str, Array]  # by name: {"W1": ..., "b1": ...}
REALS = (int, float, np.integer, np.floating)


class ReadOnly(dict):
    """Arrays of a network by name: they may be changed in place, but not exchanged for others."""

    def _refuse(self, *_, **__):
        change = "network.parameters['W1'][...] = W"
        raise TypeError(f"the names belong to the network: change an array in place, {change}")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self):
        """Return how a copy or a pickle is made."""
        return ReadOnly, (dict(self),)


class NotFinite(ValueError):
    """Values that are NaN or infinite: in what was given, or in a training that diverges."""


def describe(value) -> str:
    """Return what a value is, in words for an error message."""
    if type(value) is np.ndarray:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if value is None or isinstance(value, numbers.Number):
        return repr(value)
    return f"a {type(value).__name__}"


def guard_kind(name, value, kind, expected):
    """Refuse all but an object of this class."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {describe(value)}; expected {expected}")


def guard_values(name, values, kinds="fiub"):
    """Refuse all but finite real numbers, at least one: a NumPy array of any shape, or a number."""
    if type(values) is np.ndarray:
        array = values
    elif isinstance(values, numbers.Number):
        array = np.asarray(values)
    else:
        raise TypeError(f"{name} is {describe(values)}; expected a NumPy array: np.array({name})")
    if array.dtype.kind not in kinds or array.dtype.char == "e":  # float16, which ends at 65,504
        expected = "floats: use .astype(float)" if kinds == "f" else "real numbers"
        raise TypeError(f"{name} is {describe(values)}; expected {expected}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: {describe(values)}; expected at least one value")
    bad = array.size - np.count_nonzero(np.isfinite(array))
    if bad:
        raise NotFinite(f"{name} holds {bad} NaN or infinite values; drop or fill them first")


def guard_shape(name, matrix, rows=None, columns=None):
    """Refuse all but a 2-D array of real numbers, (rows, columns); None stands for any number."""
    if type(matrix) is not np.ndarray:  # np.matrix and masked arrays compute differently
        expected = "a 2-D NumPy array, a sample a column"
        raise TypeError(f"{name} is {describe(matrix)}; expected {expected}")
    fits = matrix.ndim == 2 and rows in (None, len(matrix)) and columns in (None, matrix.shape[1])
    if not fits:
        turned = matrix.ndim == 2 and rows not in (None, len(matrix)) and rows == matrix.shape[1]
        hint = f"; a sample is a column: try {name}.T" if turned else ""
        if matrix.ndim == 1:
            hint = f"; one sample is {name}[:, None], one feature {name}[None, :]"
        shape = ", ".join("any" if n is None else str(n) for n in (rows, columns))
        raise ValueError(f"{name} is {describe(matrix)}; expected shape ({shape}){hint}")


def guard_matrix(name, matrix, rows=None, columns=None, kinds="fiub"):
    """Refuse all but a finite 2-D array of this many rows and columns (None: any number)."""
    guard_shape(name, matrix, rows, columns)
    guard_values(name, matrix, kinds)


def guard_samples(name, X, rows=None, columns=None):
    """Return X as floats; refuse all but a 2-D array of real numbers, (rows, columns).

    It takes less than a microsecond: the layers call it, and values are looked at by the model.
    """
    floats = type(X) is np.ndarray and X.dtype.char in "fdg"  # float32 and larger
    if floats and X.ndim == 2:
        n, m = X.shape
        if (rows is None or rows == n) and (columns is None or columns == m):
            return X
    guard_shape(name, X, rows, columns)
    if X.dtype.kind not in "iub":
        raise TypeError(f"{name} is {describe(X)}; expected real numbers")
    return X.astype(np.float64)


def guard_number(name, value, above=None, least=None, whole=False):
    """Refuse all but a finite number (whole, if asked) above or at least a bound."""
    low = above if above is not None else least
    if type(value) is float and not whole and low < value < math.inf:
        return  # the usual case, in half the time: a step of training asks twice
    kind = numbers.Integral if whole else REALS
    plain = value.item() if isinstance(value, np.generic) else value  # float32 would overflow below
    bound = f" above {above}" if above is not None else f", {least} or more"
    in_range = (
        isinstance(value, kind)
        and not isinstance(value, bool)
        and abs(plain) <= sys.float_info.max
        and (plain > above if above is not None else plain >= least)
    )
    if not in_range:
        expected = f"a {'whole ' if whole else ''}number{bound}"
        raise ValueError(f"{name} is {describe(value)}; expected {expected}")


def guard_share(name, value):
    """Refuse all but a number from 0 to below 1."""
    guard_number(name, value, least=0)
    if value >= 1:
        raise ValueError(f"{name} is {value}; expected a number below 1")


def guard_rows(tracks, numbers):
    """Refuse tracks if each row has gaps among its numbers; warn if more than a tenth have."""
    gaps = numbers.isna()
    dropped = int(gaps.any(axis=1).sum())
    if dropped <= len(tracks) / 10 and len(tracks):
        return
    worst = gaps.sum().idxmax()
    dated = worst == "year" and "release_date" in tracks
    column = tracks["release_date" if dated else worst]
    found = [str(value) for value in column[gaps[worst].to_numpy()].dropna().unique()[:3]]
    hint = "; expected YYYY, YYYY-MM or YYYY-MM-DD, 1860 to 2050" if dated else ""
    message = (
        f"{dropped:,} of {len(tracks):,} rows are incomplete; {column.name} costs most: "
        f"{gaps[worst].sum():,} hold no number in its range, but {found or 'nothing'}{hint}"
    )
    if dropped == len(tracks):
        raise ValueError(f"no complete row is left: {message}")
    warnings.warn(f"{message}; they are dropped", stacklevel=3)


def guard_frame(tracks, column, maker):
    """Refuse all but a DataFrame with this column, which `maker` returns."""
    import pandas as pd

    if not isinstance(tracks, pd.DataFrame):
        raise TypeError(f"tracks is {describe(tracks)}; expected what {maker} returns")
    if column not in tracks:
        raise TypeError(f"tracks has no column {column}; expected what {maker} returns")


def guard_column(column):
    """Refuse several columns of one name, and times and complex numbers."""
    if column.ndim != 1:
        raise ValueError(f"several columns are called {column.columns[0]}; drop all but one")
    if column.dtype.kind in "mMc":
        advice = "turn it into numbers first, times by .dt.year or .dt.total_seconds()"
        raise ValueError(f"column {column.name} holds {column.dtype}; {advice}")


def guard_columns(tracks, features, target):
    """Refuse columns that are missing, incomplete, no numbers, repeated or the target itself."""
    columns = [*features, target]
    missing = [name for name in columns if name not in tracks]
    if missing or not features:
        raise ValueError(f"no columns {missing or 'asked for'} in the tracks: {list(tracks)}")
    if len(set(columns)) < len(columns):
        raise ValueError(f"features {features} repeat a column or hold the target {target!r}")
    for name in columns:
        guard_column(tracks[name])
        numbers = tracks[name].dtype.kind in "fiub"
        if not numbers or not np.isfinite(tracks[name].to_numpy(float, na_value=np.nan)).all():
            raise ValueError(f"column {name} holds gaps or text; pass the result of clean_tracks")
        if tracks[name].abs().max() > 1e100:
            raise ValueError(f"column {name} goes beyond 1e100, so that scaling would overflow")


def guard_split(tracks, features, target, test_size, seed):
    """Refuse columns as above, a share that leaves fewer than two rows, and a bad seed."""
    if isinstance(features, str):
        raise ValueError(f"features is the text {features!r}; expected a list: [{features!r}]")
    guard_columns(tracks, features, target)
    guard_number("test_size", test_size, above=0)
    guard_number("seed", seed, least=0, whole=True)
    if test_size >= 1:
        raise ValueError(f"test_size is {test_size}; expected a share between 0 and 1")
    if seed >= 2**32:
        raise ValueError(f"seed is {seed}; expected a whole number below 2**32")
    rows = len(tracks)
    if (left := rows - math.ceil(rows * test_size)) < 2:
        raise ValueError(
            f"{rows} rows with test_size={test_size} leave {left} to learn from; expected two or "
            "more: give more rows or a smaller share"
        )


def guard_target(column):
    """Refuse a target that does not vary."""
    if column.nunique() < 2:
        where = "is the same in all training rows"
        raise ValueError(f"the target {column.name} {where}; expected several values")


def guard_scores(dataset, predictions, baselines):
    """Refuse too few tracks, and predictions of another shape or under a baseline's name."""
    if dataset.X_train.shape[1] < 11 or dataset.X_test.shape[1] < 2:
        raise ValueError("the baselines need 11 tracks to learn from and 2 to test on; give more")
    for name, values in predictions.items():
        guard_matrix(f"predictions[{name!r}]", values, *dataset.Y_test.shape)
        if name in baselines:
            raise ValueError(f"{name!r} is the name of a baseline; expected another")


def guard_keys(name, given, expected):
    """Refuse all but a dict with just these keys."""
    if not isinstance(given, dict):
        raise TypeError(f"{name} is {describe(given)}; expected a dict with {', '.join(expected)}")
    if list(given) == expected:
        return
    missing = [key for key in expected if key not in given]
    unknown = [str(key) for key in given if key not in expected]
    if missing or unknown:
        faults = f"missing {', '.join(missing) or 'none'}, unknown {', '.join(unknown) or 'none'}"
        raise ValueError(f"{name}: {faults}; expected {', '.join(expected)}")


def guard_layer_sizes(layer_sizes, seed=0):
    """Refuse all but two or more whole numbers above 0: the features, then each layer's units."""
    if not isinstance(layer_sizes, list | tuple) or len(layer_sizes) < 2:
        expected = "a list of two or more: [14, 64, 1]"
        raise ValueError(f"layer_sizes is {layer_sizes!r}; expected {expected}")
    for place, size in enumerate(layer_sizes):
        guard_number(f"layer_sizes[{place}]", size, least=1, whole=True)
    guard_number("seed", seed, least=0, whole=True)


def guard_parameters(parameters):
    """Refuse all but W1, b1, ..., WL, bL of floats whose shapes fit one another."""
    if isinstance(parameters, ReadOnly):
        raise TypeError(
            "parameters belongs to a network of layers, which may be another than ReLU after every "
            "layer; expected a dict of initialize_parameters: use the network's own methods"
        )
    given = parameters if isinstance(parameters, dict) else {}
    layers = [int(key[1:]) for key in given if str(key)[1:].isdecimal() and str(key)[0] in "Wb"]
    depth = min(max(layers, default=1), len(given)) or 1
    keys = [f"{letter}{layer}" for layer in range(1, depth + 1) for letter in "Wb"]
    guard_keys("parameters", parameters, keys)
    units = None
    for layer in range(1, depth + 1):
        guard_matrix(f"W{layer}", parameters[f"W{layer}"], columns=units, kinds="f")
        units = len(parameters[f"W{layer}"])
        guard_matrix(f"b{layer}", parameters[f"b{layer}"], rows=units, columns=1, kinds="f")


def guard_network(X, parameters):
    """Refuse an X that is not (n_features, m), with n_features what W1 takes."""
    guard_parameters(parameters)
    guard_matrix("X", X, rows=parameters["W1"].shape[1])


def guard_training_data(X, Y, parameters, l2=0.0):
    """Refuse X and Y that do not fit the network or each other, and a negative l2."""
    guard_network(X, parameters)
    guard_matrix("Y", Y, rows=len(parameters[f"b{len(parameters) // 2}"]), columns=X.shape[1])
    guard_number("l2", l2, least=0)


def guard_cache(X, cache, parameters):
    """Refuse a cache that is not of this X and these parameters.

    Each A_l is compared with relu(Z_l) as a whole; each Z_l is computed again for the first, the
    middle and the last sample, and may differ by round-off (in float32, too).
    """
    m, depth = X.shape[1], len(parameters) // 2
    guard_keys("cache", cache, [f"{k}{layer}" for layer in range(1, depth + 1) for k in "ZA"])
    some = [0, m // 2, m - 1]
    A_before = X[:, some]
    for layer in range(1, depth + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        Z, A = (
            guard_samples(f"cache['{k}{layer}']", cache[f"{k}{layer}"], len(b), m) for k in "ZA"
        )
        distance = np.abs(Z[:, some] - (W @ A_before + b))
        round_off = 1e-5 * (np.abs(W) @ np.abs(A_before) + np.abs(b))
        if not (np.all(distance <= round_off) and np.array_equal(A, np.maximum(Z, 0))):
            expected = "feed_forward(X, parameters)[1]"
            raise ValueError(f"cache is of other X or parameters; expected {expected}")
        A_before = A[:, some]


def guard_losses(A, Y):
    """Refuse predictions and targets of different shapes: broadcasting would hide it."""
    guard_matrix("A", A, kinds="f")
    guard_matrix("Y", Y, *A.shape)


def guard_differences(loss, array, h):
    """Refuse a loss that is no function, all but an array of float64, and a step not above 0."""
    if not callable(loss):
        raise TypeError(f"loss is {describe(loss)}; expected a function without arguments")
    if type(array) is not np.ndarray or array.dtype != np.float64:
        expected = "an array of float64, since a small step is lost in the round-off of others"
        raise TypeError(f"array is {describe(array)}; expected {expected}")
    guard_values("array", array)
    guard_number("h", h, above=0)
    if np.any(array + h == array) or np.any(array - h == array):
        largest = np.abs(array).max()
        raise ValueError(f"h is {h}; expected a step that changes entries as large as {largest:g}")


def guard_gradients(gradients, others):
    """Refuse two sets of gradients whose names or shapes differ."""
    guard_keys("gradients", gradients, list(gradients) if isinstance(gradients, dict) else ["dW1"])
    if not gradients:
        raise ValueError("gradients is an empty dict; expected dW1, db1, ...")
    guard_keys("others", others, list(gradients))
    for key, gradient in gradients.items():
        guard_matrix(f"gradients[{key!r}]", gradient, kinds="f")
        guard_matrix(f"others[{key!r}]", others[key], *gradient.shape, kinds="f")


def guard_update(parameters, gradients, learning_rate):
    """Refuse gradients that are not those of the parameters, and a learning rate not above 0."""
    guard_parameters(parameters)
    guard_keys("gradients", gradients, [f"d{key}" for key in parameters])
    for key, array in parameters.items():
        guard_matrix(f"gradients['d{key}']", gradients[f"d{key}"], *array.shape)
    guard_number("learning_rate", learning_rate, above=0)


def guard_training(X, Y, layer_sizes, learning_rate, iterations, l2, seed, parameters, callback):
    """Refuse data that do not fit the layers, and settings that make no sense."""
    guard_layer_sizes(layer_sizes, seed)
    guard_matrix("X", X, rows=layer_sizes[0])
    guard_matrix("Y", Y, rows=layer_sizes[-1], columns=X.shape[1])
    guard_number("learning_rate", learning_rate, above=0)
    guard_number("iterations", iterations, least=1, whole=True)
    guard_number("l2", l2, least=0)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback is {describe(callback)}; expected a function or None")
    if parameters is not None:
        guard_parameters(parameters)
        W = [parameters[f"W{layer}"] for layer in range(1, len(parameters) // 2 + 1)]
        sizes = [W[0].shape[1], *map(len, W)]
        if sizes != list(layer_sizes):
            raise ValueError(f"parameters have the layer sizes {sizes}; expected {layer_sizes}")


def guard_choice(name, value, known):
    """Refuse all but one of the names that are known."""
    if value not in list(known):
        raise ValueError(f"{name} is {value!r}; expected one of {', '.join(known)}")


def guard_rng(name, rng):
    """Refuse all but a generator of random numbers, or a seed for one."""
    if not isinstance(rng, np.random.Generator):
        guard_number(name, rng, least=0, whole=True)


def guard_maker(name, maker, layer_class):
    """Refuse all but a class of layers, or another callable that makes a layer."""
    if isinstance(maker, layer_class) or not callable(maker):
        raise TypeError(f"{name} is {describe(maker)}; expected a class, as {name}=Tanh")


def guard_state(state, arrays):
    """Refuse all but a dict with arrays of these names and shapes, as Layer.state() returns it."""
    guard_keys("state", state, list(arrays))
    for name, array in arrays.items():
        guard_matrix(f"state[{name!r}]", state[name], *array.shape)


def guard_backward(layers):
    """Return True; refuse a layer whose backward has not set a gradient for each parameter."""
    for layer in layers:
        gradients = layer.gradients
        for name, array in layer.parameters.items():
            if getattr(gradients.get(f"d{name}"), "shape", None) != array.shape:
                expected = f"self.gradients = {{'d{name}': ...}} of the shape {array.shape}"
                raise RuntimeError(f"{layer!r}: backward should set {expected}")
    return True


def _layers_in(layer, layer_class):
    """Yield a layer and the layers inside it."""
    yield layer
    for value in vars(layer).values():
        for inner in value if isinstance(value, list | tuple) else [value]:
            if isinstance(inner, layer_class):
                yield from _layers_in(inner, layer_class)


def guard_layers(layers, layer_class):
    """Refuse what is no layer, a layer that is not set up, one that is there twice, and none."""
    expected = "layers, as in Sequential(Linear(4, 3, 0), ReLU()); a loss goes to Model"
    for place, layer in enumerate(layers):
        guard_kind(f"part {place}", layer, layer_class, expected)
    parts = [part for layer in layers for part in _layers_in(layer, layer_class)]
    for place, part in enumerate(parts):
        if not hasattr(part, "buffers"):
            raise TypeError(f"{type(part).__name__}.__init__ lacks super().__init__(): add it")
        if part in parts[:place]:
            raise ValueError(f"{part!r} is in the network twice, and has one memory: make two")
    if not layers:
        raise ValueError("a network of no layers; expected at least one")
