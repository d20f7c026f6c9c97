"""The shipped tracks are what their card says, and the script that made them works."""

import datetime
import hashlib
import importlib.util
import re
from pathlib import Path

import pandas as pd
import pytest

from nnfs_core.tracks import PUBLIC

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
CARD = (DATA / "README.md").read_text(encoding="utf-8")
REAL = ROOT.parent / "shared" / "data" / "kaggle_tracks_19828.csv"
TEXT_COLUMNS = ["id", "name", "artists", "id_artists", "release_date"]


def card_table(heading):
    """Return the cells of the first table below a heading of the card, without its head."""
    section = CARD.split(f"## {heading}\n")[1]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE).group()
    lines = [line.strip("|").split("|") for line in table.splitlines()[2:]]
    return [[cell.strip().strip("`") for cell in line] for line in lines]


def card_counts(heading):
    """Return a table of the card as {the words of a line: the number at its end}."""
    return {tuple(words): int(n.replace(",", "")) for *words, n in card_table(heading)}


def possible(date):
    """Whether a date exists and is written in one of Kaggle's three forms."""
    if not re.fullmatch(r"[12]\d{3}(-\d\d){0,2}", date):
        return False
    try:
        datetime.date.fromisoformat(date + "-01-01"[len(date) - 4 :])
    except ValueError:
        return False
    return True


def count_dirt(tracks):
    """Return the dirt of a table of strings as {(kind, column): rows}, and which rows have it."""
    copies = tracks.duplicated()
    dirt, dirty = {("repeated row", "all"): int(copies.sum())}, copies.astype(int)
    for column in tracks:
        missing = tracks[column] == ""
        found = {"missing value": missing}
        if column == "release_date":
            found["impossible date"] = ~missing & ~tracks[column].map(possible)
        elif column not in TEXT_COLUMNS:
            found["text"] = ~missing & pd.to_numeric(tracks[column], errors="coerce").isna()
        for kind, rows in found.items():
            dirty += rows
            if rows.any():
                dirt[kind, column] = int(rows.sum())
    return dirt, dirty


@pytest.fixture(scope="module")
def tracks():
    """Return the shipped file, every cell as the text that it is."""
    return pd.read_csv(DATA / "tracks.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def script():
    """Return data/make_tracks.py as a module."""
    spec = importlib.util.spec_from_file_location("make_tracks", DATA / "make_tracks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def real_file(tracks, tmp_path_factory):
    """Return a small file like Kaggle's: real rows where there are any, else clean shipped rows."""
    if REAL.exists():
        small = pd.read_csv(REAL, dtype=str, nrows=2000)
    else:
        small = tracks[count_dirt(tracks)[1] == 0][:2000]
        small = small.assign(id=small["id"].str.replace("synthetic", "real"))
    path = tmp_path_factory.mktemp("real") / "tracks.csv"
    small.to_csv(path, index=False)
    return path


def test_the_digest_is_the_cards():
    """The bytes are the ones that the card describes."""
    (digest,) = re.findall(r"^- SHA-256: `([0-9a-f]{64})`$", CARD, re.MULTILINE)
    assert hashlib.sha256((DATA / "tracks.csv").read_bytes()).hexdigest() == digest


def test_the_card_names_the_files_that_the_real_sample_is_made_from():
    for half in ("sample_1.csv", "sample_2.csv"):
        address, fingerprint = PUBLIC[half]
        assert f"| `{address.split('/')[-2]}` | `{fingerprint}` |" in CARD


def test_the_columns_and_their_ranges_are_the_cards(tracks):
    """Names, order, smallest and largest value."""
    schema = card_table("Columns")
    assert list(tracks) == [row[0] for row in schema]
    for column, _, smallest, largest in schema:
        if column not in TEXT_COLUMNS:
            values = pd.to_numeric(tracks[column], errors="coerce")
            assert [values.min(), values.max()] == [float(smallest), float(largest)], column


def test_the_dirt_is_the_cards(tracks):
    """Every kind in every column, and never two in a row."""
    dirt, dirty = count_dirt(tracks)
    assert dirt == card_counts("The dirt")
    assert dirty.max() == 1
    assert len(tracks) == 20_060
    assert tracks["id"].nunique() == 20_000


def test_the_dates_are_the_cards(tracks):
    """The rows of each form of a date."""
    dates = tracks["release_date"][tracks["release_date"].map(possible)]
    forms = dates.str.len().map({4: "YYYY", 7: "YYYY-MM", 10: "YYYY-MM-DD, not 1 January"})
    forms = forms.mask(dates.str.fullmatch(r"\d{4}-01-01"), "YYYY-01-01")
    assert {(form,): n for form, n in forms.value_counts().items()} == card_counts("Dates")


def test_every_row_says_that_it_is_synthetic(tracks):
    """Nobody can take a row for a real track."""
    assert tracks["id"].str.fullmatch(r"synthetic-\d{5}").all()
    assert tracks["name"].str.fullmatch(r"(Synthetic track \d+)?").all()
    assert tracks["artists"].str.fullmatch(r"\['Synthetic artist \d+'\]").all()


def test_numbers_have_no_float_noise(tracks):
    """No 0.8590000000000001."""
    numbers = tracks.drop(columns=TEXT_COLUMNS)
    assert numbers.map(lambda text: len(text.lstrip("-"))).to_numpy().max() <= 8


@pytest.mark.skipif(not REAL.exists(), reason="the real tracks are not here")
def test_no_real_track_is_in_the_file(tracks, script):
    """No id, name, artist or row of the real file."""
    real = pd.read_csv(REAL, dtype=str, keep_default_na=False)
    for column in ["id", "name", "artists", "id_artists"]:
        assert not (set(real[column]) & set(tracks[column])) - {""}, column
    audio = [*script.DECIMALS, *script.DIGITS]
    numbers = tracks[audio].apply(pd.to_numeric, errors="coerce")
    assert numbers.merge(script.read_real(REAL), on=audio).empty


def test_the_script_makes_the_same_file_twice(script, real_file, tmp_path, monkeypatch, capsys):
    """The dirt of the constants, in bytes that depend on the file and the seed alone."""
    monkeypatch.setattr(script, "TRACKS", 1_500)
    outs = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for out, seed in zip(outs, ("1", "1", "2"), strict=True):
        script.main([str(real_file), "--out", str(out), "--seed", seed])
        assert hashlib.sha256(out.read_bytes()).hexdigest() in capsys.readouterr().out
    first, again, other = (out.read_bytes() for out in outs)
    assert first == again != other
    assert b"\r" not in first
    made = pd.read_csv(outs[0], dtype=str, keep_default_na=False)
    assert len(made) == 1_500 + script.REPEATED
    dirt, dirty = count_dirt(made)
    assert dirt == card_counts("The dirt")
    assert dirty.max() == 1


def test_the_script_measures_fidelity(script, real_file, monkeypatch):
    """One line for each model and each pair of files."""
    monkeypatch.setattr(script, "COMPONENTS", 2)
    lines = list(script.fidelity(script.read_real(real_file), seeds=(0,)))
    assert len(lines) == 1 + 3 * 3
    assert "1,600 rows to train on" in lines[0]
