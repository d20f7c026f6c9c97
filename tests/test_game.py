"""The game of twenty moves counts them, hides the points until the end, and is fair."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from nnfs_course import game


def ask(w1, w2, w3):
    """Loss and slopes, by hand."""
    T = np.tanh(w1 * game.X + w2)
    E, S = w3 * T - game.Y, w3 * (1 - T**2)
    slopes = [(E * S * game.X).mean(), (E * S).mean(), (E * T).mean()]
    return float((E**2).mean() / 2), [float(slope) for slope in slopes]


@pytest.fixture
def shown(monkeypatch):
    """The figures that were shown."""
    figures = []
    monkeypatch.setattr(plt, "show", lambda: figures.append(plt.gcf()))
    yield figures
    plt.close("all")


def lines(axes):
    return [line.get_ydata() for line in axes.get_lines()]


def test_the_stored_game_has_twenty_moves_and_is_drawn_where_nobody_can_move(shown, monkeypatch):
    monkeypatch.setattr(game, "in_open_notebook", lambda: False)
    game.play(ask)
    (figure,) = shown
    yours, theirs = lines(figure.axes[0])
    assert len(yours) == len(theirs) == game.MOVES + 1
    weights, expected = list(game.START), [ask(*game.START)[0]]
    for place, value in game.STORED:
        weights[place] = value
        expected.append(ask(*weights)[0])
    assert yours == pytest.approx(expected)
    assert yours[0] == theirs[0]
    assert yours[-1] < 0.01 < yours[0]
    points, own, other = lines(figure.axes[1])
    assert points == pytest.approx(game.Y)
    assert len(own) == len(other) == 200


def test_gradient_descent_has_as_many_steps_against_the_slopes():
    losses, end = game.descend(ask, learning_rate=0.5)
    weights = np.array(game.START)
    for loss in losses[:-1]:
        assert loss == pytest.approx(ask(*weights)[0])
        weights = weights - 0.5 * np.array(ask(*weights)[1])
    assert len(losses) == game.MOVES + 1
    assert end == pytest.approx(weights)
    assert losses[-1] == pytest.approx(ask(*end)[0])


def test_each_other_position_is_a_move_and_none_comes_after_the_last():
    played = game.Game(ask)
    played.move(*game.START)
    played.move(1.0, 0.5, 0.5)
    played.move(1.0, 0.5, 0.5)
    assert len(played.losses) == 2
    for step in range(30):
        played.move(float(step), 0.0, 0.0)
    assert played.over
    assert len(played.losses) == len(played.weights) == game.MOVES + 1
    assert played.weights[-1] == (18.0, 0.0, 0.0)


def test_the_points_stay_hidden_until_the_game_is_over(shown):
    played = game.Game(ask)
    for step in range(game.MOVES):
        plt.close("all")
        played.draw()
        left, right = shown[-1].axes
        assert len(lines(left)) == 1
        assert lines(right) == []
        left_over = f"{game.MOVES - step} moves are left" if step < 19 else "1 move is left"
        assert [text.get_text() for text in right.texts] == [left_over]
        played.move(0.1 * step, 0.0, 0.0)
    played.draw()
    assert len(lines(shown[-1].axes[1])) == 3


def test_in_an_open_notebook_a_slider_is_a_move(shown, monkeypatch):
    """Sliders as ipywidgets would move them; nothing is counted while one is drawn along."""
    sliders = {}

    def open_notebook(draw, **given):
        sliders.update(given)

        def redraw(_=None):
            draw(**{name: slider.value for name, slider in given.items()})

        redraw()
        for slider in given.values():
            slider.observe(redraw, "value")

    monkeypatch.setattr(game, "in_open_notebook", lambda: True)
    monkeypatch.setattr(game, "interactive", open_notebook)
    game.play(ask)
    assert not any(slider.continuous_update for slider in sliders.values())
    assert [slider.value for slider in sliders.values()] == list(game.START)
    sliders["w2"].value = -1.0
    (loss,) = lines(shown[-1].axes[0])
    assert loss == pytest.approx([ask(*game.START)[0], ask(0.5, -1.0, 0.5)[0]])
    for step in range(game.MOVES - 1):
        assert not any(slider.disabled for slider in sliders.values())
        plt.close("all")
        sliders["w1"].value = 0.1 * step
    assert all(slider.disabled for slider in sliders.values())  # a move more would not be drawn
