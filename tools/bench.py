"""Time an iteration of training against the same formulas typed plainly.

`python -m tools.bench` takes about ten seconds. The network is 14-64-32-16-1 in float64, on one
core. The three take turns, and what is printed is the median over the rounds. Other programs
disturb it: run it on a quiet machine, without OPENBLAS_CORETYPE in the environment.
"""

import time

import numpy as np

from nnfs_core import Model, ReLU, initialize_parameters, mlp, train

LAYER_SIZES, LEARNING_RATE, L2 = [14, 64, 32, 16, 1], 0.1, 0.1
ROUNDS = {32: 2000, 4_000: 200, 16_000: 60}


def plain(X, Y, parameters):
    """Take a step as the formulas say it, without a guard; return loss, parameters."""
    m = X.shape[1]
    depth = len(parameters) // 2
    A = X
    cache = {}
    for layer in range(1, depth + 1):
        Z = parameters[f"W{layer}"] @ A + parameters[f"b{layer}"]
        A = np.maximum(Z, 0)
        cache[f"Z{layer}"] = Z
        cache[f"A{layer}"] = A
    squares = sum(np.sum(W**2) for key, W in parameters.items() if key.startswith("W"))
    loss = (np.sum((A - Y) ** 2) + L2 * squares) / (2 * m)
    dA = (A - Y) / m
    updated = {}
    for layer in range(depth, 0, -1):
        W = parameters[f"W{layer}"]
        A_before = cache[f"A{layer - 1}"] if layer > 1 else X
        dZ = dA * (cache[f"Z{layer}"] > 0)
        dW = dZ @ A_before.T + (L2 / m) * W
        db = dZ.sum(axis=1, keepdims=True)
        dA = W.T @ dZ
        updated[f"W{layer}"] = W - LEARNING_RATE * dW
        updated[f"b{layer}"] = parameters[f"b{layer}"] - LEARNING_RATE * db
    return loss, updated


def of_layers(X, Y, model):
    """Take a step of a model of layers, in place; return its loss."""
    loss = model.loss(X, Y)
    model.backward()
    gradients = model.network.gradients
    for name, array in model.network.parameters.items():
        array -= LEARNING_RATE * gradients[f"d{name}"]
    return loss


def race(m, rounds):
    """Return the median seconds of a step of the three, for m samples."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 1, (LAYER_SIZES[0], m))
    Y = rng.uniform(0, 1, (LAYER_SIZES[-1], m))
    parameters = initialize_parameters(LAYER_SIZES, seed=3)
    model = Model(mlp(LAYER_SIZES, output=ReLU, seed=3), l2=L2, m=m)
    times = {"plain": [], "train": [], "Model": []}
    marks = [time.perf_counter()]

    def others(_, loss, __):
        """Take the time since the last call, which is that of train, and let the others run."""
        nonlocal parameters
        marks.append(time.perf_counter())
        plain_loss, parameters = plain(X, Y, parameters)
        marks.append(time.perf_counter())
        model_loss = of_layers(X, Y, model)
        marks.append(time.perf_counter())
        for name, taken in zip(("train", "plain", "Model"), np.diff(marks[-4:]), strict=True):
            times[name].append(taken)
        assert np.allclose([plain_loss, model_loss], loss, rtol=1e-9), "the three differ"
        marks.append(time.perf_counter())

    train(
        X,
        Y,
        LAYER_SIZES,
        learning_rate=LEARNING_RATE,
        l2=L2,
        seed=3,
        iterations=rounds,
        callback=others,
    )
    return {name: np.median(taken) for name, taken in times.items()}


def main() -> None:
    """Run the command line."""
    print("samples   plain ms      train         Model")
    for m, rounds in ROUNDS.items():
        seconds = race(m, rounds)
        row = f"{m:7,} {1000 * seconds['plain']:10.3f}"
        for name in ("train", "Model"):
            row += f" {1000 * seconds[name]:8.3f} {seconds[name] / seconds['plain']:4.2f}x"
        print(row)


if __name__ == "__main__":
    main()
