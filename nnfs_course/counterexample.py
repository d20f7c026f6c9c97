"""The smallest case that shows what is wrong with a function, with the formula's numbers put in."""

import inspect
import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from nnfs_course.judge import Wrong, called


def small(*shapes: tuple[int, ...], tries: int = 100) -> Iterator[tuple[np.ndarray, ...]]:
    """Arrays of these shapes with whole numbers from -3 to 3, those with small numbers first."""
    sizes = [math.prod(shape) for shape in shapes]
    fills = np.random.default_rng(0).integers(-3, 4, (tries, sum(sizes)))
    for fill in fills[np.argsort(np.abs(fills).sum(1), kind="stable")]:
        parts = np.split(fill.astype(float), np.cumsum(sizes)[:-1])
        yield tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))


def networks(*architectures: tuple[int, ...]) -> Iterator[tuple]:
    """X, Y, parameters of small networks with these layer sizes, for one sample and for two."""
    for sizes in architectures:
        layers = range(1, len(sizes))
        names = [f"{kind}{layer}" for layer in layers for kind in "Wb"]
        shapes = [shape for i in layers for shape in ((sizes[i], sizes[i - 1]), (sizes[i], 1))]
        for m in (1, 2):
            for X, Y, *arrays in small((sizes[0], m), (sizes[-1], m), *shapes):
                yield X, Y, dict(zip(names, arrays, strict=True))


def smallest(
    function: Callable, reference: Callable, cases: Iterable[tuple], formula: Callable
) -> None:
    """Raise Wrong with the first case where a reader's function differs from the reference.

    The cases are arguments for both, in order of size; the inputs are named as the reference's.
    formula(where, *case) says how an entry comes about, with the numbers put in; where is its
    place, after the key if the result is a dict. Nothing is raised where all cases agree.
    """
    names = inspect.signature(reference).parameters
    for case in cases:
        right = reference(*case)
        try:
            with np.errstate(all="ignore"):
                got = called(function, *case)
        except Exception:  # that is another fault than the one that was found
            continue
        for where, expected in _entries(right):
            found = _entry(got, where)
            if found is not None and not np.isclose(found, expected, 1e-6, 1e-9):
                given = ", ".join(_inputs(dict(zip(names, case, strict=False))))
                way = f"{formula(where, *case)} = {number(expected)}"
                raise Wrong(f"for {given}: {way}, and yours is {number(found)}")


def number(value) -> str:
    """A number in few digits; an array as nested lists of them."""
    if np.ndim(value):
        return f"[{', '.join(map(number, value))}]"
    return f"{float(value) + 0.0:.5g}"  # + 0.0: no -0


def weighted(w: Iterable, x: Iterable, b: float | None = None) -> str:
    """How w_1 x_1 + w_2 x_2 + ... + b comes about."""
    terms = [f"{factor(one)}·{factor(other)}" for one, other in zip(w, x, strict=True)]
    return " + ".join(terms + ([] if b is None else [number(b)])).replace("+ -", "- ")


def squares(A, Y) -> str:
    """How the sum of the squared errors comes about."""
    pairs = zip(np.ravel(A), np.ravel(Y), strict=True)
    return " + ".join(f"({number(a)} - {factor(y)})²" for a, y in pairs)


def mean_squares(A, Y, m: int) -> str:
    """How the loss comes about."""
    return f"({squares(A, Y)}) / (2·{m})"


def gradient(where, X, Y, parameters, l2: float = 0.0, *, linear: bool = False) -> str:
    """How an entry of dW_l or db_l comes about: errors, weights on the way, masks, inputs.

    where: ("dW1", 0, 0) or alike. linear: the last layer has no ReLU.
    """
    key, row, *column = where
    layer, depth, m = int(key[2:]), len(parameters) // 2, X.shape[1]
    A, Z = {0: X}, {}
    for i in range(1, depth + 1):
        Z[i] = parameters[f"W{i}"] @ A[i - 1] + parameters[f"b{i}"].reshape(-1, 1)
        A[i] = Z[i] if linear and i == depth else np.maximum(Z[i], 0)
    dZ = {}
    for i in range(depth, 0, -1):
        dA = (A[i] - Y) / m if i == depth else parameters[f"W{i + 1}"].T @ dZ[i + 1]
        dZ[i] = dA * (1.0 if linear and i == depth else Z[i] > 0)
    terms = []
    for k in range(m):
        if layer == depth:
            term = f"({number(A[depth][row, k])} - {factor(Y[row, k])})/{m}"
        else:
            term = weighted(parameters[f"W{layer + 1}"][:, row], dZ[layer + 1][:, k])
            term = f"({term})" if " + " in term else term
        if not (linear and layer == depth):
            z = number(Z[layer][row, k])
            term += f"·1 (z = {z} > 0)" if Z[layer][row, k] > 0 else f"·0 (z = {z}, not > 0)"
        terms.append(term + (f"·{factor(A[layer - 1][column[0], k])}" if key[1] == "W" else ""))
    if l2 and key[1] == "W":
        terms.append(f"{number(l2)}/{m}·{factor(parameters[key[1:]][row, column[0]])}")
    return f"{key}[{', '.join(map(str, where[1:]))}] = {' + '.join(terms)}"


def factor(value) -> str:
    """A number within a product: with parentheses if it is negative."""
    return f"({number(value)})" if value < 0 else number(value)


def _inputs(named: dict) -> Iterator[str]:
    """Each input with its name; of a dict, each entry."""
    for name, value in named.items():
        if isinstance(value, dict):
            yield from _inputs(value)
        else:
            yield f"{name} = {number(value)}"


def _entries(result) -> Iterator[tuple[tuple, float]]:
    """Each entry of an array, or of a dict of them, with its place."""
    if isinstance(result, dict):
        for key, array in result.items():
            yield from (((key, *place), entry) for place, entry in _entries(array))
    else:
        yield from np.ndenumerate(np.asarray(result, float))


def _entry(result, where: tuple) -> float | None:
    """The entry at a place, if there is one."""
    try:
        if isinstance(result, dict):
            result, where = result[where[0]], where[1:]
        return float(np.asarray(result, float)[where])
    except (TypeError, ValueError, IndexError, KeyError):
        return None
