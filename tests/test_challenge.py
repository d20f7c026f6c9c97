"""A fold that is held back is looked at once by each run, and what is altered is found."""

import hashlib
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split

from nnfs_core import load_config, load_run, run_experiment
from nnfs_core.files import hold_folder
from tools import challenge
from tools.lib import paired
from tools.lib.layout import Refused
from tools.lib.record import Record, digest

FEATURES = ["a", "b"]


def table(path, classes=False):
    """Write 240 rows with a target to learn; ids with zeros in front, and ten of them twice."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 240)).round(3)
    y = (a * b + a + rng.normal(size=240) / 4).round(2)
    if classes:
        y = np.where(y > 0.5, "high", np.where(y > -0.5, "middle", "low"))
    rows = pd.DataFrame({"id": [f"{i:04d}" for i in range(240)], "a": a, "b": b, "y": y})
    rows.loc[230:, "id"] = rows.loc[:9, "id"].to_numpy()
    rows.to_csv(path, index=False)
    return path


def trained(folder, open_table, seed=0):
    """A small run on a table that was handed out."""
    config = load_config(
        {
            "data": {"path": str(open_table), "target": "y", "seed": 3},
            "network": {"hidden": [4]},
            "training": {"epochs": 5, "learning_rate": 0.05, "seed": seed, "baselines": False},
        }
    )
    run_experiment(config, folder)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a table, its challenge, and a run: made once, since training takes time."""
    folder = tmp_path_factory.mktemp("made")
    challenge.seal(table(folder / "whole.csv"), folder / "challenge", seed=1)
    trained(folder / "runs" / "anna", folder / "challenge" / challenge.OPEN)
    return folder


@pytest.fixture
def sealed(made, tmp_path):
    """A challenge of numbers."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "challenge"


@pytest.fixture
def run(sealed):
    return sealed.parent / "runs" / "anna"


def events(folder):
    return [entry["event"] for entry in Record(folder / challenge.RECORD).entries]


def test_a_fifth_is_held_back_and_no_row_is_changed_or_on_both_sides(tmp_path):
    whole = table(tmp_path / "whole.csv")
    found = challenge.seal(whole, tmp_path / "challenge")
    fold, rest = (tmp_path / "challenge" / name for name in (challenge.FOLD, challenge.OPEN))
    lines = [path.read_text().splitlines() for path in (whole, fold, rest)]
    assert lines[0][0] == lines[1][0] == lines[2][0]
    assert sorted(lines[1][1:] + lines[2][1:]) == sorted(lines[0][1:])
    ids = [{line.split(",")[0] for line in part[1:]} for part in lines[1:]]
    assert not ids[0] & ids[1]
    assert len(ids[0]) == round(0.2 * 230)
    assert (found["rows"], found["open_rows"]) == (len(lines[1]) - 1, len(lines[2]) - 1)
    assert found["fold_sha256"] == hashlib.sha256(fold.read_bytes()).hexdigest()
    handed_out = json.loads((tmp_path / "challenge" / challenge.SEAL).read_text())
    assert handed_out == found | {"sha256": digest(found)}
    other = challenge.seal(whole, tmp_path / "other")
    assert other["fold_sha256"] != found["fold_sha256"]  # nobody can draw it again


def artists(path):
    """Write 300 rows of 40 artists, some with two; the names differ from the ids' order."""
    rng = np.random.default_rng(1)
    names = [f"artist {i}" for i in rng.integers(0, 40, 300)]
    for row in range(0, 300, 15):
        names[row] += f"; artist {row % 40}"
    names[1:60:4] = [""] * 15
    rows = {"id": [f"{i // 2:04d}" for i in range(300)], "Artists ": names, "y": range(300)}
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_no_artist_and_no_id_stands_on_both_sides(tmp_path, capsys):
    whole, folder = artists(tmp_path / "whole.csv"), tmp_path / "challenge"
    found = challenge.seal(whole, folder, "artists", seed=2)
    fold, rest = (pd.read_csv(folder / name) for name in (challenge.FOLD, challenge.OPEN))
    names = [";".join(part["Artists "].dropna()).split(";") for part in (fold, rest)]
    assert not {one.strip() for one in names[0]} & {one.strip() for one in names[1]}
    assert not {*fold["id"]} & {*rest["id"]}
    assert (found["rows"], found["open_rows"], found["group"]) == (len(fold), len(rest), "artists")
    assert found["left_out"] == 300 - len(fold) - len(rest) > 0
    assert fold["Artists "].isna().any() and rest["Artists "].isna().any()  # these share nothing
    drawn, all_of_them = (  # and are drawn alone
        part["Artists "].str.partition(";")[0].nunique() + part["Artists "].isna().sum()
        for part in (fold, pd.read_csv(whole))
    )
    assert drawn == round(0.2 * all_of_them)
    command = ["--folder", str(tmp_path / "other"), "seal", str(whole), "--group"]
    challenge.main([*command, "ARTISTS"])
    assert "left out, since they share a value with held rows: " in capsys.readouterr().out
    with pytest.raises(Refused, match="no column 'artist' to group by; it has "):
        challenge.seal(whole, tmp_path / "third", "artist")
    few = pd.read_csv(whole).assign(kind=lambda rows: rows.index % 9)
    few.to_csv(tmp_path / "few.csv")
    with pytest.raises(Refused, match="9 groups to draw from; expected 10 or more"):
        challenge.seal(tmp_path / "few.csv", tmp_path / "few", "kind")
    one = few.assign(id=range(300), kind=[*range(9)] + 291 * [9])  # the tenth has all the rest
    one.to_csv(tmp_path / "one.csv")
    with pytest.raises(Refused, match="rows on one side: group by another column"):
        challenge.seal(tmp_path / "one.csv", tmp_path / "one", "kind", seed=0)


def test_the_scores_and_their_pair_are_those_of_the_same_rows(sealed, run):
    receipt = challenge.look(sealed, run, "Anna")
    fold, rest = (pd.read_csv(sealed / name) for name in (challenge.FOLD, challenge.OPEN))
    learn, _ = train_test_split(rest, test_size=0.2, random_state=3)  # as the run's own split
    learn = pd.concat(train_test_split(learn, test_size=0.1, random_state=3))
    boosting = HistGradientBoostingRegressor(random_state=0).fit(learn[FEATURES], learn["y"])
    guesses = [
        load_run(run).predict(sealed / challenge.FOLD)["prediction"],
        boosting.predict(fold[FEATURES]),
    ]
    r2 = [r2_score(fold["y"], guess) for guess in guesses]
    assert receipt["ours"]["r2"] == pytest.approx(r2[0], rel=1e-9)
    assert receipt["boosting"]["r2"] == pytest.approx(r2[1], rel=1e-9)
    assert receipt["ahead"] == pytest.approx(r2[0] - r2[1], rel=1e-9)
    squares = [(fold["y"] - guess) ** 2 for guess in guesses]
    error = (squares[1] - squares[0]).sem() / fold["y"].var(ddof=0)
    assert receipt["error"] == pytest.approx(error, rel=1e-9)
    assert receipt["rows"] == len(fold)
    kept = json.loads((sealed / challenge.RECEIPTS / "anna.json").read_text())
    assert kept == receipt | {"sha256": digest(receipt)}
    _, second, third, pair, looks = challenge.told(receipt).splitlines()
    assert second.split()[:3] == ["gradient", "boosting", f"{r2[1]:.3f}"]
    assert third.split()[:2] == ["anna", f"{r2[0]:.3f}"]
    assert f"{r2[0] - r2[1]:+.3f} ± {error:.3f}, " in pair
    assert looks == "looks at this fold so far: 1; anna has no other"


def test_classes_are_scored_too(tmp_path):
    folder = tmp_path / "challenge"
    challenge.seal(table(tmp_path / "whole.csv", classes=True), folder, seed=1)
    run = trained(tmp_path / "run", folder / challenge.OPEN)
    receipt = challenge.look(folder, run, "anna")
    fold, rest = (pd.read_csv(folder / name) for name in (challenge.FOLD, challenge.OPEN))
    data = load_run(run).config.data.model_copy(update={"path": str(folder / challenge.OPEN)})
    cut = paired.split(paired.load_samples(data), data)
    learn = rest.iloc[np.concatenate([cut.train, cut.validation])]
    boosting = HistGradientBoostingClassifier(random_state=0).fit(learn[FEATURES], learn["y"])
    guesses = [
        load_run(run).predict(folder / challenge.FOLD)["prediction"],
        boosting.predict(fold[FEATURES]),
    ]
    found = [accuracy_score(fold["y"], guess) for guess in guesses]
    assert [receipt[key]["accuracy"] for key in ("ours", "boosting")] == pytest.approx(found)
    assert receipt["ahead"] == pytest.approx(found[0] - found[1])
    right = [(fold["y"] == guess).astype(float) for guess in guesses]
    assert receipt["error"] == pytest.approx((right[0] - right[1]).sem())


@pytest.mark.parametrize(
    ("ahead", "said"), [(0.03, "ahead"), (-0.03, "behind"), (0.01, "level"), (-0.01, "level")]
)
def test_a_difference_within_two_errors_is_called_level(ahead, said):
    scores = {"r2": 0.5, "mae": 1.0}
    receipt = {"target": "y", "rows": 9, "name": "anna", "score": "r2", "looks": 1}
    receipt |= {"ours": scores, "boosting": scores, "ahead": ahead, "error": 0.01}
    assert f"± 0.010, {said}" in challenge.told(receipt)


def test_a_second_look_is_refused_and_recorded(sealed, run, tmp_path):
    challenge.look(sealed, run, "anna")
    other = trained(tmp_path / "runs" / "other", sealed / challenge.OPEN, seed=1)
    with pytest.raises(Refused, match="anna has looked at the fold on .*, and once is all"):
        challenge.look(sealed, run, "anna")
    with pytest.raises(Refused, match="ANNA has looked"):
        challenge.look(sealed, other, "ANNA")
    with pytest.raises(Refused, match="this run, as anna, has looked"):
        challenge.look(sealed, run, "ben")
    assert events(sealed) == ["sealed", "opened", "scored", *["refused"] * 3]
    assert challenge.look(sealed, other, "ben")["looks"] == 2
    receipts = sorted((sealed / challenge.RECEIPTS).iterdir())
    assert [path.name for path in receipts] == ["anna.json", "ben.json"]
    assert challenge.check(sealed, [*receipts, sealed / challenge.SEAL])[1:] == [
        "the record's chain of 8 lines is whole; looks 2, refused 3",
        "anna.json is in the record",
        "ben.json is in the record",
        "seal.json is in the record",
    ]


def test_what_stops_before_the_fold_is_opened_is_no_look(sealed, run, tmp_path):
    elsewhere = trained(tmp_path / "elsewhere", tmp_path / "whole.csv")  # it knows the fold
    with pytest.raises(Refused, match="was not trained on open/table.csv of this challenge"):
        challenge.look(sealed, elsewhere, "anna")
    with pytest.raises(Refused, match="expected up to 40 letters"):
        challenge.look(sealed, run, "../anna")
    with pytest.raises(ValueError, match="is in use"), hold_folder(sealed):
        challenge.look(sealed, run, "anna")
    data = (run / "data.json").read_text()
    (run / "data.json").write_text(data.replace('"b"', '"c"'))
    with pytest.raises(ValueError, match="is not the model of this run"):
        challenge.look(sealed, run, "anna")
    (run / "data.json").write_text(data)
    (run / "model.npz").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="checkpoint"):
        challenge.look(sealed, run, "anna")
    assert events(sealed) == ["sealed"]


def test_a_look_that_broke_off_counts_and_only_its_own_run_may_finish_it(
    sealed, run, tmp_path, monkeypatch
):
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(challenge, "compare", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        challenge.look(sealed, run, "anna")
    other = trained(tmp_path / "other", sealed / challenge.OPEN, seed=1)
    with pytest.raises(Refused, match="anna has looked"):
        challenge.look(sealed, other, "anna")
    assert challenge.look(sealed, run, "anna")["looks"] == 1
    with pytest.raises(Refused, match="anna has looked"):
        challenge.look(sealed, run, "anna")
    assert events(sealed) == ["sealed", "opened", "refused", "scored", "refused"]


def test_what_was_altered_is_found_and_what_cannot_be_found_needs_a_receipt(sealed, run, tmp_path):
    challenge.look(sealed, run, "anna")
    with pytest.raises(Refused):
        challenge.look(sealed, run, "anna")
    path, receipt = sealed / challenge.RECORD, sealed / challenge.RECEIPTS / "anna.json"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for altered, said in {
        "".join([lines[0], lines[1].replace('"anna"', '"carl"'), *lines[2:]]): "line 3 does not",
        "".join([lines[0], *lines[2:]]): "line 2 does not follow",
        "".join([lines[1], lines[0], *lines[2:]]): "line 1 does not follow",
        "".join(lines) + "cut off": "record.jsonl holds 'cut off', which is no entry",
        "".join(lines) + "[1]\n": "which is no entry",
    }.items():
        path.write_text(altered, "utf-8")
        with pytest.raises((Refused, ValueError), match=said):
            challenge.check(sealed, [])
    path.write_text(lines[0], "utf-8")  # what came after the seal is cut off: the chain is whole
    assert challenge.check(sealed, [])
    with pytest.raises(Refused, match="anna.json: it is not in the record"):
        challenge.check(sealed, [receipt])
    path.write_text("".join(lines), "utf-8")
    better = json.loads(receipt.read_text("utf-8"))
    better["ours"]["r2"] += 0.1
    (tmp_path / "better.json").write_text(json.dumps(better), "utf-8")
    with pytest.raises(Refused, match="the receipt was altered"):
        challenge.check(sealed, [tmp_path / "better.json"])
    for name in (challenge.FOLD, challenge.OPEN):
        before = (sealed / name).read_bytes()
        (sealed / name).write_bytes(before.replace(b"1", b"2", 1))
        with pytest.raises(Refused, match=f"{name} is not what was sealed"):
            challenge.look(sealed, run, "ben")
        (sealed / name).write_bytes(before)
    assert challenge.check(sealed, [receipt])


def test_the_commands(sealed, run, tmp_path, capsys):
    folder = ["--folder", str(sealed)]
    with pytest.raises(Refused, match="holds a challenge, which stays as it is"):
        challenge.main([*folder, "seal", str(tmp_path / "whole.csv")])
    challenge.main([*folder, "score", str(run), "--name", "anna"])
    said = capsys.readouterr().out
    assert said.startswith("y, ")
    assert f"receipt: {sealed / 'receipts' / 'anna.json'}, " in said
    challenge.main([*folder, "check", str(sealed / "receipts" / "anna.json")])
    assert capsys.readouterr().out.endswith("looks 1, refused 0\nanna.json is in the record\n")
    empty = ["--folder", str(tmp_path / "empty")]
    with pytest.raises(Refused, match="holds no challenge: `make challenge` seals one"):
        challenge.main([*empty, "score", str(run), "--name", "anna"])
    with pytest.raises(Refused, match="no file"):
        challenge.main([*empty, "seal", str(tmp_path / "nothing.csv")])
    (tmp_path / "short.csv").write_text("id,y\n" + "1,2\n" * 99)
    with pytest.raises(Refused, match="has 99 rows; expected 100 or more"):
        challenge.main([*empty, "seal", str(tmp_path / "short.csv")])
    challenge.main([*empty, "seal", str(tmp_path / "whole.csv")])
    assert "rows of whole.csv are held back" in capsys.readouterr().out
