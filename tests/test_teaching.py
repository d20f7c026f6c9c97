"""The schedule for teachers: each notebook once, what matters most in class, within its minutes."""

import re

import pytest

from tests.notebook_helpers import toy_project
from tools.lib import readme, teaching
from tools.lib.exercises import Effort
from tools.lib.layout import ROOT, Refused, read_notebooks


def test_each_exercise_stands_once_and_no_class_is_too_long():
    rows = [line.split(" | ") for line in teaching.schedule(ROOT).splitlines()[2:]]
    assert len(rows) == 10
    assert all(int(row[4]) <= teaching.IN_CLASS for row in rows)
    minutes = [found.minutes for nb in read_notebooks() for _, found in readme.efforts(nb)]
    shown = [int(n) for row in rows for n in re.findall(r"\((\d+)\)", f"{row[3]} {row[5]}")]
    assert sorted(shown) == sorted(minutes)
    assert sum(int(row[4]) + int(row[6].strip(" |")) for row in rows) == sum(minutes)
    assert sum(int(row[2]) for row in rows) == sum(map(readme.reading, read_notebooks()))


def test_what_matters_most_is_done_in_class_and_then_what_is_short():
    tasks = [
        (None, "a", Effort(1, 30, "much")),
        (None, "b", Effort(1, 40, "very much")),
        (None, "c", Effort(1, 20, "much")),
        (None, "d", Effort(1, 5, "a little")),
    ]
    chosen, rest = teaching.divided(tasks)
    assert [title for _, title, _ in chosen] == ["b", "c"]
    assert [title for _, title, _ in rest] == ["a", "d"]


@pytest.mark.parametrize(
    "sessions", [(("activation",),), (("activation", "layer"), ("layer",)), (("none", "layer"),)]
)
def test_a_notebook_in_no_session_or_in_two_is_refused(tmp_path, monkeypatch, sessions):
    root = toy_project(tmp_path)
    assert teaching.generate(root) == {}  # no page, no schedule
    monkeypatch.setattr(teaching, "SESSIONS", sessions)
    with pytest.raises(Refused, match="expected each notebook in one session: '"):
        teaching.schedule(root)
