"""Data sets by name, each in the course's form: a sample a column, float64, classes as one-hot.

Written by hand, like tracks.py: where data comes from is not the lesson.
"""

import difflib
import functools
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn import datasets

from nnfs_core.classification import one_hot
from nnfs_core.files import shipped
from nnfs_core.validation import Array, guard_number

GENRES = shipped("data") / "genres.csv"
TEXTS = ("track_id", "track_name", "track_artist", "album", "genre")
DIGITS = tuple("0123456789")
CLOTHES = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
SETTINGS = {"synthetic-regression": {"samples": 1_000, "features": 10, "seed": 0}}
SETTINGS["synthetic-classification"] = SETTINGS["synthetic-regression"] | {"classes": 3}
LEAST = {"samples": 2, "features": 1, "seed": 0, "classes": 2}


class Names(NamedTuple):
    """Names of the rows of X, and of the rows of Y: the classes, or the one target."""

    features: tuple[str, ...]
    targets: tuple[str, ...]


class Dataset(NamedTuple):
    """X (n, m), raw; Y: one-hot (K, m) for K classes, or numbers (1, m); their names."""

    X: Array
    Y: Array
    names: Names


def genre_tracks(one_genre: bool = False) -> pd.DataFrame:
    """Return data/genres.csv: 6,000 real tracks, a thousand of each of six genres.

    one_genre: only the 5,712 that stand in a single genre, each once. They are the columns of
    load_dataset("genres"), in the same order.
    """
    tracks = pd.read_csv(GENRES, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False)
    if one_genre:
        single = tracks.groupby("track_id")["genre"].transform("nunique") == 1
        tracks = tracks[single].drop_duplicates("track_id").reset_index(drop=True)
    return tracks


def load_dataset(name: str, **settings: int) -> Dataset:
    """Return X, Y and names of a data set: the arrays are yours, and float64.

    name: "genres", "digits"; "mnist", "fashion-mnist" and "california-housing", which scikit-learn
    fetches once; "synthetic-regression" and "synthetic-classification", whose settings are samples,
    features and seed (1000, 10, 0), and classes (3). X is raw, pixels go to 16 or 255: scale it.
    Raises ValueError or TypeError for what is not known, ConnectionError without a network.
    """
    if name not in list(LOADERS):
        near = difflib.get_close_matches(str(name).lower().replace("_", "-"), LOADERS, 1, 0.7)
        meant = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"name is {name!r}; {meant}There are {', '.join(LOADERS)}")
    known = SETTINGS.get(name, {})
    if unknown := sorted(settings.keys() - known):
        raise TypeError(f"{name} was given {unknown}; its settings are {list(known) or 'none'}")
    for setting, value in settings.items():
        guard_number(setting, value, least=LEAST[setting], whole=True)
        settings[setting] = int(value)  # NumPy's would overflow in 2**features
    rows, target, names = LOADERS[name](**known | settings)
    X = np.array(rows.T, np.float64, order="C")  # a copy: what is cached stays as it is
    if len(names.targets) == 1:
        return Dataset(X, np.array(target[None], np.float64), names)
    return Dataset(X, one_hot(target, len(names.targets)), names)


@functools.cache
def _genres():
    tracks = genre_tracks(one_genre=True)
    features = [column for column in tracks if column not in (*TEXTS, "popularity")]
    genres = sorted(set(tracks["genre"]))
    labels = tracks["genre"].map(genres.index).to_numpy()
    return tracks[features].to_numpy(), labels, Names(tuple(features), tuple(genres))


@functools.cache
def _digits():
    found = datasets.load_digits()
    return found.data, found.target, Names(tuple(found.feature_names), DIGITS)


@functools.cache
def _fetched(name, source, classes=None):
    """Return what scikit-learn has in its folder, or fetches: by OpenML's number, or housing."""
    try:
        with warnings.catch_warnings():
            for start in ("A network error", "Retry downloading"):  # our own error says it once
                warnings.filterwarnings("ignore", start)
            if classes is None:
                found = datasets.fetch_california_housing()
                names = Names(tuple(found.feature_names), tuple(found.target_names))
                return found.data, found.target, names
            # Bytes take an eighth of the memory. And pandas 3.1 reads classes as whole numbers,
            # which scikit-learn 1.9 does not expect: a type for each column keeps them text.
            types = dict.fromkeys(range(28 * 28), np.uint8) | {28 * 28: str}
            found = datasets.fetch_openml(
                data_id=source, as_frame=False, parser="pandas", read_csv_kwargs={"dtype": types}
            )
        labels = np.array([int(label.strip("'")) for label in found.target])
        return found.data, labels, Names(tuple(found.feature_names), classes)
    except Exception as error:  # the network, the disk, a file that is cut: of many kinds
        what = "cal_housing_py3.pkz" if classes is None else "the folder openml"
        raise ConnectionError(
            f"{name} could not be fetched, or what lies in {datasets.get_data_home()} is broken: "
            f"{error}. Try again with a network; or load it on a machine that has one, and copy "
            f"{what} from its scikit_learn_data to that folder (SCIKIT_LEARN_DATA names another)"
        ) from error


def _regression(samples, features, seed):
    rows, target = datasets.make_regression(samples, features, noise=10, random_state=seed)
    return rows, target, Names(_count("feature", features), ("target",))


def _classification(samples, features, seed, classes):
    if classes > min(samples, 2**features):
        most = f"{features} features and {samples} samples allow {min(samples, 2**features)}"
        raise ValueError(f"classes is {classes}; {most} at most: ask for more of these")
    shape = {"n_informative": features, "n_redundant": 0, "n_classes": classes}
    shape["n_clusters_per_class"] = 2 if 2 * classes <= 2**features else 1
    rows, labels = datasets.make_classification(samples, features, **shape, random_state=seed)
    return rows, labels, Names(_count("feature", features), _count("class", classes))


def _count(word, number):
    return tuple(f"{word} {place}" for place in range(number))


LOADERS = {
    "genres": _genres,
    "digits": _digits,
    "mnist": functools.partial(_fetched, "mnist", 554, DIGITS),
    "fashion-mnist": functools.partial(_fetched, "fashion-mnist", 40996, tuple(CLOTHES.split(","))),
    "california-housing": functools.partial(_fetched, "california-housing", None),
    "synthetic-regression": _regression,
    "synthetic-classification": _classification,
}
