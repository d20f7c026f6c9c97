"""Guards of stage 15, where the program writes the backward pass.

Written by hand, as validation.py is: what a graph would compute in silence is refused here. The
stage takes this module by the name `guard`, as in guard.result.
"""

import copy
import math
from contextvars import ContextVar

import numpy as np

from nnfs_core.validation import REALS, NotFinite, describe, guard_values

RECORDING = ContextVar("recording", default=True)  # whether operations remember: see no_grad


class Remembering:
    """What values and tensors refuse: to change after a graph was built, and to be compared."""

    __array_ufunc__ = None  # an array beside a value leaves the operation to the value
    __hash__ = object.__hash__

    def __setattr__(self, name, new):
        """Set an attribute; data stays what it was, since graphs have been computed from it."""
        if name == "data" and "data" in vars(self):
            kind = type(self).__name__
            raise AttributeError(
                f"the data of a {kind} does not change, since a graph may have been computed from "
                f"it: make a new one, as in W = {kind}(W.data - rate * W.grad)"
            )
        object.__setattr__(self, name, new)

    def _refuse(self, *_):
        kind = type(self).__name__
        raise TypeError(
            f"a {kind} is neither true nor false, nor larger than another: the graph does not see "
            "a comparison. Compare the numbers, x.data > y.data; the larger one is x.maximum(y). "
            "Look for a node in a set, not in a list"
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refuse

    def __array__(self, *_, **__):
        """Refuse to become an array, which would leave the graph without a word."""
        raise TypeError(f"a {type(self).__name__} is no array: take x.data, or its own methods")

    def __reduce__(self):
        """Copy, deepcopy or pickle what was made by hand, as new; refuse a part of a graph."""
        if self.op:
            raise TypeError(
                f"{self!r} is a part of a graph, and is not copied: copy its data, or the values "
                "and tensors that it was computed from"
            )
        return _made_again, (type(self), self.data, self.requires_grad, self.grad)

    def __repr__(self):
        """Return the class, what is in it, and where it comes from."""
        origin = f", by {self.op}" if self.op else "" if self.requires_grad else ", constant"
        what = f"shape {self.shape}" if isinstance(self.data, np.ndarray) else f"{self.data:.6g}"
        return f"{type(self).__name__}({what}{origin})"


def _made_again(kind, data, requires_grad, grad):
    made = kind(data, requires_grad=requires_grad)
    made.grad = grad
    return made


def kept_number(data):
    """Return a float; refuse all but a finite real number."""
    if isinstance(data, np.ndarray | np.bool_) and data.ndim == 0:
        data = data.item()
    if not isinstance(data, REALS):
        what = "a number: Tensor holds arrays" if isinstance(data, np.ndarray) else "a number"
        raise TypeError(f"data is {describe(data)}; expected {what}")
    if not math.isfinite(data):
        raise NotFinite(f"data is {data}; expected a finite number")
    return float(data)


def _is_fixed(array):
    """Return whether nobody can write into an array, nor into one that it is a part of."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return array is None


def kept_array(data):
    """Return a float64 array that cannot be written into, a copy if need be; refuse NaN and inf."""
    if isinstance(data, Remembering):
        raise TypeError(f"data is {describe(data)}; expected numbers: x.data, which is a constant")
    if isinstance(data, list | tuple | np.generic):
        data = np.array(data)
    guard_values("data", data)
    if type(data) is np.ndarray and data.dtype == np.float64 and _is_fixed(data):
        return data
    array = np.array(data, np.float64)
    array.flags.writeable = False
    return array


def inputs(name, given):
    """Return the class of the values among what an operation is given; refuse numbers alone."""
    kinds = [type(x) for x in given if isinstance(x, Remembering)]
    if not kinds:
        raise TypeError(f"{name}: expected a Value or a Tensor among what it is given")
    return kinds[0]


def result(name, forward, given):
    """Return what forward makes of the data of what is given; refuse what is not finite."""
    with np.errstate(all="ignore"):  # told below
        data = forward(*(x.data for x in given))
    if isinstance(data, Remembering):
        raise TypeError(f"{name}: forward returns {describe(data)}; expected numbers")
    if np.asarray(data).dtype.kind not in "biufc":  # complex ones are refused when they are kept
        forgot = ": is a `return` missing?" if data is None else ""
        raise TypeError(f"{name}: forward returns {describe(data)}; expected numbers{forgot}")
    if np.size(data) == 0:
        raise ValueError(f"{name} gives an empty array, of shape {data.shape}")
    if not np.isfinite(data).all():
        words = " and ".join(_in_words(x.data) for x in given)
        raise FloatingPointError(f"{name} of {words} is not finite: NaN or infinite")
    if type(data) is np.ndarray and data.base is None:
        data.flags.writeable = False  # nobody else has it, so Tensor need not copy it
    return data


def _in_words(data):
    """Return a number, or the range of an array, for a message."""
    if np.ndim(data) == 0:
        return f"{float(data):.4g}"
    return f"an array {data.shape} from {data.min():.4g} to {data.max():.4g}"


def exponent(n):
    """Return n; refuse all but a finite number."""
    if isinstance(n, Remembering):
        raise TypeError("the exponent is a value; expected a number: a ** b is (b * a.log()).exp()")
    kept_number(n)
    return n


def product(a, b):
    """Return a @ b; refuse all but two matrices that fit."""
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"{a.shape} @ {b.shape}: expected two matrices, (n, k) @ (k, m)")
    return a @ b


def spread(a, shape):
    """Return a spread to a shape; refuse a shape in parentheses."""
    if any(not isinstance(n, int | np.integer) for n in shape):
        raise TypeError(f"broadcast_to{shape}: expected whole numbers, as in broadcast_to(2, 3)")
    return np.broadcast_to(a, shape)


def shared(d, a, b):
    """Return what a and b get of d, the gradient by the larger: if they are equal, half each."""
    part = (a.data > b.data) + (a.data == b.data) / 2
    return d * part, d * (1 - part)


def ways(key, shape):
    """Return two functions: what takes [key] from an array of a shape, and its way back.

    On the way back an entry that the key names twice gets both. A value is refused as a key.
    """
    if any(isinstance(part, Remembering) for part in (key if isinstance(key, tuple) else (key,))):
        raise TypeError("the key is a value or a tensor; expected whole numbers, slices or arrays")
    if shape == () and isinstance(key, int | np.integer):  # an IndexError would end a loop
        raise TypeError("a tensor of shape () is one number: it has no parts to go through")
    key = copy.deepcopy(key)  # an array may be changed before the way back

    def put(d):
        whole = np.zeros(shape)
        np.add.at(whole, key, d)
        return whole

    return lambda a: a[key], put


def graph(node):
    """Return the inputs of a node; refuse one whose graph is gone, and what is no node."""
    if not isinstance(node, Remembering):
        raise TypeError(f"the output is {describe(node)}; expected a Value or a Tensor")
    if node.inputs is None:
        raise RuntimeError(
            f"{node!r}: its graph is gone, since a backward went through it. Compute it again; "
            "or add up what you want to go back from, and go back once"
        )
    return node.inputs


def start(order, fresh=False):
    """Return the nodes, the output last; refuse to go back from more than a number, or a constant.

    fresh: refuse nodes made by hand that have a gradient already, too.
    """
    output = order[-1]
    if output.shape != ():
        raise ValueError(f"{output!r}: expected one number to go back from: take .sum() or .mean()")
    if not output.requires_grad:
        raise RuntimeError(
            f"{output!r} depends on nothing that needs a gradient: it was computed from plain "
            "numbers and arrays, or under no_grad()"
        )
    for node in order if fresh else ():
        if not node.op and node.grad is not None:
            raise RuntimeError(
                f"{node!r} has the gradient of an earlier backward, and this one would add to it "
                "or replace it: which one? Set grad = None, or add up the losses and go back once"
            )
    return order


def _spreads(shape, to):
    """Return whether broadcasting makes one shape of another."""
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def backward(node, given):
    """Return the inputs of a node that need a gradient, each with its own; refuse what fits none.

    given: what backward of the operation returned.
    """
    if not isinstance(given, tuple) or len(given) != len(node.inputs):
        got = f"{len(given)} parts" if isinstance(given, tuple) else describe(given)
        want = f"a tuple with a gradient for each of {len(node.inputs)} inputs"
        raise TypeError(f"{node.op}: backward returns {got}; expected {want}")
    for x, d in zip(node.inputs, given, strict=True):
        if type(d) is not type(node):
            raise TypeError(
                f"{node.op}: backward returns {describe(d)}; expected a {type(node).__name__}: "
                "compute with d, out and the inputs themselves, not with their data"
            )
        if d.shape != x.shape and not (d.shape == node.shape and _spreads(x.shape, node.shape)):
            raise ValueError(
                f"{node.op}: backward returns a gradient of shape {d.shape} for an input of shape "
                f"{x.shape} and a result of shape {node.shape}; expected that of the input, or "
                "that of the result if broadcasting made it of the input's"
            )
    return [(x, d) for x, d in zip(node.inputs, given, strict=True) if x.requires_grad]


def wanted(found, by):
    """Return the gradients by some nodes; refuse to say that one is 0 because there is no path."""
    for place, x in enumerate(by):
        if not isinstance(x, Remembering):
            raise TypeError(
                f"input {place} (counted from 0) is {describe(x)}; expected the values themselves, "
                "one beside the other: loss.gradients(w, b)"
            )
        if x not in found:
            raise ValueError(
                f"input {place} (counted from 0) is not in the graph: this number does not depend "
                "on it, or it is a constant"
            )
    return [found[x] for x in by]
