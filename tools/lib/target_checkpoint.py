"""Checkpoints as a target: damaged ones, and forged ones with a right checksum."""

import hashlib
import json
from pathlib import Path

import numpy as np
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
    load_checkpoint,
)
from tools.lib import changing, hostile
from tools.lib.changing import json_values
from tools.lib.target import Target, check, tracks, without_tables, written


def _trainer():
    """A training with all that a state holds, and its samples."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 9)), rng.standard_normal((1, 9))
    network = Sequential(
        Linear(2, 3, rng), BatchNorm(3), ReLU(), Dropout(0.2, rng), Linear(3, 1, rng)
    )
    return Solver(Model(network), Adam()), (X, Y)


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
            holder[draw(st.text(max_size=5))] = draw(json_values())
        else:
            holder[key] = draw(json_values())
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
        state = load_checkpoint(written(place, content))
        size = sum(array.nbytes for array in state.arrays.values())
        kinds = {array.dtype.kind for array in state.arrays.values()}
        check(isinstance(content, bytes) and size <= len(content), "more than was in the file")
        check(kinds <= set("biuf"), f"arrays of the kinds {kinds}")
        check(isinstance(state.facts, dict), "no facts")
        again, pair = _trainer()
        with np.errstate(all="ignore"):
            again.fit(pair, epochs=4, batch_size=3, state=state)

    files = without_tables(hostile.table_files(tracks(3))) | {
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
    changed = changing.changed([good]) | changing.changed([whole]).map(marked) | forged
    return Target(run, files | hostile.odd_paths(place), changed)
