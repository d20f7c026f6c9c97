"""Stage 1: what is read, what is dropped, what is scaled, and what is refused."""

import functools
import hashlib
import http.server
import sys
import threading
import types
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs_core import (
    FEATURES,
    TARGET,
    clean_tracks,
    download_tracks,
    extract_year,
    load_tracks,
    prepare_dataset,
    preprocessing,
    scoreboard,
)


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
        min_value=pd.Timestamp("1860-01-01").date(), max_value=pd.Timestamp("2200-01-01").date()
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
    names = {kaggle: name for name, kaggle in preprocessing._KAGGLE_NAMES.items()}
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


def test_headers_with_capitals_and_spaces(tmp_path):
    (tmp_path / "t.csv").write_text(table().to_csv(index=False).replace("energy,", " Energy,"))
    assert "not in this file" not in load_tracks(tmp_path / "t.csv").attrs["source"]


def test_rows_with_more_fields_than_the_header_are_refused(tmp_path):
    (tmp_path / "t.csv").write_text("id,popularity,energy\na,1,0.5,\nb,2,0.6,\n")
    with pytest.raises(ValueError, match="more fields than the header"):
        load_tracks(tmp_path / "t.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.csv.*NNFS_DATA"):
        load_tracks(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"\xff\xfe\x00\x01" * 9, "cannot be read"),
        (b"a,b\n1,2\n", "lacks"),
    ],
)
def test_another_table_is_refused(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_tracks(path)


def test_a_zip_that_is_none_is_refused(tmp_path):
    (tmp_path / "t.zip").write_bytes(b"not a zip")
    with pytest.raises(ValueError, match="cannot be read"):
        load_tracks(tmp_path / "t.zip")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "id\n")
        archive.writestr("b.csv", "id\n")
    with pytest.raises(ValueError, match="cannot be read"):
        load_tracks(tmp_path / "two.zip")


# clean_tracks


def test_what_cleaning_drops_from_the_shipped_tracks():
    tracks = load_tracks()
    cleaned = clean_tracks(tracks)
    assert (len(tracks), len(cleaned)) == (20_000, 19_770)
    assert np.isfinite(cleaned[[*FEATURES, TARGET]].to_numpy()).all()
    assert cleaned.attrs == tracks.attrs and "year" not in tracks


def test_each_kind_of_dirt_drops_its_row_and_no_other():
    tracks = table().astype({"tempo": object, "loudness": object})
    tracks.loc[0, "tempo"] = "fast"
    tracks.loc[1, "energy"] = np.nan
    tracks.loc[2, "release_date"] = "1999-02-30"
    tracks.loc[3, "loudness"] = np.inf
    tracks["name"] = None  # not critical
    assert clean_tracks(tracks)["id"].tolist() == [f"id{n}" for n in range(4, 60)]


def test_numbers_written_as_text_and_truth_values_are_numbers():
    tracks = table().assign(tempo="120.5", explicit=True)
    cleaned = clean_tracks(tracks)
    assert cleaned["tempo"].unique().tolist() == [120.5] and cleaned[
        "explicit"
    ].unique().tolist() == [1]


def test_a_column_without_a_number_is_named():
    with pytest.raises(ValueError, match="column tempo holds no number in any of the 60 rows"):
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
    with pytest.raises(ValueError, match="no complete row is left of 4"):
        clean_tracks(tracks)


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
        ({"test_size": None}, "test_size is a NoneType"),
        ({"seed": None}, "seed is a NoneType"),
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


# scoreboard


def test_scoreboard_knows_a_perfect_and_a_mean_prediction():
    data = prepare_dataset(clean_tracks(table(200)))
    scores = scoreboard(data, {"perfect": data.Y_test, "zero": np.zeros_like(data.Y_test)})
    assert scores.loc["perfect"].tolist() == [1, 0] and scores.loc["zero", "R²"] < 0
    points = data.target_scaler.inverse_transform(data.Y_test.T)
    mean = data.target_scaler.inverse_transform([[data.Y_train.mean()]])
    assert scores.loc["mean of the training set", "MAE"] == round(np.abs(points - mean).mean(), 2)


def test_scoreboard_refuses_predictions_for_other_tracks():
    data = prepare_dataset(clean_tracks(table()))
    with pytest.raises(ValueError, match=r"predictions\['ours'\] .*expected shape \(1, 12\)"):
        scoreboard(data, {"ours": data.Y_train})
    with pytest.raises(ValueError, match="name of a baseline"):
        scoreboard(data, {"linear regression": data.Y_test})


# download_tracks, against a server on this machine


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path != "/missing" else 404)
        cut = self.path == "/cut"
        self.send_header("Content-Length", str(len(self.server.content) * (2 if cut else 1)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve a small table on loopback and make it the TidyTuesday file."""
    monkeypatch.setattr(preprocessing.pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.content = table().to_csv(index=False).encode()
        threading.Thread(target=running.serve_forever, daemon=True).start()
        digest = hashlib.sha256(running.content).hexdigest()
        address = f"http://127.0.0.1:{running.server_address[1]}"
        monkeypatch.setattr(preprocessing, "_TIDYTUESDAY_SHA256", digest)
        running.use = functools.partial(
            lambda path: monkeypatch.setattr(preprocessing, "_TIDYTUESDAY", address + path)
        )
        running.use("/good")
        running.cache = tmp_path / "cache"
        yield running
        running.shutdown()


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_download_is_kept(server):
    path = download_tracks()
    assert len(load_tracks(path)) == 60 and files(server.cache) == [path]
    server.use("/missing")
    assert download_tracks() == path  # no second download


def test_a_wrong_checksum_leaves_no_file(server, monkeypatch):
    monkeypatch.setattr(preprocessing, "_TIDYTUESDAY_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="hash"):
        download_tracks()
    assert files(server.cache) == []


@pytest.mark.parametrize("path", ["/cut", "/missing"])
def test_a_broken_connection_leaves_no_file(server, path):
    server.use(path)
    with pytest.raises((ConnectionError, ValueError), match="could not fetch|hash"):
        download_tracks()
    assert files(server.cache) == []


def test_no_server_at_all(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(ConnectionError, match="could not fetch.*give its path to load_tracks"):
        download_tracks()
    assert files(server.cache) == []


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
    with pytest.raises(ValueError, match="'spotify'; expected 'tidytuesday' or 'kaggle'"):
        download_tracks("spotify")


def test_the_real_tidytuesday_file_if_it_is_there():
    path = preprocessing._SHIPPED.parents[2] / "shared/data/tidytuesday_spotify_songs.csv.zip"
    if not path.exists():
        pytest.skip("the real file is not part of the project")
    with zipfile.ZipFile(path) as archive:
        content = archive.read(archive.namelist()[0])
    assert hashlib.sha256(content).hexdigest() == preprocessing._TIDYTUESDAY_SHA256
    source = load_tracks(path).attrs["source"]
    assert "32,833 rows, 4,477 repeats dropped; not in this file: explicit" in source
