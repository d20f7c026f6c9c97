"""Stage 1: preprocessing.

Generated from notebooks/01_preprocessing.ipynb by `make export`: edit that, not this.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler

from nnfs_core.tracks import RANGES, as_numbers, read_table
from nnfs_core.validation import guard_frame, guard_kind, guard_rows, guard_split, guard_target

TARGET = "popularity"
FEATURES = [
    *("danceability", "energy", "loudness", "speechiness", "acousticness"),
    *("instrumentalness", "liveness", "valence", "tempo", "duration_ms"),
    *("explicit", "key", "mode", "year"),
]


def load_tracks(path=None):
    """Read a file of tracks, each track once, one row a track.

    path: a .csv, .csv.gz or .zip; without it the file of NNFS_DATA, or else the shipped one.
    attrs["source"] says what was read. Raises FileNotFoundError, or ValueError for no such table.
    """
    table = read_table(path)
    repeats = table["id"].duplicated() & table["id"].notna()
    tracks = table[~repeats].reset_index(drop=True)
    kind = "synthetic" if table["id"].str.startswith("synthetic", na=False).any() else "real"
    source = f"{kind} tracks from {table.attrs['file']}: {len(table):,} rows, "
    source += f"{repeats.sum():,} repeats dropped"
    if absent := [name for name in FEATURES[:-1] if name not in table]:
        source += f"; not in this file: {', '.join(absent)}"
    tracks.attrs["source"] = source
    return tracks


def extract_year(release_date):
    """Return the year, 1860 to 2050, of YYYY, YYYY-MM and YYYY-MM-DD; the rest becomes NaN.

    release_date: a Series of text, whole numbers (1928) or dates.
    """
    guard_kind("release_date", release_date, pd.Series, "a pandas Series")
    if pd.api.types.is_datetime64_any_dtype(release_date):
        release_date = release_date.dt.strftime("%Y-%m-%d")
    text = release_date.astype("string").str.strip().str.removesuffix(".0")
    missing_part = text.str.len().map({4: "-01-01", 7: "-01", 10: ""}).astype("string")
    dates = pd.to_datetime(text + missing_part, format="%Y-%m-%d", errors="coerce")
    year = dates.dt.year.astype("float64")
    return year.where(year.between(*RANGES["year"]))


def clean_tracks(tracks):
    """Return the tracks that can be learnt from: year added, numbers are numbers, no gaps.

    A row is dropped if a feature or the target is missing or out of range; a feature that the whole
    file lacks is left out. attrs["source"] gets "; clean: N" at its end; a warning names the
    column that costs most, if more than a tenth is lost. Raises ValueError if no row remains.
    """
    guard_frame(tracks, TARGET, "load_tracks")
    cleaned = tracks.copy()
    if "release_date" in tracks:
        own = as_numbers(tracks["year"]) if "year" in tracks else np.nan
        cleaned["year"] = extract_year(tracks["release_date"]).fillna(own)
    critical = [name for name in (*FEATURES, TARGET) if name in cleaned]
    for name in critical:
        cleaned[name] = as_numbers(cleaned[name])
    guard_rows(tracks, cleaned[critical])
    cleaned = cleaned.dropna(subset=critical).reset_index(drop=True)
    source = tracks.attrs.get("source", "tracks").partition("; clean:")[0]
    cleaned.attrs["source"] = f"{source}; clean: {len(cleaned):,}"
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


def prepare_dataset(tracks, *, features=None, target=TARGET, test_size=0.2, seed=42):
    """Split cleaned tracks at random, scale features and target to [0, 1], a sample a column.

    features: column names; by default those of FEATURES that the tracks have. Returns a Dataset.
    Raises ValueError for columns that are missing, incomplete, no numbers or the target itself.
    """
    guard_frame(tracks, target, "clean_tracks")
    if features is None:
        features = [name for name in FEATURES if name in tracks]
    guard_split(tracks, features, target, test_size, seed)
    features = list(features)
    train, test = train_test_split(
        tracks[[*features, target]], test_size=test_size, random_state=seed
    )
    guard_target(train[target])
    X_scaler, Y_scaler = MinMaxScaler().fit(train[features]), MinMaxScaler().fit(train[[target]])
    # scikit-learn keeps a sample a row, the network a sample a column.
    X_train, X_test = (X_scaler.transform(half[features]).T for half in (train, test))
    Y_train, Y_test = (Y_scaler.transform(half[[target]]).T for half in (train, test))
    return Dataset(X_train, X_test, Y_train, Y_test, features, X_scaler, Y_scaler)
