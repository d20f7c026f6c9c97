"""Samples of an experiment: from a table, from tracks or from a data set by name; and their split.

Places of samples count those that are left; where each stood in its file, Samples.places says.
"""

import hashlib
import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from nnfs_core.classification import one_hot
from nnfs_core.datasets import genre_tracks, load_dataset
from nnfs_core.files import shipped
from nnfs_core.preprocessing import FEATURES, TARGET, clean_tracks, load_tracks
from nnfs_core.runs import tables
from nnfs_core.validation import Array

LEAST = 20  # rows
MOST_CLASSES = 1_000
logger = logging.getLogger(__name__)


class Samples(NamedTuple):
    """X (n, m) raw, Y (1, m) or one-hot (K, m), names of the features, the target, the classes.

    places: of each sample in its file or data set; groups: of each sample, or None; facts: where
    the samples are from, for the run's folder.
    """

    X: Array
    Y: Array
    features: list[str]
    target: str
    classes: list[str]
    places: Array
    groups: list[str] | None
    facts: dict


def load_samples(data) -> Samples:
    """Return the samples that the section data of a configuration asks for.

    Raises FileNotFoundError, or ValueError for what they cannot be made of.
    """
    if data.name is not None:
        return _named(data)
    path = Path(data.path)
    if data.format == "tracks":
        if not path.is_file():
            raise FileNotFoundError(f"data.path: no file {path}{_shipped_hint(path)}")
        raw = load_tracks(path)
        table, digest = clean_tracks(raw), hashlib.sha256(path.read_bytes()).hexdigest()
        facts = {"source": table.attrs["source"]}
        target = (data.target or TARGET).strip().lower()
        features = [name for name in FEATURES if name in table and name != target]
    else:
        table, digest = tables.read_table(path)
        facts = {"source": f"{path.name}: {len(table):,} rows"}
        target, features = data.target.strip().lower(), None
    if data.features is not None:
        features = [name.strip().lower() for name in data.features]
    table = table.reset_index(drop=True)
    if data.rows is not None:
        table = table.sample(frac=1, random_state=0)[: data.rows]
    return _from_table(data, table, features, target, facts | {"sha256": digest})


def _shipped_hint(path):
    if path.name in ("tracks.csv", "genres.csv") and path.parent.name == "data":
        return f"; the shipped one is {shipped('data') / path.name}: give that, or YOUR.csv"
    return "; expected a table: .csv, .csv.gz or .zip"


def _from_table(data, table, features, target, facts):
    group = data.group and data.group.strip().lower()
    asked = [*(features or []), target, *([group] if group else [])]
    tables.guard_columns(table, asked, Path(data.path).name)
    if features is None:
        known = {target, group, *tables.TEXTS}
        known |= {name for name in table if name.startswith("unnamed")}  # numbers of the rows
        features = [n for n in table if n not in known and tables.is_numbers(table[n])]
        left_out = [name for name in table if name not in {*features, target}]
        if left_out:
            logger.info("columns that are no features: %s", ", ".join(left_out)[:500])
        if not features:
            raise ValueError(f"{Path(data.path).name} has no column of numbers beside {target}")
    X, columns = tables.matrix(table, features), list(features)
    classes = data.task == "classification"
    if data.task == "auto":
        classes = not tables.is_numbers(table[target])
    labels = tables.as_labels(table[target]) if classes else table[target]
    holes = np.where(labels.isna(), np.nan, 0.0)[None]
    Y = holes if classes else tables.matrix(table, [target])
    gaps = np.isnan(np.concatenate([X, Y])).any(axis=0)
    if gaps.any():
        where = tables.first_gap(table, [*columns, target], np.concatenate([X, Y]))
        count = f"{gaps.sum():,} of {len(table):,} rows have gaps; the first: {where}"
        if data.gaps == "refuse":
            todo = "mend them, leave the column out of data.features, or set data.gaps to drop"
            raise ValueError(f"{Path(data.path).name}: {count}; {todo}")
        logger.warning("%s; they are dropped", count)
    table, X, Y, labels = table[~gaps], X[:, ~gaps], Y[:, ~gaps], labels[~gaps]
    facts |= {"rows": int(X.shape[1]), "dropped": int(gaps.sum())}
    if X.shape[1] < LEAST:
        raise ValueError(f"{X.shape[1]} rows are left; expected {LEAST} or more")
    names = sorted(set(labels)) if classes else []
    if classes:
        if not 2 <= len(names) <= MOST_CLASSES:
            raise ValueError(
                f"the target {target} has {len(names):,} classes; expected 2 to {MOST_CLASSES:,}"
            )
        places = {name: place for place, name in enumerate(names)}
        Y = one_hot(np.array([places[label] for label in labels]), len(names))
    elif Y.min() == Y.max():
        raise ValueError(f"the target {target} is {Y[0, 0]:g} in all rows: nothing to learn")
    groups = None if group is None else table[group].astype(str).tolist()
    return Samples(X, Y, columns, target, names, table.index.to_numpy(), groups, facts)


def _named(data):
    try:
        X, Y, names = load_dataset(data.name)
    except FileNotFoundError as error:
        todo = "get the whole course, or install it again"
        raise FileNotFoundError(f"{error.filename} is not there: {todo}") from None
    groups, kept = None, np.arange(X.shape[1])
    if data.group is not None:
        table = genre_tracks(one_genre=True) if data.name == "genres" else pd.DataFrame()
        tables.guard_columns(table, [data.group], f"the data set {data.name}")
        groups = table[data.group].astype(str).tolist()
    digest = hashlib.sha256(np.ascontiguousarray(np.concatenate([X, Y])).tobytes()).hexdigest()
    if data.rows is not None:
        kept = np.random.default_rng(0).permutation(X.shape[1])[: data.rows]
        X, Y = X[:, kept], Y[:, kept]
        groups = groups and [groups[place] for place in kept]
    classes = list(names.targets) if len(names.targets) > 1 else []
    target = "class" if classes else names.targets[0]
    facts = {"source": f"{data.name}: {X.shape[1]:,} samples", "sha256": digest}
    facts |= {"rows": X.shape[1], "dropped": 0}
    return Samples(X, Y, list(names.features), target, classes, kept, groups, facts)


class Split(NamedTuple):
    """Places of the samples to learn from, to watch by, and for the test."""

    train: Array
    validation: Array
    test: Array


def split(samples: Samples, data) -> Split:
    """Return the split that data.test, data.validation, data.seed and data.group ask for.

    Without groups and classes the test is that of prepare_dataset, with the same seed.
    """
    everything = np.arange(samples.X.shape[1])
    rest, test = _cut(samples, everything, data.test, data.seed)
    train, validation = rest, rest[:0]
    if data.validation:
        train, validation = _cut(samples, rest, data.validation, data.seed)
    for name, places in {"to learn from": train, "for the test": test}.items():
        if len(places) < 2:
            raise ValueError(f"{len(places)} rows {name}; expected two or more: give more rows")
    if out := len(everything) - len(train) - len(validation) - len(test):
        shared = f"share a {data.group} with rows of the test or validation"
        logger.info("%s rows %s, and are left out", f"{out:,}", shared)
    if samples.classes:
        unseen = np.flatnonzero(samples.Y[:, train].sum(axis=1) == 0)
        for place in unseen[:5]:
            logger.warning("no row to learn from is of the class %s", samples.classes[place])
    return Split(train, validation, test)


def _cut(samples, places, share, seed):
    if samples.groups is not None:
        return _cut_groups([samples.groups[place] for place in places], places, share, seed)
    labels = samples.Y[:, places].argmax(axis=0) if samples.classes else None
    try:
        return train_test_split(places, test_size=share, random_state=seed, stratify=labels)
    except ValueError as error:
        raise ValueError(f"{len(places)} rows cannot be split, {share} aside: {error}") from None


def _cut_groups(groups, places, share, seed):
    """Cut between groups: no value of the column, nor a part between ;, is on both sides."""
    named = [{part.strip() for part in text.split(";")} for text in groups]
    first = [text.partition(";")[0].strip() for text in groups]
    if len(set(first)) < 2:
        raise ValueError("data.group has one value in all rows; expected several")
    half = GroupShuffleSplit(1, test_size=share, random_state=seed)
    learn, test = next(half.split(places, groups=first))
    tested = set().union(*(named[place] for place in test))
    kept = [place for place in learn if not named[place] & tested]
    return places[kept], places[test]
