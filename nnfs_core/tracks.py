"""Tracks: reading files of them, fetching real ones, and the scores of baselines on them.

Written by hand, like the guards: kinds of file and tables of results are not the lesson.
"""

import io
import os
import time
from pathlib import Path

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nnfs_core.files import guard_table, shipped
from nnfs_core.validation import guard_column, guard_scores

SHIPPED = shipped("data") / "tracks.csv"
KAGGLE_NAMES = {  # TidyTuesday's name: Kaggle's, which is ours
    "track_id": "id",
    "track_name": "name",
    "track_artist": "artists",
    "track_popularity": "popularity",
    "track_album_release_date": "release_date",
}
RANGES = {"year": (1860, 2050), "popularity": (0, 100)}  # outside, a value counts as missing
MINIMUM_TRACKS = 1_250  # clean ones: stage 8 learns from a thousand of them
MINIMUM_FEATURES = 4  # beside the year
OTHERS = (-1e9, 1e9)  # the range of each other column: 1e9 milliseconds are eleven days

_GITHUB = "https://raw.githubusercontent.com"
_PATOS = f"{_GITHUB}/sofiabobadilla/ProyectoPatos"
PUBLIC = {  # file: its address and its SHA-256
    "spotify_songs.csv": (
        f"{_GITHUB}/rfordatascience/tidytuesday/main/data/2020/2020-01-21/spotify_songs.csv",
        "9902920cfe4940f0914ebb6716801a42f7f19ac88fbd6693eaae7e2822b16845",
    ),
    "sample_1.csv": (
        f"{_PATOS}/6ba9087c00ff451e78b082053da9ad75b0351f0f/tracks_sample.csv",
        "050895220d60e6b2348a3ebdd6ee471d29226f2b034ae08b012f2385ca9ca805",
    ),
    "sample_2.csv": (
        f"{_PATOS}/0b0b3319c7f6e78b4650253174c5c3b9b2a44afd/tracks_sample.csv",
        "ec337962e6464a3901b9baa15e4196d13357af1813ad35ce93c33b59cac1855b",
    ),
}


def read_table(path=None):
    """Return a file of tracks as it is, dirt and all, under Kaggle's names; ids and dates are text.

    path: .csv, .csv.gz or .zip; without it the file that NNFS_DATA names, or else the shipped one.
    attrs["file"] is its name. Raises FileNotFoundError, or ValueError for what is no table of
    tracks.
    """
    if path is None:
        path = os.environ.get("NNFS_DATA") or SHIPPED
    path = Path(os.path.expanduser(path)).absolute()  # which leaves ~nobody as it is
    content, names = guard_table(path)
    texts = dict.fromkeys(["id", "track_id", "release_date", "track_album_release_date"], str)
    table = pd.read_csv(io.BytesIO(content), names=names, header=0, dtype=texts, low_memory=False)
    table = under_our_names(table)
    missing = [name for name in ("id", "popularity", "release_date") if name not in table]
    if missing:
        found = f"rename yours: there are {list(table)}"
        raise ValueError(f"{path.name} lacks the columns {missing}; {found}")
    table.attrs["file"] = path.name
    return table


def under_our_names(table):
    """Return a table of tracks under Kaggle's names, with the year as a date if there is none."""
    table = table.rename(columns={n: ours for n, ours in KAGGLE_NAMES.items() if ours not in table})
    if "year" in table and "release_date" not in table:
        table["release_date"] = table["year"].astype("string").str.removesuffix(".0")
    return table


def to_numbers(column):
    """Return a column as pandas' numbers; NaN for what is none, infinity beyond all floats."""
    try:
        return pd.to_numeric(column, errors="coerce")
    except OverflowError:  # of a whole number of 309 digits or more
        texts = column.astype("string").str.replace(r"^\s*[-+]?\d{309,}\s*$", "inf", regex=True)
        return pd.to_numeric(texts, errors="coerce")


def as_numbers(column):
    """Return a column as floats; NaN for what is no number, or out of range."""
    guard_column(column)
    if column.name == "explicit":
        truth = {"true": 1, "false": 0}
        column = column.map(lambda value: truth.get(str(value).lower(), value))
    numbers = to_numbers(column).astype("float64")
    return numbers.where(numbers.between(*RANGES.get(column.name, OTHERS)))


def guard_tracks(tracks):
    """Refuse clean tracks that are too few, or hold too little, for all notebooks together."""
    from nnfs_core.preprocessing import FEATURES, TARGET  # here, since it imports this module

    features = [name for name in FEATURES[:-1] if name in tracks]
    few = len(tracks) < MINIMUM_TRACKS or len(features) < MINIMUM_FEATURES
    if few or "year" not in tracks or tracks[TARGET].max() <= 1:
        raise ValueError(
            f"{len(tracks):,} clean tracks, {len(features)} features beside the year, {TARGET} up"
            f" to {tracks[TARGET].max():g}; all the notebooks need {MINIMUM_TRACKS:,} tracks, "
            f"{MINIMUM_FEATURES} features and the year, of {FEATURES}; {TARGET} from 0 to 100"
        )


def download_tracks(source="tidytuesday"):
    """Fetch real tracks, once; return the path of the file.

    source: "sample" (4 MB, the 19,828 of Kaggle's tracks that the README's results are made with),
    "tidytuesday" (8 MB) or "kaggle" (110 MB).
    Raises ConnectionError, ValueError (wrong checksum or source), ImportError (no kagglehub).
    """
    if source == "sample":
        return _join(_fetch("sample_1.csv"), _fetch("sample_2.csv"))
    if source == "tidytuesday":
        return _fetch("spotify_songs.csv")
    if source != "kaggle":
        raise ValueError(f"source is {source!r}; expected 'sample', 'tidytuesday' or 'kaggle'")
    try:
        import kagglehub
    except ImportError as error:
        raise ImportError("Kaggle's tracks need kagglehub: pip install kagglehub") from error
    folder = kagglehub.dataset_download("yamaerenay/spotify-dataset-19212020-600k-tracks")
    return Path(folder) / "tracks.csv"


def _fetch(name):
    """Return the path of a public file, in the cache of this user."""
    import pooch  # here, since only who fetches needs it

    pooch.get_logger().setLevel("WARNING")
    address, fingerprint = PUBLIC[name]
    folder = pooch.os_cache("nnfs_core")
    try:
        return Path(pooch.retrieve(address, f"sha256:{fingerprint}", name, folder))
    except OSError as error:  # requests' errors are OSErrors; a wrong hash is pooch's ValueError
        advice = "try again, or fetch the file yourself and give its path to load_tracks"
        raise ConnectionError(f"could not fetch {address}: {error}; {advice}") from error


def _join(first, second):
    """Write the sample beside its halves: all rows of the first, then those with new ids."""
    texts = {"dtype": str, "keep_default_na": False}  # numbers keep their digits
    tracks = pd.read_csv(first, **texts).iloc[:, 1:]  # without the numbers of the rows
    more = pd.read_csv(second, sep="_", **texts)[list(tracks)]
    more = more[~more["id"].isin(tracks["id"])]
    path = first.with_name("kaggle_tracks_19828.csv")
    part = path.with_suffix(".part")
    pd.concat([tracks, more]).to_csv(part, index=False, lineterminator="\n")
    part.replace(path)
    return path


def scoreboard(dataset, predictions=None, boosting=False):
    """Return R² (3 digits) and MAE (2) in points on the test set: the baselines, then our own.

    predictions: {name: array of shape (1, m_test), scaled as Y_test is}. boosting: with a row for
    gradient boosting, whose third digit differs between versions of scikit-learn. Returns a
    DataFrame; its attrs["seconds"] says how long each baseline took. No year, no row for it.
    """

    def in_points(Y):
        return dataset.target_scaler.inverse_transform(Y.T)[:, 0]

    mlp = MLPRegressor(hidden_layer_sizes=(64, 32, 16), early_stopping=True, random_state=0)
    models = {"mean of the training set": DummyRegressor()}
    if "year" in dataset.features:
        year = make_column_transformer(("passthrough", [dataset.features.index("year")]))
        models["the year alone, linear"] = make_pipeline(year, LinearRegression())
    models["linear regression"] = LinearRegression()
    models["scikit-learn MLPRegressor"] = make_pipeline(StandardScaler(), mlp)
    if boosting:
        models["gradient boosting"] = HistGradientBoostingRegressor(random_state=0)
    guard_scores(dataset, predictions or {}, models)
    points, seconds = {}, {}
    for name, model in models.items():
        # A sample a row; and the target in points, from which MLPRegressor learns far better.
        start = time.perf_counter()
        model.fit(dataset.X_train.T, in_points(dataset.Y_train))
        points[name] = model.predict(dataset.X_test.T)
        seconds[name] = time.perf_counter() - start
    points |= {name: in_points(values) for name, values in (predictions or {}).items()}
    actual = in_points(dataset.Y_test)
    r2 = {name: round(r2_score(actual, guess), 3) + 0.0 for name, guess in points.items()}
    mae = {name: round(mean_absolute_error(actual, guess), 2) for name, guess in points.items()}
    table = pd.DataFrame({"R²": r2, "MAE": mae})  # + 0.0: no -0.000
    table.attrs["seconds"] = seconds
    return table
