"""What the judges of several notebooks try answers on: networks, layers, and their contract."""

import copy
from types import SimpleNamespace

import numpy as np

from nnfs_core import layers
from nnfs_course.judge import Wrong, refused, same


def network(layer_sizes=(3, 5, 4, 2), m=6):
    """Return X, Y, parameters of a small network whose ReLUs let about half through."""
    rng, parameters = np.random.default_rng(1), {}
    for layer, (n_in, n_out) in enumerate(zip(layer_sizes, layer_sizes[1:], strict=False), start=1):
        parameters[f"W{layer}"] = rng.standard_normal((n_out, n_in))
        parameters[f"b{layer}"] = rng.standard_normal((n_out, 1)) / 4
    return (
        rng.standard_normal((layer_sizes[0], m)),
        rng.uniform(0, 1, (layer_sizes[-1], m)),
        parameters,
    )


FAMILIES = {"Linear": "Layer", "ReLU": "Layer", "Tanh": "Layer", "MSELoss": "Loss"}
FAMILIES |= {"LeakyReLU": "Layer", "Sequential": "Sequential", "Model": "Model"}


def house_of(method):
    """The right parts, as parts of the notebook that a method is from: it refuses all others."""
    theirs = method.__globals__
    made = {}
    for name, family in FAMILIES.items():
        right = getattr(layers, name)
        own = theirs.get(family, right)
        made[name] = right if issubclass(own, right) else type(name, (right, own), {})
    return SimpleNamespace(**made)


def back_of(layer, gradient):
    """Copies of all that backward gives."""
    dX = layer.backward(gradient)
    return copy.deepcopy({"dX": dX, **layer.gradients})


def keeps_contract(make, inputs, gradient):
    """Refuse a layer that does not keep the contract when its halves are called out of order."""
    try:
        make().backward(gradient)
    except (AttributeError, TypeError) as error:
        hint = "leave what you need in self.memory, and take it from self.recall()"
        raise Wrong(f"backward before forward stops with {type(error).__name__}: {hint}") from None
    except Exception:  # which kind is looked at next
        pass
    refused(make().backward, gradient, error=RuntimeError, what="backward before forward")
    layer = make()
    layer.forward(inputs)
    what = "backward after a forward that only predicts (training=False)"
    refused(layer.backward, gradient, error=RuntimeError, what=what)
    layer = make()
    layer.forward(-inputs, True)
    layer.forward(inputs, True)
    layer.forward(-inputs)
    first = layer.backward(gradient)
    try:
        second = layer.backward(gradient)
    except RuntimeError:
        raise Wrong("backward works once only: it should give the same twice") from None
    fresh = make()
    fresh.forward(inputs, True)
    same("backward after two forwards", first, fresh.backward(gradient))
    same("backward, called twice,", second, first)
    given = inputs.copy()
    output = layer.forward(given, True)
    for what, one, other in (
        ("forward", output, given),
        ("backward", layer.backward(gradient), gradient),
    ):
        if np.shares_memory(one, other):
            raise Wrong(f"{what} returns what it was given: a copy, so that each can be changed")
    before = back_of(layer, gradient)
    for array, what in ((output, "what forward returned"), (given, "the input after forward")):
        array[...] = 7.0
        after = back_of(layer, gradient)
        if not all(np.array_equal(after[name], before[name]) for name in before):
            raise Wrong(f"writing into {what} changes backward: remember a copy")
    single = [make().forward(inputs.astype(np.float32)).dtype]
    layer.forward(inputs.astype(np.float32), True)
    single.append(layer.backward(gradient.astype(np.float32)).dtype)
    for name, dtype in zip(("forward", "backward"), single, strict=True):
        if dtype != np.float32:
            raise Wrong(f"float32 goes into {name}, and {dtype} comes out")
