"""Data sets by name, the shipped genres, and the script that made them; all without a network."""

import gzip
import hashlib
import importlib.util
import json
import pickle
import re
import socket
import zlib

import numpy as np
import pandas as pd
import pooch
import pytest
import sklearn
from sklearn import datasets as library
from sklearn.utils.fixes import parse_version

from nnfs_core import datasets, genre_tracks, load_dataset
from tests.test_data import CARD, DATA, card_table

SHIPPED = ("genres", "digits", "synthetic-regression", "synthetic-classification")
FETCHED = ("mnist", "fashion-mnist", "california-housing")
NUMBER = {"mnist": 554, "fashion-mnist": 40996}
M = 7  # samples in the caches that are written here


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return an empty folder that scikit-learn takes for its own; there is no network."""

    def no_network(*_, **__):
        raise OSError("no network in the tests")

    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr("time.sleep", lambda _: None)  # between scikit-learn's tries
    datasets._fetched.cache_clear()
    yield tmp_path
    datasets._fetched.cache_clear()


def write_openml(home, name, pixels, labels):
    """Write what fetch_openml would have cached of a data set with 784 pixels and 10 classes."""
    number = NUMBER[name]
    features = [f"pixel{i}" for i in range(1, pixels.shape[1] + 1)]
    lines = [f"@RELATION {name}", *(f"@ATTRIBUTE {f} REAL" for f in features)]
    lines += ["@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}", "@DATA"]
    quote = "'" if name == "fashion-mnist" else ""  # which ARFF allows
    for row, label in zip(pixels, labels, strict=True):
        lines.append(",".join(map(str, row)) + f",{quote}{label}{quote}")
    arff = "\n".join(lines).encode() + b"\n"
    page = f"data/v1/download/{number}"
    if parse_version(sklearn.__version__) >= parse_version("1.9"):  # it looks for the whole address
        page += f"/{name}.arff"
    description = {"id": str(number), "name": name, "version": "1", "status": "active"}
    description |= {"format": "ARFF", "description": "made by a test", "file_id": str(number)}
    description |= {"url": f"https://api.openml.org/{page}"}
    description |= {"md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest()}
    common = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
    told = [{"name": f, "data_type": "numeric", "is_target": "false"} for f in features]
    told += [{"name": "class", "data_type": "nominal", "is_target": "true"}]
    told = [
        {"index": str(i), "nominal_value": list("0123456789"), **feature, **common}
        if feature["data_type"] == "nominal"
        else {"index": str(i), **feature, **common}
        for i, feature in enumerate(told)
    ]
    api = "api/v1/json/data"
    answers = {
        f"{api}/{number}": {"data_set_description": description},
        f"{api}/features/{number}": {"data_features": {"feature": told}},
        f"{api}/qualities/{number}": {
            "data_qualities": {"quality": [{"name": "NumberOfInstances", "value": len(labels)}]}
        },
    }
    files = {place: json.dumps(answer).encode() for place, answer in answers.items()}
    for place, content in (files | {page: arff}).items():
        path = home / "openml" / "openml.org" / f"{place}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content))


def openml_file(home):
    """Return where the samples are that write_openml wrote."""
    return next(home.glob("openml/openml.org/data/v1/download/**/*.gz"))


def write_housing(home):
    """Write what fetch_california_housing would have cached; return the nine raw columns."""
    raw = np.random.default_rng(0).uniform(1, 9, (M, 9))
    (home / "cal_housing_py3.pkz").write_bytes(zlib.compress(pickle.dumps(raw)))
    return raw.copy()


def some_pixels():
    """Return pixels from 0 to 255 and labels, several classes among them."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (M, 784)), np.array([3, 0, 9, 9, 1, 5, 2])


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_in_the_courses_form(name):
    X, Y, names = load_dataset(name)
    assert X.dtype == Y.dtype == np.float64
    assert X.flags.c_contiguous and X.shape[1] == Y.shape[1]
    assert [len(X), len(Y)] == [len(names.features), len(names.targets)]
    assert np.isfinite(X).all() and np.isfinite(Y).all()
    assert all(type(word) is str for word in names.features + names.targets)
    if len(Y) > 1:
        assert set(Y.ravel()) == {0, 1} and (Y.sum(axis=0) == 1).all()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_change_in_place_spoils_nothing(name):
    first = load_dataset(name)
    kept = first.X.copy(), first.Y.copy()
    first.X[...] = 7
    first.Y[...] = 7
    again = load_dataset(name)
    assert np.array_equal(again.X, kept[0]) and np.array_equal(again.Y, kept[1])


def test_the_digits_are_scikit_learns_and_raw():
    X, Y, names = load_dataset("digits")
    found = library.load_digits()
    assert np.array_equal(X.T, found.data) and X.max() == 16
    assert np.array_equal(Y.argmax(axis=0), found.target)
    assert names.targets == tuple("0123456789")


def test_the_genres_are_the_rows_of_the_table():
    X, Y, names = load_dataset("genres")
    tracks = genre_tracks(one_genre=True)
    assert X.shape == (14, 5_712)
    assert names.targets == ("country", "deep-house", "dubstep", "hip-hop", "metal", "rock")
    assert list(np.array(names.targets)[Y.argmax(axis=0)]) == list(tracks["genre"])
    for row, feature in zip(X, names.features, strict=True):
        assert np.array_equal(row, tracks[feature])
    assert not {"popularity", "genre", "track_artist"} & set(names.features)


def test_a_track_with_two_labels_is_in_no_data_set():
    every, single = genre_tracks(), genre_tracks(one_genre=True)
    labels = every.groupby("track_id")["genre"].nunique()
    assert set(single["track_id"]) == set(labels.index[labels == 1])
    assert single["track_id"].is_unique and list(single.index) == list(range(5_712))


def test_texts_stay_texts(tmp_path, monkeypatch):
    lines = (DATA / "genres.csv").read_text("utf-8").splitlines()[:5]
    words = ["NA", "1", "None", "0123"]
    rest = ",country,1,1000,0" + ",0.5" * 11
    rows = [f"id{i},{word},{word},{i:03}{rest}" for i, word in enumerate(words)]
    path = tmp_path / "genres.csv"
    path.write_text("\n".join([lines[0], *rows]), "utf-8")
    monkeypatch.setattr(datasets, "GENRES", path)
    tracks = genre_tracks()
    assert list(tracks["track_name"]) == list(tracks["track_artist"]) == words
    assert list(tracks["album"]) == ["000", "001", "002", "003"]
    assert {"295", "505"} <= set(pd.read_csv(DATA / "genres.csv", dtype=str)["track_name"])


def test_synthetic_data_obeys_its_settings():
    X, Y, names = load_dataset("synthetic-regression", samples=30, features=4, seed=1)
    assert (X.shape, Y.shape) == ((4, 30), (1, 30)) and names.features[3] == "feature 3"
    other = load_dataset("synthetic-regression", samples=30, features=4, seed=2)
    assert not np.allclose(X, other.X)
    X, Y, names = load_dataset("synthetic-classification", samples=90, features=2, classes=4)
    assert (X.shape, Y.shape) == ((2, 90), (4, 90)) and (Y.sum(axis=1) > 10).all()
    assert names.targets == ("class 0", "class 1", "class 2", "class 3")


@pytest.mark.parametrize(
    ("name", "settings", "error", "words"),
    [
        ("genre", {}, ValueError, "did you mean 'genres'"),
        ("Fashion_MNIST", {}, ValueError, "did you mean 'fashion-mnist'"),
        ("iris", {}, ValueError, "name is 'iris'; There are genres, digits"),
        (["digits"], {}, ValueError, "There are genres, digits"),
        ("digits", {"samples": 5}, TypeError, r"digits was given \['samples'\]; .* none"),
        ("synthetic-regression", {"classes": 3}, TypeError, "its settings are .*samples"),
        ("synthetic-regression", {"samples": 1}, ValueError, "samples is 1; expected a whole"),
        ("synthetic-regression", {"features": 2.0}, ValueError, "features is 2.0"),
        ("synthetic-regression", {"seed": -1}, ValueError, "seed is -1"),
        ("synthetic-classification", {"classes": 1}, ValueError, "classes is 1"),
        (
            "synthetic-classification",
            {"classes": 9, "features": 3},
            ValueError,
            "3 features and 1000 samples allow 8 at most",
        ),
    ],
)
def test_what_is_refused(name, settings, error, words):
    with pytest.raises(error, match=words):
        load_dataset(name, **settings)


@pytest.mark.parametrize("name", FETCHED[:2])
def test_pixels_come_from_scikit_learns_cache(home, name):
    pixels, labels = some_pixels()
    write_openml(home, name, pixels, labels)
    X, Y, names = load_dataset(name)
    assert (X.dtype, X.shape, Y.shape) == (np.float64, (784, M), (10, M))
    assert np.array_equal(X.T, pixels)
    assert np.array_equal(Y.argmax(axis=0), labels)
    assert names.features[-1] == "pixel784"
    assert names.targets[9] == {"mnist": "9", "fashion-mnist": "Ankle boot"}[name]
    X[...] = 0
    assert np.array_equal(load_dataset(name).X.T, pixels)


def test_the_housing_comes_from_scikit_learns_cache(home):
    raw = write_housing(home)
    X, Y, names = load_dataset("california-housing")
    assert (X.shape, Y.shape) == ((8, M), (1, M))
    assert np.allclose(Y[0], raw[:, 0] / 100_000)
    assert np.allclose(X[0], raw[:, 1]) and np.allclose(X[2], raw[:, 3] / raw[:, 6])
    assert names.features[0] == "MedInc" and names.targets == ("MedHouseVal",)
    X[...] = Y[...] = 0
    again = load_dataset("california-housing")
    assert np.allclose(again.X[0], raw[:, 1]) and np.allclose(again.Y[0], raw[:, 0] / 100_000)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", FETCHED)
def test_without_a_network_one_error_says_what_to_do(home, name):
    with pytest.raises(ConnectionError) as caught:
        load_dataset(name)
    told = str(caught.value)
    file = "cal_housing_py3.pkz" if name == "california-housing" else "the folder openml"
    for words in (name, file, str(home), "SCIKIT_LEARN_DATA", "Try again with a network"):
        assert words in told


@pytest.mark.filterwarnings("ignore:Invalid cache")
@pytest.mark.parametrize("name", ["mnist", "california-housing"])
def test_a_broken_cache_says_so_and_is_not_remembered(home, name):
    """A file that is cut, as by a full disk; when it is whole again, it is read."""

    def write():
        write_housing(home)
        write_openml(home, "mnist", *some_pixels())

    write()
    cut = openml_file(home) if name == "mnist" else next(home.glob("*.pkz"))
    cut.write_bytes(cut.read_bytes()[:40])
    with pytest.raises(ConnectionError, match="is broken"):
        load_dataset(name)
    write()
    assert load_dataset(name).X.shape[1] == M


def test_pixels_that_were_changed_are_found_out(home):
    """OpenML tells the digest of its file, and scikit-learn compares."""
    pixels, labels = some_pixels()
    write_openml(home, "mnist", pixels, labels)
    path = openml_file(home)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b",3\n", b",4\n")))
    with pytest.warns(RuntimeWarning, match="Invalid cache"), pytest.raises(ConnectionError):
        load_dataset("mnist")


@pytest.fixture(scope="module")
def script():
    """Return data/make_genres.py as a module."""
    spec = importlib.util.spec_from_file_location("make_genres", DATA / "make_genres.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows():
    """Return data/genres.csv, every cell as the text that it is."""
    return pd.read_csv(DATA / "genres.csv", dtype=str, keep_default_na=False)


def test_the_digests_are_the_cards(script):
    (digest,) = re.findall(r"^- SHA-256 of `genres.csv`: `([0-9a-f]{64})`$", CARD, re.MULTILINE)
    assert hashlib.sha256((DATA / "genres.csv").read_bytes()).hexdigest() == digest
    assert f"`{script.FINGERPRINT}`" in CARD


def test_the_columns_and_their_ranges_are_the_cards(rows):
    schema = card_table("Columns of the genres")
    assert list(rows) == [line[0] for line in schema]
    for column, _, smallest, largest in schema:
        if column not in datasets.TEXTS:
            values = pd.to_numeric(rows[column])
            assert [values.min(), values.max()] == [float(smallest), float(largest)], column


def test_no_cell_is_empty_or_has_spaces_around(rows):
    for column in rows:
        assert (rows[column].str.strip() == rows[column]).all() and (rows[column] != "").all()
    assert rows["track_id"].str.fullmatch("[0-9A-Za-z]{22}").all()
    assert (rows["genre"].value_counts() == 1_000).all() and rows["genre"].nunique() == 6


def test_what_stands_twice_is_the_cards(rows):
    genres = rows.groupby("track_id")["genre"].agg(lambda found: tuple(sorted(set(found))))
    single = genre_tracks(one_genre=True)
    audio = list(single.columns[single.columns.get_loc("duration_ms") :])
    first = single["track_artist"].str.partition(";")[0]
    song = pd.DataFrame({"name": single["track_name"], "artist": first})
    counts = [
        len(rows),
        len(genres),
        (genres.map(len) == 2).sum(),
        rows.duplicated().sum(),
        (genres.map(len) == 1).sum(),
        single.duplicated(audio, keep=False).sum(),
        song.duplicated(keep=False).sum(),
    ]
    told = [int(number.replace(",", "")) for _, number in card_table("What stands there twice")]
    assert counts == told


def source_of(rows):
    """Return rows of the file as the wheel has them."""
    table = pd.read_csv(DATA / "genres.csv", keep_default_na=False).loc[rows.index]
    table = table.astype({"explicit": bool}).assign(popular_or_not="popular")
    return table.rename(
        columns={"track_artist": "artists", "album": "album_name", "genre": "track_genre"}
    )


def test_the_script_changes_names_and_nothing_else(script, rows):
    made = script.make_genres(source_of(rows[:50]))
    assert (
        made.to_csv(index=False, lineterminator="\n").splitlines()
        == ((DATA / "genres.csv").read_text("utf-8").splitlines()[:51])
    )


def test_the_script_refuses_another_wheel(script, tmp_path):
    path = tmp_path / script.NAME
    path.write_bytes(b"PK another one")
    with pytest.raises(ValueError, match=f"SHA-256 .* expected {script.FINGERPRINT}"):
        script.main([str(path), "--out", str(tmp_path / "out.csv")])
    assert not (tmp_path / "out.csv").exists()


def test_the_wheel_gives_the_file(script, tmp_path, capsys):
    pytest.importorskip("pyarrow", reason="pyarrow reads the wheel's table; it is not here")
    wheel = pooch.os_cache("nnfs_core") / script.NAME
    if not wheel.is_file():
        pytest.skip(f"{script.NAME} is not in pooch's cache: python data/make_genres.py")
    out = tmp_path / "genres.csv"
    script.main([str(wheel), "--out", str(out)])
    assert out.read_bytes() == (DATA / "genres.csv").read_bytes()
    assert hashlib.sha256(out.read_bytes()).hexdigest() in capsys.readouterr().out


@pytest.mark.parametrize("features", [np.int8(7), np.int32(31), np.int64(64)])
def test_settings_may_be_whole_numbers_of_numpy(features):
    found = load_dataset("synthetic-classification", samples=np.int16(50), features=features)
    same = load_dataset("synthetic-classification", samples=50, features=int(features))
    assert np.array_equal(found.X, same.X) and found.names == same.names
