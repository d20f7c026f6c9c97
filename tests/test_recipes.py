"""The recipes: on data of the shape of the real ones, and from files as scikit-learn keeps."""

import pickle
import zlib

import numpy as np
import pytest

from nnfs_core import load_dataset
from tests.test_datasets import home, write_openml  # noqa: F401
from tools import recipes


def test_fashion_mnist_on_enlarged_digits(capsys):
    score = recipes.train("fashion-mnist", without_network=True, epochs=5)
    said = capsys.readouterr().out
    assert "digits, enlarged: 1,541 samples to learn from, 256 for the test" in said
    assert "784-256-128-10, BatchNorm and dropout 0.2" in said
    assert score > 0.9


def test_california_housing_on_made_up_houses(capsys):
    score = recipes.train("california-housing", without_network=True)
    said = capsys.readouterr().out
    assert "made-up houses: 1,600 samples to learn from, 400 for the test" in said
    assert "8-64-64-1, BatchNorm and dropout 0.1" in said
    assert "linear regression  test R² 0.99" in said
    assert score > 0.95


def test_the_digits_are_enlarged_in_place_and_order():
    X, Y, _ = recipes.stand_in("fashion-mnist")
    digits = load_dataset("digits")
    pictures = X.reshape(28, 28, -1)
    assert np.array_equal(pictures[3:26:3, 3:26:3].reshape(64, -1), digits.X)
    assert not pictures[:2].any()
    assert not pictures[:, -2:].any()
    assert np.array_equal(Y, digits.Y)


def test_the_test_samples():
    learn, test = recipes.split("fashion-mnist", 70_000)
    assert (learn, test) == (slice(0, 60_000), slice(60_000, 70_000))
    learn, test = recipes.split("california-housing", 20_640)
    assert sorted([*learn, *test]) == list(range(20_640))
    assert len(test) == 4_128


def test_fashion_mnist_from_what_openml_would_have_left(home, capsys, monkeypatch):  # noqa: F811
    X, Y, _ = recipes.stand_in("fashion-mnist")
    some = slice(0, 280)
    pixels = np.round(X.T[some] * 255 / 16).astype(int)
    write_openml(home, "fashion-mnist", pixels, Y.argmax(axis=0)[some])
    monkeypatch.setitem(
        recipes.RECIPES, "fashion-mnist", recipes.RECIPES["fashion-mnist"]._replace(mark=0.6)
    )
    recipes.main(["fashion-mnist", "--epochs", "20"])
    said = capsys.readouterr().out
    assert "fashion-mnist: 240 samples to learn from, 40 for the test" in said
    assert "the mark is 0.6: reached" in said


def test_california_housing_from_what_scikit_learn_would_have_left(home, capsys):  # noqa: F811
    rng = np.random.default_rng(0)
    raw = rng.uniform(1, 9, (300, 9))
    raw[:, 8] = 1e5 * raw[:, 7]  # the price goes with the income
    (home / "cal_housing_py3.pkz").write_bytes(zlib.compress(pickle.dumps(raw)))
    recipes.main(["california-housing"])
    said = capsys.readouterr().out
    assert "california-housing: 240 samples to learn from, 60 for the test" in said
    assert "ours               test R²" in said


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_without_a_network_it_is_told_what_to_do(home, name):  # noqa: F811
    with pytest.raises(SystemExit, match="could not be fetched.*\n.*--stand-in trains on other"):
        recipes.main([name])


def test_a_missed_mark_ends_with_exit_code_1(capsys, monkeypatch):
    monkeypatch.setattr(recipes, "train", lambda *_: 0.88)
    with pytest.raises(SystemExit) as ended:
        recipes.main(["fashion-mnist"])
    assert ended.value.code == 1
    assert "the mark is 0.885: MISSED" in capsys.readouterr().out
    recipes.main(["fashion-mnist", "--stand-in"])
    recipes.main(["california-housing"])


@pytest.mark.parametrize("wrong", [["mnist-fashion"], [], ["fashion-mnist", "--epochs", "0"]])
def test_what_is_no_command_is_refused(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        recipes.main(wrong)
    assert ended.value.code == 2
    assert "python -m tools.recipes" in capsys.readouterr().err


def test_no_last_batch_of_one_is_left(monkeypatch):
    monkeypatch.setattr(recipes, "split", lambda name, m: (slice(0, 1 + 64 * 3), slice(1500, m)))
    assert recipes.train("california-housing", without_network=True, epochs=1) < 1
