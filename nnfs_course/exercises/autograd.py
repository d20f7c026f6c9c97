"""Judges of notebook 15."""

import contextvars
import inspect
import types

import numpy as np

import nnfs_core.autograd as reference
from nnfs_core.validation_autograd import Remembering
from nnfs_course.judge import Wrong, called, exercise, grade, refused, same

A = np.array([[0.5, -1.0, 2.0, 0.25], [1.5, 0.75, -0.5, 1.0], [-2.0, 3.0, 0.1, -0.3]])
B = np.array([[1.25], [0.5], [2.0]])
WEIGHTS = np.sin(1.0 + np.arange(12)).reshape(3, 4)


def _graph(what, got):
    """Refuse what is no value: it would not remember where it came from."""
    if not isinstance(got, Remembering):
        raise Wrong(f"{what} gives a {type(got).__name__}: expected a value that remembers")
    return got


# What the notebook exports


def _within(function):
    """Run in a context of its own: a no_grad that does not end stays there."""
    return contextvars.copy_context().run(function)


@exercise
def no_grad(no_grad):
    """Inside nothing remembers, after it everything as before."""

    def tried():
        x = reference.Value(2.0)
        with no_grad():
            inside = x * 3
            with no_grad():
                pass
            again = x * 3
        if inside.requires_grad:
            raise Wrong("what is computed inside still remembers its inputs")
        if again.requires_grad:
            raise Wrong("after an inner block the outer one has ended, too: put back what was")
        if not (x * 3).requires_grad:
            raise Wrong("after the block nothing remembers any more: put back what was before")
        try:
            with no_grad():
                raise KeyError
        except KeyError:
            pass
        else:
            raise Wrong("an error inside is swallowed: let it through")
        if not (x * 3).requires_grad:
            raise Wrong("after an error inside nothing remembers any more: `finally` is for that")

    _within(tried)


def _remembers_nothing(one, said):
    """Refuse a result that knows where it came from, or wants a gradient."""
    if one.requires_grad or one.inputs != () or one.op or one.back:
        raise Wrong(said)


@exercise
def Op(Op):
    """What a result is, what it remembers, and when it remembers nothing."""

    def back(d, out, a, b):
        return d * b, d * a

    product = called(Op, "times", np.multiply, back)
    x, y = reference.Value(2.0), reference.Value(-3.0)
    got = _graph("an operation", product(x, y))
    for what, found in (
        (reference.Value, got),
        (reference.Tensor, product(reference.Tensor(A), B)),
    ):
        if type(found) is not what:
            raise Wrong(f"a {what.__name__} goes in, a {type(found).__name__} comes out")
    same("2 times -3", got.data, -6.0)
    if not got.requires_grad:
        raise Wrong("the result needs no gradient, though its inputs do")
    if not isinstance(got.inputs, tuple) or [*map(id, got.inputs)] != [id(x), id(y)]:
        raise Wrong("`inputs` of the result is not the tuple of what was given, in its order")
    if got.op != "times" or got.back is not back:
        raise Wrong("the result does not keep its name in `op`, and its way back in `back`")
    for place, mixed in ((1, product(x, 3)), (0, product(3, x))):
        constant = mixed.inputs[place] if mixed.requires_grad else reference.Value(3)
        if type(constant) is not reference.Value or (constant.data, mixed.data) != (3, 6):
            raise Wrong("a plain number beside a value does not become a value of the same class")
        if not mixed.requires_grad:
            raise Wrong(
                "a value times a constant does not remember: one input that needs a gradient is "
                "enough"
            )
        if constant.requires_grad:
            raise Wrong("a plain number beside a value wants a gradient: it is a constant")
    same("the gradient of the product", got.gradients(x)[0].data, -3.0)
    still = reference.Value(2.0, requires_grad=False)
    said = "what is computed from constants alone remembers: nobody goes back there"
    _remembers_nothing(product(still, 3.0), said)
    with reference.no_grad():
        silent = product(x, y)
    _remembers_nothing(silent, "under no_grad the result remembers: ask guard.RECORDING")
    own = type("Own", (reference.Value,), {"times": product})(2.0).times(3.0)
    if type(own).__name__ != "Own":
        raise Wrong("in a class it is no method: return the inner function itself")
    refused(product, 2.0, 3.0, error=TypeError, what="a product of plain numbers alone")
    refused(product, x, reference.Tensor(A), error=TypeError, what="a Value beside a Tensor")
    log = Op("log", np.log, lambda d, out, a: (d / a,))
    refused(log, y, error=FloatingPointError, what="the log of a negative number")


@exercise
def topological(topological):
    """Each after its inputs, none twice."""
    x, y = reference.Value(2.0), reference.Value(3.0)
    product = x * y
    total = product + x
    output = total * product * 5.0
    order = topological(output)
    if not isinstance(order, list | tuple):
        raise Wrong(f"a {type(order).__name__}: expected a list of nodes")
    places = {id(node): place for place, node in enumerate(order)}
    if len(places) < len(order):
        raise Wrong("a node stands in the order twice")
    if any(not node.requires_grad for node in order):
        raise Wrong("a constant is in the order: nobody wants its gradient")
    for node, name in (
        (x, "an input of the graph"),
        (product, "a node between"),
        (output, "output"),
    ):
        if id(node) not in places:
            raise Wrong(f"{name} is missing")
    if order[-1] is not output:
        raise Wrong("the output is not the last: is the order turned around?")
    for node in order:
        if any(places[id(one)] > places[id(node)] for one in node.inputs if one.requires_grad):
            raise Wrong("a node stands before one of its inputs")
    chain = x
    for _ in range(3000):
        chain = chain + 1.0
    try:
        order = topological(chain)
    except RecursionError:
        raise Wrong("a chain of 3,000 nodes stops with a RecursionError: keep a list") from None
    if len(order) != 3001:
        raise Wrong(f"a chain of 3,001 nodes has {len(order)} in its order")


@exercise
def unbroadcast(unbroadcast):
    """The sum over what was spread."""
    d = np.arange(1.0, 25).reshape(2, 3, 4)
    for full, shape, axes in [
        (d[0], (3, 4), ()),
        (d[0], (3, 1), (1,)),
        (d[0], (1, 4), (0,)),
        (d[0], (4,), (0,)),
        (d[0], (), (0, 1)),
        (d, (3, 1), (0, 2)),
        (d, (2, 1, 4), (1,)),
        (d[:, :1], (3, 1)[1:], (0, 1, 2)),
        (d[:, :1, :1], (2, 1, 1), ()),
        (d.reshape(4, 2, 3), (2, 1), (0, 2)),
        (d.reshape(4, 2, 3), (2, 3), (0,)),
        (d.reshape(2, 4, 3), (4, 3), (0,)),
    ]:
        right = full.sum(axis=axes).reshape(shape)
        for kind in (np.asarray, reference.Tensor):
            got = unbroadcast(kind(full), shape)
            if got is None:
                raise Wrong("your function returns None: is a `return` missing?")
            got = got.data if isinstance(got, reference.Tensor) else got
            mistakes = {
                "nothing is summed: the gradient keeps the shape of the result": full,
                "a mean over what was spread: it is a sum": full.mean(axis=axes).reshape(shape),
                "one of the repeats is taken: all of them are added": np.broadcast_to(
                    full.max(axis=axes).reshape(shape), shape
                ),
            }
            if not axes:
                mistakes = {}
            same(f"a gradient {full.shape} for an input {shape}", np.asarray(got), right, mistakes)


FORMULAS = {
    "a + b": lambda a, b: a + b,
    "3 + a": lambda a, b: 3 + a,
    "a - b": lambda a, b: a - b,
    "3 - a": lambda a, b: 3 - a * a,
    "-a": lambda a, b: -a,
    "a * b": lambda a, b: a * b,
    "3 * a": lambda a, b: 3 * a,
    "a / b": lambda a, b: a / b,
    "3 / b": lambda a, b: 3 / b,
    "b ** 3": lambda a, b: b**3,
    "b ** -1.5": lambda a, b: b**-1.5,
    "a ** 1": lambda a, b: a**1,
    "a ** 0 + b": lambda a, b: a**0 + b,
    "exp": lambda a, b: a.exp(),
    "log": lambda a, b: b.log(),
    "tanh": lambda a, b: a.tanh(),
    "relu": lambda a, b: a.relu(),
    "maximum": lambda a, b: a.maximum(b),
    "maximum, exchanged": lambda a, b: b.maximum(a),
}


def _compare(name, formula, kind, right, points):
    """Hold value, gradients and gradients of gradients of a formula against the right ones."""
    mine, theirs = [kind(p) for p in points], [right(p) for p in points]
    got, expected = _graph(name, formula(*mine)), formula(*theirs)
    same(name, got.data, expected.data)
    used = [place for place, x in enumerate(theirs) if x in {*reference.topological(expected)}]
    found = got.gradients(*(mine[place] for place in used))
    if not isinstance(found, list):
        raise Wrong("gradients returns no list: one gradient for each input")
    wanted = expected.gradients(*(theirs[place] for place in used))
    for letter, one, other in zip(["ab"[place] for place in used], found, wanted, strict=True):
        same(f"{name}: the gradient by {letter}", _graph("gradients", one).data, other.data)
        if other.requires_grad:
            square, other_square = (
                ((one * one).sum(), (other * other).sum()) if one.shape else (one, other)
            )
            if not square.requires_grad:
                raise Wrong(f"{name}: the gradient has no graph of its own")
            for place in used:
                if theirs[place] in {*reference.topological(other_square)}:
                    again = square.gradients(mine[place])[0].data
                    right_one = other_square.gradients(theirs[place])[0].data
                    same(f"{name}: a gradient of the gradient by {letter}", again, right_one)


def _backward(kind, value):
    """Refuse another backward: what it sets, and what it leaves."""
    x, y = kind(value), kind(value)
    product = x * y
    output = (product * x).sum() if np.ndim(value) else product * x
    before = [d.data for d in output.gradients(x, y, product)]
    if output.backward() is not None:
        raise Wrong("backward returns something: it sets grad")
    for name, node, right in zip(
        ("an input", "an input", "a node between"), (x, y, product), before, strict=True
    ):
        if node.grad is None:
            raise Wrong(f"backward does not set grad of {name}")
        if isinstance(node.grad, Remembering):
            raise Wrong("grad is a value: expected plain data")
        same(f"grad of {name}", node.grad, right)
    refused(output.backward, error=RuntimeError, what="a second backward")
    refused(
        (product * 2).gradients,
        x,
        error=RuntimeError,
        what="going on from a graph that is gone",
    )
    refused(
        (kind(1.0) * x if not np.ndim(value) else (x * 1.0).sum()).backward,
        error=RuntimeError,
        what="a backward into a grad that is set",
    )
    for node in (x, y):
        if node.inputs != ():
            raise Wrong("what was made by hand has lost its place at the start of a graph")


def _times(formula):
    """The formula times 0.7, so that what comes back to its last step is not 1."""
    return lambda a, b: formula(a, b) * 0.7


def _arrays(Value):
    """Refuse a walk that leaves out unbroadcast: with a Tensor that is built on this class."""
    own = {name: part for name, part in vars(reference.Tensor).items() if name not in UNWANTED}
    tensor = type("Tensor", (Value,), own)
    x, y = tensor(A), tensor(B)
    found = (x * y * WEIGHTS).sum().gradients(x, y)
    same("the gradient by an array", found[0].data, B * WEIGHTS)
    spread = {"what broadcasting spread is not summed up: unbroadcast": A * WEIGHTS}
    right = (A * WEIGHTS).sum(axis=1, keepdims=True)
    same("the gradient by an array that was spread", found[1].data, right, spread)


UNWANTED = ("__dict__", "__weakref__", "__module__", "__doc__")


@exercise
def Value(Value):
    """Every operation, its gradient and that of its gradient; backward."""
    x = Value(1.5)
    if x.data != 1.5 or x.grad is not None or not x.requires_grad or x.inputs != ():
        raise Wrong("a new value has data, needs a gradient, has none yet, and no inputs")
    if Value(1.5, requires_grad=False).requires_grad:
        raise Wrong("requires_grad=False has no effect")
    same("the derivative of a number by itself", x.gradients(x)[0].data, 1.0)
    twice = (x * x).gradients(x)[0].data
    if twice == 1.5:
        raise Wrong("x · x has the slope 2x: where a value is used twice, gradients add up")
    same("the slope of x · x at 1.5", twice, 3.0)
    straight = (3 * x).gradients(x)[0]
    if straight.requires_grad:
        raise Wrong("the slope of 3 x is a constant: start from a 1 that needs no gradient")
    for points in ((0.5, 1.25), (-0.75, 0.5), (1.25, 1.25)):
        for name, formula in FORMULAS.items():
            _compare(name, formula, Value, reference.Value, points)
            _compare(f"0.7 ({name})", _times(formula), Value, reference.Value, points)
    for name in ("relu", "a ** 0 + b", "a ** 1"):
        _compare(f"{name} at a = 0", FORMULAS[name], Value, reference.Value, (0.0, 1.0))
    _arrays(Value)
    if type(Value(2).data) is not float:
        raise Wrong("a whole number does not become a float: keep says what data may be")
    refused(Value, "2", error=TypeError, what="a text as data")
    _backward(Value, 1.5)
    y = Value(2.0)
    refused((x * x).gradients, y, what="the gradient by a value that is not in the graph")
    with reference.no_grad():
        refused((x * x).backward, error=RuntimeError, what="a backward from a constant")


SHAPED = {
    "T": lambda a, b: (a * b).T,
    "a.T @ b": lambda a, b: (a * a).T @ b,
    "array @ a": lambda a, b: WEIGHTS[:2, :3] @ (a * b),
    "sum()": lambda a, b: (a * b).sum() * a,
    "sum(0)": lambda a, b: (a * b).sum(0) * a,
    "sum(1)": lambda a, b: (a * b).sum(1) * a,
    "sum((0, 1))": lambda a, b: (a * b).sum((0, 1)) * a,
    "mean()": lambda a, b: (a * b).mean() * a,
    "mean(0)": lambda a, b: (a * b).mean(0) * a,
    "mean(1)": lambda a, b: (a * b).mean(1) * a,
    "max()": lambda a, b: (a * b).max() * a,
    "max(0)": lambda a, b: (a * b).max(0) * a,
    "max(1)": lambda a, b: (a * b).max(1) * a,
    "max(1) of equal numbers": lambda a, b: (a * 0 + b).max(1) * b,
    "broadcast_to": lambda a, b: (b * b).broadcast_to(2, 3, 5),
    "reshape(4, 3)": lambda a, b: (a * b).reshape(4, 3) ** 2,
    "reshape(12)": lambda a, b: (a * b).reshape(12) ** 2,
    "reshape(2, -1)": lambda a, b: (a * b).reshape(2, -1) ** 2,
    "[1]": lambda a, b: (a * b)[1] ** 2,
    "[1:, ::2]": lambda a, b: (a * b)[1:, ::2] ** 2,
    "[[0, 0, 2]], a row twice": lambda a, b: (a * b)[[0, 0, 2]] ** 2,
    "a row of b added": lambda a, b: (a + b[1]) ** 2,
}


def _weighed(formula):
    def weighed(a, b):
        result = formula(a, b)
        return (result * np.sin(1.0 + np.arange(result.data.size).reshape(result.shape))).sum()

    return weighed


@exercise
def Tensor(Tensor):
    """What arrays have beside the operations of numbers."""
    t = Tensor(A)
    if t.shape != (3, 4):
        raise Wrong(f"shape is {t.shape} for an array (3, 4)")
    same("the sum of an array", float(t.sum().data), A.sum())
    for name, formula in SHAPED.items():
        got = _graph(name, formula(Tensor(A), Tensor(B)))
        same(
            f"the result of {name}",
            got.data,
            formula(reference.Tensor(A), reference.Tensor(B)).data,
        )
        _compare(name, _weighed(formula), Tensor, reference.Tensor, (A, B))
    for name in ("a + b", "a - b", "a * b", "a / b", "maximum"):
        _compare(name, _weighed(FORMULAS[name]), Tensor, reference.Tensor, (A, B))
    _backward(Tensor, A)
    refused(t.backward, what="a backward from an array")
    refused(t.__matmul__, t, what="a product of shapes that do not fit")
    if Tensor(3).data.dtype != np.float64:
        raise Wrong("whole numbers do not become float64")
    try:
        t.data[0, 0] = 7.0
    except ValueError:
        pass
    else:
        raise Wrong("its data can be written into: a graph may have been computed from it")


# Exercises


@exercise
def sigmoid(sigmoid):
    """One operation, with a way back that has a way back."""
    points = np.array([-3.0, -0.5, 0.0, 0.5, 4.0])
    right = 1 / (1 + np.exp(-points))
    x = reference.Tensor(points)
    y = _graph("sigmoid", sigmoid(x))
    mistakes = {"that is exp(x) / (1 - ...): the sign under exp": 1 / (1 + np.exp(points))}
    same("sigmoid", y.data, right, mistakes)
    if y.inputs[0] is not x or len(y.inputs) != 1:
        raise Wrong("the result comes from several operations: one Op, please, with x as its input")
    weights = np.arange(1.0, 6)
    slope = right * (1 - right)
    mistakes = {
        "what comes back is not used: the slope times d": slope,
        "the way back gives the result itself: the slope is σ (1 - σ)": weights * right,
        "the slope is σ (1 - σ): a part has the wrong sign": -weights * slope,
        "σ is taken of the result once more: out is σ already": weights
        * (lambda s: s * (1 - s))(1 / (1 + np.exp(-right))),
        "the slope is that of tanh: σ (1 - σ), and not 1 - σ²": weights * (1 - right**2),
    }
    (found,) = (y * weights).sum().gradients(x)
    same("the gradient", found.data, weights * slope, mistakes)
    if not found.requires_grad:
        raise Wrong("the gradient has no graph: compute the way back with d and out, not with data")
    (again,) = found.sum().gradients(x)
    same("the second derivative", again.data, weights * slope * (1 - 2 * right))
    far = sigmoid(reference.Tensor([-1000.0, 1000.0])).data
    same("sigmoid at ±1000", far, np.array([0.0, 1.0]))
    number = _graph("sigmoid of a Value", sigmoid(reference.Value(0.5)))
    same("sigmoid of a Value", number.data, float(right[3]))


@exercise
def layer_norm(layer_norm):
    """Each sample over its units; the way back comes for nothing."""
    eps = 0.3
    gamma, beta = np.array([[2.0], [0.5], [-1.0]]), np.array([[1.0], [-1.0], [0.25]])
    given = [reference.Tensor(array) for array in (A, gamma, beta)]
    got = _graph("layer_norm", layer_norm(*given, eps))
    C = A - A.mean(axis=0)
    root = np.sqrt(A.var(axis=0) + eps)
    other = (A - A.mean(axis=1, keepdims=True)) / np.sqrt(A.var(axis=1, keepdims=True) + eps)
    mistakes = {
        "that is batch normalization: each sample over its units, axis 0": gamma * other + beta,
        "gamma and beta have no effect": C / root,
        "the mean is not taken off": gamma * A / root + beta,
        "the variance is taken of X before its mean is off": gamma
        * C
        / np.sqrt((A**2).mean(axis=0) + eps)
        + beta,
        "eps is added to the root: to the variance, under the root": gamma
        * C
        / (np.sqrt(A.var(axis=0)) + eps)
        + beta,
        "divided by the variance: by its root": gamma * C / (A.var(axis=0) + eps) + beta,
        "eps is 1e-5, whatever was asked for": gamma * C / np.sqrt(A.var(axis=0) + 1e-5) + beta,
        "one mean for all samples: for each its own": gamma
        * (A - A.mean())
        / np.sqrt(A.var() + eps)
        + beta,
    }
    same("layer_norm", got.data, gamma * C / root + beta, mistakes)
    if not {*given} <= {*reference.topological(got)}:
        raise Wrong("the graph does not reach X, gamma and beta: compute with them, not with data")
    found = (got * WEIGHTS).sum().gradients(*given)
    X_hat, back = C / root, gamma * WEIGHTS
    dX = (back - back.mean(axis=0) - X_hat * (back * X_hat).mean(axis=0)) / root
    right = {
        "X": dX,
        "gamma": (WEIGHTS * X_hat).sum(axis=1, keepdims=True),
        "beta": WEIGHTS.sum(axis=1, keepdims=True),
    }
    for (name, expected), one in zip(right.items(), found, strict=True):
        same(f"the gradient by {name}", one.data, expected)
    default = layer_norm(*(reference.Tensor(a) for a in (A / 1000, gamma, beta)))
    C = C / 1000
    right = gamma * C / np.sqrt((C**2).mean(axis=0) + 1e-5) + beta
    same("layer_norm of small numbers, with no eps named,", default.data, right)


FAULTS = {
    "gradients are overwritten where a value is used twice": (
        "found[x] + d if x in found else d",
        "d",
    ),
    "the difference gives + to what is taken off": ("a, b: (d, -d))", "a, b: (d, d))"),
    "a number minus a value has the sign of a value minus a number": (
        "b, a: (-d, d))",
        "b, a: (d, d))",
    ),
    "the quotient forgets its lower part": ("(d / b, -d * out / b)", "(d / b, 0 * d)"),
    "the power forgets its exponent": ("(d * n * a**less,)", "(d * a**less,)"),
    "the slope of tanh is that of its result's result": ("(1 - out * out)", "(1 - a * a)"),
    "relu lets everything back": ("d * (a.data > 0)", "d * 1.0"),
    "maximum gives the gradient to the smaller one": (
        "guard.shared(d, a, b)",
        "guard.shared(d, b, a)",
    ),
}


def broken(before, after):
    """The module of the stage with one fault."""
    source = inspect.getsource(reference)
    if before not in source:
        raise LookupError(before)
    module = types.ModuleType("broken_autograd")
    exec(compile(source.replace(before, after), "broken", "exec"), vars(module))
    return module


@exercise
def check_autograd(check_autograd):
    """Tells the right class from eight wrong ones."""
    wrong = {words: broken(*fault).Value for words, fault in FAULTS.items()}
    return grade(check_autograd, [reference.Value], wrong)


@exercise
def hessian(hessian):
    """All second derivatives."""
    M = np.array([[2.0, 1.0, 0.0], [1.0, -3.0, 0.5], [0.0, 0.5, 1.0]])
    x = np.array([0.5, -1.0, 2.0])

    def quadratic(t):
        return (t.reshape(1, 3) @ M @ t.reshape(3, 1)).sum() / 2

    got = hessian(quadratic, x)
    mistakes = {
        "that is the gradient, not its derivatives": M @ x,
        "only the diagonal: each entry of the gradient by each number": np.diag(np.diag(M)),
        "the diagonal alone, as a row": np.diag(M),
        "rows are added up: a row for each entry of the gradient": M.sum(axis=0),
    }
    if isinstance(got, Remembering):
        raise Wrong("a Tensor: expected an array, its data")
    same("the Hessian of ½ xᵀ M x", got, M, mistakes)
    got = hessian(lambda t: t[0] ** 3 * t[1] + t[1].exp(), np.array([2.0, 0.0]))
    right = np.array([[0.0, 12.0], [12.0, 1.0]])
    same("the Hessian of x³ y + exp(y) at (2, 0)", got, right)
    try:
        got = hessian(lambda t: (3 * t).sum(), x)
    except NotImplementedError:
        raise
    except RuntimeError:
        raise Wrong(
            "a linear function stops: its gradient is a constant, which has no graph, so its "
            "Hessian is all 0"
        ) from None
    same("the Hessian of the linear function 3x + 3y + 3z", got, np.zeros((3, 3)))
