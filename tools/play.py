"""Write site/play/cases.json: what nnfs_core computes, for the website's network to agree with."""

import json
from pathlib import Path

import numpy as np

from nnfs_core.batch_normalization import BatchNorm
from nnfs_core.classification import BinaryCrossEntropyLoss, SoftmaxCrossEntropyLoss, softmax
from nnfs_core.generalization import PiecewiseLinear
from nnfs_core.layers import (
    Identity,
    LeakyReLU,
    Linear,
    Model,
    MSELoss,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)
from nnfs_core.solver import SGD, Adam, Momentum
from nnfs_course import game
from tools import weights
from tools.lib import weight_files
from tools.lib.layout import ROOT

CASES = "site/play/cases.json"
# The names of network.js.
ACTIVATIONS = {
    "relu": ReLU,
    "leaky": LeakyReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "identity": Identity,
}
LOSSES = {"mse": MSELoss, "binary": BinaryCrossEntropyLoss, "softmax": SoftmaxCrossEntropyLoss}
OPTIMIZERS = {"sgd": SGD, "momentum": Momentum, "adam": Adam}
# Sizes, activations, loss and l2 of each network.
NETWORKS = [
    ([2, 1], ["identity"], "mse", 0.0),
    ([2, 4, 1], ["relu", "relu"], "mse", 0.5),
    ([3, 5, 4, 2], ["leaky", "tanh", "identity"], "mse", 0.0),
    ([2, 4, 3, 1], ["tanh", "sigmoid", "identity"], "binary", 0.2),
    ([4, 6, 3], ["relu", "identity"], "softmax", 0.1),
]


def rows(arrays: dict) -> dict:
    """Return arrays as lists that JSON takes."""
    return {name: array.tolist() for name, array in arrays.items()}


def build(sizes: list[int], activations: list[str], rng: np.random.Generator) -> Sequential:
    """Return a network whose biases are not 0 either."""
    layers = []
    for place, name in enumerate(activations):
        layers += [Linear(sizes[place], sizes[place + 1], rng), ACTIVATIONS[name]()]
        layers[-2].parameters["b"][...] = 0.1 * rng.standard_normal((sizes[place + 1], 1))
    return Sequential(*layers)


def network_case(sizes, activations, loss, l2, seed) -> dict:
    """Return a network, samples, and what stages 5 and 7 make of them."""
    rng = np.random.default_rng(seed)
    m = 7
    network = build(sizes, activations, rng)
    X = rng.standard_normal((sizes[0], m))
    if loss == "mse":
        Y = rng.standard_normal((sizes[-1], m))
    elif loss == "binary":
        Y = (np.arange(m)[None] % 2).astype(float)
    else:
        Y = np.eye(sizes[-1])[:, np.arange(m) % sizes[-1]]
    model = Model(network, LOSSES[loss](), l2=l2, m=m)
    case = {"activations": activations, "loss": loss, "l2": l2, "X": X.tolist(), "Y": Y.tolist()}
    case["parameters"] = rows(network.parameters)
    case["value"] = model.loss(X, Y)
    model.backward()
    return case | {"gradients": rows(network.gradients), "output": model.predict(X).tolist()}


def optimizer_case(name: str) -> dict:
    """Return the parameters after each of four steps."""
    case = network_case([2, 3, 1], ["tanh", "identity"], "mse", 0.0, 11)
    network = build([2, 3, 1], case["activations"], np.random.default_rng(0))
    network.load_state({name: np.array(array) for name, array in case["parameters"].items()})
    model, optimizer = Model(network), OPTIMIZERS[name](0.05)
    steps = []
    for _ in range(4):
        model.loss(np.array(case["X"]), np.array(case["Y"]))
        model.backward()
        optimizer.step(network)
        steps.append(rows(network.parameters))
    return case | {"optimizer": name, "rate": 0.05, "steps": steps}


def part_cases() -> dict:
    """Return what softmax, batch normalization and the encoding make of some numbers."""
    rng = np.random.default_rng(5)
    Z = 30 * rng.standard_normal((4, 6))
    layer = BatchNorm(4)
    for name, array in {**layer.parameters, **layer.buffers}.items():
        array[...] = rng.uniform(0.5, 2, array.shape) * (-1 if name == "beta" else 1)
    X = rng.standard_normal((3, 40))
    encoder = PiecewiseLinear([4, 1, 6]).fit(X)
    wide = 3 * X[:, :9]  # some lie outside the edges
    return {
        "softmax": {"Z": Z.tolist(), "P": softmax(Z).tolist()},
        "normalize": rows({**layer.state(), "X": Z, "output": layer.forward(Z)}),
        "encode": {
            "edges": [edges.tolist() for edges in encoder.edges],
            "X": wide.tolist(),
            "E": encoder.transform(wide).tolist(),
        },
    }


def ask(w1: float, w2: float, w3: float) -> tuple[float, list[float]]:
    """Return the loss of stage 15's game, and its slopes: the layers' own."""
    network = Sequential(Linear(1, 1, 0), Tanh(), Linear(1, 1, 0))
    for name, value in {"W1": w1, "b1": w2, "W2": w3, "b2": 0.0}.items():
        network.parameters[name][...] = value
    model = Model(network)
    loss = model.loss(game.X[None], game.Y[None])
    model.backward()
    return loss, [network.gradients[name].item() for name in ("dW1", "db1", "dW2")]


def game_case() -> dict:
    """Return the stored game's losses, and those of gradient descent."""
    played = game.Game(ask)
    for place, value in game.STORED:
        weights = list(played.weights[-1])
        weights[place] = value
        played.move(*weights)
    theirs, end = game.descend(ask)
    found = {"start": game.START, "moves": game.MOVES, "X": game.X.tolist(), "Y": game.Y.tolist()}
    found |= {"weights": played.weights, "losses": played.losses}
    return found | {"slopes": ask(0.3, -0.7, 1.2)[1], "theirs": theirs, "end": end}


def model_case(name: str, root: Path = ROOT) -> dict:
    """Return samples for a stored network, and what nnfs_core predicts with its stored numbers."""
    facts = weight_files.read(weight_files.path_of(root, name))
    if name == "digits":
        X = np.array([picture["pixels"] for picture in facts["pictures"]], float).T
    else:  # within the sliders' ends, and a little outside
        low, high = (np.array([one[end] for one in facts["ranges"]]) for end in ("low", "high"))
        shares = np.random.default_rng(3).uniform(-0.1, 1.1, (len(low), 12))
        X = low[:, None] + shares * (high - low)[:, None]
    P = weight_files.read_predictor(facts).predict(X)
    return {"X": X.tolist(), "prediction": P.tolist()}


def cases() -> dict:
    """Return all cases."""
    found = {"networks": [network_case(*case, seed) for seed, case in enumerate(NETWORKS)]}
    found["optimizers"] = [optimizer_case(name) for name in OPTIMIZERS]
    found["models"] = {name: model_case(name) for name in weights.NAMES}
    return found | part_cases() | {"game": game_case()}


def main(root: Path = ROOT) -> None:
    """Run the command."""
    (root / CASES).write_text(json.dumps(cases()) + "\n", "utf-8", newline="\n")
    print(f"wrote {CASES}")


if __name__ == "__main__":
    main()
