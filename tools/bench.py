"""Time one iteration against the formulas typed plainly: `python -m tools.benchmark`.

Both run in this process, in turns; the median of the ratios is what counts. 16,000 samples, layers
14-64-32-16-1, float64. Other programs disturb it: run it on a quiet machine, without
OPENBLAS_CORETYPE in the environment.
"""

import time

import numpy as np

from nnfs_core import backpropagate, feed_forward, initialize_parameters, update_parameters

LAYER_SIZES, M, LEARNING_RATE, L2, ROUNDS = [14, 64, 32, 16, 1], 16_000, 0.1, 0.1, 60


def plain(X, Y, parameters):
    """One iteration as the formulas say it: a fresh array for each operation, masks of integers."""
    cache, A, depth, new = {}, X, len(parameters) // 2, {}
    for layer in range(1, depth + 1):
        Z = parameters[f"W{layer}"] @ A + parameters[f"b{layer}"]
        A = np.maximum(0, Z)
        cache[f"Z{layer}"], cache[f"A{layer}"] = Z, A
    dA = (A - Y) / M
    for layer in range(depth, 0, -1):
        W, A_before = parameters[f"W{layer}"], cache[f"A{layer - 1}"] if layer > 1 else X
        dZ = dA * (cache[f"Z{layer}"] > 0).astype(int)
        dW = dZ @ A_before.T + L2 / M * W
        db = np.sum(dZ, axis=1, keepdims=True)
        dA = W.T @ dZ
        new[f"W{layer}"] = W - LEARNING_RATE * dW
        new[f"b{layer}"] = parameters[f"b{layer}"] - LEARNING_RATE * db
    return new


def ours(X, Y, parameters):
    """One iteration as `train` makes it."""
    _, cache = feed_forward.unchecked(X, parameters)
    gradients = backpropagate.unchecked(X, Y, cache, parameters, L2)
    return update_parameters.unchecked(parameters, gradients, LEARNING_RATE)


def main() -> None:
    """Run the command line."""
    rng = np.random.default_rng(0)
    X, Y = rng.uniform(0, 1, (LAYER_SIZES[0], M)), rng.uniform(0, 1, (1, M))
    parameters = initialize_parameters(LAYER_SIZES, seed=3)
    first, second = plain(X, Y, parameters), ours(X, Y, parameters)
    assert all(np.allclose(first[key], second[key], rtol=1e-12) for key in parameters)
    times = {plain: [], ours: []}
    for _ in range(ROUNDS):
        for step, taken in times.items():
            start = time.perf_counter()
            step(X, Y, parameters)
            taken.append(time.perf_counter() - start)
    for step, taken in times.items():
        print(f"{step.__name__:6} {1000 * np.median(taken):6.1f} ms an iteration (median)")
    ratio = np.median(np.array(times[ours]) / np.array(times[plain]))
    print(f"ours / plain: {ratio:.2f} (median of {ROUNDS} pairs)")


if __name__ == "__main__":
    main()
