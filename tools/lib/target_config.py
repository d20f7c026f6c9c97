"""Configurations as a target."""

import json
from pathlib import Path

from hypothesis import strategies as st

from nnfs_core.runs import load_config
from tools.lib import changing, hostile
from tools.lib.changing import json_values
from tools.lib.layout import ROOT
from tools.lib.target import Target, check, tracks, without_tables, written

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
    value = words | json_values()
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
        found = load_config(written(place, content))
        check(load_config(found.as_dict()) == found, "another configuration when it is read again")

    changed = changing.changed(_configs(place), [*hostile.TOKENS, *(k.encode() for k in KEYS)])
    files = without_tables(hostile.table_files(tracks(3))) | LEAVES | hostile.odd_paths(place)
    return Target(run, files, changed | _keys_and_values())
