"""A sample of the fuzzing; and that it sees what it looks for."""

import io
import os
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import strategies as st

from nnfs_core import load_tracks
from tools import fuzz
from tools.lib import hostile
from tools.lib.target import Target, check
from tools.lib.targets import TARGETS

LARGE = ("bomb", "limit", "megabyte", "million", " MB", "0,000", "thousand")


@pytest.mark.parametrize("name", TARGETS)
def test_a_sample_of_each_target_has_no_fault(name, monkeypatch):
    whole = TARGETS[name]

    def small(place):
        target = whole(place)
        by_hand = {k: v for k, v in target.by_hand.items() if not any(w in k for w in LARGE)}
        return target._replace(by_hand=by_hand)

    monkeypatch.setitem(TARGETS, name, small)
    found = fuzz.report(name, 40, 0)
    assert found["faults"] == []
    assert found["cases"] > 45 and found["fault"] == 0
    assert found["right"] > 0 and (found["refused"] > 20 or name == "command")


def numpy_error():
    np.ones((2, 2)) @ np.ones(3)


def pandas_error():
    pd.read_csv(io.StringIO("a,b"), usecols=["c"])


def without_words():
    raise ValueError


def harm():
    import pickle

    pickle.loads(hostile.PICKLE)


def elsewhere():
    with open("more", "w"):
        pass


def warned():
    warnings.warn("invalid value", RuntimeWarning, stacklevel=1)


def wrong():
    check(1 + 1 == 3, "2 is not 3")


def left_to_memory():
    raise MemoryError


FAULTS = {
    numpy_error: "ValueError: matmul",
    pandas_error: "ValueError: Usecols",
    lambda: yaml.safe_load("a: ["): "ParserError: while parsing",
    lambda: int("x"): "ValueError: invalid literal",
    without_words: "ValueError",
    harm: "code from the file was run",
    elsewhere: "it has written",
    warned: "RuntimeWarning: invalid value",
    wrong: "WrongResult: 2 is not 3",
    left_to_memory: "MemoryError",
}


@pytest.mark.parametrize("call", FAULTS)
def test_a_fault_is_seen(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = fuzz.tried(call)
    assert found.kind == "fault" and FAULTS[call] in found.said


def test_what_takes_too_long_is_seen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fuzz, "SECONDS", 1)

    def forever(_):
        while True:
            pass

    target = Target(forever, {"one": b""}, st.just(b""))
    assert next(fuzz.cases(target, 1, 0)) == (
        "by hand: one",
        fuzz.Outcome("fault", "it takes more than 1 seconds"),
    )


def test_clear_errors_and_right_results_are_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fuzz.tried(lambda: None) == fuzz.Outcome("right", "")
    missing = fuzz.tried(lambda: load_tracks("missing.csv"))
    assert missing.kind == "refused" and "no file" in missing.said
    assert fuzz.tried(lambda: os.stat("a" * 5000)).kind == "refused"


def test_the_command_tells_figures_and_faults(monkeypatch, capsys):
    figures = {
        "cases": 7,
        "right": 1,
        "refused": 5,
        "fault": 1,
        "MB at most": 1001,
        "faults": ["x"],
    }
    monkeypatch.setattr(fuzz, "in_a_process", lambda *asked: dict(figures, faults=["x"]))
    with pytest.raises(SystemExit, match="True"):
        fuzz.main(["loader", "--cases", "5"])
    told = capsys.readouterr().out
    assert "loader: cases 7, right 1, refused 5, fault 2, MB at most 1001\n  x\n  it takes" in told
    assert told.endswith("faults: 2\n")
    with pytest.raises(SystemExit, match="no target is called 'loder'"):
        fuzz.main(["loder"])


def test_a_process_that_dies_is_a_fault(monkeypatch):
    done = subprocess.CompletedProcess([], -9, "half a lin", "out of memory")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    found = fuzz.in_a_process("loader", 1, 0)
    assert found["fault"] == 1 and found["faults"] == ["it ends with -9: out of memory"]
