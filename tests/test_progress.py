"""The report of a learner's copy: right, wrong, not attempted, whatever the cells do."""

import json
import os
import subprocess
import sys
import threading
import time

import nbformat
import pandas as pd
import pytest

from tools import learner, progress
from tools.lib import apart, class_table
from tools.lib.layout import ROOT, Refused, read_notebooks
from tools.lib.needed import needed

NOTEBOOK = next(notebook for notebook in read_notebooks() if notebook.stage == "activation")
ABSOLUTE = "import numpy as np\n\n\ndef relu(Z):\n    return np.abs(Z)"
RIGHT = "def drelu(Z):\n    return (Z > 0) * 1.0\n\n\ndef relu(Z):\n    raise NotImplementedError"
LOOP = "def relu(Z):\n    while True:\n        pass"


def copied(folder, **answers):
    """A copy of stage 3 alone, with answers in the place of the cells that hold a text."""
    folder.mkdir()
    content = learner.copy(ROOT, NOTEBOOK, filled=False)
    for start, answer in answers.items():
        cell = next(cell for cell in content.cells if f"def {start}(" in cell.source)
        cell.source = answer
    nbformat.write(content, folder / NOTEBOOK.path.name)
    return folder


def test_each_task_has_its_state_whatever_the_others_do(tmp_path):
    folder = copied(
        tmp_path / "copy",
        relu=ABSOLUTE,
        absolute="def absolute(z):\n    return relu(z) + relu(-z)",  # with the reader's own relu
        leaky_relu="import os\n\nos._exit(0)\nleaky_relu = dleaky_relu = ...",
    )
    names = ["relu", "absolute", "leaky_relu", "house"]
    found = {name: said for name, *said in progress.judged(folder / NOTEBOOK.path.name, names)}
    assert found == {
        "relu": ["wrong", "that is |z|: negative numbers should become 0"],
        "absolute": ["wrong", "|z| is right for z = 0, wrong for positive z, negative z"],
        "leaky_relu": ["wrong", "it ends Python: is there an exit() in it?"],
        "house": ["not attempted", ""],
    }


def test_an_endless_loop_takes_the_time_of_its_notebook_and_no_more(tmp_path):
    path = copied(tmp_path / "copy", relu=LOOP) / NOTEBOOK.path.name
    assert list(progress.judged(path, ["relu", "house"], limit=4)) == [
        ("relu", "wrong", "no answer after 4 seconds: an endless loop?"),
        ("house", "wrong", "no time left for it: see the one that takes so long"),
    ]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("def absolute(z):\n    return z +", "your code stops with SyntaxError"),
        ("exit()\nabsolute = ...", "your code stops with SystemExit"),
        (
            "absolute = ...\nabsolute[0]",
            "your code stops with TypeError: 'ellipsis' object is not subscriptable\n"
            "line 2 of your code: absolute[0]",
        ),
    ],
)
def test_a_cell_that_stops_is_told_with_its_line(tmp_path, answer, message):
    path = copied(tmp_path / "copy", absolute=answer) / NOTEBOOK.path.name
    ((_, state, said),) = progress.judged(path, ["absolute"])
    assert state == "wrong"
    assert said.startswith(message)


def test_a_report_ends_where_the_judging_cannot_have_written_it(tmp_path):
    """A reader's program knows where the report is."""
    report, right = tmp_path / "report", '["a", "right", ""]\n'
    for rest in (
        "null",
        "[",
        '["b", "best", ""]',
        '["c", "right", ""]',
        '["b", "right"]',
        "[" * 9999,
    ):
        report.write_text(right + rest, "utf-8")
        assert progress.reported(report, ["a", "b"]) == [("a", "right", "")]
    report.write_text(right * 2 + right, "utf-8")
    assert progress.reported(report, ["a"]) == [("a", "right", "")]
    report.write_text(json.dumps(["a", "wrong", "\x1b[2J\ud800é\n" + "x" * 9999]), "utf-8")
    ((_, _, said),) = progress.reported(report, ["a"])
    assert said.startswith("?[2J?é\nx")
    assert len(said) == class_table.LONGEST
    report.unlink()
    assert progress.reported(report, ["a"]) == []


PROGRAM = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path("child").write_text(str(child.pid))
time.sleep(float(sys.argv[1]))
"""


@pytest.mark.skipif(os.name != "posix", reason="groups of processes are POSIX's")
@pytest.mark.parametrize(
    ("seconds", "limit", "asked"), [(0, 60, False), (60, 2, False), (60, 60, True)]
)
def test_what_a_program_started_ends_with_it(tmp_path, monkeypatch, seconds, limit, asked):
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.setattr(apart, "ROOT", tmp_path)
    stop, child = threading.Event(), tmp_path / "child"
    if asked:
        threading.Timer(2, stop.set).start()
    given = "program", [str(seconds)], tmp_path, time.monotonic() + limit, stop
    if seconds:
        with pytest.raises(subprocess.TimeoutExpired):
            apart.run(*given)
    else:
        assert apart.run(*given) == 0
    for _ in range(100):  # a zombie is gone once its new parent looks at it
        state = subprocess.run(["ps", "-o", "stat=", "-p", child.read_text()], capture_output=True)
        if state.stdout.strip()[:1] in (b"", b"Z"):
            return
        time.sleep(0.05)
    raise AssertionError("it still runs")


def test_a_list_that_grows_without_end_is_told(tmp_path):
    pytest.importorskip("resource")
    grows = "def relu(Z):\n    return [0] * 10**9\n\n\ndef drelu(Z):\n    return Z > 0"
    path = copied(tmp_path / "copy", relu=grows) / NOTEBOOK.path.name
    ((_, state, said),) = progress.judged(path, ["relu"])
    assert (state, said.partition("\n")[0]) == ("wrong", "your code stops with MemoryError")


def test_a_judge_waits_for_no_grammar():
    asked = "import sys, tools.lib.judging; sys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=False).returncode == 0


def test_a_slow_machine_is_no_endless_loop(tmp_path, monkeypatch):
    """An answer that waits for more than the limit, as one does on a busy machine, is judged."""
    slow = "import time\n\ntime.sleep(9)\n\n\ndef absolute(z):\n    return abs(z)"
    path = copied(tmp_path / "copy", absolute=slow) / NOTEBOOK.path.name
    monkeypatch.setattr(progress, "WAIT", 100)
    ((_, _, said),) = progress.judged(path, ["absolute"], limit=8)
    assert said == "with relu alone, please, and without abs"  # the judge had its say


def test_what_nobody_touched_is_not_run(tmp_path, monkeypatch):
    def never(*_, **__):
        raise AssertionError("a notebook was run")

    monkeypatch.setattr(progress, "judged", never)
    folder = copied(tmp_path / "copy")
    rows = [row for row in progress.progress(folder, [NOTEBOOK])]
    assert {row["state"] for row in rows} == {"not attempted"}
    assert [row["task"] for row in rows] == progress.tasks(NOTEBOOK)
    copied(tmp_path / "started", drelu=RIGHT)
    # Who wrote just what the course has did not get it filled.
    (tmp_path / "same").mkdir()
    content = learner.copy(ROOT, NOTEBOOK, filled=True)
    content.cells = [
        one for one in content.cells if not one.source.startswith("**This notebook co")
    ]
    nbformat.write(content, tmp_path / "same" / NOTEBOOK.path.name)
    for started in ("started", "same"):
        with pytest.raises(AssertionError, match="a notebook was run"):
            list(progress.progress(tmp_path / started, [NOTEBOOK]))


def test_a_class_has_a_row_for_each_copy_whatever_is_in_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(class_table.write, "__defaults__", (tmp_path,))
    handed = tmp_path / "handed in"
    handed.mkdir()
    (handed / "anna").mkdir()
    copied(handed / "anna" / "learner", drelu=RIGHT)  # a whole clone
    (handed / "ben").mkdir()
    (handed / "ben" / NOTEBOOK.path.name).write_text('{"cells": [')
    (handed / "cleo").mkdir()
    (handed / "dora").mkdir()
    (handed / "dora" / "03_activation (1).ipynb").write_text("")
    (handed / "=emil" / "course-main").mkdir(parents=True)  # a ZIP of a clone
    copied(handed / "=emil" / "course-main" / "learner")
    (handed / "finn").mkdir()  # another folder, as `make learner` writes it
    (copied(handed / "finn" / "learner (1)") / "mine.py").write_text("")
    (handed / "gina").mkdir()
    (handed / "gina" / NOTEBOOK.path.name).mkdir()
    (handed / ".cache").mkdir()
    (handed / "__MACOSX").mkdir()
    (handed / ".DS_Store").write_text("")
    (handed / "read me.txt").write_text("")
    (handed / "hana.zip").write_text("")
    monkeypatch.setattr(progress, "read_notebooks", lambda: [NOTEBOOK])
    progress.main(["--class", str(handed)])
    lines = capsys.readouterr().out.splitlines()
    head, emil, anna, ben, cleo, dora, finn, gina, last, beside = lines
    count = len(progress.tasks(NOTEBOOK))
    assert head.split() == "copy 3 right filled wrong not attempted not readable".split()
    assert anna.split() == ["anna", f"1/{count}", "1", f"{count - 1}"]
    assert ben.split() == ["ben", f"0/{count}", f"{count}"]
    assert ben.endswith(f"{count}".rjust(15))
    assert cleo.split() == ["cleo", f"0/{count}", f"{count}", *"no notebook in it".split()]
    assert dora.split()[1:] == gina.split()[1:] == ben.split()[1:]
    assert emil.split()[1:] == finn.split()[1:] == [f"0/{count}", f"{count}"]
    assert last.startswith("build/progress.csv: a line for each copy and task")
    assert beside.startswith("no folders, so without a row: hana.zip, read me.txt (unpack")
    assert class_table.left_out(handed / "anna") == ""
    table = pd.read_csv(tmp_path / "build" / "progress.csv", keep_default_na=False)
    assert list(table) == ["copy", "notebook", "task", "state", "message"]
    assert len(table) == 7 * count
    states = table.groupby("copy")["state"].unique().map(set).to_dict()
    assert states["anna"] == {"right", "not attempted"}
    assert states["ben"] == {"not readable"}
    assert set(table["message"][table["copy"] == "cleo"]) == {"no such notebook"}
    assert table["message"][table["copy"] == "ben"].str.contains("NotJSONError").all()
    assert set(table["message"][table["copy"] == "dora"]) == {
        "no such notebook, but 03_activation (1).ipynb: rename it"
    }
    assert set(table["message"][table["copy"] == "gina"]) == {"ValueError: this is no file"}
    assert "'=emil" in states  # no spreadsheet sees a formula


def test_what_came_filled_is_no_work_of_the_reader():
    rows = [
        {"notebook": "01_a.ipynb", "state": state, "message": ""} for state in ("filled", "right")
    ]
    rows += [{"notebook": "02_b.ipynb", "state": "filled", "message": ""}]
    assert class_table.line("anna", rows, ["anna"]).split() == ["anna", "1/1", "0/0", "1", "2"]


def test_a_class_that_is_broken_off_keeps_the_copies_that_are_done(tmp_path, monkeypatch):
    monkeypatch.setattr(class_table.write, "__defaults__", (tmp_path,))
    for name in ("anna", "ben"):
        (tmp_path / "handed" / name).mkdir(parents=True)
    monkeypatch.setattr(progress, "read_notebooks", lambda: [NOTEBOOK])
    row = {"notebook": NOTEBOOK.path.name, "task": "relu", "state": "right", "message": ""}

    def asked(folder, notebooks):
        if folder.name == "ben":
            raise KeyboardInterrupt
        return [row]

    monkeypatch.setattr(progress, "progress", asked)
    with pytest.raises(KeyboardInterrupt):
        progress.main(["--class", str(tmp_path / "handed")])
    assert "anna,03_activation.ipynb,relu,right," in (tmp_path / class_table.TABLE).read_text()


def test_a_class_without_copies_is_refused(tmp_path):
    with pytest.raises(Refused, match="no copies in it: expected a folder for each"):
        progress.main(["--class", str(tmp_path)])
    with pytest.raises(Refused, match="no such folder: expected one with a folder for each copy"):
        progress.main(["--class", str(tmp_path / "nowhere")])
    with pytest.raises(Refused, match="expected one folder, with a copy in each of its own"):
        progress.main(["--class", str(tmp_path), str(tmp_path)])


def test_json_has_a_row_for_each_task_of_each_folder(tmp_path, capsys):
    untouched = copied(tmp_path / "untouched")
    started = copied(tmp_path / "started", drelu=RIGHT)
    progress.main([str(untouched), str(started), "--json"])
    rows = json.loads(capsys.readouterr().out)
    half = len(rows) // 2
    assert {row["folder"] for row in rows[:half]} == {str(untouched)}
    assert {row["folder"] for row in rows[half:]} == {str(started)}
    states = {(row["folder"], row["task"]): row["state"] for row in rows}
    right = [key for key, state in states.items() if state == "right"]
    assert right == [(str(started), "drelu")]
    assert set(states.values()) == {"right", "not attempted"}
    missing = {row["notebook"] for row in rows if row["message"] == "no such notebook"}
    stages = {notebook.path.name for notebook in read_notebooks() if notebook.is_stage}
    assert missing == stages - {NOTEBOOK.path.name}


def test_the_report_counts_and_names_filled_functions(tmp_path, capsys):
    folder = tmp_path / "copy"
    folder.mkdir()
    nbformat.write(learner.copy(ROOT, NOTEBOOK, filled=True), folder / NOTEBOOK.path.name)
    progress.main([str(folder)])
    said = capsys.readouterr().out
    assert [line.split() for line in said.splitlines() if "relu  " in line][:2] == [
        ["relu", "filled"],
        ["drelu", "filled"],
    ]
    assert "2 filled" in said.splitlines()[-1]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refused, match="no such folder: `make learner` writes learner/"):
        progress.main([str(tmp_path / "nobody")])


@pytest.mark.parametrize(
    ("cells", "source", "left"),
    [
        (["a = 1\nb = 2\nc = a"], "c", "a = 1\nc = a"),
        (["a = 1", "a = 2"], "a", "a = 2"),
        (["a = 1", "a += 1"], "a", "a = 1\na += 1"),
        (["a = {}", "a['x'] = 1"], "a", "a = {}\na['x'] = 1"),
        (["def f():\n    return g()", "def g():\n    return 1"], "f()", None),
        (["a = 1", "%matplotlib inline", "a ="], "a", "a = 1"),
        (["a = 1"], "a = 2\na", ""),
        (["for a in range(3):\n    b = a"], "b", None),
        (["import numpy as np", "x = np"], "1", ""),
    ],
)
def test_what_a_cell_needs_is_found(cells, source, left):
    assert needed(cells, source) == ("\n".join(cells) if left is None else left)
