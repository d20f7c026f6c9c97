"""XOR with a hidden layer: what one line cannot do, a few bent ones can."""

import warnings

import numpy as np
from mine import predict, train

from nnfs_course.judge import Wrong
from nnfs_course.milestones.xor import X, Y

SEEDS = range(10)


def draw(figure):
    """Train a network of 2, 4 and 1 units from ten seeds; draw the first that learnt XOR"""
    left, right = figure.subplots(1, 2)
    learnt = []
    for seed in SEEDS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a dead output is seen: its curve is flat
            run = train(X, Y, [2, 4, 1], learning_rate=0.3, iterations=500, seed=seed)
        solved = bool((abs(predict(X, run.parameters) - Y) < 0.1).all())
        if solved:
            learnt.append(run.parameters)
        right.semilogy(np.maximum(run.losses, 1e-12), "C0-" if solved else "C1--")
    right.set(xlabel="iteration", ylabel="loss", title="Dashed: these seeds are stuck")
    if not learnt:
        raise Wrong(f"none of {len(SEEDS)} networks learnt XOR")
    x, y = np.meshgrid(np.linspace(-0.4, 1.4, 120), np.linspace(-0.4, 1.4, 120))
    A = predict(np.array([x.ravel(), y.ravel()]), learnt[0]).reshape(x.shape)
    left.pcolormesh(x, y, A, cmap="cividis", vmin=0, vmax=1)
    left.scatter(*X, c=Y[0], cmap="cividis", s=120, edgecolor="white", vmin=0, vmax=1)
    left.set(title="Two corners are high, two are low")
    return f"{len(learnt)} of {len(SEEDS)} networks with 4 hidden units learnt XOR"
