"""Runs side by side: grouped by their settings, compared pair by pair."""

import json

import numpy as np
import pandas as pd
import pytest

from nnfs_core import compare_runs, load_config, run_experiment
from nnfs_core.runs import pictures

SETTINGS = {
    "data": {"target": "y"},
    "network": {"hidden": [4]},
    "training": {"epochs": 1, "batch_size": 32, "baselines": False},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A function that gives the run of some overrides, with scores of our choice."""
    root, made = tmp_path_factory.mktemp("runs"), {}
    for name, seed in (("one", 0), ("two", 1)):
        X = np.random.default_rng(seed).standard_normal((40, 3))
        table = pd.DataFrame(X, columns=["a", "b", "y"]).assign(kind=["x", "z"] * 20)
        table.to_csv(root / f"{name}.csv", index=False)

    def run(*overrides, r2=None, file="one"):
        key = (file, overrides)
        if key not in made:
            sections = SETTINGS | {"data": {"path": str(root / f"{file}.csv"), "target": "y"}}
            made[key] = run_experiment(load_config(sections, overrides), root / str(len(made)))
        if r2 is not None:
            made[key].metrics["scores"]["ours"]["r2"] = r2
        return made[key]

    with pytest.MonkeyPatch.context() as patched:
        for name in ("curves", "predicted", "confusion"):  # which take most of the time
            patched.setattr(pictures, name, lambda *_: b"")
        yield run


def test_settings_are_paired_over_splits(runs):
    """Splits differ by far more than the settings do: pairs see it all the same."""
    given = []
    for seed, level in ((1, 0.2), (2, 0.6), (3, 0.4)):
        given.append(runs(f"data.seed={seed}", r2=level))
        given.append(runs(f"data.seed={seed}", "network.dropout=0.5", r2=level + seed / 100))
    found = compare_runs(given)
    assert found.table.index.tolist() == ["dropout=0.0", "dropout=0.5"]
    assert found.table["runs"].tolist() == [3, 3]
    assert np.allclose(found.differences["dropout=0.5"], [0.01, 0.02, 0.03])
    told = found.table.loc["dropout=0.5", "minus the first"]
    assert told == "+0.020 ± 0.006, above 0 in 3 of 3"
    assert found.table.loc["dropout=0.0", "R²"] == "0.400 ± 0.200"
    assert found.notes == [found.notes[0]] and found.picture().startswith(b"\x89PNG")
    # The order within a setting does not matter.
    again = compare_runs([given[0], *given[:0:-1]])
    assert np.isclose(again.differences["dropout=0.5"].mean(), 0.02)


def test_seeds_of_one_split_are_said_to_be_of_one_split(runs):
    given = [runs(f"training.seed={seed}", r2=0.1 * seed) for seed in (0, 1)]
    given += [runs(f"training.seed={seed}", "training.decay=1", r2=0.2 * seed) for seed in (0, 1)]
    found = compare_runs(given)
    assert np.allclose(found.differences["decay=1.0"], [0, 0.1])
    assert any("one split: other test rows may say another thing" in note for note in found.notes)


def test_what_does_not_pair_is_said(runs):
    found = compare_runs([runs("data.seed=1"), runs("data.seed=2", "network.hidden=[3]")])
    assert found.table.iloc[1]["minus the first"] == "no pair"
    assert any(note.startswith("no pair: other test rows") for note in found.notes)
    assert any(note.startswith("one run each") for note in found.notes)
    found = compare_runs([runs("data.seed=1"), runs("data.seed=1", file="two")])
    assert found.table.iloc[1]["minus the first"] == "no pair"
    assert any("not all runs have the same data" in note for note in found.notes)
    assert found.table.index[0].startswith("data=")


def test_other_features_may_still_have_the_same_test_rows(runs):
    found = compare_runs([runs("data.seed=1"), runs("data.seed=1", "data.features=[a]")])
    assert len(found.differences["features=[a]"]) == 1


def test_runs_of_one_setting_are_one_row(runs):
    found = compare_runs([runs("data.seed=1", r2=0.1), runs("data.seed=2", r2=0.3)])
    assert found.table.index.tolist() == ["one setting"]
    assert found.table["R²"].tolist() == ["0.200 ± 0.141"] and found.differences == {}


def test_runs_that_do_not_compare_are_refused(runs):
    one = runs("data.seed=1")
    with pytest.raises(ValueError, match="1 run given; expected two or more"):
        compare_runs([one])
    for single in (one, one.folder, str(one.folder)):
        with pytest.raises(TypeError, match="expected a list of two or more runs"):
            compare_runs(single)
    with pytest.raises(ValueError, match="are runs of one setting, split and seed: leave one out"):
        compare_runs([one, one.folder])
    classes = runs("data.seed=1", "data.target=kind")
    with pytest.raises(ValueError, match="they do not compare"):
        compare_runs([one, classes])


def test_long_settings_keep_labels_short(runs):
    found = compare_runs([runs("data.seed=1"), runs("data.seed=1", f"network.hidden={[2] * 50}")])
    assert all(len(label) < 60 for label in found.table.index)
    assert json.dumps(found.table.to_dict())


def test_settings_that_differ_late_in_a_long_value_are_two(runs):
    long = [runs(f"network.hidden={[4] * 15 + [last]}", r2=0.1 * last) for last in (4, 5)]
    found = compare_runs(long)
    first, second = found.table.index
    assert second == f"{first} #2" and np.allclose(found.differences[second], [0.1])


def test_networks_that_two_runs_share_are_said(runs):
    """Two networks of seed 0 are those of the seeds 0 and 1: with seed 1, one is the same."""
    two = "training.networks=2"
    for seed, shared in ((1, True), (2, False)):
        notes = compare_runs([runs(two), runs(two, f"training.seed={seed}")]).notes
        assert any("share networks of the same seed" in note for note in notes) == shared
    other = compare_runs([runs(two), runs(two, "training.seed=1", "data.seed=1")])
    assert not any("share networks" in note for note in other.notes)
