"""Trained networks as scripts that a web page loads: weights rounded to 16 bits, all else as JSON.

site/play/model.js reads them. read_predictor reads them back, for the tests to compare with.
"""

import base64
import json
from pathlib import Path

import numpy as np

from nnfs_core.batch_normalization import BatchNorm
from nnfs_core.generalization import Dropout
from nnfs_core.layers import Identity, Linear, ReLU, Sequential
from nnfs_core.runs.encoding import Inputs, Targets
from nnfs_core.runs.predicting import Predictor
from nnfs_core.validation import Array

START = "((globalThis.nnfs ??= {{}}).weights ??= {{}}).{name} =\n"
STEPS = 2**15 - 1
DIGITS = 7  # that count, of what is not rounded to 16 bits


def path_of(root: Path, name: str) -> Path:
    """Return the file of a network."""
    return root / "site" / "play" / f"weights_{name}.js"


def pack(W: Array) -> dict:
    """Return a matrix with its entries as whole numbers of 16 bits, times a scale for each row."""
    scales = np.array(short(np.abs(W).max(axis=1) / STEPS))[:, None]
    scales[scales == 0] = 1.0
    numbers = np.clip(np.rint(W / scales), -STEPS, STEPS).astype("<i2")
    text = base64.b64encode(numbers.tobytes()).decode()
    return {"rows": len(W), "columns": W.shape[1], "scales": scales[:, 0].tolist(), "numbers": text}


def unpack(packed: dict) -> Array:
    """Return the matrix that pack made into text."""
    numbers = np.frombuffer(base64.b64decode(packed["numbers"]), "<i2")
    shaped = numbers.reshape(packed["rows"], packed["columns"])
    return shaped * np.array(packed["scales"])[:, None]


def short(array: Array) -> list[float]:
    """Return the numbers of an array with few digits."""
    return [float(f"{value:.{DIGITS}g}") for value in np.ravel(array)]


def layer_facts(layer) -> dict:
    """Return what a page needs of a layer."""
    if isinstance(layer, Linear):
        return {
            "kind": "linear",
            "W": pack(layer.parameters["W"]),
            "b": short(layer.parameters["b"]),
        }
    if isinstance(layer, BatchNorm):
        arrays = {name: short(array) for name, array in layer.state().items()}
        return {"kind": "batch_norm", "eps": layer.eps} | arrays
    return {"kind": {ReLU: "relu", Identity: "identity"}[type(layer)]}


def model_facts(predictor: Predictor) -> dict:
    """Return inputs, layers and ends of a predictor that has one network."""
    (network,) = predictor.networks
    arrays = predictor.inputs.arrays
    inputs = {"encoding": predictor.inputs.encoding}
    if inputs["encoding"] == "bins":
        inputs["edges"] = [short(arrays[f"edges-{place}"]) for place in range(len(arrays))]
    else:
        inputs |= {name: short(array) for name, array in arrays.items()}
    layers = [layer_facts(one) for one in network.layers if not isinstance(one, Dropout)]
    return {"inputs": inputs, "layers": layers, "ends": short(predictor.targets.ends)}


def write(path: Path, name: str, facts: dict) -> None:
    """Write a script that puts the facts into nnfs.weights."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"{START.format(name=name)}{text};\n", "utf-8", newline="\n")


def read(path: Path) -> dict:
    """Return the facts of such a script."""
    return json.loads(path.read_text("utf-8").partition("=\n")[2].rstrip(";\n"))


def _layer(facts):
    if facts["kind"] == "linear":
        W = unpack(facts["W"])
        layer = Linear(W.shape[1], len(W), 0)
        layer.load_state({"W": W, "b": np.array(facts["b"])[:, None]})
        return layer
    if facts["kind"] == "batch_norm":
        layer = BatchNorm(len(facts["gamma"]), eps=facts["eps"])
        layer.load_state({name: np.array(facts[name])[:, None] for name in layer.state()})
        return layer
    return {"relu": ReLU, "identity": Identity}[facts["kind"]]()


def read_predictor(facts: dict) -> Predictor:
    """Return the predictor that the numbers of a script make."""
    given = dict(facts["inputs"])
    encoding, edges = given.pop("encoding"), given.pop("edges", [])
    arrays = {f"edges-{place}": np.array(own) for place, own in enumerate(edges)}
    arrays |= {name: np.array(values)[:, None] for name, values in given.items()}
    targets = Targets(facts["classes"], "identity", np.array(facts["ends"]))
    network = Sequential(*map(_layer, facts["layers"]))
    return Predictor(Inputs(encoding, arrays), targets, [network])
