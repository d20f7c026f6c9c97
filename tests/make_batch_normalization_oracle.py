"""Make batch_normalization_oracle.json: what PyTorch makes of a small network in ten steps.

`python -m tests.make_batch_normalization_oracle`, in an environment with PyTorch (2.13 made the
stored file). Data and first parameters come from sine and cosine: nothing depends on a generator.
"""

import json
from pathlib import Path

import numpy as np

STORED = Path(__file__).with_name("batch_normalization_oracle.json")
STEPS, RATE, OURS = 10, 0.1, 0.8  # our momentum; PyTorch's is 1 minus ours
EPS = 1e-3
FROZEN = [0.5, -1.0, 2.0, 0.1], [0.5, 2.0, 1.0, 4.0]  # running mean and variance
SIZES = (8, 5, 8, 3, 8, 8, 2, 8, 8, 7)  # samples in the batch of each step
SHAPES = {"W1": (4, 3), "b1": (4, 1), "gamma1": (4, 1), "beta1": (4, 1)}
SHAPES |= {"W2": (2, 4), "b2": (2, 1)}


def batches():
    """Return the (X, Y) of each step."""
    made = []
    for step, m in enumerate(SIZES):
        X = 2 * np.sin(np.arange(3 * m) + 0.7 * step).reshape(3, m) + [[0], [1], [-3]]
        made.append((X, np.cos(2.0 * np.arange(2 * m) + step).reshape(2, m)))
    return made


def first():
    """Return the first parameters by name."""
    made = {name: 0.7 * np.cos(3.0 * np.arange(np.prod(SHAPES[name]))) for name in SHAPES}
    made = {name: array.reshape(SHAPES[name]) for name, array in made.items()}
    return made | {"gamma1": 1 + 0.3 * made["gamma1"]}


def run(frozen):
    """Return PyTorch's numbers, step by step; frozen: the layer predicts while the rest learns."""
    import torch

    p = {name: torch.tensor(array, requires_grad=True) for name, array in first().items()}
    start = FROZEN if frozen else ([0.0] * 4, [1.0] * 4)
    mean, variance = map(torch.DoubleTensor, start)
    optimizer = torch.optim.SGD(p.values(), lr=RATE)
    found = {"losses": [], "predictions": [], "gradients": [], "running": [], "parameters": []}

    def forward(X, training):
        Z = (p["W1"] @ X + p["b1"]).T  # PyTorch keeps a sample a row
        scale, shift = p["gamma1"].ravel(), p["beta1"].ravel()
        Z = torch.nn.functional.batch_norm(
            Z, mean, variance, scale, shift, training=training, momentum=1 - OURS, eps=EPS
        )
        return p["W2"] @ torch.tanh(Z.T) + p["b2"]

    for X, Y in batches():
        X, Y = torch.tensor(X, requires_grad=True), torch.tensor(Y)
        optimizer.zero_grad()
        loss = ((forward(X, not frozen) - Y) ** 2).sum() / (2 * X.shape[1])
        loss.backward()
        gradients = [X.grad, *(p[name].grad for name in SHAPES)]
        found["gradients"].append([g.numpy().ravel().tolist() for g in gradients])
        optimizer.step()
        found["losses"].append(loss.item())
        found["predictions"].append(forward(X, False).detach().numpy().ravel().tolist())
        found["running"].append([mean.tolist(), variance.tolist()])
        last = [p[name].detach().numpy().ravel().tolist() for name in SHAPES]
        found["parameters"].append(last)
    return found


def main():
    """Write the file."""
    found = {"training": run(frozen=False), "frozen": run(frozen=True)}
    STORED.write_text(json.dumps(found) + "\n", "utf-8")


if __name__ == "__main__":
    main()
