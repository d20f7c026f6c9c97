"""Be the optimizer: twenty moves of three weights by hand, then twenty of gradient descent."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import FloatSlider

from nnfs_core.screen import in_open_notebook
from nnfs_course.figures import interactive

MOVES = 20
START = (0.5, 0.5, 0.5)
X = np.array([-2.0, -1.64, -1.27, -0.91, -0.55, -0.18, 0.18, 0.55, 0.91, 1.27, 1.64, 2.0])
Y = np.array([1.61, 1.63, 1.54, 1.46, 1.37, 1.13, 0.48, -0.91, -1.41, -1.57, -1.42, -1.56])
# A game that was played from the losses alone, without a look at the points: which weight, from 0,
# and its new value.
STORED = [(0, 1.0), (0, -0.5), (0, -1.0), (1, 0.0), (1, 0.3), (2, 1.0), (2, 1.5), (2, 2.0)]
STORED += [(2, 1.7), (0, -1.5), (0, -2.0), (0, -1.7), (1, 0.5), (1, 0.7), (1, 0.6), (2, 1.6)]
STORED += [(1, 0.45), (0, -1.5), (2, 1.65), (0, -1.75)]

Ask = Callable[[float, float, float], tuple[float, list[float]]]


class Game:
    """The weights after each move, from START on, and their losses.

    ask(w1, w2, w3): returns the loss of these weights, and its slope by each of them. who: plays.
    """

    def __init__(self, ask: Ask, who: str = "you"):
        self.ask, self.who = ask, who
        self.weights = [START]
        self.losses = [ask(*START)[0]]

    @property
    def over(self) -> bool:
        """Whether all moves are made."""
        return len(self.losses) > MOVES

    def move(self, *weights: float) -> None:
        """Go to other weights. The same ones are no move, and there is none after the last."""
        if not self.over and weights != self.weights[-1]:
            self.weights.append(weights)
            self.losses.append(self.ask(*weights)[0])

    def draw(self) -> None:
        """Draw the losses so far; when the game is over, those of gradient descent and the points.

        Until then the points stay hidden: an optimizer does not see them either.
        """
        figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
        left.semilogy(self.losses, "C0o-", markersize=4, label=f"{self.who}: {self.losses[-1]:.4f}")
        left.set(xlim=(-0.5, MOVES + 0.5), xlabel="move", ylabel="loss")
        left.set_xticks(range(0, MOVES + 1, 5))
        if self.over:
            theirs, end = descend(self.ask)
            left.semilogy(
                theirs, "C1s--", markersize=4, label=f"gradient descent: {theirs[-1]:.4f}"
            )
            x = np.linspace(-2.1, 2.1, 200)
            right.plot(X, Y, "ko", label="points")
            for (w1, w2, w3), line in ((self.weights[-1], "C0-"), (end, "C1--")):
                right.plot(x, w3 * np.tanh(w1 * x + w2), line)
            right.set(xlabel="x", title="What both curves had to go through")
            right.legend()
        else:
            right.axis("off")
            left_over = MOVES + 1 - len(self.losses)
            words = "1 move is left" if left_over == 1 else f"{left_over} moves are left"
            right.text(0.1, 0.5, words, fontsize=14)
        left.set_title("Twenty moves each" if self.over else "How low can you get?")
        left.legend()
        plt.show()


def descend(ask: Ask, learning_rate: float = 1.0) -> tuple[list[float], tuple[float, ...]]:
    """Return the losses of as many steps of gradient descent, and the last weights."""
    weights, losses = np.array(START), []
    for _ in range(MOVES):
        loss, slopes = ask(*weights.tolist())
        losses.append(loss)
        weights = weights - learning_rate * np.array(slopes)
    end = tuple(weights.tolist())
    return [*losses, ask(*end)[0]], end


def play(ask: Ask) -> None:
    """Play with three sliders; where nobody can move them, draw the stored game."""
    if not in_open_notebook():
        game = Game(ask, "stored game")
        for place, value in STORED:
            weights = list(game.weights[-1])
            weights[place] = value
            game.move(*weights)
        game.draw()
        return
    game = Game(ask)
    settings = {"value": 0.5, "min": -3.0, "max": 3.0, "step": 0.05, "continuous_update": False}
    settings |= {"layout": {"width": "32em"}}  # about three pixels a step
    sliders = {name: FloatSlider(**settings) for name in ("w1", "w2", "w3")}

    def draw(w1, w2, w3):
        game.move(w1, w2, w3)
        for slider in sliders.values():
            slider.disabled = game.over  # so they stay at what was drawn
        game.draw()

    interactive(draw, **sliders)
