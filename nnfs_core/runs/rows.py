"""Rows that a run has not seen: from a file or a table, with the columns that it learnt from."""

import logging
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from nnfs_core.preprocessing import extract_year
from nnfs_core.runs import tables
from nnfs_core.tracks import as_numbers, under_our_names
from nnfs_core.validation import Array, guard_kind

logger = logging.getLogger(__name__)


class Rows(NamedTuple):
    """Names of rows, X (n, m), and Y (1, m) or one-hot (K, m), or None."""

    ids: list
    X: Array
    Y: Array | None


def load_rows(source: str | Path | pd.DataFrame, run, with_target: bool = False) -> Rows:
    """Return the rows of a file or DataFrame, as the run's own were read.

    A row's name is its id or track_id, or else its number, from 1. Rows with gaps are refused, or,
    if the run drops them, left out with a warning. Raises ValueError for other columns, and says
    which.
    """
    if isinstance(source, pd.DataFrame):
        names = [str(name).strip().lower() for name in source]
        table = source.set_axis(names, axis=1).reset_index(drop=True)
        title = "the table"
    else:
        guard_kind("source", source, str | Path, "the path of a table, or a DataFrame")
        path = Path(os.path.expanduser(source))
        (table, digest), title = tables.read_table(path), path.name
        if with_target and digest == run.data["sha256"]:
            logger.warning("%s is the file that the run learnt from: its scores flatter", title)
    features = [name.lower() for name in run.data["features"]]
    columns = [*features, run.data["target"].lower()] if with_target else features
    given = table
    if run.config.data.format == "tracks":
        table, given = _as_tracks(table, columns)
    tables.guard_columns(table, columns, title)
    X = tables.matrix(table, features)
    Y = _targets(table, run, title) if with_target else np.empty((0, X.shape[1]))
    gaps = np.isnan(np.concatenate([X, Y])).any(axis=0)
    if gaps.any():
        where = tables.first_gap(given, columns, np.concatenate([X, Y[:1]]))
        count = f"{title}: {gaps.sum():,} of {len(table):,} rows have gaps; the first: {where}"
        if gaps.all() or (run.config.data.format == "table" and run.config.data.gaps == "refuse"):
            raise ValueError(f"{count}; fill them, or take these rows out")
        logger.warning("%s; they are left out", count)
    ids = np.arange(1, len(table) + 1)
    if named := [name for name in tables.TEXTS if name in table]:
        own = table[named[0]]
        ids = np.where(own.isna(), ids.astype(str), own.astype(str))
    return Rows(ids[~gaps].tolist(), X[:, ~gaps], Y[:, ~gaps] if with_target else None)


def _as_tracks(table, columns):
    """Return tracks with a year, and numbers where clean_tracks would have some; and as given."""
    table = under_our_names(table).copy()  # of one piece: pandas warns of 10,000 columns
    given = table.copy()
    if "year" in columns and "release_date" in table:
        own = as_numbers(table["year"]) if "year" in table else np.nan
        table["year"] = extract_year(table["release_date"]).fillna(own)
        given["year"] = given["release_date"]  # what the year was to be read from
    for name in set(columns).intersection(table):
        table[name] = as_numbers(table[name])
    return table, given


def _targets(table, run, title):
    """Return the targets of a table, NaN where there is none."""
    column, classes = table[run.data["target"].lower()], run.data["classes"]
    if not classes:
        return tables.matrix(table, [column.name])
    labels = tables.as_labels(column)
    if unknown := sorted(set(labels.dropna()) - set(classes)):
        known = ", ".join(classes)[:300]
        raise ValueError(f"{title}: {column.name} holds {unknown[:5]}; expected one of {known}")
    places = labels.map({name: place for place, name in enumerate(classes)})
    holes = places.isna().to_numpy()
    whole = places.fillna(0).to_numpy(int)
    Y = np.zeros((len(classes), len(table)))
    Y[whole, np.arange(len(table))] = 1
    Y[:, holes] = np.nan
    return Y
