"""Stage 15: the program writes the backward pass.

Generated from notebooks/15_autograd.ipynb by `make export`: edit that, not this.
"""

from contextlib import contextmanager

import numpy as np

import nnfs_core.validation_autograd as guard


def unbroadcast(d, shape):
    """Return d summed over what broadcasting spread: a gradient of this shape."""
    new = len(d.shape) - len(shape)  # axes that it put in front
    spread = [new + axis for axis, n in enumerate(shape) if n < d.shape[new + axis]]
    return d if d.shape == shape else d.sum((*range(new), *spread)).reshape(shape)


@contextmanager
def no_grad():
    """Compute without a graph: what is computed inside is constant."""
    before = guard.RECORDING.set(False)
    try:
        yield
    finally:
        guard.RECORDING.reset(before)


def Op(name, forward, backward):
    """Return an operation, a function of values or tensors, or in their class a method.

    forward(*data): the result, out. backward(d, out, *inputs): a tuple, what each input gets of d,
    the gradient by out. backward is made of operations, so it can be differentiated, too.
    """

    def operation(*inputs):
        kind = guard.inputs(name, inputs)
        inputs = tuple(x if type(x) is kind else kind(x, requires_grad=False) for x in inputs)
        needed = guard.RECORDING.get() and any(x.requires_grad for x in inputs)
        out = kind(guard.result(name, forward, inputs), requires_grad=needed)
        out.op, out.back, out.inputs = (name, backward, inputs) if needed else ("", None, ())
        return out

    return operation


def topological(output):
    """Return output and what it depends on, each after its inputs; constants are left out."""
    order, seen, todo = [], set(), [(output, False)]
    while todo:
        node, ready = todo.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            todo += [(node, True), *((x, False) for x in guard.graph(node) if x.requires_grad)]
    return order


class Value(guard.Remembering):
    """A number that remembers what it was computed from; plain numbers beside it are constants.

    grad: the derivative that backward found, or None. At 0 relu has the slope 0; if two are equal,
    maximum gives half to each, as in PyTorch. Raises FloatingPointError where NaN would come out.
    """

    keep, shape = staticmethod(guard.kept_number), ()
    __add__ = __radd__ = Op("+", np.add, lambda d, out, a, b: (d, d))
    __sub__ = Op("-", np.subtract, lambda d, out, a, b: (d, -d))
    __rsub__ = Op("-", lambda b, a: a - b, lambda d, out, b, a: (-d, d))
    __neg__ = Op("-", np.negative, lambda d, out, a: (-d,))
    __mul__ = __rmul__ = Op("*", np.multiply, lambda d, out, a, b: (d * b, d * a))
    __truediv__ = Op("/", np.divide, lambda d, out, a, b: (d / b, -d * out / b))
    __rtruediv__ = Op("/", lambda b, a: a / b, lambda d, out, b, a: (-d * out / b, d / b))
    exp = Op("exp", np.exp, lambda d, out, a: (d * out,))
    log = Op("log", np.log, lambda d, out, a: (d / a,))
    tanh = Op("tanh", np.tanh, lambda d, out, a: (d * (1 - out * out),))
    relu = Op("relu", lambda a: np.maximum(a, 0), lambda d, out, a: (d * (a.data > 0),))
    maximum = Op("max", np.maximum, lambda d, out, a, b: guard.shared(d, a, b))

    def __init__(self, data, *, requires_grad=True):
        self.data, self.requires_grad, self.grad = self.keep(data), requires_grad, None
        self.op, self.back, self.inputs = "", None, ()

    def __pow__(self, n):
        """Return the power n, a plain number."""
        less = (guard.exponent(n) or 1) - 1  # for n = 0 any: it is multiplied by 0
        return Op("**", lambda a: np.power(a, n), lambda d, out, a: (d * n * a**less,))(self)

    def gradients(self, *inputs):
        """Return the derivative of this number by each input, with a graph of its own."""
        found = {self: type(self)(1.0, requires_grad=False)}
        for node in reversed(guard.start(topological(self))):
            given = node.back(found[node], node, *node.inputs) if node.op else ()
            for x, d in guard.backward(node, given):
                d = unbroadcast(d, x.shape)
                found[x] = found[x] + d if x in found else d  # paths add up
        return guard.wanted(found, inputs)

    def backward(self):
        """Set grad of all that this number depends on, then let the graph go."""
        order = guard.start(topological(self), fresh=True)
        with no_grad():
            gradients = self.gradients(*order)
        for node, d in zip(order, gradients, strict=True):
            node.grad, node.inputs = d.data, None if node.op else ()


class Tensor(Value):
    """A Value whose data is a float64 array, read-only. An axis summed over keeps the length 1."""

    keep, shape = staticmethod(guard.kept_array), property(lambda self: self.data.shape)
    T = property(Op("T", np.transpose, lambda d, out, a: (d.T,)))
    __matmul__ = Op("@", guard.product, lambda d, out, a, b: (d @ b.T, a.T @ d))
    __rmatmul__ = Op("@", lambda b, a: guard.product(a, b), lambda d, out, b, a: (a.T @ d, d @ b.T))

    def sum(self, axis=None):
        """Return the sum of all, or over one or more axes."""
        return Op(
            "sum",
            lambda a: a.sum(axis, keepdims=axis is not None),
            lambda d, out, a: (d.broadcast_to(*a.shape),),
        )(self)

    def mean(self, axis=None):
        """Return the mean of all, or over one or more axes."""
        total = self.sum(axis)
        return total * (total.data.size / self.data.size)

    def max(self, axis=None):
        """Return the largest of all, or over one or more axes."""
        largest = self.data == self.data.max(axis, keepdims=True)
        share = largest / largest.sum(axis, keepdims=True)  # of the gradient, for each that is
        keep = axis is not None
        return Op("max", lambda a: a.max(axis, keepdims=keep), lambda d, out, a: (d * share,))(self)

    def broadcast_to(self, *shape):
        """Return it spread to a shape."""
        return Op("spread", lambda a: guard.spread(a, shape), lambda d, out, a: (d,))(self)

    def reshape(self, *new):
        """Return it in another shape."""
        return Op("shape", lambda a: a.reshape(*new), lambda d, out, a: (d.reshape(a.shape),))(self)

    def __getitem__(self, key):
        """Return a part; an entry that is taken twice gets both gradients."""
        pick, put = guard.ways(key, self.shape)
        back = Op("put", put, lambda d, out, a: (d[key],))
        return Op("[]", pick, lambda d, out, a: (back(d),))(self)
