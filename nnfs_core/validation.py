"""Guards: what is refused, with what was given, what was expected and what to do.

Written by hand, unlike the stages: the guards are not the lesson. A function of the course calls
its guard first. Names and shapes are looked at in microseconds. Values are looked at where arrays
come in, which costs less than a tenth of the formula that follows.
"""

import numbers
import sys

import numpy as np

Array = np.ndarray
Arrays = dict[str, Array]  # by name: {"W1": ..., "b1": ...}


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
    if array.dtype.kind not in kinds or array.dtype == np.float16:  # which ends at 65,504
        expected = "floats: use .astype(float)" if kinds == "f" else "real numbers"
        raise TypeError(f"{name} is {describe(values)}; expected {expected}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: {describe(values)}; expected at least one value")
    finite = np.isfinite(array)
    if not finite.all():
        bad = array.size - np.count_nonzero(finite)
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

    It takes about a microsecond: the layers call it, and values are looked at by the model.
    """
    guard_shape(name, X, rows, columns)
    if X.dtype.kind == "f" and X.dtype != np.float16:
        return X
    if X.dtype.kind not in "iub":
        raise TypeError(f"{name} is {describe(X)}; expected real numbers")
    return X.astype(np.float64)


def guard_number(name, value, above=None, least=None, whole=False):
    """Refuse all but a finite number (whole, if asked) above or at least a bound."""
    kind = numbers.Integral if whole else int | float | np.integer | np.floating
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
