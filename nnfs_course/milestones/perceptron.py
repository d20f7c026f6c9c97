"""The perceptron of 1958 finds a line between two kinds of points."""

import numpy as np
from mine import drelu, feed_forward

from nnfs_course.judge import Wrong

LINE = np.array([[0.6, -0.8, 0.1]])  # the points with 0.6 x - 0.8 y + 0.1 = 0
MARGIN = 0.05  # no point is nearer to it


def fires(X, weights):
    """Return what a perceptron says to points X (2, m): 1 where w1 x + w2 y + b > 0, else 0.

    It is the forward pass of one layer, with the mask of stage 3 for a threshold.
    """
    _, cache = feed_forward(X, {"W1": weights[:, :2], "b1": weights[:, 2:]})
    return drelu(cache["Z1"]) * 1.0


def learn(X, Y, steps):
    """Yield the point and the weights [[w1, w2, b]] after each correction, while there are any.

    The rule is Rosenblatt's: if it should have fired, add the point to the weights; if it should
    not have, subtract it. This is no gradient of a loss.
    """
    weights, right = np.zeros((1, 3)), 0
    for step in range(steps):
        place = step % X.shape[1]
        error = Y[0, place] - fires(X[:, place : place + 1], weights)[0, 0]
        if error:
            weights, right = weights + error * np.append(X[:, place], 1), 0
            yield place, weights
        else:
            right += 1
        if right == X.shape[1]:
            return


def draw(figure):
    """Learn points on both sides of a line; draw the line that was found."""
    X = np.random.default_rng(1958).uniform(-1, 1, (2, 100))
    signed = LINE[:, :2] @ X + LINE[:, 2:]
    clear = abs(signed[0]) > MARGIN
    X, Y = X[:, clear], (signed[:, clear] > 0) * 1.0
    lines = [weights for _, weights in learn(X, Y, steps=20_000)]
    if wrong := int((fires(X, lines[-1]) != Y).sum()):
        raise Wrong(f"{wrong} of {X.shape[1]} points are on the wrong side of its line")
    axes, ends = figure.subplots(), np.array([-1, 1])
    for place, ((w1, w2, b),) in enumerate(lines, start=1):
        last = place == len(lines)
        if w2:
            axes.plot(ends, -(w1 * ends + b) / w2, "C1" if last else "0.8", zorder=1 + last)
    axes.scatter(*X, c=Y[0], cmap="cividis", edgecolor="black", zorder=3)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), title=f"{len(lines)} corrections, and the line is found")
    most = (1 + (X**2).sum(axis=0).max()) * (LINE**2).sum() / MARGIN**2  # (R / margin)²
    told = f"it found a line between {X.shape[1]} points in {len(lines)} corrections"
    return f"{told}, and Novikoff's theorem (1962) allows {most:,.0f}"
