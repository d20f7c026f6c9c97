"""Take a network elsewhere: as an ONNX file, and to and from the names of PyTorch's weights.

Written by hand, like the guards. ONNX keeps a sample a row, as PyTorch does; weights need no
transpose, since Linear stores them as PyTorch does. onnx is imported only where it is needed.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nnfs_core.batch_normalization import BatchNorm
from nnfs_core.classification import Softmax
from nnfs_core.files import write_whole
from nnfs_core.generalization import Dropout, Ensemble
from nnfs_core.layers import (
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    Model,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)
from nnfs_core.validation import Arrays, describe, guard_keys, guard_kind, guard_values

OPSET, IR_VERSION = 17, 8  # of 2022: old enough for what reads ONNX today
OPERATORS = {  # a layer's operator, and what it is told beside the input
    ReLU: ("Relu", lambda layer: {}),
    LeakyReLU: ("LeakyRelu", lambda layer: {"alpha": layer.alpha}),
    Sigmoid: ("Sigmoid", lambda layer: {}),
    Tanh: ("Tanh", lambda layer: {}),
    Identity: ("Identity", lambda layer: {}),
    Dropout: ("Identity", lambda layer: {}),  # predicting leaves everything in
    Softmax: ("Softmax", lambda layer: {"axis": 1}),
    Linear: ("Gemm", lambda layer: {"transB": 1}),
    BatchNorm: ("BatchNormalization", lambda layer: {"epsilon": layer.eps}),
}
TORCH = {  # our name of an array: PyTorch's
    Linear: {"W": "weight", "b": "bias"},
    BatchNorm: {
        "gamma": "weight",
        "beta": "bias",
        "running_mean": "running_mean",
        "running_variance": "running_var",
    },
}
COUNT = "num_batches_tracked"  # of each BatchNorm of PyTorch; no prediction depends on it


def _flat(layer: Layer, place: str = "") -> Iterator[tuple[str, Layer]]:
    """Yield the layers inside a network, each with its place: "0.2" is layer 2 in layer 0."""
    if type(layer) is not Sequential:
        yield place, layer
        return
    for number, inner in enumerate(layer.layers):
        yield from _flat(inner, f"{place}.{number}" if place else str(number))


def _guard_layer(place, layer, known):
    """Refuse a layer that nobody has translated; a subclass may compute something else."""
    if type(layer) not in known:
        where = f"layer {place}" if place else "the network"
        names = ", ".join(kind.__name__ for kind in known)
        raise TypeError(f"{where} is {describe(layer)}; expected one of {names}, or Sequential")


def _arrays(layer: Layer, place: str) -> Arrays:
    """Return copies of a layer's arrays as both worlds have them: all but W in one dimension."""
    arrays = {**layer.parameters, **layer.buffers}
    for name, array in arrays.items():
        guard_values(f"{name} of layer {place}", array)
    return {name: np.array(array if name == "W" else array[:, 0]) for name, array in arrays.items()}


def _networks(model) -> list[Sequential]:
    """Return the networks whose mean is the prediction; refuse networks of different sizes."""
    if not isinstance(model, Ensemble):
        network = model.network if isinstance(model, Model) else model
        guard_kind("model", network, Sequential, "a Model, its network, or an Ensemble of models")
        return [network]
    networks = [network for member in model.models for network in _networks(member)]
    if len(sizes := {_sizes(network) for network in networks}) > 1:
        raise ValueError(f"the networks have the sizes (n_0, n_L) {sorted(sizes)}; expected one")
    return networks


def _sizes(network: Sequential) -> tuple[int, int]:
    """Return n_0 and n_L."""
    first, last = 0, 0
    for place, layer in _flat(network):
        _guard_layer(place, layer, OPERATORS)
        if isinstance(layer, Linear | BatchNorm):
            shape = layer.parameters["W" if isinstance(layer, Linear) else "gamma"].shape
            takes = shape[isinstance(layer, Linear)]
            if last and takes != last:
                raise ValueError(f"layer {place} takes {takes} rows, and {last} come to it")
            last = shape[0]
            first = first or takes
    if not first:
        raise ValueError(f"{network!r} has no weights; expected a Linear in it")
    return first, last


def _nodes(network: Sequential, prefix: str, make_node, from_array):
    """Return the nodes of a network, and its arrays; the last node's output has the prefix."""
    nodes, arrays, flow = [], [], "X"
    for place, layer in _flat(network):
        operator, settings = OPERATORS[type(layer)]
        name = f"{prefix}.{place}"
        own = {f"{name}.{key}": array for key, array in _arrays(layer, place).items()}
        arrays += [from_array(array.astype(np.float64), key) for key, array in own.items()]
        nodes.append(make_node(operator, [flow, *own], [name], name, **settings(layer)))
        flow = name
    nodes[-1].output[0] = prefix
    return nodes, arrays


def export_onnx(model: Model | Sequential | Ensemble, path: str | os.PathLike) -> Path:
    """Write what a model predicts as an ONNX file; return its path.

    The file's input X is (m, n_0), its output Y (m, n_L), float64: a sample a row. Y are logits, if
    the loss takes logits. What stands in front of the network (scaling, encoding) is not in it.
    Raises ImportError without the package onnx, TypeError for a layer that is not the course's.
    """
    networks = _networks(model)
    n_0, n_L = _sizes(networks[0])
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file in it")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent}: make it first")
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError as error:
        raise ImportError("export_onnx needs onnx: pip install onnx") from error

    names = [f"network{place}" for place in range(len(networks))] if len(networks) > 1 else ["Y"]
    nodes, arrays = [], []
    for name, network in zip(names, networks, strict=True):
        more = _nodes(network, name, helper.make_node, numpy_helper.from_array)
        nodes, arrays = nodes + more[0], arrays + more[1]
    if len(networks) > 1:
        arrays.append(numpy_helper.from_array(np.array(float(len(names))), "count"))
        nodes.append(helper.make_node("Sum", names, ["sum"]))
        nodes.append(helper.make_node("Div", ["sum", "count"], ["Y"]))
    X, Y = (
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["m", rows])
        for name, rows in {"X": n_0, "Y": n_L}.items()
    )
    graph = helper.make_graph(nodes, "network", [X], [Y], arrays)
    opset = helper.make_opsetid("", OPSET)
    content = helper.make_model(
        graph, producer_name="nnfs_core", opset_imports=[opset], ir_version=IR_VERSION
    )
    checker.check_model(content, full_check=True)
    write_whole(path, content.SerializeToString())
    return path


def _own_names(network: Sequential) -> dict[str, tuple[Layer, str]]:
    """Return each name of PyTorch's, with the layer and the name that its array has here."""
    guard_kind("network", network, Sequential, "a Sequential: model.network")
    found = {}
    for place, layer in _flat(network):
        names = [*layer.parameters, *layer.buffers]
        if names:
            _guard_layer(place, layer, TORCH)
        found |= {f"{place}.{TORCH[type(layer)][name]}": (layer, name) for name in names}
    return found


def to_torch(network: Sequential) -> Arrays:
    """Return a network's arrays under PyTorch's names: NumPy arrays, float64, copies.

    They fit a torch.nn.Sequential of the same layers in the same places:
    module.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()}).
    A BatchNorm's momentum is not among them: PyTorch's is 1 minus ours. TypeError for other layers.
    """
    state = {}
    for key, (layer, name) in _own_names(network).items():
        state[key] = _arrays(layer, key.rpartition(".")[0])[name]
        if name == "running_variance":
            state[f"{key.rpartition('.')[0]}.{COUNT}"] = np.array(0)
    return state


def from_torch(network: Sequential, state_dict) -> None:
    """Write a state_dict of PyTorch's into a network of the same layers: all of it, or nothing.

    state_dict: tensors or NumPy arrays by name, as module.state_dict() returns them. Raises
    ValueError for other names or shapes, TypeError for what cannot become a NumPy array.
    """
    own = _own_names(network)
    if isinstance(state_dict, dict):
        state_dict = {k: v for k, v in state_dict.items() if not str(k).endswith(f".{COUNT}")}
    guard_keys("state_dict", state_dict, list(own))
    news = []
    for key, (layer, name) in own.items():
        try:
            new = np.asarray(state_dict[key])
        except (TypeError, RuntimeError, ValueError) as error:  # on a graphics card, bfloat16 ...
            todo = "give what module.cpu().double().state_dict() returns"
            raise TypeError(f"state_dict[{key!r}] is no NumPy array: {error}; {todo}") from error
        array = {**layer.parameters, **layer.buffers}[name]
        shape = array.shape if name == "W" else (len(array),)
        if new.dtype == np.float16:
            new = new.astype(np.float64)
        guard_values(f"state_dict[{key!r}]", new)
        if new.shape != shape:
            raise ValueError(f"state_dict[{key!r}] has the shape {new.shape}; expected {shape}")
        if name == "running_variance" and new.min() < 0:
            raise ValueError(f"state_dict[{key!r}] goes down to {new.min():g}; expected 0 or more")
        news.append((array, new.reshape(array.shape)))
    for array, new in news:
        array[...] = new
