"""Judges of notebook 7."""

import copy
import functools
import operator

import numpy as np

from nnfs_core import layers as reference
from nnfs_course.counterexample import factor, mean_squares, number, small, smallest, weighted
from nnfs_course.examples import house_of, keeps_contract
from nnfs_course.judge import Wrong, called, exercise, grade, refused, same, same_arrays

Z = np.array([[-2.0, -0.5, 0.0], [0.25, 1.0, 3.0]])
DA = np.array([[1.0, 2.0, -3.0], [0.5, -1.0, 4.0]])
CASES = {"positive z": Z > 0, "negative z": Z < 0, "z = 0": Z == 0}


def _backward(layer, gradient):
    """What backward returns, after a forward with training."""
    try:
        return called(layer.backward, gradient)
    except RuntimeError:
        what = "after a forward with training=True"
        if layer.memory is None and any(part.memory is not None for part in layer.layers):
            raise Wrong(f"{what} the layers inside remember, but self.memory is None") from None
        raise Wrong(f"{what} nothing is remembered: is training handed on to the layers?") from None


def _activation(make, function, slope, formula, forward=None, backward=None):
    """Refuse an activation layer by its values, its slopes and the contract.

    formula: how a value comes about, with {z}. forward, backward: what mistakes give.
    """

    def trained(Z, dA):
        layer = make()
        layer.forward(Z, True)
        return layer.backward(dA)

    def example():
        smallest(
            lambda Z: make().forward(Z),
            lambda Z: function(Z),
            small((1, 1)),
            lambda _, Z: f"forward: {formula.format(z=number(Z[0, 0]))}",
        )
        smallest(
            trained,
            lambda Z, dA: dA * slope(Z),
            small((1, 1), (1, 1)),
            lambda _, Z, dA: (
                f"backward: dA times the slope at {number(Z[0, 0])}, "
                f"{factor(dA[0, 0])}·{factor(slope(Z)[0, 0])}"
            ),
        )

    layer, slopes = make(), np.asarray(slope(Z), float)
    same("forward", called(layer.forward, Z, True), function(Z), forward, CASES, example)
    wrong = {
        "backward returns the slope: multiply it with what comes in": slopes,
        "backward returns what comes in: multiply it with the slope": DA,
    }
    if (slopes == 1).all():
        wrong = {}
    wrong = (backward or {}) | wrong
    same("backward", called(layer.backward, DA), DA * slopes, wrong, CASES, example)
    keeps_contract(make, Z, DA)
    far = np.array([[-1000.0, 1000.0]])
    with np.errstate(all="ignore"):
        there, back = layer.forward(far, True), layer.backward(np.ones((1, 2)))
    if not np.isfinite(there).all() or not np.isfinite(back).all():
        raise Wrong("at ±1000 it gives NaN or infinity: no exponential of a large number, please")


@exercise
def Part(Part):
    """What forward has left can be recalled, and nothing else."""
    part = Part()
    refused(part.recall, error=RuntimeError, what="recall before forward")
    part.memory = np.array([[0.0]])
    part.kept = 5
    same("what recall returns", called(part.recall), part.memory)
    if copy.deepcopy(part).memory is not None:
        raise Wrong("a copy has the memory too: __getstate__ leaves it out")
    if getattr(copy.deepcopy(part), "kept", None) != 5:
        raise Wrong("a copy keeps too little: __getstate__ leaves out the memory alone")


@exercise
def Layer(Layer):
    """Its arrays can be taken out and put back."""
    layer, other = Layer(), Layer()
    layer.parameters["W"] = W = np.array([[1.0, 2.0]])
    layer.buffers["mean"] = np.zeros((1, 1))
    if other.parameters or other.buffers:
        raise Wrong("two layers share one dict: make it in __init__")
    state = called(layer.state)
    same_arrays(state, {"W": W.copy(), "mean": np.zeros((1, 1))})
    state["W"][...] = 5.0
    if W[0, 0] == 5.0:
        raise Wrong("state gives the arrays themselves: it should give copies")
    layer.load_state(state)
    if layer.parameters["W"] is not W:
        raise Wrong("load_state puts in other arrays: write into those that are there")
    same_arrays(layer.parameters, {"W": state["W"]})
    refused(layer.load_state, {"W": W}, what="a state without the buffers")
    refused(layer.load_state, {**state, "W": W.T}, what="a state with a W of another shape")
    _abstract(Layer, {"forward": (Z,), "backward": (Z,)})


def _abstract(base, methods):
    """Refuse a base class whose children may leave these methods out in silence."""
    half = type("Half", (base,), {})()
    for name, arguments in methods.items():
        try:
            getattr(half, name)(*arguments)
        except NotImplementedError as error:
            if str(error) == base.__name__:  # the stub
                raise
            if str(error) == f"Half.{name}":
                continue
        kind = base.__name__.lower()
        raise Wrong(
            f"a {kind} class Half without {name} should raise NotImplementedError: Half.{name}"
        )


@exercise
def ReLU(ReLU):
    """max(0, Z)."""
    mistakes = {"at 0 we chose the slope 0: > is not >=": DA * (Z >= 0)}
    _activation(ReLU, lambda Z: np.maximum(Z, 0), lambda Z: Z > 0, "max(0, {z})", backward=mistakes)


@exercise
def LeakyReLU(LeakyReLU):
    """Z, or alpha Z."""
    for alpha in (0.01, 0.5):

        def slope(Z):
            return np.where(Z > 0, 1, alpha)  # noqa: B023

        mistakes = {
            "that is ReLU: negative numbers keep a part of themselves": np.maximum(Z, 0),
            "alpha has no effect: it is 0.01, whatever was asked for": Z * np.where(Z > 0, 1, 0.01),
        }
        formula = f"{{z}}, times {alpha} if it is not above 0,"
        make = functools.partial(LeakyReLU, alpha)
        _activation(make, lambda Z: Z * slope(Z), slope, formula, mistakes)
    without = LeakyReLU().forward(np.array([[-1.0]]))
    same("LeakyReLU() at -1, where alpha is 0.01,", without, np.array([[-0.01]]))


@exercise
def Sigmoid(Sigmoid):
    """1 / (1 + exp(-Z))."""

    def function(Z):
        return 1 / (1 + np.exp(-Z))

    forward = {"the sign of z is wrong": function(-Z)}
    backward = {"the slope is A (1 - A), with the output A": DA * Z * (1 - Z)}
    _activation(
        Sigmoid,
        function,
        lambda Z: function(Z) * function(-Z),
        "1 / (1 + exp(-({z})))",
        forward,
        backward,
    )


@exercise
def Tanh(Tanh):
    """tanh(Z)."""
    A = np.tanh(Z)
    mistakes = {
        "the square is missing: 1 - A²": DA * (1 - A),
        "the slope needs the output, not the input": DA * (1 - Z**2),
    }
    _activation(Tanh, np.tanh, lambda Z: 1 - np.tanh(Z) ** 2, "tanh({z})", backward=mistakes)


@exercise
def Identity(Identity):
    """Z itself."""
    _activation(Identity, np.copy, np.ones_like, "{z} itself")


@exercise
def Linear(Linear):
    """W X + b."""

    def run(W, b, X, dZ):
        layer = Linear(1, 1, 0)
        layer.parameters |= {"W": W, "b": b}
        values = {"Z": layer.forward(X, True), "dX": layer.backward(dZ)}
        return {**values, **layer.gradients}

    def right_one(W, b, X, dZ):
        return {"Z": W @ X + b, "dX": W.T @ dZ, "dW": dZ @ X.T, "db": dZ.sum(1, keepdims=True)}

    def formula(where, W, b, X, dZ):
        key, i, k = where
        sums = {
            "Z": lambda: weighted(W[i], X[:, k], b[i, 0]),
            "dX": lambda: weighted(W[:, i], dZ[:, k]),
            "dW": lambda: weighted(dZ[i], X[k]),
            "db": lambda: " + ".join(map(number, dZ[i])).replace("+ -", "- "),
        }
        return f"{key}[{i}, {k}] = {sums[key]()}"

    def example():
        sizes = ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (2, 2, 2))
        shapes = ([(n, n_in), (n, 1), (n_in, m), (n, m)] for n_in, n, m in sizes)
        smallest(run, right_one, (case for one in shapes for case in small(*one)), formula)

    rng = np.random.default_rng(0)
    for n_in, n_out in ((4, 3), (3, 3)):
        X, dZ, b = (rng.standard_normal(size) for size in ((n_in, 5), (n_out, 5), (n_out, 1)))

        def make():
            layer = Linear(n_in, n_out, 0)  # noqa: B023
            layer.parameters["b"] = b  # noqa: B023
            return layer

        layer = make()
        W = layer.parameters["W"]
        got = called(layer.forward, X, True)
        same("forward", got, W @ X + b, {"the bias is missing": W @ X}, example=example)
        mistakes = {"W has to be turned: dX = Wᵀ dZ": W @ dZ} if n_in == n_out else {}
        got = called(layer.backward, dZ)
        same("what backward returns", got, W.T @ dZ, mistakes, example=example)
        right = {"dW": dZ @ X.T, "db": dZ.sum(axis=1, keepdims=True)}
        mistakes = {
            "the mean is taken twice: it is in dA_L already": {k: g / 5 for k, g in right.items()},
            "db is a sum over the samples, no mean": {**right, "db": right["db"] / 5},
            "the signs are wrong": {k: -g for k, g in right.items()},
        }
        same_arrays(layer.gradients, right, mistakes, example)
        twice = make()
        twice.forward(X, True)
        twice.backward(dZ)
        twice.backward(dZ)
        doubled = {"the gradients add up: replace them": {k: 2 * g for k, g in right.items()}}
        same_arrays(twice.gradients, right, doubled)
    keeps_contract(make, X, dZ)
    if tuple(layer.penalised) != ("W",):
        raise Wrong(f"penalised is {layer.penalised!r}: a penalty takes W alone, so ('W',)")
    refused(layer.forward, X[:2], what="an X that does not fit W")
    _start(Linear)


def _start(Linear):
    """Refuse other weights and biases to start with than the course's."""
    n_in, n_out = 300, 200
    variances = {"he": 2 / n_in, "xavier": 2 / (n_in + n_out), "normal": 0.1**2}
    for kind, variance in {None: 2 / n_in, **variances}.items():
        layer = Linear(n_in, n_out, 0, *([kind] if kind else []))
        W, b = layer.parameters["W"], layer.parameters.get("b")
        if np.shape(W) != (n_out, n_in):
            raise Wrong(f"W has the shape {np.shape(W)} instead of ({n_out}, {n_in})")
        ratio = np.var(W) / variance
        if not 0.96 < ratio < 1.04:
            named = f"initialization={kind!r}" if kind else "no initialization named (it is 'he')"
            raise Wrong(f"with {named} the variance of W is {ratio:.3g} times what it should be")
        if b is None or np.shape(b) != (n_out, 1) or b.any():
            raise Wrong(f"b should start as {n_out} zeros, in a column")
    if not np.array_equal(
        Linear(3, 2, 0).parameters["W"], Linear(3, 2, np.random.default_rng(0)).parameters["W"]
    ):
        raise Wrong("a seed and a generator made from it should give the same weights")
    refused(Linear, 3, 2, 0, "He", what="an initialization that is not known")


@exercise
def Loss(Loss):
    """No layer, but with a memory."""
    loss = Loss()
    if hasattr(loss, "parameters"):
        raise Wrong("a loss is no layer: it also gets Y, and has nothing to learn")
    _abstract(Loss, {"forward": (Z, Z), "backward": ()})
    refused(loss.recall, error=RuntimeError, what="recall before forward")


@exercise
def MSELoss(MSELoss):
    """Half the mean squared error."""

    def run(A, Y):
        loss = MSELoss()
        return {"loss": loss.forward(A, Y), "dA": loss.backward()}

    def formula(where, A, Y):
        m, place = A.shape[1], where[1:]
        if where == ("loss",):
            return f"loss = {mean_squares(A, Y, m)}"
        return f"dA{list(place)} = ({number(A[place])} - {factor(Y[place])})/{m}"

    def example():
        shapes = ((1, 1), (1, 2), (2, 1), (2, 2))
        smallest(
            run,
            lambda A, Y: {
                "loss": np.sum((A - Y) ** 2) / (2 * A.shape[1]),
                "dA": (A - Y) / A.shape[1],
            },
            (case for shape in shapes for case in small(shape, shape)),
            formula,
        )

    loss, A, Y = MSELoss(), Z + 1, DA / 2
    value = np.sum((A - Y) ** 2) / 6
    mistakes = {
        "twice too large: is the ½ missing?": 2 * value,
        "m times too large: is the mean missing?": 3 * value,
        "m counts samples (columns), not entries": value / 2,
    }
    same("forward", called(loss.forward, A, Y), value, mistakes, example=example)
    mistakes = {
        "m times too large: is the mean missing?": A - Y,
        "the sign is wrong: A minus Y": (Y - A) / 3,
        "the ½ of the loss cancels in its derivative": (A - Y) / 6,
    }
    same("backward", called(loss.backward), (A - Y) / 3, mistakes, example=example)
    loss.forward(A.astype(np.float32), Y)
    if (dtype := loss.backward().dtype) != np.float32:
        raise Wrong(f"float32 goes into forward, with a Y in float64, and dA is {dtype}")
    refused(MSELoss().backward, error=RuntimeError, what="backward before forward")
    refused(loss.forward, A, Y[:1], what="a Y of another shape")


def _row(house, Sequential):
    rng = np.random.default_rng(1)
    return Sequential(house.Linear(4, 5, rng), house.Tanh(), house.Linear(5, 2, rng))


@exercise
def Sequential(Sequential):
    """Layers in a row, which are a layer."""
    house, rng = house_of(Sequential.forward), np.random.default_rng(0)
    X, dA = rng.standard_normal((4, 6)), rng.standard_normal((2, 6))
    ours, right = _row(house, Sequential), _row(reference, reference.Sequential)
    same_arrays(ours.parameters, right.parameters)
    if len(ours) != 3 or ours[0] is not ours.layers[0]:
        raise Wrong("len counts the layers, and [0] is the first of them")
    for name in ("parameters", "gradients", "buffers"):
        refused(
            operator.setitem,
            getattr(ours, name),
            "W1",
            X,
            error=TypeError,
            what=f"an assignment to {name}['W1'], which would be lost,",
        )
    if list(ours.penalised) != ["W1", "W2"]:
        raise Wrong(f"penalised is {ours.penalised!r}: the layers say it, so ('W1', 'W2')")
    same("forward", called(ours.forward, X), right.forward(X))
    square = [house.Linear(4, 4, 0), house.Tanh(), house.Linear(4, 4, 1)]
    network = Sequential(*square)
    network.forward(X, True)
    got = _backward(network, X)
    forwards = dX = X
    for layer in square:
        forwards = layer.backward(forwards)
    for layer in reversed(square):
        dX = layer.backward(dX)
    mistakes = {"backward goes from the first layer to the last: the other way round": forwards}
    same("what backward returns", got, dX, mistakes)
    ours.forward(X, True)
    right.forward(X, True)
    same("what backward returns", _backward(ours, dA), right.backward(dA))
    same_arrays(ours.gradients, right.gradients)
    keeps_contract(lambda: _row(house, Sequential), X, dA)
    nested = Sequential(house.Linear(4, 4, 0), ours, house.Linear(2, 1, 0))
    if list(nested.parameters) != ["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"]:
        raise Wrong(f"with a network inside, the names are {', '.join(nested.parameters)}")
    relu = house.ReLU()
    refused(Sequential, relu, relu, what="one layer, twice in a network,")
    refused(Sequential, house.ReLU, error=TypeError, what="a class instead of a layer")


@exercise
def Model(Model):
    """Network, loss and penalty."""
    house, rng = house_of(Model.loss), np.random.default_rng(0)

    def run(W, X, Y, l2, m):
        network = house.Sequential(house.Linear(1, 1, 0))
        network.parameters["W1"][...] = W
        model = Model(network, l2=l2, m=m)
        loss, dX = model.loss(X, Y), model.backward()
        return {"loss": loss, "dW1": network.gradients["dW1"], "dX": dX}

    def right_one(W, X, Y, l2, m):
        error = W * X - Y
        loss = error.item() ** 2 / 2 + l2 / (2 * m) * W.item() ** 2
        return {"loss": loss, "dW1": error * X + l2 / m * W, "dX": error * W}

    def formula(where, W, X, Y, l2, m):
        w, x, y = (factor(array[0, 0]) for array in (W, X, Y))
        ways = {
            "loss": f"({w}·{x} - {y})²/2 + {l2}/(2·{m})·{w}²",
            "dW1": f"({w}·{x} - {y})·{x} + {l2}/{m}·{w}",
            "dX": f"({w}·{x} - {y})·{w}",
        }
        return f"with b = 0, {where[0]} = {ways[where[0]]}"

    def example():
        cases = ((*case, l2, 4) for l2 in (0.0, 0.5) for case in small((1, 1), (1, 1), (1, 1)))
        smallest(run, right_one, cases, formula)

    X, Y = rng.standard_normal((4, 6)), rng.standard_normal((2, 6))
    right = {
        l2: reference.Model(_row(reference, reference.Sequential), l2=l2, m=24) for l2 in (0.0, 0.5)
    }
    losses = {l2: model.loss(X, Y) for l2, model in right.items()}
    backs = {l2: model.backward() for l2, model in right.items()}
    batch = 4 * losses[0.5] - 3 * losses[0.0]  # with the m of the batch, 6
    for l2, model in right.items():
        ours = Model(_row(house, house.Sequential), l2=l2, m=24)
        mistakes = {
            "the penalty is missing": losses[0.0],
            "the penalty's m is that of the whole training set, not of the batch": batch,
        }
        got = called(ours.loss, X, Y)
        same("loss", got, losses[l2], mistakes if l2 else {}, example=example)
        same("predict", called(ours.predict, X), model.predict(X))
        same("what backward returns", called(ours.backward), backs[l2])
        plain = dict(right[0.0].network.gradients)
        mistakes = {"the gradient of the penalty is missing": plain} if l2 else {}
        same_arrays(ours.network.gradients, dict(model.network.gradients), mistakes, example)
        ours.backward()
        same_arrays(ours.network.gradients, dict(model.network.gradients))
    refused(
        Model(_row(house, house.Sequential)).backward,
        error=RuntimeError,
        what="backward before any loss",
    )
    for again, what in (
        (lambda: ours.network.forward(X, True), "another training forward"),
        (lambda: ours.loss_part.forward(Y, Y), "another forward of the loss part"),
    ):
        ours.loss(X, Y)
        again()
        refused(ours.backward, error=RuntimeError, what=f"backward after {what}")
    own = house.MSELoss()
    if Model(_row(house, house.Sequential), own).loss_part is not own:
        raise Wrong("the loss that was asked for is not used")
    network = _row(house, house.Sequential)
    refused(Model, network, l2=0.5, what="l2 without m")
    refused(Model, network, m=0, what="m = 0")
    with np.errstate(all="ignore"):
        refused(
            ours.loss,
            X * 1e300,
            Y * 1e300,
            error=FloatingPointError,
            what="a loss that is infinite",
        )


@exercise
def mlp(mlp):
    """The plain network."""
    house, right = house_of(mlp), reference.mlp([4, 5, 3, 2], seed=3)
    ours = called(mlp, [4, 5, 3, 2], seed=3)
    same_arrays(dict(ours.parameters), dict(right.parameters))
    kinds = [type(layer).__name__ for layer in ours]
    if kinds[-1] == "ReLU":
        raise Wrong("an activation function stands last: there the output's belongs")
    if kinds != [type(layer).__name__ for layer in right]:
        raise Wrong(f"the layers are {', '.join(kinds)}")
    kinds = [
        type(layer).__name__ for layer in mlp([4, 3, 2], activation=house.Tanh, output=house.ReLU)
    ]
    if kinds != ["Linear", "Tanh", "Linear", "ReLU"]:
        raise Wrong(f"with activation=Tanh, output=ReLU the layers are {', '.join(kinds)}")
    xavier = reference.mlp([4, 3, 2], initialization="xavier")
    same_arrays(dict(mlp([4, 3, 2], initialization="xavier").parameters), dict(xavier.parameters))
    refused(mlp, [4, 3, 2], activation="tanh", error=TypeError, what="a name instead of a class")
    refused(
        mlp, [4, 3, 2], activation=house.Tanh(), error=TypeError, what="a layer instead of a class"
    )


class _WrongTanh(reference.Tanh):
    """Tanh with a wrong slope."""

    def forward(self, Z, training=False):
        """Return A; remember 1 - A."""
        A = super().forward(Z, training)
        self.memory = 1 - A
        return A


@exercise
def check_gradients(check_gradients):
    """Errors of all gradients against central differences."""
    house, rng = house_of(check_gradients), np.random.default_rng(0)
    X, Y = rng.standard_normal((4, 6)), rng.standard_normal((2, 6))
    model = house.Model(_row(house, house.Sequential), l2=0.5, m=6)
    before = model.network.state()
    errors = called(check_gradients, model, X, Y)
    names = {"X", *before}
    if not isinstance(errors, dict) or errors.keys() != names:
        raise Wrong(f"expected a dict with the keys {', '.join(sorted(names))}")
    same_arrays(dict(model.network.parameters), before)
    if max(errors.values()) > 1e-7:
        raise Wrong(f"right gradients get the error {max(errors.values()):.1e}")
    first, _, last = model.network
    wrong = type("WrongTanh", (_WrongTanh, house.Tanh), {})()
    errors = check_gradients(house.Model(house.Sequential(first, wrong, last)), X, Y)
    if min(errors["W1"], errors["X"]) < 0.01:
        raise Wrong("a wrong backward in the middle is not found in W1 and X")
    if errors["W2"] > 1e-7:
        raise Wrong("W2 comes after the wrong layer: its gradient is right")
    single = called(check_gradients, model, X.astype(np.float32), Y)
    if max(single.values()) > 1e-7:
        raise Wrong("an X in float32 is shifted in float32: too coarse, so work on a float64 copy")


@exercise
def Softplus(Softplus):
    """ln(1 + exp(Z))."""
    sigmoid = 1 / (1 + np.exp(-Z))
    forward = {
        "that is ln(e^z) = z: the 1 is missing": Z,
        "that is the derivative: forward is the function": sigmoid,
    }
    half, twice = 1 / (1 + np.exp(Z)), sigmoid * (1 - sigmoid)
    backward = {
        "the derivative is not softplus itself": DA * np.logaddexp(0, Z),
        "the derivative of the logarithm alone: the chain rule asks for e^z, too": DA * half,
        "that is the derivative of the sigmoid: one too many": DA * twice,
    }
    _activation(
        Softplus,
        lambda Z: np.logaddexp(0, Z),
        lambda Z: 1 / (1 + np.exp(-Z)),
        "ln(1 + exp({z}))",
        forward,
        backward,
    )
    layer = Softplus()
    with np.errstate(all="ignore"):
        there = layer.forward(np.array([[-1000.0, 1000.0]]), True)
        same("forward at ±1000", there, np.array([[0.0, 1000.0]]))
        same("backward at ±1000", layer.backward(np.ones((1, 2))), np.array([[0.0, 1.0]]))


class _MaskOfWhatComesBack(reference.LeakyReLU):
    def backward(self, dA):
        return np.where(dA > 0, 1, self.alpha) * dA


class _NothingBelow0(reference.LeakyReLU):
    def backward(self, dA):
        return (self.recall() == 1) * dA


class _Slope(reference.Tanh):
    def backward(self, dA):
        return self.recall() + 0 * dA


class _FirstForward(reference.Tanh):
    def forward(self, Z, training=False):
        kept = self.memory
        A = super().forward(Z, training)
        self.memory = self.memory if kept is None else kept
        return A


class _Predicting(reference.Tanh):
    def forward(self, Z, training=False):
        return super().forward(Z, training=True)


class _NotTurned(reference.Linear):
    def backward(self, dZ):
        dX, W = super().backward(dZ), self.parameters["W"]
        return W @ dZ if len(W) == len(dX) else dX


class _TurnedGradient(reference.Linear):
    def backward(self, dZ):
        dX, dW = super().backward(dZ), self.gradients["dW"]
        self.gradients["dW"] = dW.T if len(dW) == len(dX) else dW
        return dX


class _MeanInB(reference.Linear):
    def backward(self, dZ):
        dX = super().backward(dZ)
        self.gradients["db"] /= dZ.shape[1]
        return dX


class _AddsUp(reference.Linear):
    def backward(self, dZ):
        before = self.gradients
        dX = super().backward(dZ)
        for name, gradient in before.items():
            self.gradients[name] += gradient
        return dX


@exercise
def check_backward(check_backward):
    """A check of a layer's backward: right layers pass, wrong ones do not."""
    house = house_of(check_backward)

    def wrong(mistake, *arguments):
        right = getattr(house, mistake.__base__.__name__)
        return type(right.__name__, (mistake, right), {})(*arguments)

    right = [house.Tanh(), house.LeakyReLU(), house.LeakyReLU(0.5)]
    right += [house.Linear(3, 2, 0), house.Linear(3, 3, 0)]
    return grade(
        check_backward,
        right,
        {
            "a tanh with the slope 1 - A": wrong(_WrongTanh),
            "a tanh that returns its slope alone, without dA": wrong(_Slope),
            "a Leaky ReLU that lets nothing through below 0": wrong(_NothingBelow0, 0.1),
            "a Leaky ReLU that asks where dA > 0, not Z": wrong(_MaskOfWhatComesBack),
            "a linear layer of 3 units with dX = W dZ": wrong(_NotTurned, 3, 3, 0),
            "a linear layer of 3 units with dW turned": wrong(_TurnedGradient, 3, 3, 0),
            "a linear layer with the mean for db": wrong(_MeanInB, 3, 2, 0),
            "a linear layer whose gradients add up": wrong(_AddsUp, 3, 2, 0),
            "a tanh that keeps the first forward": wrong(_FirstForward),
            "a tanh that remembers when it only predicts": wrong(_Predicting),
        },
    )


@exercise
def Residual(Residual):
    """X + f(X)."""
    house, rng = house_of(Residual.forward), np.random.default_rng(0)
    X, dA = rng.standard_normal((3, 5)), rng.standard_normal((3, 5))

    def run(W, X, dA):
        layer = Residual(house.Linear(1, 1, 0))
        layer.parameters["W1"][...] = W
        return {"forward": layer.forward(X, True), "backward": layer.backward(dA)}

    def formula(where, W, X, dA):
        given = X if where[0] == "forward" else dA
        return f"with b = 0, {where[0]} = {number(given[0, 0])} + {weighted(W[0], given[0])}"

    def example():
        smallest(
            run,
            lambda W, X, dA: {"forward": X + W * X, "backward": dA + W * dA},
            small((1, 1), (1, 1), (1, 1)),
            formula,
        )

    around = Residual(house.Linear(3, 3, 0))
    W = around.parameters["W1"]
    got = called(around.forward, X, True)
    same(
        "forward",
        got,
        X + W @ X,
        {"the way around is missing": W @ X, "the way around comes twice": 2 * X + W @ X},
        example=example,
    )
    mistakes = {
        "the way around is missing on the way back": W.T @ dA,
        "only the way around comes back": dA,
    }
    same("backward", _backward(around, dA), dA + W.T @ dA, mistakes, example=example)
    if not around.gradients:
        raise Wrong("gradients is empty after backward: go back through the layers inside, too")
    same_arrays(around.gradients, {"dW1": dA @ X.T, "db1": dA.sum(axis=1, keepdims=True)})
    keeps_contract(lambda: Residual(house.Linear(3, 3, 0)), X, dA)
    row = [house.Linear(3, 3, 1), house.Tanh(), house.Linear(3, 3, 2)]
    inside = each = X
    for layer in row:
        inside, each = layer.forward(inside), each + layer.forward(each)
    mistakes = {"X is added after each layer: add it once, after the last one": each}
    residual, plain = Residual(*row), house.Sequential(*row)
    got = called(residual.forward, X)
    same("forward of three layers in a row", got, X + inside, mistakes)
    plain.forward(X, True)
    right, last = dA + plain.backward(dA), dA + row[-1].backward(dA)
    residual.forward(X, True)
    mistakes = {"backward goes back through the last layer alone": last}
    same("backward of three layers in a row", _backward(residual, dA), right, mistakes)
    both = type("Residual", (Residual, reference.Sequential), {})  # for the right parts, too
    for what, parts in {"three layers": row, "a Sequential": [house.Sequential(*row)]}.items():
        network = house.Sequential(house.Linear(3, 3, 3), both(*parts), house.Tanh())
        errors = reference.check_gradients(house.Model(network, l2=0.5, m=5), X, dA)
        if max(errors.values()) > 1e-7:
            raise Wrong(f"around {what}, in a network with a penalty, its gradients are wrong")
