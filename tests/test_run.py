"""`make run` runs all notebooks on the tracks that are asked for."""

import nbformat
import pytest

from tests.notebook_helpers import add_notebook, code, printed, seal, shown, toy_project
from tools import run
from tools.lib.layout import Refused, read_notebooks

SHOW = "import os\nprint('tracks:', open(os.environ['NNFS_DATA']).read().strip())"


@pytest.fixture(autouse=True)
def no_data_from_outside(monkeypatch):
    monkeypatch.delenv("NNFS_DATA", raising=False)


def test_data_is_the_given_file_else_the_environments_else_the_shipped(tmp_path, monkeypatch):
    root = toy_project(tmp_path)
    (tmp_path / "mine.csv").write_text("")
    (tmp_path / "theirs.csv").write_text("")
    monkeypatch.chdir(tmp_path)
    taken = []
    monkeypatch.setattr(run, "execute", lambda notebook, tracks: taken.append(tracks))
    for given, environment, expected in [
        (["mine.csv"], "theirs.csv", "mine.csv"),
        ([], "theirs.csv", "theirs.csv"),
        ([], "", "data/tracks.csv"),
    ]:
        monkeypatch.setenv("NNFS_DATA", environment)
        assert run.main(given, root) == 0
        assert taken[-1] == tmp_path / expected


@pytest.mark.parametrize("given", [True, False])
def test_tracks_that_are_not_there_end_the_run_at_once(tmp_path, monkeypatch, capsys, given):
    root = toy_project(tmp_path)
    monkeypatch.setenv("NNFS_DATA", "none.csv")
    monkeypatch.chdir(tmp_path)
    assert run.main(["none.csv"] if given else [], root) == 2
    assert f"no file '{tmp_path / 'none.csv'}': give" in capsys.readouterr().err
    assert not (root / "build").exists()


def test_all_notebooks_run_on_the_given_tracks(tmp_path, monkeypatch, capfd):
    root = toy_project(tmp_path, code("print('first scores')", "scoreboard"))
    add_notebook(root, "02_layer.ipynb", code(SHOW, "scoreboard", outputs=[printed("old\n")]))
    seal(root)
    stored = {path.name: path.read_bytes() for path in (root / "notebooks").iterdir()}
    (tmp_path / "mine.csv").write_text("loud\n")
    monkeypatch.chdir(tmp_path)
    assert run.main(["mine.csv"], root) == 0
    said = capfd.readouterr()
    made = ["build/01_activation.ipynb", "build/02_layer.ipynb"]
    assert said.out.splitlines() == ["tracks: loud", *made]
    assert "layer: 100%" in said.err
    assert "WARNING" not in said.err, "the kernel's own log has no place amid the progress"
    copy = nbformat.read(made[1], as_version=4)
    assert copy.cells[3].outputs == [printed("tracks: loud\n")]
    assert stored == {path.name: path.read_bytes() for path in (root / "notebooks").iterdir()}


def test_a_failing_notebook_ends_the_run_with_a_short_message(tmp_path):
    later = code("print('never')", outputs=[printed("old\n")])
    root = seal(toy_project(tmp_path, code("x = 1\nprint(x)"), code("assert x == 2, x"), later))
    with pytest.raises(Refused) as caught:
        run.main([], root)
    message = str(caught.value)
    assert message.startswith("notebooks/01_activation.ipynb, cell 6 ('assert x == 2, x') failed:")
    assert "AssertionError: 1" in message and len(message.splitlines()) < 10
    made = nbformat.read(root / "build" / "01_activation.ipynb", as_version=4)
    assert made.cells[4].outputs == [printed("1\n")]
    assert made.cells[6].outputs == []
    assert not (root / "build" / "02_layer.ipynb").exists()


def test_the_scoreboard_is_the_text_of_the_last_cell_tagged_so(tmp_path):
    table = shown({"text/plain": "model  loss\nours   0.5", "text/html": "<table>"})
    figure = shown({"text/plain": "<Figure>", "image/png": "aaaa"})
    outputs = [printed("scores\n"), printed("warning\n", "stderr"), figure, table]
    cells = [code("a", "scoreboard"), code("b", "scoreboard", outputs=outputs), code("c")]
    root = toy_project(tmp_path, *cells)
    assert run.scoreboard(read_notebooks(root)) == "scores\nmodel  loss\nours   0.5"
    assert run.scoreboard(read_notebooks(root)[1:]) == ""
