"""Data of an experiment: which rows, which columns, which split; and rows that come later."""

import types

import numpy as np
import pandas as pd
import pytest

from nnfs_core import (
    clean_tracks,
    datasets,
    genre_tracks,
    load_config,
    load_tracks,
    prepare_dataset,
)
from nnfs_core.runs import tables
from nnfs_core.runs.loading import load_samples, split
from nnfs_core.runs.rows import load_rows
from tools.lib.layout import DATA, ROOT


def section(**data):
    """The section data of a configuration."""
    return load_config({"data": data}).data


def write(path, table):
    """Write a DataFrame, or text, into a file; return its path as text."""
    text = table if isinstance(table, str) else table.to_csv(index=False)
    path.write_text(text, "utf-8")
    return str(path)


def made_up(m=60):
    """A table with two features, a number and a class to predict, and a text."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, m))
    kinds = np.where(a > 0, "yes", "no")
    return pd.DataFrame({"a": a, "B ": b, "y": a + b, "kind": kinds, "note": "words"})


@pytest.fixture
def table(tmp_path):
    """Path of that table."""
    return write(tmp_path / "t.csv", made_up())


def refusal(function, *arguments):
    """What a function says of what will not do."""
    with pytest.raises(ValueError) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Tables


def test_a_table_gives_its_columns_of_numbers_but_the_target(table):
    samples = load_samples(section(path=table, target="Y"))  # capitals do not matter
    assert samples.features == ["a", "b"] and samples.target == "y" and samples.classes == []
    there = made_up()
    assert np.allclose(samples.X, there[["a", "B "]].to_numpy().T)
    assert np.allclose(samples.Y, there["y"].to_numpy()[None])
    assert samples.facts["rows"] == 60 and len(samples.facts["sha256"]) == 64


def test_a_target_of_texts_gives_classes_and_task_says_otherwise(table, tmp_path):
    samples = load_samples(section(path=table, target="kind", features=["b", "a"]))
    assert samples.classes == ["no", "yes"] and samples.features == ["b", "a"]
    assert np.array_equal(samples.Y.argmax(axis=0), (made_up()["kind"] == "yes").to_numpy(int))
    marks = made_up().assign(mark=[1.0, 2.0] * 30)
    path = write(tmp_path / "marks.csv", marks)
    assert load_samples(section(path=path, target="mark")).classes == []
    named = load_samples(section(path=path, target="mark", task="classification"))
    assert named.classes == ["1", "2"]
    said = refusal(load_samples, section(path=table, target="kind", task="regression"))
    assert "row 1, column kind: 'yes' stands where a number should" in said


def test_gaps_are_refused_with_row_and_column_or_dropped_and_counted(tmp_path, caplog):
    there = made_up().astype(object)
    there.loc[3, "B "], there.loc[7, "a"], there.loc[9, "y"] = "n/a?", np.inf, None
    path = write(tmp_path / "gaps.csv", there)
    said = refusal(load_samples, section(path=path, target="y"))
    assert "3 of 60 rows have gaps; the first: row 4, column b: 'n/a?'" in said
    assert "set data.gaps to drop" in said
    samples = load_samples(section(path=path, target="y", gaps="drop"))
    assert samples.facts | {"rows": 57, "dropped": 3} == samples.facts
    assert "3 of 60 rows have gaps" in caplog.text and "dropped" in caplog.text
    kept = np.delete(np.arange(60), [3, 7, 9])
    assert np.array_equal(samples.places, kept)
    assert np.allclose(samples.X, made_up().loc[kept, ["a", "B "]].to_numpy().T)


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({}, {"target": "z"}, "t.csv lacks the columns z; it has a, b, y, kind, note"),
        ({}, {"target": "y", "features": ["a", "bb"]}, "t.csv lacks the columns bb"),
        ({}, {"target": "kinds"}, "lacks the columns kinds; is kind meant as kinds?"),
        ({}, {"target": "y", "group": "artist"}, "lacks the columns artist"),
        ({}, {"target": "y", "features": ["note"]}, "row 1, column note: 'words' stands where"),
        ({"y": 3.0}, {"target": "y"}, "the target y is 3 in all rows"),
        ({"kind": "yes"}, {"target": "kind"}, "the target kind has 1 classes; expected 2 to"),
        ({"y": 1e101}, {"target": "y"}, "60 of 60 rows have gaps"),
        ({"a": "x", "B ": "x", "y": "x"}, {"target": "kind"}, "no column of numbers beside kind"),
    ],
)
def test_a_table_that_will_not_do_is_refused(tmp_path, change, settings, message):
    path = write(tmp_path / "t.csv", made_up().assign(**change))
    assert message in refusal(load_samples, section(path=path, **settings))


def test_a_table_of_few_rows_or_none_or_no_table_is_refused(tmp_path):
    path = write(tmp_path / "t.csv", made_up(19))
    assert "19 rows are left; expected 20 or more" in refusal(
        load_samples, section(path=path, target="y")
    )
    write(tmp_path / "t.csv", "a;b;y\n1;2;3\n")
    assert "separated by ';'" in refusal(load_samples, section(path=path, target="y"))
    with pytest.raises(FileNotFoundError, match="expected a table"):
        load_samples(section(path=str(tmp_path / "none.csv"), target="y"))


@pytest.mark.parametrize("path", ["", "1.parquet"])
def test_parquet_is_refused_with_what_to_do(tmp_path, path):
    (tmp_path / "1.parquet").write_bytes(b"PAR1")
    said = refusal(load_samples, section(path=str(tmp_path / path), target="y"))
    assert "is Parquet; expected a table: .csv" in said
    assert "pandas.read_parquet" in said and "spread_parquet" in said


def test_ids_keep_their_zeros_and_are_no_features(tmp_path):
    path = write(tmp_path / "t.csv", made_up().assign(id=[f"{n:03}" for n in range(60)]))
    found, _ = tables.read_table(tmp_path / "t.csv")
    assert found["id"][7] == "007"
    assert load_samples(section(path=path, target="y")).features == ["a", "b"]


# Tracks and data sets


def test_tracks_have_the_split_of_the_course():
    data = section(path=str(ROOT / DATA), format="tracks", rows=5_000)
    samples = load_samples(data)
    tracks = clean_tracks(load_tracks()).sample(frac=1, random_state=0)[:5_000]
    course = prepare_dataset(tracks)
    assert samples.features == course.features and samples.target == "popularity"
    cut = split(samples, data)
    low, height = course.feature_scaler.data_min_, course.feature_scaler.data_range_
    assert np.allclose((samples.X[:, cut.test].T - low) / height, course.X_test.T)
    assert len(cut.validation) == 400 and len(cut.train) == 3_600
    learnt = np.concatenate([cut.train, cut.validation])
    assert not set(learnt) & set(cut.test) and len(set(learnt)) == 4_000


def test_another_target_of_tracks_is_no_feature():
    data = section(path=str(ROOT / DATA), format="tracks", target="Energy", rows=100)
    samples = load_samples(data)
    assert samples.target == "energy" and "energy" not in samples.features
    assert "year" in samples.features


def test_shipped_tracks_that_are_not_there_are_missed_with_advice(tmp_path):
    with pytest.raises(FileNotFoundError, match="the shipped one is .*tracks.csv: give"):
        load_samples(section(path=str(tmp_path / "data" / "tracks.csv"), format="tracks"))


def test_shipped_genres_that_are_not_there_are_missed_with_advice(tmp_path, monkeypatch):
    monkeypatch.setattr("nnfs_core.datasets.GENRES", tmp_path / "genres.csv")
    datasets._genres.cache_clear()
    with pytest.raises(FileNotFoundError, match="genres.csv is not there: get the whole course"):
        load_samples(section(name="genres"))


def test_no_artist_of_genres_is_on_two_sides():
    data = section(name="genres", group="track_artist")
    samples = load_samples(data)
    artists = genre_tracks(one_genre=True)["track_artist"]
    cut = split(samples, data)
    sides = [set(";".join(artists.iloc[places]).split(";")) for places in cut]
    assert all(len(side) > 50 for side in sides)
    assert not sides[0] & sides[2] and not sides[1] & sides[2] and not sides[0] & sides[1]
    assert samples.classes == sorted(samples.classes) and len(samples.classes) == 6


def test_a_data_set_by_name_keeps_the_shares_of_its_classes():
    data = section(name="digits", rows=600)
    samples = load_samples(data)
    cut = split(samples, data)
    shares = [samples.Y[:, places].mean(axis=1) for places in cut]
    assert len(samples.places) == 600 and len(set(samples.places)) == 600
    assert np.abs(shares[0] - shares[2]).max() < 0.01
    said = refusal(load_samples, section(name="digits", group="writer"))
    assert "the data set digits lacks the columns writer" in said


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test": 0.001}, "1 rows for the test; expected two or more"),
        ({"target": "kind", "test": 0.01}, "60 rows cannot be split, 0.01 aside"),
        ({"group": "note"}, "data.group has one value in all rows"),
    ],
)
def test_a_split_that_cannot_be_made_is_refused(table, settings, message):
    data = section(path=table, **{"target": "y"} | settings)
    assert message in refusal(split, load_samples(data), data)


def test_the_seed_draws_the_split(table):
    places = [
        split(load_samples(data), data).test.tolist()
        for data in (section(path=table, target="y", seed=seed) for seed in (1, 1, 2))
    ]
    assert places[0] == places[1] != places[2]


# Rows that come later


def run_of(data, samples):
    """What load_rows asks a run for."""
    facts = {"features": samples.features, "target": samples.target, "classes": samples.classes}
    return types.SimpleNamespace(config=types.SimpleNamespace(data=data), data=facts)


@pytest.fixture
def later(table):
    """A function that loads rows for a run on the made-up table."""
    data = section(path=table, target="kind", features=["y", "b", "a"])
    run = run_of(data, load_samples(data))
    return lambda source, **settings: load_rows(source, run, **settings)


def test_rows_are_read_by_the_names_of_their_columns(later, tmp_path):
    there = made_up(3)[["B ", "note", "y", "a"]].assign(ID=["x", "007", "z"])
    for source in (there, write(tmp_path / "n.csv", there)):
        rows = later(source)
        assert rows.ids == ["x", "007", "z"] and rows.Y is None
        assert np.allclose(rows.X, made_up(3)[["y", "B ", "a"]].to_numpy().T)
    assert later(there.drop(columns="ID")).ids == [1, 2, 3]


def test_rows_with_other_columns_are_refused_and_it_says_which(later):
    said = refusal(later, made_up(3).drop(columns=["a", "y"]))
    assert said == "the table lacks the columns y, a; it has b, kind, note"
    with pytest.raises(TypeError, match="expected the path of a table, or a DataFrame"):
        later(3)


def test_targets_of_rows_are_those_that_the_run_knows(later):
    rows = later(made_up(5), with_target=True)
    assert np.array_equal(rows.Y[1], (made_up(5)["kind"] == "yes").to_numpy(float))
    said = refusal(lambda: later(made_up(5).assign(kind="perhaps"), with_target=True))
    assert "kind holds ['perhaps']; expected one of no, yes" in said
    said = refusal(lambda: later(made_up(5).assign(kind=None), with_target=True))
    assert "5 of 5 rows have gaps; the first: row 1, column kind: nothing" in said


def test_gaps_of_rows_are_refused_as_the_run_refused_its_own(later, table, caplog):
    there = made_up(4)
    there.loc[2, "B "] = None
    assert "row 3, column b: nothing stands where a number should" in refusal(later, there)
    data = section(path=table, target="kind", gaps="drop")
    rows = load_rows(there, run_of(data, load_samples(data)))
    assert rows.ids == [1, 2, 4] and "1 of 4 rows have gaps" in caplog.text
    there["a"] = np.nan
    assert "4 of 4 rows have gaps" in refusal(load_rows, there, run_of(data, load_samples(data)))


def test_tracks_that_come_later_need_no_popularity_and_have_a_year(caplog):
    data = section(path=str(ROOT / DATA), format="tracks", rows=200)
    samples = load_samples(data)
    run = run_of(data, samples)
    raw = pd.read_csv(ROOT / DATA, nrows=400)
    clean = clean_tracks(load_tracks())
    shared = clean["id"].isin(raw["id"])
    rows = load_rows(raw.drop(columns="popularity"), run)
    places = [rows.ids.index(name) for name in clean["id"][shared]]
    assert np.allclose(rows.X[:, places].T, clean.loc[shared, samples.features].to_numpy(float))
    typed = raw[:1].drop(columns=["popularity", "release_date", "id"]).assign(year=1999)
    typed = typed.rename(columns={"name": "track_name"})
    assert load_rows(typed, run).X[samples.features.index("year"), 0] == 1999
    assert "lacks the columns year" in refusal(load_rows, typed.drop(columns="year"), run)
    odd = pd.concat([typed, typed.assign(tempo="fast")])
    assert load_rows(odd, run).ids == [1] and "row 2, column tempo: 'fast'" in caplog.text
    odd = pd.concat([raw[:1], raw[:1].assign(release_date="May 68")])
    assert len(load_rows(odd, run).ids) == 1 and "column year: 'May 68'" in caplog.text


def test_a_row_without_an_id_goes_by_its_number(later):
    there = made_up(3).assign(id=["x", None, "z"])
    assert later(there).ids == ["x", "2", "z"]


def test_times_and_complex_numbers_are_no_numbers(later):
    given = made_up(2)
    for strange in (pd.to_datetime(["2020-01-01"] * 2), pd.to_timedelta([1, 2]), [1j, 2]):
        said = refusal(later, given.assign(a=strange))
        assert "the first: row 1, column a: " in said and "stands where a number should" in said
    given.columns = pd.MultiIndex.from_product([given.columns, ["x"]])
    assert "lacks the columns y, b, a" in refusal(later, given)


def test_a_dataframe_with_a_column_twice_is_refused(later):
    assert "the table has several columns ['a']" in refusal(later, made_up(3).assign(A=1))


def test_a_gap_is_named_by_its_row_in_the_file_when_rows_are_drawn(tmp_path):
    there = made_up()
    there.loc[6, "B "] = np.nan
    path = write(tmp_path / "t.csv", there)
    said = [refusal(load_samples, section(path=path, target="y", rows=rows)) for rows in (None, 60)]
    assert all("row 7, column b" in one for one in said)


def test_a_column_without_a_name_is_no_feature_unless_it_is_asked_for(tmp_path, caplog):
    caplog.set_level("INFO")
    path = tmp_path / "t.csv"
    made_up().to_csv(path)  # pandas writes the numbers of the rows in front
    assert load_samples(section(path=str(path), target="y")).features == ["a", "b"]
    assert "columns that are no features: unnamed 0, kind, note" in caplog.text
    asked = section(path=str(path), target="y", features=["unnamed 0", "a"])
    assert load_samples(asked).features == ["unnamed 0", "a"]


def test_rows_that_share_a_name_stay_together_with_spaces_too_and_the_rest_is_counted(
    tmp_path, caplog
):
    caplog.set_level("INFO")
    there = made_up().assign(who=[f"p{i % 30}; p{(i + i // 50) % 30}" for i in range(60)])
    data = section(path=write(tmp_path / "t.csv", there), target="y", group="who")
    samples = load_samples(data)
    cut = split(samples, data)
    sides = [
        {part.strip() for place in places for part in samples.groups[place].split(";")}
        for places in cut
    ]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    out = 60 - sum(map(len, cut))
    assert 0 < out < 20 and f"{out} rows share a who" in caplog.text


def test_a_class_that_nothing_is_learnt_of_is_told(tmp_path, caplog):
    there = made_up().assign(who=[i // 10 for i in range(60)])
    there["kind"] = np.where(there["who"] == 0, "rare", there["kind"])
    for seed in range(20):
        data = section(path=write(tmp_path / "t.csv", there), target="kind", group="who", seed=seed)
        caplog.clear()
        samples = load_samples(data)
        cut = split(samples, data)
        learnt = samples.Y[samples.classes.index("rare"), cut.train].any()
        assert ("no row to learn from is of the class rare" in caplog.text) == (not learnt)
        if not learnt:
            return
    raise AssertionError("no split of these puts the class aside")
