"""Checks at the door: bad input is refused with what was given and what was expected.

Written by hand, unlike the stages: the checks are not the lesson. `@checked(check)` puts one before
a function; `function.unchecked` is the formula alone, for loops whose input was checked once.
"""

import functools
import numbers
import sys

import numpy as np


def checked(check):
    """Decorate a function: `check` sees its arguments first. `.unchecked` is the plain function."""

    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            check(*args, **kwargs)
            return function(*args, **kwargs)

        check.__qualname__ = function.__qualname__  # Python names it if an argument is missing
        wrapper.unchecked = function
        return wrapper

    return decorate


def describe(value):
    """Return what a value is, in words for an error message."""
    if type(value) is np.ndarray:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    return f"{value!r}" if isinstance(value, numbers.Number) else f"a {type(value).__name__}"


def check_values(name, values, kinds="fiub"):
    """Refuse all but finite real numbers, at least one: a NumPy array of any shape, or a number."""
    if type(values) is not np.ndarray and not isinstance(values, numbers.Number):
        raise TypeError(f"{name} is {describe(values)}; expected a NumPy array: np.array({name})")
    dtype = np.asarray(values).dtype
    if dtype.kind not in kinds or dtype == np.float16:  # which ends at 65,504
        expected = "floats: use .astype(float)" if kinds == "f" else "real numbers"
        raise TypeError(f"{name} is {describe(values)}; expected {expected}")
    if np.size(values) == 0:
        raise ValueError(f"{name} is empty: {describe(values)}; expected at least one value")
    bad = np.size(values) - np.count_nonzero(np.isfinite(values))
    if bad:
        raise ValueError(f"{name} holds {bad} NaN or infinite values; drop or fill them first")


def check_matrix(name, matrix, rows=None, columns=None, kinds="fiub"):
    """Refuse all but a finite 2-D array of this many rows and columns (None: any number)."""
    if type(matrix) is not np.ndarray:  # np.matrix and masked arrays compute differently
        expected = "a 2-D NumPy array, a sample a column"
        raise TypeError(f"{name} is {describe(matrix)}; expected {expected}")
    wanted = ["any" if n is None else n for n in (rows, columns)]
    if (
        matrix.ndim != 2
        or rows not in (None, len(matrix))
        or columns not in (None, matrix.shape[1])
    ):
        turned = matrix.ndim == 2 and rows not in (None, len(matrix)) and rows == matrix.shape[1]
        hint = f"; a sample is a column: try {name}.T" if turned else ""
        shape = f"({wanted[0]}, {wanted[1]})"
        raise ValueError(f"{name} is {describe(matrix)}; expected shape {shape}{hint}")
    check_values(name, matrix, kinds)


def check_number(name, value, above=None, least=None, whole=False):
    """Refuse all but a finite number (whole, if asked) above or at least a bound."""
    kind = int | np.integer if whole else int | float | np.integer | np.floating
    bound = f" above {above}" if above is not None else f", {least} or more"
    in_range = (
        isinstance(value, kind)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
        and (value > above if above is not None else value >= least)
    )
    if not in_range:
        expected = f"a {'whole ' if whole else ''}number{bound}"
        raise ValueError(f"{name} is {describe(value)}; expected {expected}")


def check_keys(name, given, expected):
    """Refuse all but a dict with just these keys."""
    if not isinstance(given, dict):
        raise TypeError(f"{name} is {describe(given)}; expected a dict with {', '.join(expected)}")
    missing = [key for key in expected if key not in given]
    unknown = [str(key) for key in given if key not in expected]
    if missing or unknown:
        faults = f"missing {', '.join(missing) or 'none'}, unknown {', '.join(unknown) or 'none'}"
        raise ValueError(f"{name}: {faults}; expected {', '.join(expected)}")


def check_layer_sizes(layer_sizes, seed=0):
    """Refuse all but two or more whole numbers above 0: the features, then each layer's units."""
    if not isinstance(layer_sizes, list | tuple) or len(layer_sizes) < 2:
        expected = "a list of two or more: [14, 64, 1]"
        raise ValueError(f"layer_sizes is {layer_sizes!r}; expected {expected}")
    for place, size in enumerate(layer_sizes):
        check_number(f"layer_sizes[{place}]", size, least=1, whole=True)
    check_number("seed", seed, least=0, whole=True)


def check_parameters(parameters):
    """Refuse all but W1, b1, ..., WL, bL of floats whose shapes fit one another."""
    given = parameters if isinstance(parameters, dict) else {}
    layers = [int(key[1:]) for key in given if str(key)[1:].isdecimal() and key[0] in "Wb"]
    depth = min(max(layers, default=1), len(given)) or 1
    keys = [f"{letter}{layer}" for layer in range(1, depth + 1) for letter in "Wb"]
    check_keys("parameters", parameters, keys)
    units = None
    for layer in range(1, depth + 1):
        check_matrix(f"W{layer}", parameters[f"W{layer}"], columns=units, kinds="f")
        units = len(parameters[f"W{layer}"])
        check_matrix(f"b{layer}", parameters[f"b{layer}"], rows=units, columns=1, kinds="f")


def check_network(X, parameters):
    """Refuse an X that is not (n_features, m), with n_features what W1 takes."""
    check_parameters(parameters)
    check_matrix("X", X, rows=parameters["W1"].shape[1])


def check_training_data(X, Y, parameters, l2=0.0):
    """Refuse X and Y that do not fit the network or each other, and a negative l2."""
    check_network(X, parameters)
    check_matrix("Y", Y, rows=len(parameters[f"b{len(parameters) // 2}"]), columns=X.shape[1])
    check_number("l2", l2, least=0)


def check_backpropagate(X, Y, cache, parameters, l2=0.0):
    """Refuse data that do not fit, and a cache that is not this network's."""
    check_training_data(X, Y, parameters, l2)
    depth = len(parameters) // 2
    check_keys("cache", cache, [f"{k}{layer}" for layer in range(1, depth + 1) for k in "ZA"])
    for key, array in cache.items():
        check_matrix(f"cache[{key!r}]", array, len(parameters[f"b{key[1:]}"]), X.shape[1], "f")
    A = X
    for layer in range(1, depth + 1):
        if not np.allclose(
            cache[f"Z{layer}"], parameters[f"W{layer}"] @ A + parameters[f"b{layer}"]
        ):
            raise ValueError(
                "cache is of other X or parameters; expected feed_forward(X, parameters)[1]"
            )
        A = cache[f"A{layer}"]


def check_losses(A, Y):
    """Refuse predictions and targets of different shapes: broadcasting would hide it."""
    check_matrix("A", A, kinds="f")
    check_matrix("Y", Y, *A.shape)


def check_l2_loss(parameters, l2, m):
    """Refuse bad parameters, a negative l2, and an m that is no number of samples."""
    check_parameters(parameters)
    check_number("l2", l2, least=0)
    check_number("m", m, least=1, whole=True)


def check_gradients(gradients, others):
    """Refuse two sets of gradients whose names or shapes differ."""
    check_keys("gradients", gradients, list(gradients) if isinstance(gradients, dict) else ["dW1"])
    if not gradients:
        raise ValueError("gradients is an empty dict; expected dW1, db1, ...")
    check_keys("others", others, list(gradients))
    for key, gradient in gradients.items():
        check_matrix(f"gradients[{key!r}]", gradient, kinds="f")
        check_matrix(f"others[{key!r}]", others[key], *gradient.shape, kinds="f")


def check_update(parameters, gradients, learning_rate):
    """Refuse gradients that are not those of the parameters, and a learning rate not above 0."""
    check_parameters(parameters)
    check_keys("gradients", gradients, [f"d{key}" for key in parameters])
    for key, array in parameters.items():
        check_matrix(f"gradients['d{key}']", gradients[f"d{key}"], *array.shape)
    check_number("learning_rate", learning_rate, above=0)


def check_train(
    X, Y, layer_sizes, *, learning_rate, iterations, l2=0.0, seed=0, parameters=None, callback=None
):
    """Refuse data that do not fit the layers, and settings that make no sense."""
    check_layer_sizes(layer_sizes, seed)
    check_matrix("X", X, rows=layer_sizes[0])
    check_matrix("Y", Y, rows=layer_sizes[-1], columns=X.shape[1])
    check_number("learning_rate", learning_rate, above=0)
    check_number("iterations", iterations, least=1, whole=True)
    check_number("l2", l2, least=0)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback is {describe(callback)}; expected a function or None")
    if parameters is not None:
        check_parameters(parameters)
        W = [parameters[f"W{layer}"] for layer in range(1, len(parameters) // 2 + 1)]
        sizes = [W[0].shape[1], *map(len, W)]
        if sizes != list(layer_sizes):
            raise ValueError(f"parameters have the layer sizes {sizes}; expected {layer_sizes}")
