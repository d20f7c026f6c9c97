"""The digits: your layers and your solver read handwriting."""

import numpy as np
from mine import Adam, Model, SoftmaxCrossEntropyLoss, Solver, load_dataset, mlp

from nnfs_course.judge import Wrong

MARK = 0.95  # accuracy


def draw(figure):
    """Train on three quarters of 1,797 digits; draw ten of those that it takes for another."""
    X, Y, _ = load_dataset("digits")
    order = np.random.default_rng(0).permutation(X.shape[1])
    train, test = order[450:], order[:450]
    X_scaled = X / 16
    model = Model(mlp([64, 64, 10]), SoftmaxCrossEntropyLoss())
    Solver(model, Adam(0.003)).fit((X_scaled[:, train], Y[:, train]), epochs=15)
    guess = model.predict(X_scaled[:, test]).argmax(axis=0)
    truth = Y[:, test].argmax(axis=0)
    accuracy = float((guess == truth).mean())
    wrong = np.flatnonzero(guess != truth)[:10]
    for axes, place in zip(figure.subplots(2, 5).flat, [*wrong, *[None] * 10], strict=False):
        axes.axis("off")
        if place is not None:
            axes.imshow(X[:, test[place]].reshape(8, 8), cmap="gray_r")
            axes.set_title(f"{truth[place]}, read as {guess[place]}")
    if accuracy < MARK:
        raise Wrong(f"{accuracy:.3f} of the digits are read rightly; expected {MARK} or more")
    return f"it reads {accuracy:.3f} of 450 digits rightly that it has not seen"
