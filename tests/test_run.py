"""`make run` runs the notebooks on the tracks asked for, and compares what they trained."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from tests.notebook_helpers import add_notebook, code, printed, seal, toy_project
from tools import results, run
from tools.lib.layout import BEGIN, ROOT, Refused, read_notebooks

BOARD = """\
import pandas as pd

rows = {{"mean": [0.0, 15.0], "boosting": [{boosting}, 11.0], {ours}}}
board = pd.DataFrame(rows, index=["R²", "MAE"]).T
board.attrs["seconds"] = {{"mean": 0.01, "boosting": 0.5}}
print(board)
data = None


def scoreboard(data, boosting):
    return board"""
WAIT = """\
import pathlib, time

pathlib.Path("{mine}").touch()
while not pathlib.Path("{theirs}").exists():
    time.sleep(0.05)"""


def a_board(ours: str, boosting: float = 0.4):
    return code(BOARD.format(ours=ours, boosting=boosting), "scoreboard")


def two_stages(root: Path, *cells, ours='"one step": [-2.0, 30.0]', **other):
    """Project of two sealed notebooks with a board each; the cells go into the second one."""
    toy_project(root, a_board(ours))
    trains = code("import time\n\ntime.sleep(0.3)", "trains")
    add_notebook(root, "02_layer.ipynb", *cells, trains, a_board('"trained": [0.3, 12.0]', **other))
    return seal(root)


@pytest.fixture(autouse=True)
def toy_tracks(monkeypatch):
    """A toy's file of tracks is none that a real notebook could use."""
    monkeypatch.setattr(run, "look_at", lambda path: "synthetic tracks from a toy")


def test_data_is_the_given_file_else_the_environments_else_the_shipped(tmp_path, monkeypatch):
    root = toy_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    taken = []
    monkeypatch.setattr(run, "execute_all", lambda notebooks, tracks: taken.append(tracks))
    for given, environment, expected in [
        (["mine.csv"], "theirs.csv", "mine.csv"),
        ([], "theirs.csv", "theirs.csv"),
        ([], "", "data/tracks.csv"),
    ]:
        monkeypatch.setenv("NNFS_DATA", environment)
        assert run.main(given, root) == 0
        assert taken[-1] == tmp_path / expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no file"),
        ("id;popularity\n1;2\n", "separated by ';'"),
        ("id,popularity,year\n1,many,1999\n", "popularity costs most"),
        ("id,popularity,energy,year\n1,20,0.5,1999\n", "1 clean tracks"),
    ],
)
def test_a_file_that_no_notebook_can_use_ends_the_run_at_once(
    tmp_path, monkeypatch, capsys, content, message
):
    monkeypatch.undo()  # the real look
    root = toy_project(tmp_path)
    if content is not None:
        (tmp_path / "mine.csv").write_text(content)
    assert run.main([str(tmp_path / "mine.csv")], root) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert not (root / "build").exists()


def test_two_run_at_a_time_and_end_with_one_table_best_last(tmp_path, monkeypatch, capfd):
    first = '"trained": [-2.0, 30.0]'
    root = two_stages(tmp_path, code(WAIT.format(mine="b", theirs="a")), ours=first)
    content = nbformat.read(root / "notebooks/01_activation.ipynb", as_version=4)
    content.cells.insert(3, code(WAIT.format(mine="a", theirs="b")))
    nbformat.write(content, root / "notebooks/01_activation.ipynb")
    stored = {path.name: path.read_bytes() for path in (root / "notebooks").glob("*.ipynb")}
    monkeypatch.chdir(tmp_path)
    assert run.main([], root) == 0
    said = capfd.readouterr()
    source, header, *rows, made = said.out.splitlines()
    assert source == "synthetic tracks from a toy" and header.split() == ["R²", "MAE", "seconds"]
    assert [row.split()[:-1] for row in rows] == [
        ["stage", "1:", "trained", "-2.000", "30.00"],
        ["mean", "0.000", "15.00"],
        ["stage", "2:", "trained", "0.300", "12.00"],
        ["boosting", "0.400", "11.00"],
    ]
    assert 0.3 <= float(rows[2].split()[-1]) < 3 and rows[3].endswith(" 0.5")
    assert made == "build/: 01_activation.ipynb, 02_layer.ipynb, scoreboard.csv, scoreboard.png"
    assert pd.read_csv("build/scoreboard.csv")["model"].tolist()[2] == "stage 2: trained"
    assert Path("build/scoreboard.png").read_bytes().startswith(b"\x89PNG")
    assert "100%" in said.err and "WARNING" not in said.err
    copy = nbformat.read("build/02_layer.ipynb", as_version=4)
    assert len(copy.cells) == 7 and "trained" in copy.cells[5].outputs[0].text
    assert stored == {path.name: path.read_bytes() for path in (root / "notebooks").glob("*.ipynb")}


def test_one_stage_runs_alone(tmp_path, capsys):
    root = two_stages(tmp_path, code("print('loud')"))
    assert run.main(["--stage", "2"], root) == 0
    assert "stage 2: trained" in (said := capsys.readouterr().out) and "one step" not in said
    assert not (root / "build/01_activation.ipynb").exists()
    with pytest.raises(SystemExit) as caught:
        run.main(["--stage", "3"], root)
    assert caught.value.code == 2 and "no stage 3: there are 1 to 2" in capsys.readouterr().err


def test_a_scoreboard_without_a_board_is_refused_before_anything_runs(tmp_path, monkeypatch):
    root = toy_project(tmp_path, code("print('scores')", "scoreboard"))
    monkeypatch.setattr(run, "execute_all", lambda *_: pytest.fail("something ran"))
    with pytest.raises(Refused, match=r"01_activation.ipynb, cell 5 .*leaves no table named board"):
        run.main([], root)


def test_boards_of_two_splits_are_not_compared(tmp_path):
    root = two_stages(tmp_path, boosting=0.5)
    with pytest.raises(Refused, match=r"02_layer.ipynb: its baselines differ"):
        run.main([], root)
    assert not (root / "build/scoreboard.csv").exists()
    # A notebook that has nothing of ours yet may show other tracks.
    (tmp_path / "other").mkdir()
    assert run.main([], two_stages(tmp_path / "other", ours="", boosting=0.5)) == 0


def test_a_failing_notebook_leaves_what_ran_and_nothing_of_the_run_before(tmp_path, capsys):
    root = toy_project(tmp_path, code("x = 1\nprint(x)"), code("assert x == 2, x"), code("1"))
    seal(root)
    build = root / "build"
    build.mkdir()
    for name in ("02_layer.ipynb", "09_old.ipynb", "scoreboard.csv", "scoreboard.png", "mine.txt"):
        (build / name).write_text("of the run before")
    with pytest.raises(Refused) as caught:
        run.main(["--stage", "1"], root)
    message = str(caught.value)
    assert message.startswith("notebooks/01_activation.ipynb, cell 6 ('assert x == 2, x') failed:")
    assert "AssertionError: 1" in message and len(message.splitlines()) < 10
    made = nbformat.read(build / "01_activation.ipynb", as_version=4)
    assert made.cells[4].outputs == [printed("1\n")]
    assert made.cells[6].outputs == []
    assert {path.name for path in build.iterdir()} == {"01_activation.ipynb", "mine.txt"}


def test_an_interrupt_ends_the_kernels_and_says_so_in_a_line(tmp_path):
    begun = "import os, pathlib, time\n\npathlib.Path('begun').write_text(str(os.getpid()))"
    root = seal(toy_project(tmp_path, code("print('x')"), code(f"{begun}\ntime.sleep(100)")))
    command = (
        "import sys; from pathlib import Path; from tools import run; "
        "run.look_at = lambda path: ''; sys.exit(run.main([], Path(sys.argv[1])))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", command, root], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    begun = root / "notebooks/begun"
    deadline = time.monotonic() + 60
    while not (begun.exists() and begun.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert said.endswith("\ninterrupted: what ran so far is in build/\n")
    assert "Traceback" not in said and "Error" not in said
    with pytest.raises(ProcessLookupError):
        run.os.kill(int(begun.read_text()), 0)
    assert (root / "build/01_activation.ipynb").exists()


@pytest.mark.parametrize("name", ["a $b `c`.csv", 'it\'s "mine" $(HOME) é.csv', "$(shell touch x)"])
def test_make_hands_any_name_of_a_file_over_as_it_is(tmp_path, name):
    """A stand-in for python, which says what it was given, instead of an environment."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s|%s" "$NNFS_DATA" "$*"\n')
    python.chmod(0o755)
    settings = [f"PY={python}", f"VENV={tmp_path}", f"DATA={name}", "STAGE=6"]
    (tmp_path / "run.txt").touch()
    told = subprocess.run(
        ["make", "-s", "-f", ROOT / "Makefile", "-o", f"{tmp_path}/run.txt", "run", *settings],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == f"{name}|-m tools.run --stage 6"
    assert not (tmp_path / "x").exists()


def test_what_cannot_be_installed_is_said_to_need_the_network(tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\ncase "$*" in *pip*) echo "pip: no" >&2; exit 1;; esac\n')
    python.chmod(0o755)
    settings = [f"PY={python}", f"PYTHON={python}", f"VENV={tmp_path}/venv"]
    told = subprocess.run(
        ["make", "-s", "run", *settings], cwd=ROOT, capture_output=True, text=True
    )
    assert told.returncode == 2
    assert told.stderr.startswith("pip: no\nInstalling needs the network")


def test_results_are_made_at_full_size_and_kept_under_the_kind_of_the_tracks(tmp_path, capsys):
    size = (
        "n_tracks, iterations = 1, 1\n# full size: n_tracks = None\n# full size: iterations = 2000"
    )
    size = code(size, "parameters")
    board = code("print('real tracks')\nprint(n_tracks, iterations)", "scoreboard")
    root = toy_project(tmp_path, code("tracks = [1, 2, 3]"), size, code("1", "scoreboard"), board)
    seal(root)
    (root / "docs").mkdir()
    results.main(["mine.csv"], root)
    assert (root / "docs/results-real.txt").read_text() == "real tracks\nNone 2000\n"
    assert capsys.readouterr().out == "real tracks\nNone 2000\nwritten to docs/results-real.txt\n"


def test_results_ask_for_what_full_size_is(tmp_path):
    root = toy_project(tmp_path, code("n_tracks = 1", "parameters"), code("1", "scoreboard"))
    with pytest.raises(Refused, match=r"no comment '# full size: n_tracks = None'"):
        results.main(["mine.csv"], seal(root))


def test_each_scoreboard_of_the_course_hands_its_board_over():
    notebooks = read_notebooks()
    scored = [nb for nb in notebooks if any(nb.cells("scoreboard"))]
    assert run.ask_for_boards(notebooks) == scored
    # A row's seconds are those of the cells tagged trains: nothing else may claim them.
    assert all(nb in scored for nb in notebooks if any(nb.cells("trains")))


def test_the_stored_scoreboards_are_of_the_same_tracks_and_split():
    """What make run would refuse after minutes. Stage 1 has no row of ours, and all tracks."""
    found = {}
    for notebook in read_notebooks()[BEGIN:]:
        for where, cell in notebook.cells("scoreboard"):
            if re.search("^board = ", cell.source, re.MULTILINE):
                text = "".join(output.get("text", "") for output in cell.outputs)
                row = re.search(r"^linear regression +(\S+) +(\S+)", text, re.MULTILINE)
                found[where] = row and row.groups()
    assert len(found) > 5
    assert len(set(found.values())) == 1, found
