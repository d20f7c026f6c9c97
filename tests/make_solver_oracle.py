"""Make solver_oracle.json: what PyTorch's optimizers make of a small network in 200 steps.

`python -m tests.make_solver_oracle`, in an environment with PyTorch (2.13 made the stored file).
Data and first parameters come from sine and cosine, so that nothing depends on a generator.
"""

import json
from pathlib import Path

import numpy as np

STORED = Path(__file__).with_name("solver_oracle.json")
SHAPES = {"W1": (4, 3), "b1": (4, 1), "W2": (2, 4), "b2": (2, 1)}
STEPS, M = 200, 12
SETTINGS = {  # what each of ours is made with
    "SGD": {"learning_rate": 0.2},
    "Momentum": {"learning_rate": 0.05, "beta": 0.8},
    "Adam": {"learning_rate": 0.02, "betas": (0.8, 0.95), "epsilon": 1e-6},
    "AdamW": {"learning_rate": 0.02, "betas": (0.8, 0.95), "epsilon": 1e-6, "decay": 0.3},
}


def problem():
    """Return X, Y, and the first parameters by name."""
    X = np.sin(np.arange(3 * M)).reshape(3, M)
    Y = np.cos(2.0 * np.arange(2 * M)).reshape(2, M)
    first = {name: 0.7 * np.cos(3.0 * np.arange(np.prod(SHAPES[name]))) for name in SHAPES}
    return X, Y, {name: array.reshape(SHAPES[name]) for name, array in first.items()}


def run(name):
    """Return PyTorch's losses before each step, and its last parameters in a row."""
    import torch

    X, Y, first = problem()
    X, Y = torch.tensor(X), torch.tensor(Y)
    p = {key: torch.tensor(array, requires_grad=True) for key, array in first.items()}
    ours = SETTINGS[name]
    decay = ours.get("decay", 0)
    groups = [
        {"params": [p["W1"], p["W2"]], "weight_decay": decay},
        {"params": [p["b1"], p["b2"]], "weight_decay": 0},
    ]
    settings = {"lr": ours["learning_rate"]}
    if "Adam" in name:
        settings |= {"betas": ours["betas"], "eps": ours["epsilon"]}
    elif "beta" in ours:
        settings["momentum"] = ours["beta"]
    kind = {"Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}.get(name, torch.optim.SGD)
    optimizer, losses = kind(groups, **settings), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        A = p["W2"] @ torch.tanh(p["W1"] @ X + p["b1"]) + p["b2"]
        loss = ((A - Y) ** 2).sum() / (2 * M)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    last = np.concatenate([p[key].detach().numpy().ravel() for key in SHAPES])
    return {"losses": losses, "last": last.tolist()}


def main():
    """Write the file: every twentieth loss, and the last parameters."""
    found = {name: run(name) for name in SETTINGS}
    for results in found.values():
        results["losses"] = results["losses"][::20]
    STORED.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
