"""Stage 1: what is read, what is dropped, what is scaled, and what is refused."""

import csv
import gzip
import hashlib
import http.server
import io
import sys
import tempfile
import threading
import tracemalloc
import types
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pooch
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyRegressor

from nnfs_core import (
    FEATURES,
    TARGET,
    clean_tracks,
    download_tracks,
    extract_year,
    guard_tracks,
    load_tracks,
    prepare_dataset,
    scoreboard,
)
from nnfs_core import tracks as files_of_tracks
from nnfs_core.files import LARGEST_TABLE, _unpack
from nnfs_core.tracks import KAGGLE_NAMES, read_table


def table(rows=60, seed=0):
    """Return a small clean table under Kaggle's names."""
    rng = np.random.default_rng(seed)
    tracks = pd.DataFrame({name: rng.uniform(0, 1, rows) for name in FEATURES if name != "year"})
    tracks["id"] = [f"id{n}" for n in range(rows)]
    tracks["release_date"] = [f"{1950 + n % 60}-01-02" for n in range(rows)]
    tracks[TARGET] = rng.integers(0, 100, rows)
    return tracks


# extract_year


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("1928", 1928),
        ("1928-09", 1928),
        ("1928-09-25", 1928),
        (" 2020 ", 2020),
        ("2000-02-29", 2000),
    ],
)
def test_a_date_has_a_year(date, year):
    assert extract_year(pd.Series([date])).tolist() == [year]


@pytest.mark.parametrize(
    "date",
    ["0000", "1985-13-01", "1999-02-30", "2003-00-10", "19.05.1998", "199x", "20", "", None, "1859"]
    + ["2051", "2999", "19990501"]
    + ["1900-02-29", "1928-9-1x", "1928/09/25", "1928-09-25T00:00", "unknown", "-1928"],
)
def test_what_is_no_date_has_no_year(date):
    assert extract_year(pd.Series([date, "1999"])).isna().tolist() == [True, False]


@pytest.mark.parametrize(
    "dates",
    [
        pd.Series([1928, 2020]),
        pd.Series([1928.0, 2020.0]),
        pd.to_datetime(pd.Series(["1928", "2020"])),
    ],
)
def test_years_that_are_numbers_or_dates(dates):
    assert extract_year(dates).tolist() == [1928, 2020]


def test_the_time_of_day_does_not_matter():
    assert extract_year(pd.to_datetime(pd.Series(["2001-02-03 04:05"]))).tolist() == [2001]


def test_extract_year_keeps_index_and_type():
    years = extract_year(pd.Series(["1999", None], index=[7, 3]))
    assert years.index.tolist() == [7, 3] and years.dtype == np.float64
    assert extract_year(pd.Series([None, None], dtype=object)).isna().all()


def test_extract_year_wants_a_series():
    with pytest.raises(TypeError, match="str.*expected a pandas Series"):
        extract_year("1999")


@given(
    st.dates(
        min_value=pd.Timestamp("1860-01-01").date(), max_value=pd.Timestamp("2050-12-31").date()
    )
)
def test_every_day_of_the_calendar_has_its_year(day):
    forms = pd.Series([f"{day.year}", f"{day:%Y-%m}", f"{day:%Y-%m-%d}"])
    assert extract_year(forms).tolist() == [day.year] * 3


# load_tracks


def test_the_shipped_tracks():
    tracks = load_tracks()
    assert (
        tracks.attrs["source"]
        == "synthetic tracks from tracks.csv: 20,060 rows, 60 repeats dropped"
    )
    assert len(tracks) == 20_000 and tracks["id"].is_unique


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".zip"])
def test_kinds_of_file(tmp_path, ending):
    path = tmp_path / f"mine{ending}"
    table().to_csv(path, index=False)
    tracks = load_tracks(path)
    assert tracks.attrs["source"] == f"real tracks from mine{ending}: 60 rows, 0 repeats dropped"
    assert len(clean_tracks(tracks)) == 60


def test_tidytuesday_names_and_missing_features(tmp_path):
    names = {kaggle: name for name, kaggle in KAGGLE_NAMES.items()}
    theirs = table().drop(columns="explicit").rename(columns=names)
    theirs = pd.concat([theirs, theirs.iloc[:5]])  # a row a playlist
    theirs.to_csv(tmp_path / "spotify_songs.csv", index=False)
    tracks = load_tracks(tmp_path / "spotify_songs.csv")
    assert tracks.attrs["source"].endswith("65 rows, 5 repeats dropped; not in this file: explicit")
    data = prepare_dataset(clean_tracks(tracks))
    assert data.features == [name for name in FEATURES if name != "explicit"]


def test_kaggle_data_csv_has_a_year_and_no_time_signature(tmp_path):
    tracks = table().assign(year=1900)  # release_date is what counts
    tracks.to_csv(tmp_path / "data.csv", index=False)
    assert clean_tracks(load_tracks(tmp_path / "data.csv"))["year"].min() == 1950
    tracks.drop(columns="release_date").to_csv(tmp_path / "data.csv", index=False)
    assert clean_tracks(load_tracks(tmp_path / "data.csv"))["year"].unique().tolist() == [1900]


def test_the_order_of_looking(tmp_path, monkeypatch):
    table(30).to_csv(tmp_path / "a.csv", index=False)
    table(40).to_csv(tmp_path / "b.csv", index=False)
    monkeypatch.setenv("NNFS_DATA", str(tmp_path / "a.csv"))
    assert len(load_tracks()) == 30 and len(load_tracks(tmp_path / "b.csv")) == 40


def test_tracks_without_an_id_are_not_repeats_of_each_other(tmp_path):
    tracks = table()
    tracks.loc[[3, 4, 5], "id"] = None
    tracks.to_csv(tmp_path / "t.csv", index=False)
    assert len(load_tracks(tmp_path / "t.csv")) == 60


def test_a_file_with_some_synthetic_tracks_is_not_called_real(tmp_path):
    tracks = table()
    tracks.loc[3, "id"] = "synthetic-1"
    tracks.to_csv(tmp_path / "t.csv", index=False)
    assert load_tracks(tmp_path / "t.csv").attrs["source"].startswith("synthetic")


# Hostile files: each loads right, or says which file it is and what to do.


def lines(rows=12, name="Song", date="1999-01-{n:02}", mark=","):
    """Return the lines of a small file of tracks, the header first."""
    fields = ["id", "name", TARGET, "release_date", "energy", "tempo"]
    body = [
        [f"t{n}", name, str(n + 1), date.format(n=n + 1), f"0.{n + 1}", f"{100 + n}.5"]
        for n in range(rows)
    ]
    return [mark.join(line) for line in [fields, *body]]


def changed(number, text):
    """Return the small file with another line in one place."""
    return "\n".join(text if n == number else line for n, line in enumerate(lines()))


def packed(members, damage=lambda content: content, **settings):
    """Return the bytes of a zip."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED, **settings) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return damage(memory.getvalue())


GOOD = "\n".join(lines()) + "\n"
HEADER = lines()[0]
ACCENTS = "\n".join(lines(name="Beyoncé"))
OPENED = lines()
OPENED[3] = OPENED[3].replace("Song", '"Song')
CLOSED = [*OPENED[:8], OPENED[8].replace("Song", 'Song"'), *OPENED[9:]]
COMPRESSED = gzip.compress(GOOD.encode())

FINE = {
    "as it should be": GOOD,
    "no line end at the end": GOOD.rstrip(),
    "Windows' line ends": GOOD.replace("\n", "\r\n"),
    "old Mac's line ends": GOOD.replace("\n", "\r"),
    "blank lines, at the top too": "\n \n" + GOOD.replace("\n", "\n\n"),
    "a byte order mark": GOOD.encode("utf-8-sig"),
    "capitals in the header": GOOD.replace(HEADER, HEADER.upper()),
    "spaces in the header": GOOD.replace(HEADER, HEADER.replace(",", " , ")),
    "a quoted header": GOOD.replace(HEADER, '"' + HEADER.replace(",", '","') + '"'),
    "accents in UTF-8": ACCENTS,
    "Japanese in UTF-8": GOOD.replace("Song", "歌"),
    "commas and quotes within quotes": GOOD.replace("Song", '"a ""b"", c"'),
    "a line break within quotes": GOOD.replace("Song", '"a, b\nc"'),
    "lines of a song": GOOD.replace("Song", '"' + "la, la\n" * 9 + '"'),
    "an index without a name": "\n".join(f"{n or ''},{line}" for n, line in enumerate(lines())),
    "no name for two columns": "\n".join(
        (",," if n == 0 else "a,b,") + line for n, line in enumerate(lines())
    ),
    "gz": COMPRESSED,
    "two gz in a row": gzip.compress(GOOD[:100].encode()) + gzip.compress(GOOD[100:].encode()),
    "zip": packed({"t.csv": GOOD}),
    "zip with a folder": packed({"folder/": "", "folder/t.csv": GOOD}),
    "zip of a Mac": packed({"t.csv": GOOD, "__MACOSX/._t.csv": "x"}),
    "year in place of release_date": "\n".join(lines(date="1999")).replace("release_date", "Year"),
}
CHANGED_ID = {"001": "1", "1e1": "10", "9007199254740993": "9007199254740992", "0x1": "1.0"}

REFUSED = {
    "empty": ("", "holds no rows"),
    "blank": ("\n\n  \n", "holds no rows"),
    "names alone": (HEADER, "holds no rows"),
    "semicolons": ("\n".join(lines(mark=";")), "separated by ';'; save it .* with commas"),
    "semicolons, commas in names": (
        "\n".join(lines(mark=";", name="a, b, c, d")),
        "separated by ';'; save it",
    ),
    "tabs": ("\n".join(lines(mark="\t")), r"separated by '\\t'; save it"),
    "bars": ("\n".join(lines(mark="|")), "separated by '|'; save it"),
    "Excel's sep=;": ("sep=;\n" + "\n".join(lines(mark=";")), "separated by ';'; save it"),
    "UTF-16": (GOOD.encode("utf-16"), "UTF-16.*save it as UTF-8"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-be"), "UTF-16.*save it as UTF-8"),
    "UTF-32": (GOOD.encode("utf-32"), "UTF-16.*save it as UTF-8"),
    "latin-1": (ACCENTS.encode("latin-1"), "no text in UTF-8; save it as UTF-8"),
    "Shift-JIS": (GOOD.replace("Song", "歌").encode("shift-jis"), "save it as UTF-8"),
    "a zero byte": (GOOD.replace("Song", "So\0ng"), "save it as UTF-8"),
    "any bytes": (bytes(range(128, 256)) * 9, "save it as UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "save it as UTF-8"),
    "a web page": ("\n <!DOCTYPE html><html>404</html>", "web page; download the file itself"),
    "JSON": ('[{"id": "a", "popularity": 3}]\n' * 3, "lacks the columns"),
    "a pointer of Git LFS": ("version https://git-lfs\noid 1\nsize 2\n", "lacks the columns"),
    "spaces between fields": ("\n".join(lines(mark=" ")), "lacks the columns.*rename"),
    "no header": ("\n".join(lines()[1:]), "lacks the columns.*rename"),
    "no id": (GOOD.replace("id,", "key,", 1), r"lacks the columns \['id'\]"),
    "neither date nor year": (GOOD.replace("release_date", "day"), r"lacks .*\['release_date'\]"),
    "one field more": (changed(3, lines()[3] + ",9"), "line 4 has 7 fields, the header 6"),
    "one field less": (changed(3, "t2,Song,3"), "line 4 has 3 fields, the header 6; give each row"),
    "a comma at each line's end": (
        GOOD.replace("\n", ",\n").replace(HEADER + ",", HEADER),
        "put quotes around",
    ),
    "a cut last line": (GOOD[:-12], "line 13 has . fields"),
    "a quote left open": ("\n".join(OPENED), "lines 4 to 13.*close the quote"),
    "a quote closed five rows on": ("\n".join(CLOSED), "quote in line 4 takes.* to 9; close"),
    "a quote closed one row on": (
        "\n".join([*OPENED[:4], OPENED[4].replace("Song", 'Song"'), *OPENED[5:]]),
        "quote in line 4 takes.* to 5; close",
    ),
    "a quote that stops early": (
        changed(3, lines()[3].replace("Song", '"So"ng')),
        "close the quote",
    ),
    "backslashes before quotes": (
        changed(3, lines()[3].replace("Song", '"a \\"b\\", c"')),
        'quote within a field twice: ""',
    ),
    "a field without an end": (changed(3, lines()[3].replace("Song", "a" * 200_000)), "line"),
    "names alike but for capitals": (GOOD.replace("tempo", "Popularity"), "rename them"),
    "names alike but for spaces": (GOOD.replace("tempo", "energy "), r"\['energy'\]; rename"),
    "a name twice": (GOOD.replace("tempo", "energy"), r"several columns \['energy'\]; rename"),
    "zip of two files": (packed({"a.csv": GOOD, "b.csv": GOOD}), "holds 2 files.*unpack it"),
    "zip of nothing": (packed({}) + b"", "save it|expected one"),
    "zip of a Mac's leftovers": (packed({"__MACOSX/._t.csv": "x"}), "holds 0 files, expected one"),
    "a spreadsheet": (
        packed({"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"}),
        "save it as CSV if it is a spreadsheet",
    ),
    "half a zip": (packed({"t.csv": GOOD}, lambda content: content[:90]), "cannot be read"),
    "a damaged zip": (
        packed({"t.csv": GOOD}, lambda content: content.replace(content[50:60], b"0123456789")),
        "cannot be read",
    ),
    "a zip in a zip": (packed({"t.zip": packed({"t.csv": GOOD})}), "save it as UTF-8"),
    "half a gz": (COMPRESSED[:60], "cannot be read"),
    "a damaged gz": (COMPRESSED[:40] + b"0123456789" + COMPRESSED[50:], "cannot be read"),
    "a gz and more": (COMPRESSED + b"more", "cannot be read"),
}


@pytest.mark.parametrize("kind", FINE)
def test_a_fine_file_loads(tmp_path, kind):
    content = FINE[kind]
    path = tmp_path / "mine.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    cleaned = clean_tracks(load_tracks(path))
    assert cleaned["id"].tolist() == [f"t{n}" for n in range(12)]
    assert cleaned[TARGET].tolist() == list(range(1, 13))
    assert cleaned["tempo"].tolist() == [100.5 + n for n in range(12)]
    assert cleaned["year"].unique().tolist() == [1999]
    assert set(cleaned["name"].dropna()) <= {"Song", "Beyoncé", "歌", 'a "b", c', "a, b\nc"} | {
        "la, la\n" * 9
    }


@pytest.mark.parametrize("kind", REFUSED)
def test_another_file_is_refused_by_name(tmp_path, kind):
    content, message = REFUSED[kind]
    path = tmp_path / "mine.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=rf"(?s)mine\.csv.*{message}"):
        load_tracks(path)


@pytest.mark.parametrize("path", ["", "none.csv", "none.zip", "folder", "/dev/null", "~/none.csv"])
def test_what_is_no_file_is_named(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileNotFoundError, match="no file .*NNFS_DATA the path of a .csv"):
        load_tracks(path)


@pytest.mark.parametrize(("one", "other"), CHANGED_ID.items())
def test_ids_are_texts(tmp_path, one, other):
    rows = [line.split(",", 1)[1] for line in lines()[1:]]
    body = [f"{key},{row}" for key, row in zip([one, other, "", one], rows, strict=False)]
    for name in ("id", "Track_ID "):
        (tmp_path / "t.csv").write_text("\n".join([HEADER.replace("id", name, 1), *body]))
        tracks = load_tracks(tmp_path / "t.csv")
        assert tracks["id"].dropna().tolist() == [one, other] and len(tracks) == 3


@pytest.mark.parametrize("kind", ["plain", "gz", "zip", "zip that lies"])
def test_what_unpacks_to_too_much_is_refused_before_memory_goes(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("nnfs_core.files.LARGEST_FILE", 4_000_000)
    bomb = b"a,b\n" * 16_000_000
    path = tmp_path / "bomb"
    if kind == "plain":
        path.write_bytes(bomb)
    elif kind == "gz":
        path.write_bytes(gzip.compress(bomb, 1))
    else:
        content = packed({"t.csv": bomb}, compresslevel=1)
        stated = len(bomb).to_bytes(4, "little")
        assert content.count(stated) == 2
        lie = (1000).to_bytes(4, "little")
        path.write_bytes(content.replace(stated, lie) if "lies" in kind else content)
    del bomb
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="bomb cannot be read.*(more than 300 MB|CRC)"):
            load_tracks(path)
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()


def test_a_table_of_too_many_fields_is_refused(tmp_path, monkeypatch):
    """Kaggle's whole file is below the bound; short cells would take many times their bytes."""
    assert 600_000 * 20 < LARGEST_TABLE
    monkeypatch.setattr("nnfs_core.files.LARGEST_TABLE", 60)
    path = tmp_path / "tracks.csv"
    path.write_text("id,popularity,release_date\n" + "a,1,2000\n" * 20)
    assert len(load_tracks(path)) == 1  # one track, twenty times
    path.write_text("id,popularity,release_date\n" + "a,1,2000\n" * 21)
    with pytest.raises(
        ValueError, match="tracks.csv cannot be .* more than 60 fields; cut it to f"
    ):
        load_tracks(path)


def test_a_file_is_unpacked_without_a_copy(tmp_path):
    """Three of 300 MB would be a gigabyte."""
    path = tmp_path / "tracks.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbfid,b\n" + b"a" * 30_000_000 + b",1\n", 1))
    tracemalloc.start()
    content = _unpack(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert content[:5] == b"id,b\n" and len(content) == 30_000_000 + 8
    assert peak < 1.5 * len(content)


@given(st.lists(st.lists(st.text('ab,;" \n\r\t0', max_size=4), min_size=2, max_size=3), min_size=2))
def test_what_python_writes_pandas_reads(rows):
    """The rows that were counted are those of the table."""
    memory = io.StringIO()
    header = ["id", TARGET, "release_date"]
    csv.writer(memory).writerows([header, *[[*row, "x", "x"][:3] for row in rows]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(memory.getvalue().encode())
        try:
            table = read_table(path)
        except ValueError as error:
            assert "close the quote" in str(error)
        else:
            assert len(table) == len(rows)


# clean_tracks


def test_what_cleaning_drops_from_the_shipped_tracks():
    tracks = load_tracks()
    cleaned = clean_tracks(tracks)
    assert (len(tracks), len(cleaned)) == (20_000, 19_770)
    assert np.isfinite(cleaned[[*FEATURES, TARGET]].to_numpy()).all()
    assert cleaned.attrs["source"] == f"{tracks.attrs['source']}; clean: 19,770"
    assert clean_tracks(cleaned).attrs == cleaned.attrs  # said once
    assert "year" not in tracks


def test_each_kind_of_dirt_drops_its_row_and_no_other():
    tracks = table().astype({"tempo": object, "loudness": object})
    tracks.loc[0, "tempo"] = "fast"
    tracks.loc[1, "energy"] = np.nan
    tracks.loc[2, "release_date"] = "1999-02-30"
    tracks.loc[3, "loudness"] = np.inf
    tracks["name"] = None  # not critical
    assert clean_tracks(tracks)["id"].tolist() == [f"id{n}" for n in range(4, 60)]


@pytest.mark.parametrize("digits", ["9" * 309, "-" + "9" * 400, " " + "9" * 4000, "9" * 5000])
def test_whole_numbers_beyond_all_floats_are_none(digits, tmp_path):
    written = table()
    written["tempo"] = written["tempo"].astype(object)
    written.loc[3, "tempo"] = digits
    written.to_csv(tmp_path / "tracks.csv", index=False)
    assert written["id"][3] not in set(clean_tracks(load_tracks(tmp_path / "tracks.csv"))["id"])


def test_numbers_written_as_text_and_truth_values_are_numbers():
    tracks = table().assign(tempo="120.5", explicit=True)
    cleaned = clean_tracks(tracks)
    assert cleaned["tempo"].unique().tolist() == [120.5] and cleaned[
        "explicit"
    ].unique().tolist() == [1]


def test_a_column_without_a_number_is_named():
    with pytest.raises(ValueError, match="tempo costs most: 60 hold no number.*but .'fast'"):
        clean_tracks(table().assign(tempo="fast"))


def test_true_and_false_as_text_beside_numbers():
    cleaned = clean_tracks(table().assign(explicit=["True", "FALSE", "1", "0"] * 15))
    assert cleaned["explicit"].tolist() == [1, 0, 1, 0] * 15


def test_a_year_of_its_own_fills_in_for_a_date_that_is_none():
    tracks = table().assign(year=1999)
    tracks.loc[0, "release_date"] = "31/12/1998"
    assert clean_tracks(tracks)["year"].tolist()[:2] == [1999, 1951]


@pytest.mark.parametrize("function", [clean_tracks, prepare_dataset])
def test_what_is_no_table_is_refused(function):
    with pytest.raises(TypeError, match="expected what (load|clean)_tracks returns"):
        function([1, 2])


def test_a_constant_target_and_hidden_gaps_are_refused():
    cleaned = clean_tracks(table())
    with pytest.raises(ValueError, match="target popularity is the same in all"):
        prepare_dataset(cleaned.assign(popularity=5.0))
    key = pd.array([None] * 9 + [1] * 51, dtype="Int64")
    with pytest.raises(ValueError, match="column key holds gaps"):
        prepare_dataset(cleaned.assign(key=key))


def test_no_row_left_is_an_error():
    tracks = table(4)
    tracks.loc[:1, "tempo"] = np.nan
    tracks.loc[2:, "energy"] = np.nan
    with pytest.raises(ValueError, match="no complete row is left: 4 of 4"):
        clean_tracks(tracks)


@pytest.mark.parametrize(
    ("column", "value"),
    [(TARGET, -1), (TARGET, 101), (TARGET, 99_000), ("tempo", 1.7e308), ("tempo", -1e10)]
    + [("release_date", "2999"), ("release_date", "19990501"), ("release_date", "01/02/1999")],
)
def test_what_is_out_of_range_counts_as_missing(column, value):
    tracks = table().astype({column: object})
    tracks.loc[3, column] = value
    assert clean_tracks(tracks)["id"].tolist() == [f"id{n}" for n in range(60) if n != 3]


@pytest.mark.parametrize("year", [0, 1859, 2051, 19990501, np.inf])
def test_a_year_of_its_own_has_bounds(year):
    tracks = table().assign(year=1999.0).drop(columns="release_date")
    tracks.loc[3, "year"] = year
    assert len(clean_tracks(tracks)) == 59
    with pytest.raises(ValueError, match="year costs most: 60 hold no number in its range"):
        clean_tracks(tracks.assign(year=year))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("release_date", "25/09/1928", "release_date costs most: 40.*expected YYYY.*1860 to 2050"),
        ("tempo", "120,5", "tempo costs most: 40 hold no number in its range, but .'120,5'"),
        (TARGET, 0.5e6, "popularity costs most: 40 .*'500000.0'"),
        ("energy", None, "energy costs most: 40 .*but nothing"),
    ],
)
def test_much_that_is_lost_is_told(column, values, message):
    tracks = table().astype({column: object, "key": object})
    tracks.loc[:39, column] = values
    tracks.loc[59, "key"] = "none"  # a smaller loss
    tracks.attrs["source"] = "tracks; not in this file: mode"
    with pytest.warns(
        UserWarning, match=f"41 of 60 rows are incomplete; {message}.*dropped"
    ) as told:
        cleaned = clean_tracks(tracks)
    assert told[0].filename == __file__
    assert cleaned.attrs["source"] == "tracks; not in this file: mode; clean: 19"


def test_a_tenth_may_be_lost_without_a_word():
    tracks = table()
    tracks.loc[:5, "tempo"] = np.nan
    assert len(clean_tracks(tracks)) == 54  # a warning is an error here
    tracks.loc[6, "tempo"] = np.nan
    with pytest.warns(UserWarning, match="7 of 60 rows"):
        clean_tracks(tracks)


@pytest.mark.parametrize(
    "times", [pd.to_timedelta([3] * 60, unit="s"), pd.to_datetime(["1999"] * 60), [1j] * 60]
)
@pytest.mark.parametrize("column", ["duration_ms", "year"])
def test_times_are_no_numbers(column, times):
    with pytest.raises(ValueError, match=f"column {column} holds .*turn it into numbers"):
        clean_tracks(table().drop(columns="release_date").assign(**{column: times}))


def test_truth_values_and_categories_are_numbers():
    mode = np.arange(60) % 2 == 0
    cleaned = clean_tracks(table().assign(mode=mode, key=pd.Categorical([1, 2, 3] * 20)))
    assert cleaned["mode"].tolist() == mode.tolist() and cleaned["key"].tolist() == [1, 2, 3] * 20


def test_the_least_for_all_notebooks():
    cleaned = clean_tracks(table(files_of_tracks.MINIMUM_TRACKS))
    guard_tracks(cleaned)
    others = FEATURES[: files_of_tracks.MINIMUM_FEATURES]
    guard_tracks(cleaned[[*others, "year", TARGET]])
    for poor, message in {
        "rows": (cleaned[1:], "1,249 clean tracks, 13 features"),
        "features": (
            cleaned[[*others[1:], "year", TARGET]],
            "3 features .*need 1,250 tracks, 4 features",
        ),
        "year": (cleaned.drop(columns="year"), "features and the year"),
        "points": (cleaned.assign(popularity=cleaned[TARGET] / 100), "up to 0.99.*0 to 100"),
    }.values():
        with pytest.raises(ValueError, match=message):
            guard_tracks(poor)


# prepare_dataset


def test_shapes_ranges_and_scalers():
    cleaned = clean_tracks(table(100))
    data = prepare_dataset(cleaned, test_size=0.25)
    assert data.X_train.shape == (14, 75) and data.X_test.shape == (14, 25)
    assert data.Y_train.shape == (1, 75) and data.Y_test.shape == (1, 25)
    np.testing.assert_allclose(data.X_train.min(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(data.X_train.max(axis=1), 1)
    points = data.target_scaler.inverse_transform(np.hstack([data.Y_train, data.Y_test]).T)
    np.testing.assert_allclose(np.sort(points[:, 0]), np.sort(cleaned[TARGET]), atol=1e-9)


def test_features_and_target_of_a_track_stay_in_one_column():
    cleaned = clean_tracks(table(100))
    cleaned["tempo"] = cleaned[TARGET]
    data = prepare_dataset(cleaned, features=["energy", "tempo"])
    np.testing.assert_allclose(data.X_train[1], data.Y_train[0])
    np.testing.assert_allclose(data.X_test[1], data.Y_test[0])


def test_the_scalers_saw_the_training_half_only():
    cleaned = clean_tracks(table(100))
    cleaned.loc[0, "tempo"] = cleaned.loc[0, TARGET] = 1000.0
    in_test = set()
    for seed in range(30):
        data = prepare_dataset(cleaned, seed=seed)
        tempo = data.features.index("tempo")
        unseen = data.X_test[tempo].max() > 1
        assert (data.feature_scaler.data_max_[tempo] < 1000) == unseen == (data.Y_test.max() > 1)
        in_test.add(bool(unseen))
    assert in_test == {True, False}


def test_the_same_seed_gives_the_same_split_and_another_another():
    cleaned = clean_tracks(table())
    first, again, other = (prepare_dataset(cleaned, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.X_train, again.X_train)
    assert not np.array_equal(first.X_train, other.X_train)


def test_chosen_features_and_target_and_an_unchanged_table():
    cleaned = clean_tracks(table())
    before = cleaned.copy()
    data = prepare_dataset(cleaned, features=("year", "tempo"), target="energy")
    assert data.features == ["year", "tempo"] and data.X_train.shape == (2, 48)
    pd.testing.assert_frame_equal(cleaned, before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"features": "year"}, "expected a list"),
        ({"features": []}, "no columns"),
        ({"features": ["size"]}, "no columns .'size'"),
        ({"features": ["year", "year"]}, "repeat"),
        ({"features": ["year", TARGET]}, "hold the target"),
        ({"features": ["id"]}, "column id holds gaps or text"),
        ({"test_size": 1.5}, "test_size is 1.5; expected a share"),
        ({"test_size": None}, "test_size is None; expected"),
        ({"seed": None}, "seed is None; expected"),
        ({"seed": 2**32}, r"seed is 4294967296; expected .* below 2\*\*32"),
        ({"test_size": 0.999}, "60 rows with test_size=0.999 leave 0 to learn from"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        prepare_dataset(clean_tracks(table()), **settings)


def test_uncleaned_tracks_are_refused():
    tracks = table()
    tracks.loc[0, "tempo"] = np.nan
    with pytest.raises(
        ValueError, match="column tempo holds gaps or text; pass the result of clean"
    ):
        prepare_dataset(tracks)


def test_one_row_huge_values_and_two_columns_of_one_name_are_refused():
    cleaned = clean_tracks(table())
    with pytest.raises(ValueError, match="1 rows with test_size=0.2 leave 0 to learn from; exp"):
        prepare_dataset(cleaned[:1])
    ends = [-1.7e308, 1.7e308] * 30
    with pytest.raises(ValueError, match="column tempo goes beyond 1e100"):
        prepare_dataset(cleaned.assign(tempo=ends))
    twice = pd.concat([cleaned, cleaned[["key"]]], axis=1)
    for function in (clean_tracks, prepare_dataset):
        with pytest.raises(ValueError, match="several columns are called key; drop all but one"):
            function(twice)


# scoreboard


def test_scoreboard_knows_a_perfect_and_a_mean_prediction():
    data = prepare_dataset(clean_tracks(table(200)))
    scores = scoreboard(data, {"perfect": data.Y_test, "zero": np.zeros_like(data.Y_test)})
    assert scores.loc["perfect"].tolist() == [1, 0] and scores.loc["zero", "R²"] < 0
    points = data.target_scaler.inverse_transform(data.Y_test.T)
    mean = data.target_scaler.inverse_transform([[data.Y_train.mean()]])
    assert scores.loc["mean of the training set", "MAE"] == round(np.abs(points - mean).mean(), 2)


def test_scoreboard_has_five_baselines_and_their_seconds():
    rng = np.random.default_rng(0)
    tracks = table(400)
    tracks[TARGET] = (100 * (rng.uniform(size=400) < 0.5) * tracks["energy"].gt(0.5)).round()
    data = prepare_dataset(clean_tracks(tracks))
    scores = scoreboard(data, boosting=True)
    assert list(scores.index)[-1] == "gradient boosting" and len(scores) == 5
    assert list(scoreboard(data).index) == list(scores.index)[:-1]
    assert list(scores.attrs["seconds"]) == list(scores.index)
    assert all(seconds > 0 for seconds in scores.attrs["seconds"].values())
    few = prepare_dataset(clean_tracks(table(13)))
    with pytest.raises(ValueError, match="need 11 tracks to learn from and 2 to test on"):
        scoreboard(few)
    scoreboard(prepare_dataset(clean_tracks(table(14))))


def test_scoreboard_has_a_row_for_the_year_alone(monkeypatch):
    monkeypatch.setattr(files_of_tracks, "MLPRegressor", lambda **settings: DummyRegressor())
    cleaned = clean_tracks(table(200))
    cleaned[TARGET] = (cleaned["year"] - 1950).clip(0, 100)  # nothing but the year
    row = "the year alone, linear"
    assert scoreboard(prepare_dataset(cleaned)).loc[row].tolist() == [1, 0]
    year_first = prepare_dataset(cleaned, features=["year", *FEATURES[:-1]])
    assert scoreboard(year_first).loc[row].tolist() == [1, 0]
    assert row not in scoreboard(prepare_dataset(cleaned, features=FEATURES[:-1])).index


def test_scoreboard_refuses_predictions_for_other_tracks():
    data = prepare_dataset(clean_tracks(table()))
    with pytest.raises(ValueError, match=r"predictions\['ours'\] .*expected shape \(1, 12\)"):
        scoreboard(data, {"ours": data.Y_train})
    with pytest.raises(ValueError, match="name of a baseline"):
        scoreboard(data, {"linear regression": data.Y_test})


# download_tracks, against a server on this machine


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content = self.server.files.get(self.path.removesuffix("/cut"))
        self.send_response(200 if content else 404)
        content = content or b""
        cut = self.path.endswith("/cut")
        self.send_header("Content-Length", str(len(content) * (2 if cut else 1)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve files on loopback: use(name, path, content) makes one the public file of that name."""
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.setattr(files_of_tracks, "PUBLIC", dict(files_of_tracks.PUBLIC))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.files = {}
        threading.Thread(target=running.serve_forever, daemon=True).start()

        def use(name, path, content=b"", fingerprint=None):
            running.files[path] = content
            address = f"http://127.0.0.1:{running.server_address[1]}{path}"
            fingerprint = fingerprint or hashlib.sha256(content).hexdigest()
            files_of_tracks.PUBLIC[name] = (address, fingerprint)

        running.use = use
        running.use("spotify_songs.csv", "/good", table().to_csv(index=False).encode())
        running.cache = tmp_path / "cache"
        yield running
        running.shutdown()


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_download_is_kept(server):
    path = download_tracks()
    assert len(load_tracks(path)) == 60 and files(server.cache) == [path]
    server.files.clear()
    assert download_tracks() == path  # no second download


def test_a_wrong_checksum_leaves_no_file(server):
    server.use("spotify_songs.csv", "/good", server.files["/good"], "0" * 64)
    with pytest.raises(ValueError, match="hash"):
        download_tracks()
    assert files(server.cache) == []


@pytest.mark.parametrize("path", ["/good/cut", "/missing"])
def test_a_broken_connection_leaves_no_file(server, path):
    address, fingerprint = files_of_tracks.PUBLIC["spotify_songs.csv"]
    address = address.replace("/good", path)
    files_of_tracks.PUBLIC["spotify_songs.csv"] = (address, fingerprint)
    with pytest.raises((ConnectionError, ValueError), match="could not fetch|hash"):
        download_tracks()
    assert files(server.cache) == []


def test_no_server_at_all(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(ConnectionError, match="could not fetch.*give its path to load_tracks"):
        download_tracks()
    assert files(server.cache) == []


def halves(sample, first=10_000, common=172):
    """Return the two public files that a sample is joined from, as they were made."""
    one, two = sample[:first], sample[first - common :]
    return one.to_csv().encode(), two.to_csv(index=False, sep="_").encode()


def text_table(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_the_sample_is_joined_from_its_halves(server):
    sample = table().astype(str)
    sample["name"] = ['a "b", c', "d_e", "", "NA", "été", "1.50"] * 10
    sample["tempo"] = "0.10800000000000001"  # no digit is lost
    one, two = halves(sample, first=40, common=7)
    server.use("sample_1.csv", "/one", one)
    server.use("sample_2.csv", "/two", two)
    path = download_tracks("sample")
    assert path.name == "kaggle_tracks_19828.csv" and download_tracks("sample") == path
    pd.testing.assert_frame_equal(text_table(path), sample)
    assert len(load_tracks(path)) == 60


@pytest.mark.parametrize("broken", ["sample_1.csv", "sample_2.csv"])
def test_a_half_that_is_another_file_is_refused(server, broken):
    for name, content in zip(["sample_1.csv", "sample_2.csv"], halves(table(), 40, 7), strict=True):
        server.use(name, f"/{name}", content, "0" * 64 if name == broken else None)
    with pytest.raises(ValueError, match="hash"):
        download_tracks("sample")
    assert not any("kaggle" in path.name for path in files(server.cache))


def test_the_real_sample_is_joined_to_the_same_rows(server, kaggle_sample):
    sample = text_table(kaggle_sample)
    one, two = halves(sample)
    server.use("sample_1.csv", "/one", one)
    server.use("sample_2.csv", "/two", two)
    path = download_tracks("sample")
    pd.testing.assert_frame_equal(text_table(path), sample)


def test_kaggle_needs_kagglehub(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(ImportError, match="pip install kagglehub"):
        download_tracks("kaggle")
    asked = []
    fake = types.SimpleNamespace(dataset_download=lambda name: asked.append(name) or str(tmp_path))
    monkeypatch.setitem(sys.modules, "kagglehub", fake)
    assert download_tracks("kaggle") == tmp_path / "tracks.csv"
    assert asked == ["yamaerenay/spotify-dataset-19212020-600k-tracks"]


def test_another_source_is_refused():
    with pytest.raises(ValueError, match="'spotify'; expected 'sample', 'tidytuesday' or 'kaggle'"):
        download_tracks("spotify")


def test_the_real_tidytuesday_file(tidytuesday):
    content = _unpack(tidytuesday)
    assert hashlib.sha256(content).hexdigest() == files_of_tracks.PUBLIC["spotify_songs.csv"][1]
    source = load_tracks(tidytuesday).attrs["source"]
    assert "32,833 rows, 4,477 repeats dropped; not in this file: explicit" in source
