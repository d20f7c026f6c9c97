"""What reads files or words from outside, each with hostile input for it."""

import contextlib
import hashlib
import io
import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from nnfs_core import (
    Adam,
    BatchNorm,
    Dropout,
    Linear,
    Model,
    ReLU,
    Sequential,
    Solver,
    TrainingState,
    checkpoints,
    clean_tracks,
    load_checkpoint,
    load_tracks,
)
from nnfs_core.runs import cli, load_config, load_run, run_experiment
from tools.lib import hostile
from tools.lib.layout import PACKAGE, ROOT


class Target(NamedTuple):
    """What is fuzzed: `run` takes one input and raises what is wrong with its outcome, or an error.

    by_hand: inputs by name. changed: a strategy that makes others.
    """

    run: Callable[[Any], None]
    by_hand: dict[str, Any]
    changed: st.SearchStrategy


def ours(error: BaseException) -> bool:
    """Whether an error is clear: raised by our own code, or what the system says of a file."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    from_us = Path(last).is_relative_to(ROOT / PACKAGE) and str(error).strip() != ""
    return from_us or (isinstance(error, OSError) and bool(error.strerror))


class Clear(Exception):
    """A clear error, without what it was about: that may be large."""


class WrongResult(Exception):
    """A result that is not right: neither an error nor what it should be."""


def check(right: bool, what: str) -> None:
    """Raise WrongResult if something is not right."""
    if not right:
        raise WrongResult(what)


def _written(place: Path, content) -> Path | str:
    """The path of a file with this content; what makes a path itself is asked for it."""
    if callable(content):
        return content()
    if isinstance(content, hostile.Lazy):
        content = content.make()
    path = place / "input"
    path.write_bytes(content)
    return path


def _without_tables(files: dict) -> dict:
    """Files without those that are as large as a table may be: the loader has them, once."""
    return {name: content for name, content in files.items() if "below the limit" not in name}


def _tracks(rows=30) -> bytes:
    """The first rows of the shipped table."""
    with open(ROOT / "data" / "tracks.csv", "rb") as file:
        return b"".join(file.readline() for _ in range(rows + 1))


def loader(place: Path) -> Target:
    """load_tracks and clean_tracks."""
    good = _tracks()

    def run(content):
        tracks = load_tracks(_written(place, content))
        check(isinstance(tracks, pd.DataFrame) and len(tracks) > 0, "no tracks")
        check({"id", "popularity", "release_date"} <= set(tracks), "a column is missing")
        check(not tracks["id"].dropna().duplicated().any(), "a track stands twice")
        clean = clean_tracks(tracks)
        numbers = clean.drop(columns=[c for c in clean if clean[c].dtype.kind not in "iuf"])
        wanted = [name for name in ("popularity", "year") if name in clean]
        check(np.isfinite(clean[wanted].to_numpy(float)).all(), "a gap in clean tracks")
        check(clean["popularity"].between(0, 100).all() and len(numbers) > 0, "out of range")

    by_hand = hostile.table_files(good) | hostile.odd_paths(place)
    changed = hostile.changed([good, good[: good.index(b"\n", 2000)]]) | hostile.tables()
    return Target(run, by_hand, changed | hostile.other_cells(good))


def _trainer():
    """A training with all that a state holds, and its samples."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 9)), rng.standard_normal((1, 9))
    network = Sequential(
        Linear(2, 3, rng), BatchNorm(3), ReLU(), Dropout(0.2, rng), Linear(3, 1, rng)
    )
    return Solver(Model(network), Adam()), (X, Y)


def _json(draw_from=hostile.CELLS):
    """Whatever JSON holds."""
    plain = (
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    )
    plain |= st.sampled_from([2**64, -(2**130), 1e308, *draw_from])
    inner = lambda s: st.lists(s, max_size=4) | st.dictionaries(st.text(max_size=6), s, max_size=4)  # noqa: E731
    return st.recursive(plain, inner, max_leaves=8)


@st.composite
def _other_facts(draw, facts):
    """Facts with one to three values exchanged, somewhere."""
    facts = json.loads(json.dumps(facts))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = {"facts": facts}, "facts"
        while isinstance(holder[key], dict | list) and holder[key] and draw(st.integers(0, 9)):
            holder = holder[key]
            key = draw(
                st.sampled_from(range(len(holder)) if isinstance(holder, list) else [*holder])
            )
        kind = draw(st.sampled_from(["other", "other", "gone", "new"]))
        if kind == "gone" and holder is not None and "facts" not in holder:
            del holder[key]
        elif kind == "new" and isinstance(holder, dict):
            holder[draw(st.text(max_size=5))] = draw(_json())
        else:
            holder[key] = draw(_json())
        facts = facts if "facts" not in holder else holder["facts"]
    return facts if isinstance(facts, dict) else {}


@st.composite
def _other_arrays(draw, arrays):
    """Arrays of which one to three are others, or gone."""
    arrays = dict(arrays)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from([*arrays, "network/W9", "moments/x", "x/y", "best/gamma1"]))
        shape = draw(st.lists(st.integers(0, 4), max_size=4))
        kind = draw(st.sampled_from(["f8", "f8", "f4", "f2", "i8", "u1", "?"]))
        value = draw(st.sampled_from([0.0, 1.0, -1.0, np.nan, np.inf, 1e300, 1e-300]))
        if name in arrays and draw(st.booleans()):
            shape = arrays[name].shape
        value = 0.0 if kind in ("i8", "u1") else value
        with np.errstate(all="ignore"):
            arrays[name] = np.full(shape, value).astype(kind)
        if draw(st.integers(0, 3)) == 0:
            del arrays[name]
    return arrays or {"x": np.ones(1)}


def marked(data: bytes) -> bytes:
    """Bytes with a right checksum at their end, whatever they are."""
    digest = hashlib.sha256(data).hexdigest().encode()
    return data + b"nnfs_core checkpoint 1 sha256 " + digest


def _zeros(place: Path, size: int) -> Path:
    """The path of a file of zeros, with a right checksum."""
    digest, block, path = hashlib.sha256(), bytes(10**6), place / "input"
    with open(path, "wb") as file:
        for _ in range(size // len(block)):
            digest.update(block)
            file.write(block)
        file.write(b"nnfs_core checkpoint 1 sha256 " + digest.hexdigest().encode())
    return path


def checkpoint(place: Path) -> Target:
    """load_checkpoint, and a training that goes on from what it returns."""
    (trainer, pair), states = _trainer(), []
    trainer.fit(pair, epochs=4, batch_size=3, callback=lambda history, take: states.append(take()))
    good = checkpoints.encode(states[1])
    whole = good[:-94]

    def run(content):
        state = load_checkpoint(_written(place, content))
        size = sum(array.nbytes for array in state.arrays.values())
        kinds = {array.dtype.kind for array in state.arrays.values()}
        check(isinstance(content, bytes) and size <= len(content), "more than was in the file")
        check(kinds <= set("biuf"), f"arrays of the kinds {kinds}")
        check(isinstance(state.facts, dict), "no facts")
        again, pair = _trainer()
        with np.errstate(all="ignore"):
            again.fit(pair, epochs=4, batch_size=3, state=state)

    files = _without_tables(hostile.table_files(_tracks(3))) | {
        "itself": good,
        "without a mark": whole,
        "an npz, marked": marked(hostile.npz(a=np.ones(3))),
        "objects in an npz, marked": marked(
            hostile.npz(a=np.array([hostile.Harm()], dtype=object))
        ),
        "a pickle, marked": marked(hostile.PICKLE),
        "a zip bomb, marked": hostile.Lazy(lambda: marked(hostile.zip_bomb("a.npy", 10**9))),
        "nothing, marked": marked(b""),
        "250 MB of zeros, marked": lambda: _zeros(place, 250 * 10**6),
        "301 MB of zeros, marked": lambda: _zeros(place, 301 * 10**6),
    }
    facts = st.builds(TrainingState, st.just(states[1].arrays), _other_facts(states[1].facts))
    arrays = st.builds(TrainingState, _other_arrays(states[1].arrays), st.just(states[1].facts))
    forged = (facts | arrays).map(checkpoints.encode)
    changed = hostile.changed([good]) | hostile.changed([whole]).map(marked) | forged
    return Target(run, files | hostile.odd_paths(place), changed)


LEAVES = {
    "anchors": b"a: &a [x]\nb: [*a, *a]\n",
    "a billion laughs": b"a: &a [x, x]\n"
    + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1) for c in range(98, 123)),
    "an object": b"!!python/object/apply:os.system [touch canary]",
    "an object as a value": b"data: !!python/object/apply:os.system ['touch canary']",
    "an object as a key": b"? !!python/object/apply:os.system ['touch canary']\n: 1",
    "a module": b"data: !!python/module:os",
    "a name": b"data: !!python/name:os.system",
    "binary": b"data: !!binary aGFsbG8=",
    "a set": b"data: !!set {a, b}",
    "a time": b"data: 2020-01-01",
    "a merge": b"a: &a {b: 1}\nc: {<<: *a}\n",
    "lists a million deep": b"[" * 10**6,
    "keys a million deep": b"a: " + b"{a: " * 10**6,
    "keys 90 deep": b"a: " + b"{a: " * 90 + b"}" * 90,
    "dashes a million deep": b"- " * 10**6,
    "a megabyte": b"a: b\n" * 200_000,
    "90,000 keys": b"".join(b"k%d: 1\n" % n for n in range(9_000)),
    "a key twice": b"data: {name: digits}\ndata: {name: digits}\n",
    "two documents": b"data: {name: digits}\n---\ndata: {name: digits}\n",
    "a tab": b"data:\n\tname: digits\n",
    "no end": b"data: {name: 'digits",
    "numbers": b"data: {name: digits, rows: 1e999, test: .nan, seed: 0x1F, bins: 1_000}\n",
    "a long number": b"data: {name: digits, seed: " + b"9" * 5000 + b"}\n",
    "a number as a key": b"1: 2\n",
    "nothing as a key": b"~: 2\n",
    "a list as a key": b"[a]: 2\n",
    "a list": b"- data\n",
    "a word": b"data",
    "a path that leaves": b"data: {path: ../../../../etc/passwd, target: a}\n",
    "controls": b"data: \x07\n",
    "zero": b"data: \0\n",
    "UTF-16": "data: {name: digits}\n".encode("utf-16"),
    "ten thousand units": b"data: {name: digits}\nnetwork: {hidden: [" + b"9," * 10_000 + b"]}\n",
    "huge layers": b"data: {name: digits}\nnetwork: {hidden: [10000, 10000, 10000]}\n",
}


def _configs(place):
    """The shipped configurations."""
    return [path.read_bytes() for path in sorted((ROOT / "configs").glob("*.yaml"))]


KEYS = (
    "data name path format features target group encoding bins bins_of rows test validation seed "
    "network hidden activation output initialization dropout batch_norm training epochs batch_size "
    "optimizer learning_rate schedule decay l2 clip_norm patience networks baselines logging level"
).split()


@st.composite
def _keys_and_values(draw):
    """A dict like a configuration, with odd values."""
    words = st.sampled_from([*KEYS, "digits", "adam", "cosine", "relu", "", "hiden", "__class__"])
    value = words | _json()
    inner = st.dictionaries(words, value | st.lists(value, max_size=3), max_size=6)
    found = draw(
        st.dictionaries(st.sampled_from(["data", "network", "training", "logging", "dta"]), inner)
    )
    if draw(st.booleans()):
        found.setdefault("data", {"name": "digits"})
    return json.dumps(found).encode()  # which is YAML, too


def config(place: Path) -> Target:
    """load_config, of files and of overrides."""

    def run(content):
        found = load_config(_written(place, content))
        check(load_config(found.as_dict()) == found, "another configuration when it is read again")

    changed = hostile.changed(_configs(place), [*hostile.TOKENS, *(k.encode() for k in KEYS)])
    files = _without_tables(hostile.table_files(_tracks(3))) | LEAVES | hostile.odd_paths(place)
    return Target(run, files, changed | _keys_and_values())


SMALL = {  # the largest that a fuzzed command trains
    "data": {"name": "synthetic-regression", "rows": 60},
    "network": {"hidden": [4]},
    "training": {"epochs": 1, "baselines": False, "batch_size": 20},
}


def _small_runs(place: Path) -> list[Path]:
    """Folders of two runs: of tracks, and of classes."""
    table = pd.DataFrame(
        {
            "id": range(60),
            "a": np.arange(60.0),
            "b": np.sin(np.arange(60)),
            "kind": ["x", "y", "z"] * 20,
        }
    )
    table.to_csv(place / "classes.csv", index=False)
    (place / "tracks.csv").write_bytes(_tracks(200))
    made = {
        "tracks": {"path": str(place / "tracks.csv"), "format": "tracks", "target": "popularity"},
        "classes": {"path": str(place / "classes.csv"), "target": "kind", "features": ["a", "b"]},
    }
    for name, data in made.items():
        run_experiment(load_config(SMALL | {"data": data}), place / name)
    return [place / name for name in made]


def prediction(place: Path) -> Target:
    """Tables that a run predicts, or is evaluated on."""
    runs = [load_run(folder) for folder in _small_runs(place)]
    names = [run.data["features"] for run in runs]

    def run(content):
        path, errors, right = _written(place, content), [], False
        for one in runs:
            for call in (one.predict, one.evaluate):
                try:
                    found = call(path)
                except (ValueError, OSError) as error:
                    if not ours(error):
                        raise
                    errors.append(str(error))
                    continue
                right = True
                if isinstance(found, dict):
                    check(all(isinstance(v, float) for v in found.values()), f"scores {found}")
                    continue
                numbers = found.select_dtypes("number").to_numpy(float)
                check(np.isfinite(numbers).all() and len(found) > 0, "a prediction is no number")
                if one.data["classes"]:
                    shares = found.filter(like="p(").sum(axis=1)
                    check(np.allclose(shares, 1), "probabilities do not add up")
        if not right:
            raise Clear(errors[0])

    good = [_tracks(5), (place / "classes.csv").read_bytes()[:200]]
    files = _without_tables(hostile.table_files(_tracks(3))) | hostile.odd_paths(place)
    columns = tuple(dict.fromkeys([*names[0], *names[1], "kind", "popularity"]))
    changed = hostile.changed(good) | hostile.tables(columns)
    return Target(run, files, changed | hostile.other_cells(good[0]) | hostile.other_cells(good[1]))


def command(place: Path) -> Target:
    """The command line: whatever stands behind its name."""
    runs = [str(folder) for folder in _small_runs(place)]
    small = place / "small.yaml"
    small.write_text(json.dumps(SMALL))
    broken = place / "broken.yaml"
    broken.write_text("data: {nme: digits}\n")
    words = [
        *(
            "train",
            "evaluate",
            "predict",
            "compare",
            "summary",
            "check-gradients",
            "--help",
            "--set",
        ),
        *(
            "--out",
            "--resume",
            "--",
            "-",
            "",
            "-h",
            "--ste",
            "--out=x",
            str(small),
            str(broken),
            *runs,
        ),
        *(str(place / name) for name in ("tracks.csv", "classes.csv", "missing", "pipe", "loop")),
        *(
            str(ROOT / "configs" / "digits.yaml"),
            "training.epochs=2",
            "training.epochs=0",
            "network=3",
        ),
        *(
            "network.hidden=[9]",
            "network.hidden=" + "[" * 1000,
            "=",
            "a=b",
            ".=",
            "a.b.c.d=1",
            "data=1",
        ),
        *(
            "data.path=../../../../etc/passwd",
            "training.seed=9" * 50,
            "data.name=!!python/name:os.system",
        ),
        *(
            "\udcff",
            "a\0b",
            "ü",
            "a" * 5000,
            "~nobody_of_this_name/x",
            "/dev/null",
            "/dev/zero",
            "/",
        ),
    ]
    hostile.odd_paths(place)

    def run(arguments):
        told, said = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in "12")
        made = set(os.listdir(place))
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(said):
            try:
                code = cli.main(list(arguments))
            except SystemExit as end:  # argparse
                code = end.code
        for name in set(os.listdir(place)) - made:
            _remove(place / name)  # what it was asked to write
        said.flush()
        words = said.buffer.getvalue().decode()
        check(code in (0, 1, 2, 130), f"exit code {code!r}")
        check("Traceback" not in words, words[-600:])
        check(code != 2 or words.strip() != "", "exit code 2 and not a word")
        check(code == 0 or len(words.splitlines()) < 40, "more than forty lines")

    # The last words keep a training short, whatever stands before them.
    short = [f"--set=training.{w}" for w in ("epochs=1", "networks=1")]
    short += ["--set=network.hidden=[4]", "--set=data.rows=60", "--set=training.baselines=false"]
    commands = st.lists(st.sampled_from(words) | st.text(max_size=8), max_size=6).map(
        lambda found: [*found, *short] if "train" in found and "--" not in found else found
    )
    by_hand = {
        "nothing": [],
        "help": ["--help"],
        "no such command": ["fly"],
        "a thousand words": ["predict", *["a"] * 1000],
        "a thousand sets": ["summary", str(small), *["--set", "training.epochs=2"] * 1000],
        "a run that is none": ["evaluate", str(place)],
        "predictions into a folder": [
            "predict",
            runs[0],
            str(place / "tracks.csv"),
            "--out",
            str(place),
        ],
        "predictions over the file": [
            *("predict", runs[0], str(place / "tracks.csv"), "--out", str(place / "tracks.csv"))
        ],
        "out below a file": ["train", str(small), "--out", str(small / "x")],
        "out is a file": ["train", str(small), "--out", str(small)],
        "out is the root": ["train", str(small), "--out", "/"],
    }
    return Target(run, by_hand, commands)


def _remove(path: Path) -> None:
    """Remove a file or a folder with its files."""
    if path.is_dir() and not path.is_symlink():
        for inner in path.iterdir():
            _remove(inner)
        path.rmdir()
    else:
        path.unlink()


TARGETS = {f.__name__: f for f in (loader, checkpoint, config, command, prediction)}
