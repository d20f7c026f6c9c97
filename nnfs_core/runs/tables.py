"""Tables that may hold anything: read, and turned into numbers or refused with row and column."""

import difflib
import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd

from nnfs_core.files import guard_table
from nnfs_core.tracks import to_numbers
from nnfs_core.validation import Array

LARGEST = 1e100  # squares of larger numbers would overflow
TEXTS = ("id", "track_id")  # columns that name a row: 007 keeps its zeros


def read_table(path: Path) -> tuple[pd.DataFrame, str]:
    """Return a table, its names in lower case, and the SHA-256 of the file.

    Raises FileNotFoundError, or ValueError for what is no table.
    """
    several = path.is_dir() and any(path.glob("*.parquet"))
    if several or (path.suffix == ".parquet" and path.exists()):
        small = "if it fits the memory, pandas.read_parquet and to_csv make one of it"
        large = "if not, train from Python with spread_parquet, as stage 14 does past one machine"
        table = "expected a table: .csv, .csv.gz or .zip"
        raise ValueError(f"{path} is Parquet; {table}: {small}; {large}")
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; expected a table: .csv, .csv.gz or .zip")
    content, names = guard_table(path)
    texts = dict.fromkeys([name for name in TEXTS if name in names], str)
    table = pd.read_csv(io.BytesIO(content), names=names, header=0, dtype=texts, low_memory=False)
    return table, hashlib.sha256(path.read_bytes()).hexdigest()


def guard_columns(table: pd.DataFrame, columns: list[str], title: str) -> None:
    """Refuse a table that has not each of these columns once, and say which it lacks."""
    _guard_once(table, columns, title)
    if missing := [name for name in columns if name not in table]:
        some = list(table)[:1000]  # comparing takes long
        near = [difflib.get_close_matches(name, some, 1, 0.7) for name in missing]
        renamed = {name: found[0] for name, found in zip(missing, near, strict=True) if found}
        hint = "; ".join(f"is {there} meant as {name}?" for name, there in renamed.items())
        there = f"it has {', '.join(map(str, table))}"[:500]
        lacks = f"{title} lacks the columns {', '.join(missing)}"[:500]
        raise ValueError(f"{lacks}; {hint or there}")


def _guard_once(table, columns, title):
    """Refuse a DataFrame with two columns of one of these names."""
    names = list(table)
    if twice := [name for name in columns if names.count(name) > 1]:
        alike = "capitals and spaces do not tell columns apart"
        raise ValueError(f"{title} has several columns {twice}; rename them ({alike})")


def is_numbers(column: pd.Series) -> bool:
    """Return whether a column is meant as numbers: at least half of what it holds are some."""
    if column.dtype.kind in "iufb":
        return True
    there = column.dropna()
    return len(there) > 0 and to_numbers(there).notna().mean() >= 0.5


def as_floats(column: pd.Series) -> Array:
    """Return a column as floats; NaN for what is no number, a time included, or beyond 1e100."""
    if column.dtype.kind in "mMc":
        return np.full(len(column), np.nan)
    if column.dtype.kind not in "iufb":
        column = to_numbers(column)
    floats = column.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.abs(floats) <= LARGEST, floats, np.nan)


def as_labels(column: pd.Series) -> pd.Series:
    """Return a column as texts without spaces around; missing where there is nothing."""
    whole = column.dtype.kind == "f" and (column.dropna() % 1 == 0).all()
    labels = column.astype("Int64" if whole else column.dtype).astype("string").str.strip()
    return labels.where(labels != "")


def matrix(table: pd.DataFrame, columns: list[str]) -> Array:
    """Return columns as an array (n, m), a row of the table a column; NaN as as_floats has it."""
    return np.array([as_floats(table[name]) for name in columns]).reshape(len(columns), len(table))


def first_gap(table: pd.DataFrame, columns: list[str], X: Array) -> str:
    """Return where the first gap of an array of these columns is, and what stands there."""
    row = int(np.flatnonzero(np.isnan(X).any(axis=0))[0])
    name = columns[int(np.flatnonzero(np.isnan(X[:, row]))[0])]
    value = table[name].iloc[row]
    what = "nothing" if pd.isna(value) else repr(str(value)[:40])
    return f"row {table.index[row] + 1}, column {name}: {what} stands where a number should"
