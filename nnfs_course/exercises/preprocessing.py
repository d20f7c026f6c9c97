"""Checks of notebook 1."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from nnfs_core import preprocessing as reference
from nnfs_course.judge import Wrong, called, exercise, refused, same


def _tracks(n=60):
    """Random tracks as a file may hold them, real by their names."""
    rng = np.random.default_rng(0)
    tracks = pd.DataFrame(rng.uniform(0, 1, (n, 13)), columns=reference.FEATURES[:13])
    tracks["popularity"] = (100 * tracks["energy"] * tracks["tempo"]).round()
    tracks.insert(0, "id", [f"id-{i}" for i in range(n)])
    return tracks.assign(release_date=[str(1960 + i) for i in range(n)])


def _dataset():
    return reference.prepare_dataset(reference.clean_tracks(_tracks()))


def _same_table(got, expected, what):
    """Refuse a table whose rows or numbers are not the expected ones."""
    if not isinstance(got, pd.DataFrame):
        raise Wrong(f"expected a DataFrame, got a {type(got).__name__}")
    if len(got) != len(expected):
        raise Wrong(f"{len(got)} rows of {what}; expected {len(expected)}")
    for name in expected:
        if name not in got:
            raise Wrong(f"{what} lack the column {name}")
        if expected[name].dtype == float:
            same(f"column {name} of {what}", pd.to_numeric(got[name]).to_numpy(), expected[name])


@exercise
def without_year(dataset, tracks):
    """A data set of all features but the year."""
    if getattr(dataset, "_fields", ()) != reference.Dataset._fields:
        kind = type(dataset).__name__
        raise Wrong(f"a {kind}: expected a Dataset, which prepare_dataset returns")
    wanted = [name for name in reference.FEATURES if name in tracks and name != "year"]
    if "year" in dataset.features:
        raise Wrong("the year is still among the features")
    if missing := [name for name in wanted if name not in dataset.features]:
        raise Wrong(f"more is gone than the year: {len(missing)} features, {missing[0]} is one")
    if extra := set(dataset.features) - set(wanted):
        raise Wrong(f"{extra.pop()} is none of FEATURES")
    if len(dataset.X_train) != len(wanted):
        raise Wrong("X has a row for the year still: prepare the data set anew")
    expected = reference.prepare_dataset(tracks, features=wanted)
    if not np.array_equal(dataset.Y_test, expected.Y_test):
        raise Wrong("other test tracks or another target: leave the other settings as they are")
    rows = [wanted.index(name) for name in dataset.features]
    if not np.allclose(dataset.X_test, expected.X_test[rows]):
        raise Wrong("the names are right, the arrays are not: prepare_dataset makes both")
    model = LinearRegression().fit(dataset.X_train.T, dataset.Y_train[0])
    r2 = model.score(dataset.X_test.T, dataset.Y_test[0])
    return f"Linear regression without the year: R² = {r2:.3f}"


@exercise
def standardize(standardize):
    """Mean 0 and standard deviation 1, learnt from the training set."""
    rng = np.random.default_rng(0)
    train, test = rng.uniform(0, 9, (3, 8)), rng.uniform(2, 11, (3, 4))
    both = np.hstack([train, test])

    def scaled(array, by, axis=1):
        return (array - by.mean(axis, keepdims=True)) / by.std(axis, keepdims=True)

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
        "one mean for all features: each feature needs its own": scaled(train, train, axis=None),
        "the mean is still in it": train / train.std(1)[:, None],
        "divided by n - 1, as the std of pandas does: np.std divides by n": scaled(train, train)
        * np.sqrt(7 / 8),
        "the mean is gone, the standard deviation is not 1 yet": train - train.mean(1)[:, None],
        "divided by the variance: the standard deviation is its root": scaled(train, train)
        / train.std(1)[:, None],
    }
    same("the scaled train", result[0], scaled(train, train), mistakes)
    own = {"a leak: the test set was scaled by its own mean": scaled(test, test)}
    same("the scaled test", result[1], scaled(test, train), own)


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
            raise Wrong(f"{date!r} is older than all recordings: extract_year gives NaN for such")


@exercise
def feature_worth(feature_worth):
    """Test R² of linear regression with all features, minus that without one."""
    tracks = reference.clean_tracks(_tracks())
    names = [name for name in reference.FEATURES if name in tracks]

    def r2(features, half="test"):
        data = reference.prepare_dataset(tracks, features=features)
        model = LinearRegression().fit(data.X_train.T, data.Y_train[0])
        X, Y = (data.X_test, data.Y_test) if half == "test" else (data.X_train, data.Y_train)
        return model.score(X.T, Y[0])

    for name in ("energy", "key"):
        others = [other for other in names if other != name]
        mistakes = {
            "with minus without: the sign is the other way round": r2(others) - r2(names),
            "that is R² on the training set: how good it is, the test set tells": r2(names, "train")
            - r2(others, "train"),
            "that is R² without the feature: subtract it from R² with it": r2(others),
            "that is R² of the feature alone": r2([name]),
            "0 for each feature: is the feature left out of the second data set?": 0,
        }
        same(
            f"the worth of {name}",
            called(feature_worth, tracks, name),
            r2(names) - r2(others),
            mistakes,
        )


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
    whole, dates = pd.Series([1928]), pd.Series(pd.to_datetime(["1928-09-25"]))
    for kind, given in {"whole numbers": whole, "dates": dates}.items():
        if list(called(extract_year, given)) != [1928]:
            raise Wrong(f"a Series of {kind} should do, too")
    refused(extract_year, "1928", error=TypeError, what="text that is no Series")


@exercise
def load_tracks(load_tracks):
    """A table of tracks under Kaggle's names, each track once."""
    kaggle = pd.concat([_tracks(4), _tracks(1).assign(popularity=99)])  # a repeat is one by its id
    tidytuesday = kaggle.rename(
        columns={theirs: ours for ours, theirs in reference._KAGGLE_NAMES.items()}
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, table in {"tracks": kaggle, "spotify_songs": tidytuesday}.items():
            path = Path(folder) / f"{name}.csv"
            table.to_csv(path, index=False)
            tracks, expected = called(load_tracks, path), reference.load_tracks(path)
            _same_table(tracks, expected, f"tracks of {path.name}")
            if list(tracks["release_date"]) != list(expected["release_date"]):
                raise Wrong("release_date should stay the text that the file holds")
            if "real" not in str(tracks.attrs.get("source")):
                raise Wrong('attrs["source"] should say what was read, here: real tracks')
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


@exercise
def clean_tracks(clean_tracks):
    """Numbers are numbers, the year is there, no gaps."""
    dirty = _tracks(8).astype({"energy": object})
    dirty["name"] = None  # not critical: no feature comes from it
    dirty["explicit"] = dirty["explicit"].gt(0.5).map({True: "True", False: "False"})
    dirty["year"] = 1900  # where release_date has none
    dirty = dirty.astype({"popularity": object})
    dirty.loc[3, "popularity"], dirty.loc[4, "loudness"] = "?", np.inf
    dirty.loc[0, "energy"], dirty.loc[1, "tempo"], dirty.loc[2, "release_date"] = "high", None, "?"
    dirty.attrs["source"] = "tracks"
    cleaned = called(clean_tracks, dirty)
    _same_table(cleaned, reference.clean_tracks(dirty), "cleaned tracks")
    if list(cleaned.index) != list(range(len(cleaned))):
        raise Wrong("the rows keep their old numbers: reset_index(drop=True)")
    if cleaned.attrs != dirty.attrs:
        raise Wrong("attrs is lost: it says where the tracks come from")
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
        for name in ("X_train", "X_test", "Y_train", "Y_test"):
            same(name, getattr(data, name), getattr(expected, name))
        if list(data.features) != list(expected.features):
            raise Wrong("features should be the names of the rows of X, in order")
        minimum = getattr(data.feature_scaler, "data_min_", None)
        if not np.array_equal(minimum, expected.feature_scaler.data_min_):
            raise Wrong("feature_scaler should be the scaler of X, fitted on the training set")
        Y = data.target_scaler.inverse_transform(data.Y_test.T)
        same("Y_test, scaled back,", Y, expected.target_scaler.inverse_transform(expected.Y_test.T))
    refused(prepare_dataset, tracks, features=["energy", "popularity"], what="the target among X")


@exercise
def scoreboard(scoreboard):
    """R² and MAE in points of three baselines and of our own predictions."""
    data = _dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few tracks are not enough for MLPRegressor
        ours = {"ours": 0.3 * data.Y_test}
        table, expected = called(scoreboard, data, ours), reference.scoreboard(data, ours)
        called(scoreboard, data)  # without predictions
    if not isinstance(table, pd.DataFrame) or list(table.index) != list(expected.index):
        raise Wrong(f"expected a DataFrame with the rows {list(expected.index)}")
    for model in expected.index.drop("scikit-learn MLPRegressor"):  # its settings may differ
        for column, digits in {"R²": 3, "MAE": 2}.items():
            got = round(float(table.loc[model, column]), digits)
            same(f"{column} of {model}", got, expected.loc[model, column])
