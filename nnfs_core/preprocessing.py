"""Stage 1: preprocessing.

Generated from notebooks/01_preprocessing.ipynb by `make export`: edit that, not this.
"""

import os
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pooch
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from nnfs_core.validation import guard_matrix, guard_number

TARGET = "popularity"
FEATURES = [
    *("danceability", "energy", "loudness", "speechiness", "acousticness"),
    *("instrumentalness", "liveness", "valence", "tempo", "duration_ms"),
    *("explicit", "key", "mode", "year"),
]
_SHIPPED = Path(str(files("nnfs_core"))).resolve().parent / "data" / "tracks.csv"
_KAGGLE_NAMES = {
    "track_id": "id",
    "track_name": "name",
    "track_artist": "artists",
    "track_popularity": "popularity",
    "track_album_release_date": "release_date",
}


def load_tracks(path=None):
    """Read a file of tracks: one row a track, columns under the names of Kaggle's tracks.csv.

    path: .csv, .csv.gz or .zip; without it the file that NNFS_DATA names, or else the shipped one.
    attrs["source"] says what was read. Raises FileNotFoundError, or ValueError for another table.
    """
    if path is None:
        path = os.environ.get("NNFS_DATA") or _SHIPPED
    path = Path(path).expanduser().absolute()
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; give load_tracks or NNFS_DATA the path of a .csv")
    try:
        dates = {name: str for name in ("release_date", "track_album_release_date")}
        tracks = pd.read_csv(path, dtype=dates, low_memory=False)
    except Exception as error:  # pandas passes on what zip, gzip and its parsers raise
        raise ValueError(f"{path} cannot be read as a .csv, .csv.gz or .zip: {error}") from error
    if not isinstance(tracks.index, pd.RangeIndex):
        raise ValueError(f"{path}: rows have more fields than the header; expected as many")
    tracks = tracks.rename(columns=lambda name: name.strip().lower())
    names = {theirs: ours for theirs, ours in _KAGGLE_NAMES.items() if ours not in tracks}
    tracks = tracks.rename(columns=names)
    missing = [name for name in ("id", TARGET) if name not in tracks]
    if missing:
        raise ValueError(f"{path} lacks the columns {missing}; found, by commas: {list(tracks)}")

    repeats = tracks["id"].duplicated() & tracks["id"].notna()
    kind = "synthetic" if tracks["id"].astype(str).str.startswith("synthetic").any() else "real"
    source = (
        f"{kind} tracks from {path.name}: {len(tracks):,} rows, {repeats.sum():,} repeats dropped"
    )
    absent = [name for name in FEATURES if name not in tracks]
    if "release_date" in tracks and "year" in absent:
        absent.remove("year")
    tracks = tracks[~repeats].reset_index(drop=True)
    tracks.attrs["source"] = source + (f"; not in this file: {', '.join(absent)}" if absent else "")
    return tracks


def extract_year(release_date):
    """Return the year of YYYY, YYYY-MM and YYYY-MM-DD as a float Series; the rest becomes NaN.

    release_date: a Series of text, whole numbers (1928) or dates.
    """
    if not isinstance(release_date, pd.Series):
        raise TypeError(
            f"release_date is a {type(release_date).__name__}; expected a pandas Series"
        )
    if pd.api.types.is_datetime64_any_dtype(release_date):
        release_date = release_date.dt.strftime("%Y-%m-%d")
    text = release_date.astype("string").str.strip().str.removesuffix(".0")
    missing_part = text.str.len().map({4: "-01-01", 7: "-01", 10: ""}).astype("string")
    dates = pd.to_datetime(text + missing_part, format="%Y-%m-%d", errors="coerce")
    return dates.where(dates >= "1860").dt.year.astype("float64")  # none can be older


def clean_tracks(tracks):
    """Return the tracks that can be learnt from: year added, numbers are numbers, no gaps.

    A row that lacks a feature or the target is dropped; a feature that the whole file lacks is left
    out. Raises ValueError if no row remains or a column holds no number at all.
    """
    if not isinstance(tracks, pd.DataFrame) or TARGET not in tracks:
        raise TypeError(
            f"tracks is no table with a column {TARGET}; expected what load_tracks returns"
        )
    cleaned = tracks.copy()
    if "release_date" in cleaned:
        year = extract_year(cleaned["release_date"])
        known = pd.to_numeric(cleaned.get("year", year), errors="coerce")
        cleaned["year"] = year.fillna(known)  # data.csv has a year of its own
    if "explicit" in cleaned:
        truth = {"true": 1, "false": 0}
        cleaned["explicit"] = cleaned["explicit"].map(lambda v: truth.get(str(v).lower(), v))
    critical = [name for name in (*FEATURES, TARGET) if name in cleaned]
    for name in critical:
        cleaned[name] = pd.to_numeric(cleaned[name], errors="coerce").astype("float64")
        cleaned[name] = cleaned[name].where(np.isfinite(cleaned[name]))
        if not cleaned[name].notna().any():
            hint = " (dates as YYYY, YYYY-MM or YYYY-MM-DD)" if name == "year" else ""
            raise ValueError(
                f"column {name} holds no number in any of the {len(tracks)} rows{hint}"
            )
    cleaned = cleaned.dropna(subset=critical).reset_index(drop=True)
    if cleaned.empty:
        raise ValueError(f"no complete row is left of {len(tracks)}; needed in each: {critical}")
    cleaned.attrs = dict(tracks.attrs)
    return cleaned


class Dataset(NamedTuple):
    """Scaled matrices, a sample a column, and the scalers fitted on the training set.

    X_train (n_features, m_train), X_test, Y_train (1, m_train), Y_test; features: names, in order.
    """

    X_train: np.ndarray
    X_test: np.ndarray
    Y_train: np.ndarray
    Y_test: np.ndarray
    features: list
    feature_scaler: MinMaxScaler
    target_scaler: MinMaxScaler


def _check_columns(tracks, features, target):
    """Refuse columns that are missing, incomplete, no numbers, repeated or the target itself."""
    columns = [*features, target]
    missing = [name for name in columns if name not in tracks]
    if missing or not features:
        raise ValueError(
            f"no columns {missing or FEATURES} in the tracks; there are {list(tracks)}"
        )
    if len(set(columns)) < len(columns):
        raise ValueError(f"features {features} repeat a column or hold the target {target!r}")
    for name in columns:
        numbers = tracks[name].dtype.kind in "fiub"
        if not numbers or not np.isfinite(tracks[name].to_numpy(float, na_value=np.nan)).all():
            raise ValueError(f"column {name} holds gaps or text; pass the result of clean_tracks")


def prepare_dataset(tracks, *, features=None, target=TARGET, test_size=0.2, seed=42):
    """Split cleaned tracks at random, scale features and target to [0, 1], a sample a column.

    features: column names; by default those of FEATURES that the tracks have. Returns a Dataset.
    Raises ValueError for columns that are missing, incomplete, no numbers or the target itself.
    """
    if not isinstance(tracks, pd.DataFrame):
        raise TypeError(f"tracks is a {type(tracks).__name__}; expected what clean_tracks returns")
    if isinstance(features, str):
        raise ValueError(f"features is the text {features!r}; expected a list: [{features!r}]")
    features = [f for f in FEATURES if f in tracks] if features is None else list(features)
    _check_columns(tracks, features, target)
    guard_number("test_size", test_size, above=0)
    guard_number("seed", seed, least=0, whole=True)
    if test_size >= 1:
        raise ValueError(f"test_size is {test_size}; expected a share between 0 and 1")

    train, test = train_test_split(
        tracks[[*features, target]], test_size=test_size, random_state=seed
    )
    if train[target].nunique() < 2:
        raise ValueError(
            f"the target {target} is the same in all training rows; expected several values"
        )
    feature_scaler = MinMaxScaler().fit(train[features])
    target_scaler = MinMaxScaler().fit(train[[target]])
    # scikit-learn keeps a sample a row, the network a sample a column.
    X_train, X_test = (feature_scaler.transform(half[features]).T for half in (train, test))
    Y_train, Y_test = (target_scaler.transform(half[[target]]).T for half in (train, test))
    return Dataset(X_train, X_test, Y_train, Y_test, features, feature_scaler, target_scaler)


def scoreboard(dataset, predictions=None):
    """Return R² (3 digits) and MAE (2) in points on the test set: three baselines, then our own.

    predictions: {name: array of shape (1, m_test), scaled as Y_test is}. Returns a DataFrame.
    """

    def in_points(Y):
        return dataset.target_scaler.inverse_transform(np.reshape(Y, (-1, 1)))[:, 0]

    mlp = MLPRegressor(hidden_layer_sizes=(64, 32, 16), early_stopping=True, random_state=0)
    models = {
        "mean of the training set": DummyRegressor(),
        "linear regression": LinearRegression(),
        "scikit-learn MLPRegressor": make_pipeline(StandardScaler(), mlp),
    }
    for name, values in (predictions or {}).items():
        guard_matrix(f"predictions[{name!r}]", values, *dataset.Y_test.shape)
        if name in models:
            raise ValueError(f"{name!r} is the name of a baseline; expected another")
    predicted = {}
    for name, model in models.items():
        # A sample a row; and the target in points, from which MLPRegressor learns far better.
        model.fit(dataset.X_train.T, in_points(dataset.Y_train))
        predicted[name] = model.predict(dataset.X_test.T)
    predicted |= {name: in_points(values) for name, values in (predictions or {}).items()}
    rows, actual = {}, in_points(dataset.Y_test)
    for name, points in predicted.items():
        r2, mae = r2_score(actual, points), mean_absolute_error(actual, points)
        rows[name] = {"R²": round(r2, 3) + 0.0, "MAE": round(mae, 2)}  # + 0.0: no -0.000
    return pd.DataFrame(rows).T


_TIDYTUESDAY = (
    "https://raw.githubusercontent.com/rfordatascience/tidytuesday/"
    "main/data/2020/2020-01-21/spotify_songs.csv"
)
_TIDYTUESDAY_SHA256 = "9902920cfe4940f0914ebb6716801a42f7f19ac88fbd6693eaae7e2822b16845"


def download_tracks(source="tidytuesday"):
    """Fetch real tracks, "tidytuesday" (8 MB) or "kaggle" (110 MB); return the path of the file.

    Raises ConnectionError, ValueError (wrong checksum or source), ImportError (no kagglehub).
    """
    if source == "kaggle":
        try:
            import kagglehub
        except ImportError as error:
            raise ImportError("Kaggle's tracks need kagglehub: pip install kagglehub") from error
        folder = kagglehub.dataset_download("yamaerenay/spotify-dataset-19212020-600k-tracks")
        return Path(folder) / "tracks.csv"
    if source != "tidytuesday":
        raise ValueError(f"source is {source!r}; expected 'tidytuesday' or 'kaggle'")
    pooch.get_logger().setLevel("WARNING")
    folder = pooch.os_cache("nnfs_core")
    try:
        known_hash = f"sha256:{_TIDYTUESDAY_SHA256}"
        return Path(pooch.retrieve(_TIDYTUESDAY, known_hash, "spotify_songs.csv", folder))
    except OSError as error:  # requests' errors are OSErrors; a wrong hash is pooch's ValueError
        advice = "try again, or fetch the file yourself and give its path to load_tracks"
        raise ConnectionError(f"could not fetch {_TIDYTUESDAY}: {error}; {advice}") from error
