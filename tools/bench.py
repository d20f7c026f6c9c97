"""Time a step of training against the same formulas typed plainly, and against libraries.

`python -m tools.bench` takes half a minute or more. With --write it keeps what it prints in
docs/results-bench.txt, which README tells. With --check it ends with exit code 1 where a ratio is
more than SPREAD times what is kept there, or less than a SPREADth. The network is 14-64-32-16-1 in
float64, on one core. Those compared take turns, and what is printed is the median over the rounds.
Other programs disturb it: run it on a quiet machine, without OPENBLAS_CORETYPE in the environment.
The second table has PyTorch, eager, in float64 and in its own float32, where it is installed.
"""

import argparse
import importlib.util
import re
import time

import numpy as np
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits

from nnfs_core import Model, ReLU, initialize_parameters, mlp, train
from nnfs_core.solver import SGD, Adam, Solver, _take_steps
from tools.lib.layout import ROOT

LAYER_SIZES, LEARNING_RATE, L2 = [14, 64, 32, 16, 1], 0.1, 0.1
ROUNDS = {32: 2000, 4_000: 200, 16_000: 60}
BATCH, STEPS, TURNS = 32, 40, 60
RATE = 0.001  # of the second table
KEPT = ROOT / "docs" / "results-bench.txt"
SPREAD = 1.5  # processors differ: what is told of one holds within this factor on others


def plain(X, Y, parameters, learning_rate=LEARNING_RATE, l2=L2):
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
    loss = (np.sum((A - Y) ** 2) + l2 * squares) / (2 * m)
    dA = (A - Y) / m
    updated = {}
    for layer in range(depth, 0, -1):
        W = parameters[f"W{layer}"]
        A_before = cache[f"A{layer - 1}"] if layer > 1 else X
        dZ = dA * (cache[f"Z{layer}"] > 0)
        dW = dZ @ A_before.T + (l2 / m) * W
        db = dZ.sum(axis=1, keepdims=True)
        dA = W.T @ dZ
        updated[f"W{layer}"] = W - learning_rate * dW
        updated[f"b{layer}"] = parameters[f"b{layer}"] - learning_rate * db
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


def of_solver(optimizer):
    """Return a function that takes our solver through an epoch, and one that tells parameters."""
    model, rng = Model(mlp(LAYER_SIZES, seed=3)), np.random.default_rng(0)
    solver = Solver(model, optimizer)

    def epoch(X, Y):
        _take_steps(solver, (X, Y), BATCH, rng, epoch=0, epochs=1)

    return epoch, lambda: list(model.network.parameters.values())


def of_scikit_learn(name):
    """Return the same two of MLPRegressor, from the same parameters."""
    settings = {"learning_rate_init": RATE, "batch_size": BATCH, "alpha": 0, "momentum": 0}
    settings |= {"hidden_layer_sizes": LAYER_SIZES[1:-1], "solver": name.lower()}
    library = MLPRegressor(**settings)
    one = np.zeros((BATCH, LAYER_SIZES[0]))
    library.partial_fit(one, one[:, 0])  # which sets it up; then it begins anew
    start = initialize_parameters(LAYER_SIZES, seed=3)
    for layer in range(1, len(LAYER_SIZES)):
        library.coefs_[layer - 1] = start[f"W{layer}"].T.copy()
        library.intercepts_[layer - 1] = start[f"b{layer}"][:, 0].copy()
    del library._optimizer

    def epoch(X, Y):
        library.partial_fit(X.T, Y[0])

    def parameters():
        pairs = zip(library.coefs_, library.intercepts_, strict=True)
        return [array for W, b in pairs for array in (W.T, b[:, None])]

    return epoch, parameters


def of_pytorch(name, dtype):
    """Return the same two of PyTorch, the plain way: eager, a step a batch."""
    import torch

    torch.set_num_threads(1)
    parts = []
    for n_in, n_out in zip(LAYER_SIZES[:-1], LAYER_SIZES[1:], strict=True):
        parts += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
    network = torch.nn.Sequential(*parts[:-1]).to(getattr(torch, dtype))
    start = initialize_parameters(LAYER_SIZES, seed=3).values()
    with torch.no_grad():
        for array, ours in zip(network.parameters(), start, strict=True):
            array[...] = torch.tensor(ours).reshape(array.shape)
    optimizer = getattr(torch.optim, name)(network.parameters(), lr=RATE)
    loss_function = torch.nn.MSELoss()

    def epoch(X, Y):
        X, Y = (torch.tensor(part.T.copy(), dtype=getattr(torch, dtype)) for part in (X, Y))
        order = torch.randperm(len(X))
        for start in range(0, len(X), BATCH):
            batch = order[start : start + BATCH]
            optimizer.zero_grad()
            loss = loss_function(network(X[batch]), Y[batch]) / 2
            loss.backward()
            optimizer.step()

    def parameters():
        arrays = [array.detach().numpy() for array in network.parameters()]
        return [array.reshape(len(array), -1) for array in arrays]

    return epoch, parameters


def race_of_libraries(name):
    """Return the median microseconds of a step of ours and of the libraries, by their names."""
    racers = {"ours": of_solver({"Adam": Adam, "SGD": SGD}[name](RATE))}
    racers["scikit-learn"] = of_scikit_learn(name)
    if importlib.util.find_spec("torch"):
        racers |= {f"PyTorch {kind}": of_pytorch(name, kind) for kind in ("float64", "float32")}
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 1, (LAYER_SIZES[0], BATCH * STEPS))
    Y = rng.uniform(0, 1, (LAYER_SIZES[-1], BATCH * STEPS))
    for epoch, _ in racers.values():  # a batch alone has no order: all take the same steps
        for _ in range(3):
            epoch(X[:, :BATCH], Y[:, :BATCH])
    ends = {library: parameters() for library, (_, parameters) in racers.items()}
    for library, arrays in ends.items():
        for one, other in zip(arrays, ends["ours"], strict=True):
            gap = np.abs(one - other).mean()  # scikit-learn's Adam has its ε elsewhere
            assert gap < RATE / 100, f"{library} takes other steps"
    times = {library: [] for library in racers}
    for _ in range(TURNS):
        for library, (epoch, _) in racers.items():
            start = time.perf_counter()
            epoch(X, Y)
            times[library].append((time.perf_counter() - start) / STEPS)
    return {library: 1e6 * np.median(taken) for library, taken in times.items()}


def measure():
    """Yield the lines of both tables."""
    yield "samples   plain ms      train         Model"
    for m, rounds in ROUNDS.items():
        seconds = race(m, rounds)
        row = f"{m:7,} {1000 * seconds['plain']:10.3f}"
        for name in ("train", "Model"):
            row += f" {1000 * seconds[name]:8.3f} {seconds[name] / seconds['plain']:4.2f}x"
        yield row
    with threadpool_limits(1, "blas"):
        found = {name: race_of_libraries(name) for name in ("Adam", "SGD")}
    yield f"\nA step at batch {BATCH}, in µs, and our time as a share of theirs"
    yield "optimizer" + "".join(f"{library:>23}" for library in found["Adam"])
    for name, times in found.items():
        cells = (f"{taken:17.0f} {times['ours'] / taken:4.2f}x" for taken in times.values())
        yield f"{name:9}" + "".join(cells)


def ratios(text: str) -> dict[tuple[str, int], float]:
    """Return the ratios of a table, by the first word of the line and their place in it."""
    return {
        (line.split()[0], place): float(ratio)
        for line in text.splitlines()
        for place, ratio in enumerate(re.findall(r"([\d.]+)x", line))
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="keep what was measured")
    parser.add_argument("--check", action="store_true", help="exit code 1 where a ratio is far off")
    arguments, lines = parser.parse_args(), []
    for line in measure():
        print(line, flush=True)
        lines.append(line)
    if arguments.check:
        now, kept = ratios("\n".join(lines)), ratios(KEPT.read_text("utf-8"))
        if far := [
            f"{who}, ratio {place + 1}: {now[who, place]:.2f}, kept {ratio:.2f}"
            for (who, place), ratio in kept.items()
            if (who, place) in now and not 1 / SPREAD <= now[who, place] / ratio <= SPREAD
        ]:
            raise SystemExit("\n".join(["too far from docs/results-bench.txt:", *far]))
    if arguments.write:
        KEPT.write_text("\n".join([*lines, ""]), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
