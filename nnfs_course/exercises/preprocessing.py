"""Judges of notebook 1."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import MinMaxScaler

from nnfs_core import preprocessing as reference
from nnfs_core.tracks import KAGGLE_NAMES
from nnfs_course.counterexample import factor, number, small, smallest
from nnfs_course.judge import Wrong, called, exercise, refused, same


def _tracks(n=60):
    """Random tracks as a file may hold them, real by their names."""
    rng = np.random.default_rng(0)
    tracks = pd.DataFrame(rng.uniform(0, 1, (n, 13)), columns=reference.FEATURES[:13])
    tracks["popularity"] = (100 * tracks["energy"] * tracks["tempo"]).round()
    tracks.insert(0, "id", [f"id-{i}" for i in range(n)])
    return tracks.assign(release_date=[str(1960 + i % 60) for i in range(n)])


def _same_table(got, expected, what):
    """Refuse a table whose rows or numbers are not the expected ones."""
    if not isinstance(got, pd.DataFrame):
        raise Wrong(f"expected a DataFrame, got a {type(got).__name__}")
    if len(got) != len(expected):
        raise Wrong(f"{len(got)} rows of {what}; expected {len(expected)}")
    if "index" in got:
        raise Wrong(f"{what} have a column 'index', their old numbers: reset_index(drop=True)")
    for name in expected:
        if name not in got:
            raise Wrong(f"{what} lack the column {name}")
        if expected[name].dtype == float:
            same(f"column {name} of {what}", pd.to_numeric(got[name]).to_numpy(), expected[name])


@exercise
def standardize(standardize):
    """Mean 0 and standard deviation 1, learnt from the training set."""
    rng = np.random.default_rng(0)
    train, test = rng.uniform(0, 9, (3, 8)), rng.uniform(2, 11, (3, 4))
    both = np.hstack([train, test])

    def scaled(array, by, axis=1):
        return (array - by.mean(axis, keepdims=True)) / by.std(axis, keepdims=True)

    def example():
        cases = ((one, other) for one, other in small((1, 2), (1, 1)) if one.std() > 0)
        smallest(
            lambda train, test: dict(zip(("train", "test"), standardize(train, test), strict=True)),
            lambda train, test: {"train": scaled(train, train), "test": scaled(test, train)},
            cases,
            lambda where, train, test: (
                f"{where[0]}[0, {where[2]}] = "
                f"({number({'train': train, 'test': test}[where[0]][0, where[2]])} - "
                f"{factor(train.mean())}) / {number(train.std())}"
            ),
        )

    try:
        result = called(standardize, train, test)
    except ValueError as error:
        if "broadcast" not in str(error):
            raise
        raise Wrong(
            "the shapes do not fit: a mean for each feature is axis=1, keepdims=True"
        ) from None
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong("expected two arrays: the scaled train and the scaled test")
    mistakes = {
        "a leak: the test set has a part in the mean": scaled(train, both),
        "each sample was scaled, not each feature: look at axis": scaled(train, train, axis=0),
        "that is min-max scaling: its 0 and 1 are the ends, not mean and deviation": (
            train - train.min(1)[:, None]
        )
        / np.ptp(train, axis=1)[:, None],
        "one mean for all features: each feature needs its own": scaled(train, train, axis=None),
        "the mean is still in it": train / train.std(1)[:, None],
        "divided by n - 1, as the std of pandas does: np.std divides by n": scaled(train, train)
        * np.sqrt(7 / 8),
        "the mean is gone, the standard deviation is not 1 yet": train - train.mean(1)[:, None],
        "divided by the variance: the standard deviation is its root": scaled(train, train)
        / train.std(1)[:, None],
    }
    same("the scaled train", result[0], scaled(train, train), mistakes, example=example)
    own = {"a leak: the test set was scaled by its own mean": scaled(test, test)}
    same("the scaled test", result[1], scaled(test, train), own, example=example)


@exercise
def year_of(year_of):
    """The forms of extract_year, and DD.MM.YYYY."""
    cases = {"1928-09-25": 1928, "1928": 1928, "1928-09": 1928, " 2020 ": 2020}
    cases |= {"25.09.1928": 1928, "03.04.1999": 1999}
    found = called(year_of, pd.Series([*cases]))
    if not isinstance(found, pd.Series) or len(found) != len(cases):
        raise Wrong("expected a Series, a year for each date")
    if not pd.api.types.is_numeric_dtype(found):
        raise Wrong("expected numbers: take the year of each date")
    right = dict(zip(cases, found == list(cases.values()), strict=True))
    if right["03.04.1999"] and not right["25.09.1928"]:
        raise Wrong("03.04.1999 is understood, 25.09.1928 is not: is the day read as the month?")
    if not all(right.values()):
        date = next(date for date in cases if not right[date])
        known = "an old form, is lost" if "." not in date else "the new form, is not understood"
        raise Wrong(f"{date}, {known}")
    for date in ("31.02.1928", "1928-02-31", "29.02.1900", "unknown", "0000"):
        if called(year_of, pd.Series([date])).notna().any():
            raise Wrong(f"{date!r} gets a year, and is no date: expected NaN")
    for date in ("1859", "03.04.1850"):
        if called(year_of, pd.Series([date])).notna().any():
            raise Wrong(f"{date!r} is before 1860: extract_year gives NaN there")


@exercise
def features_worth(features_worth, looked_at=None):
    """Validation R² of linear regression with all features, minus that without some."""
    rng = np.random.default_rng(1)
    noise = 40 * rng.uniform(size=300)  # so that no R² is near 1
    tracks = reference.clean_tracks(_tracks(300)).assign(energy=lambda t: (t.energy + t.tempo) / 2)
    tracks["popularity"] = (20 * tracks["energy"] + 20 * tracks["tempo"] + noise).round()
    everything = [name for name in reference.FEATURES if name in tracks]

    def r2(features, fitted="train", scored="test"):
        data = reference.prepare_dataset(tracks, features=features)
        halves = {"train": (data.X_train, data.Y_train), "test": (data.X_test, data.Y_test)}
        model = LinearRegression().fit(halves[fitted][0].T, halves[fitted][1][0])
        return model.score(halves[scored][0].T, halves[scored][1][0])

    def without(names):
        return [name for name in everything if name not in names]

    def worth(names, fitted="train", scored="test"):
        return r2(everything, fitted, scored) - r2(without(names), fitted, scored)

    for names in (["energy", "tempo"], ["energy"]):
        right = worth(names)
        mistakes = {
            "with minus without: the sign is the other way round": -right,
            "that is R² on the part that was learnt from: validation tells how good it is": worth(
                names, "train", "train"
            ),
            "the models learnt from the test set: its tracks are kept aside to score them": worth(
                names, "test", "test"
            ),
            "learnt from the test set, scored on the training set: the two are swapped": worth(
                names, "test", "train"
            ),
            "that is R² without the features: subtract it from R² with all": r2(without(names)),
            "that is R² of these features alone": r2(names),
            "that is R² with all minus R² of these alone: leave them out of all": r2(everything)
            - r2(names),
            "that is each one's worth, added up: leave all of them out at once": sum(
                r2(everything) - r2(without([name])) for name in names
            )
            if len(names) > 1
            else np.nan,
            "0: are the features left out of the second data set?": 0,
        }
        for digits in (2, 3, 4):
            said = f"it is rounded to {digits} digits: return it as it is"
            mistakes[said] = round(right, digits)
            said = f"both R² were rounded to {digits} digits, as in a table: use model.score"
            mistakes[said] = round(r2(everything), digits) - round(r2(without(names)), digits)
        got = called(features_worth, tracks, names)

        def example(names=names, got=got):
            if called(features_worth, tracks[: len(tracks) // 2], names) == got:
                raise Wrong("another table gives the same number: use the argument `tracks`")

        same(f"the worth of {' and '.join(names)}", got, right, mistakes, example=example)
    three = ["acousticness", "energy", "loudness"]
    if looked_at is None or not {*three} <= set(looked_at):
        return ""
    alone = sum(features_worth(looked_at, [name]) for name in three)
    together = features_worth(looked_at, three)
    return f"{', '.join(three)}: {alone:.4f} one by one, added up, and {together:.4f} together"


@exercise
def extract_year(extract_year):
    """The year of three forms of date, NaN for the rest."""
    cases = {"1928": 1928, "1928-09": 1928, "1928-09-25": 1928, " 2020 ": 2020}
    cases |= {"1860": 1860, "1899": 1899}
    cases |= dict.fromkeys(["1999-02-30", "0000", "1859", "19.05.1998", "unknown", ""], np.nan)
    years = called(extract_year, pd.Series([*cases]))
    if not isinstance(years, pd.Series) or len(years) != len(cases):
        raise Wrong("expected a Series, a year for each date")
    for (date, year), found in zip(cases.items(), years, strict=True):
        if not (found == year or (np.isnan(year) and pd.isna(found))):
            raise Wrong(f"{date!r} gives {found}")
    whole, dates = pd.Series([1928]), pd.Series(pd.to_datetime(["1928-09-25 13:00"]))
    for kind, given in {"whole numbers": whole, "dates": dates}.items():
        if list(called(extract_year, given)) != [1928]:
            raise Wrong(f"a Series of {kind} should do, too")
    refused(extract_year, "1928", error=TypeError, what="text that is no Series")


@exercise
def load_tracks(load_tracks):
    """A table of tracks under Kaggle's names, each track once."""
    four = _tracks(4).assign(id=["id-0", "7", "007", "7e0"])  # texts, so these are not the same
    repeat = four[:1].assign(popularity=99)  # it is one by its id
    kaggle = pd.concat([four[:1], repeat, four[1:]])
    tidytuesday = kaggle.rename(columns={theirs: ours for ours, theirs in KAGGLE_NAMES.items()})
    with tempfile.TemporaryDirectory() as folder:
        years = kaggle.drop(columns="release_date").assign(year=[1999, *range(1960, 1964)])
        tables = {"tracks": kaggle, "spotify_songs": tidytuesday, "years": years}
        tables["both"] = kaggle.assign(year=1900)  # the date says more
        made_up = kaggle.assign(id=["synthetic-1", *kaggle["id"][1:]])
        for name, table in {**tables, "made_up": made_up}.items():
            path = Path(folder) / f"{name}.csv"
            table.to_csv(path, index=False)
            tracks, expected = called(load_tracks, path), reference.load_tracks(path)
            _same_table(tracks, expected, f"tracks of {path.name}")
            if list(tracks["release_date"]) != list(expected["release_date"]):
                raise Wrong("release_date should stay the text that the file holds")
            kind = "synthetic" if name == "made_up" else "real"
            if kind not in str(tracks.attrs.get("source")):
                raise Wrong(f'attrs["source"] should say what was read, here: {kind} tracks')
        if list(tracks.index) != list(range(len(tracks))):
            raise Wrong("the rows keep their old numbers: reset_index(drop=True)")
        shipped = load_tracks()  # no path: the shipped tracks, or those of NNFS_DATA
        if (
            shipped.attrs.get("source", "").split()[:1]
            != reference.load_tracks().attrs["source"].split()[:1]
        ):
            raise Wrong('without a path: attrs["source"] should say synthetic or real')
        missing = Path(folder) / "none.csv"
        refused(load_tracks, missing, error=FileNotFoundError, what="a file that is not there")
        pd.concat([kaggle, _tracks(2).assign(id=None)]).to_csv(path, index=False)
        if len(called(load_tracks, path)) != 6:
            raise Wrong("tracks without an id are no repeats of each other: keep them all")
        if "real" not in load_tracks(path).attrs["source"]:
            raise Wrong('two ids are missing, and attrs["source"] says synthetic: they are real')
        for name in ("popularity", "release_date"):
            kaggle.drop(columns=name).to_csv(path, index=False)
            refused(load_tracks, path, what=f"a file without {name}")


@exercise
def clean_tracks(clean_tracks):
    """Numbers are numbers, the year is there, no gaps."""
    dirty = _tracks(8).astype({"energy": object})
    dirty["name"] = None  # not critical: no feature comes from it
    dirty["explicit"] = dirty["explicit"].gt(0.5).map({True: "True", False: "False"})
    dirty["year"] = 1900  # where release_date has none
    dirty = dirty.astype({"popularity": object})
    dirty.loc[3, "popularity"], dirty.loc[4, "loudness"] = "?", np.inf
    dirty["explicit"] = [*dirty["explicit"][:6], "True", "False"]
    dirty.loc[0, "energy"], dirty.loc[1, "tempo"], dirty.loc[2, "release_date"] = "high", None, "?"
    dirty.attrs["source"] = "tracks"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so many rows of so few have faults
        cleaned, expected = called(clean_tracks, dirty), reference.clean_tracks(dirty)
        dated = reference.clean_tracks(dirty.drop(columns="year"))
        if isinstance(cleaned, pd.DataFrame) and list(cleaned.get("id", [])) == list(dated["id"]):
            raise Wrong("a row without a date has a year in the column `year`: keep that year")
        _same_table(cleaned, expected, "cleaned tracks")
    if list(cleaned.index) != list(range(len(cleaned))):
        raise Wrong("the rows keep their old numbers: reset_index(drop=True)")
    source = str(cleaned.attrs.get("source"))
    if not source.startswith("tracks"):
        raise Wrong('attrs["source"] is lost: it says where the tracks come from')
    if not source.endswith(f": {len(cleaned)}"):
        raise Wrong(
            f'attrs["source"] is {source!r}; expected the clean rows at its end, "; clean: N"'
        )
    plain = dirty.drop(columns="year")
    plain.attrs = {}
    others = {
        "without a year before": plain,
        "with '?' for a year": dirty.assign(year=["1900", "?"] * 4),
        "with numbers in explicit": dirty.assign(explicit=[0, 1] * 4),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for what, table in others.items():
            got, expected = called(clean_tracks, table), reference.clean_tracks(table)
            _same_table(got, expected, f"cleaned tracks {what}")
    refused(clean_tracks, dirty.assign(energy="high"), what="a column without any number")


@exercise
def prepare_dataset(prepare_dataset):
    """Split, scaled by the training set, a sample a column."""
    tracks = reference.clean_tracks(_tracks())
    for settings in (
        {},
        {"features": ["energy", "tempo"], "test_size": 0.5, "seed": 7},
        {"features": ["energy", "tempo"], "target": "valence"},
    ):
        data = called(prepare_dataset, tracks, **settings)
        expected = reference.prepare_dataset(tracks, **settings)
        if not hasattr(data, "_fields") or data._fields != expected._fields:
            raise Wrong(f"expected a Dataset, got a {type(data).__name__}")
        scalers = {"X": expected.feature_scaler, "Y": expected.target_scaler}
        columns = {"X": expected.features, "Y": [settings.get("target", reference.TARGET)]}
        for name in ("X_train", "X_test", "Y_train", "Y_test"):
            right = getattr(expected, name)
            unscaled = scalers[name[0]].inverse_transform(right.T)
            leaking = MinMaxScaler().fit(tracks[columns[name[0]]].to_numpy())
            mistakes = {
                f"{name}: a leak, the scaler was fitted on all tracks": leaking.transform(
                    unscaled
                ).T,
                f"{name} is not scaled": unscaled.T,
            }
            same(name, getattr(data, name), right, mistakes)
        if list(data.features) != list(expected.features):
            raise Wrong("features should be the names of the rows of X, in order")
        minimum = getattr(data.feature_scaler, "data_min_", None)
        if not np.array_equal(minimum, expected.feature_scaler.data_min_):
            raise Wrong("feature_scaler should be the scaler of X, fitted on the training set")
        Y = data.target_scaler.inverse_transform(data.Y_test.T)
        same("Y_test, scaled back,", Y, expected.target_scaler.inverse_transform(expected.Y_test.T))
    refused(prepare_dataset, tracks, features=["energy", "popularity"], what="the target among X")
    refused(prepare_dataset, tracks, features="energy", what="features that are a text")
    refused(prepare_dataset, tracks.assign(popularity=5.0), what="a target that is always the same")
    two = tracks.assign(popularity=[0.0, 1.0] * (len(tracks) // 2))
    same(
        "Y_train of a target with two values",
        called(prepare_dataset, two).Y_train,
        reference.prepare_dataset(two).Y_train,
    )
