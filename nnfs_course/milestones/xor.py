"""XOR, which no line can tell apart: the perceptron goes round in a circle."""

import numpy as np

from nnfs_course.judge import Wrong
from nnfs_course.milestones.perceptron import fires, learn

X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
Y = np.array([[0.0, 1.0, 1.0, 0.0]])


def draw(figure):
    """Teach XOR until the same point is met with the same weights again; draw this circle."""
    seen, again = [], None
    for place, weights in learn(X, Y, steps=1_000):
        state = place, *weights[0]
        if state in seen:
            again = state
            break
        seen.append(state)
    if again is None:
        raise Wrong("it stopped, or never came back: but no line tells XOR's points apart")
    circle = seen[seen.index(again) :]
    x, y = np.meshgrid(np.linspace(-0.4, 1.4, 181), np.linspace(-0.4, 1.4, 181))
    for axes, (_, *line) in zip(figure.subplots(1, len(circle)), circle, strict=True):
        side = fires(np.array([x.ravel(), y.ravel()]), np.array([line])).reshape(x.shape)
        axes.contourf(x, y, side, levels=[-0.5, 0.5, 1.5], cmap="cividis", alpha=0.4)
        axes.scatter(*X, c=Y[0], cmap="cividis", s=120, edgecolor="black")
        right = int((fires(X, np.array([line])) == Y).sum())
        axes.set(aspect="equal", title=f"{right} of 4 are right")
    figure.suptitle("It fires where it is bright: after the last line comes the first one again")
    told = f"after {len(circle)} more corrections the same point meets the same weights again"
    return f"{told}, so it never ends"
