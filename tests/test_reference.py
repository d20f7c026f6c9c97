"""The ledger, the reference made from it, and the figures that move."""

import sys

import ipywidgets
import numpy as np
import pytest
from matplotlib.figure import Figure

from nnfs_core import backpropagate, feed_forward, screen
from nnfs_course import figures
from nnfs_course.ledger import SYMBOLS, ledger
from tools import check
from tools.lib import reference
from tools.lib.layout import Refused


def test_the_ledger_of_a_network(network):
    layer_sizes, m = [3, 5, 2], 7
    X, Y, parameters = network(layer_sizes, m)
    _, cache = feed_forward(X, parameters)
    gradients = backpropagate(X, Y, cache, parameters)
    table = ledger({"X": X, "Y": Y, **parameters, **cache, **gradients}, layer_sizes, m)
    assert list(table.loc["W2"]) == [
        "W_l",
        "(n_l, n_(l-1))",
        (2, 5),
        "dW2",
        "weights of layer l",
    ]
    assert table.loc["X", "gradient, same shape"] == "none"
    for name in parameters:
        assert table.loc[name, "shape"] == table.loc[f"d{name}", "shape"]


@pytest.mark.parametrize("name", ["X", "Y", "W1", "b2", "Z1", "A2", "dW2", "db1", "mask1"])
def test_the_ledger_refuses_another_shape(network, name):
    with pytest.raises(ValueError, match=rf"{name} has the shape \(4, 4, 4\); expected \(n_"):
        ledger({name: np.zeros((4, 4, 4))}, [3, 5, 2], 7)


def test_stage_15_is_in_the_ledger():
    functions = {symbol.function for symbol in SYMBOLS.values()}
    assert {"Op", "Value", "Tensor", "unbroadcast"} <= functions


def test_the_reference_is_made_from_the_ledger():
    assert list(check.generated(parts=[reference])) == []


def test_the_reference_refuses_a_function_that_does_not_exist(monkeypatch):
    monkeypatch.setitem(SYMBOLS, "s", SYMBOLS["J"]._replace(function="hardmax"))
    with pytest.raises(Refused, match="s: no notebook exports 'hardmax'"):
        reference.generate()


def test_the_reference_differs_if_a_formula_does(monkeypatch):
    monkeypatch.setitem(SYMBOLS, "J", SYMBOLS["J"]._replace(formula="J = 0"))
    found = "\n".join(check.generated(parts=[reference]))
    assert "+| $J$ | number | total loss | $J = 0$" in found


@pytest.fixture
def drawn(monkeypatch):
    """What was drawn at once, and what got a slider."""
    seen = {"drawn": [], "sliders": []}
    monkeypatch.setattr(
        ipywidgets, "interact", lambda draw, **sliders: seen["sliders"].append(sliders)
    )
    for name in screen.LIVE:
        monkeypatch.delenv(name, raising=False)
    figures.interactive(
        lambda alpha: seen["drawn"].append(alpha), alpha=ipywidgets.FloatSlider(0.5)
    )
    return seen


def test_a_figure_is_drawn_once_where_nobody_can_move_it(drawn):
    assert drawn == {"drawn": [0.5], "sliders": []}


@pytest.mark.parametrize("name", screen.LIVE)
def test_a_figure_has_sliders_in_jupyter_and_colab(drawn, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    monkeypatch.setattr(figures, "get_ipython", object)
    figures.interactive(print, alpha=(slider := ipywidgets.FloatSlider(0.5)))
    assert drawn["sliders"] == [{"alpha": slider}]


def test_a_figure_has_sliders_in_vs_code(drawn, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__vsc_ipynb_file__", "a.ipynb", raising=False)
    monkeypatch.setattr(figures, "get_ipython", object)
    figures.interactive(print, alpha=ipywidgets.FloatSlider(0.5))
    assert len(drawn["sliders"]) == 1


@pytest.mark.parametrize(("backward", "style", "color"), [(False, "->", "C0"), (True, "<-", "C1")])
def test_a_network_is_drawn_with_each_number_where_it_belongs(backward, style, color):
    axes = Figure().subplots()
    columns = [np.array([[1.5], [2.5]]), np.array([[3.5], [0.0]]), np.array([[4.5]])]
    matrices = [np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[0.6, 0.7]])]
    figures.draw_network(axes, "a network", columns, matrices, backward)
    places = {text.get_text(): text.get_position() for text in axes.texts if text.get_text()}
    upper, lower = 1.5, 0.5
    spots = {
        "1.5": (0, upper),
        "2.5": (0, lower),
        "3.5": (2, upper),
        "0": (2, lower),
        "4.5": (4, 1),
    }
    assert {number: places[number] for number in spots} == spots
    lines = {"0.1": ("1.5", "3.5"), "0.2": ("2.5", "3.5"), "0.3": ("1.5", "0"), "0.4": ("2.5", "0")}
    lines |= {"0.6": ("3.5", "4.5"), "0.7": ("0", "4.5")}
    arrows = {(a.xyann, a.xy): a.arrowprops for a in axes.texts if not a.get_text()}
    arrows = {tuple(map(tuple, ends)): props for ends, props in arrows.items()}
    for weight, (before, after) in lines.items():
        start, end = np.array(spots[before]), np.array(spots[after])
        along, across = (places[weight] - start) @ np.array(
            [end - start, [end[1] - start[1], -2]]
        ).T
        assert across == pytest.approx(0) and 0 < along < (end - start) @ (end - start)
        props = arrows[spots[before], spots[after]]
        assert props["color"] == ("0.75" if "0" in (before, after) else color)
        assert props["arrowstyle"] == style


def test_no_formula_ends_a_cell_of_the_reference():
    assert reference.bars(r"e^{-|z|} + |a b|") == r"e^{-\lvert z\rvert} + \lvert a b\rvert"
    (page,) = reference.generate().values()
    table = [line for line in page.decode().splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {7}
