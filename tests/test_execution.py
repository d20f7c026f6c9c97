"""Notebooks run in kernels of this interpreter, two at a time, until one fails."""

import json
import sys
import time

import nbformat
import pytest

from tests.notebook_helpers import code, toy_project
from tools.lib.execution import execute, execute_all
from tools.lib.layout import Notebook, Refused, read_notebooks


def a_notebook(folder, stage, *sources):
    content = nbformat.v4.new_notebook(cells=[code(source) for source in sources])
    return Notebook(folder / f"{stage}.ipynb", 1, stage, content)


def wait_for(theirs, mine):
    """Source of a cell that says that it is here, and waits until another one does."""
    return (
        f"import pathlib, time\npathlib.Path({mine!r}).touch()\n"
        f"while not pathlib.Path({theirs!r}).exists():\n    time.sleep(0.05)"
    )


def test_two_run_at_a_time_and_each_is_told_when_done(tmp_path, capfd):
    done = []
    notebooks = [
        a_notebook(tmp_path, "a", wait_for("b", "a"), "1"),
        a_notebook(tmp_path, "b", wait_for("a", "b"), "2"),
        a_notebook(tmp_path, "c", "3"),
    ]
    execute_all(notebooks, done=lambda notebook: done.append(notebook.stage))
    assert sorted(done) == ["a", "b", "c"]
    results = [notebook.content.cells[-1].outputs[0].data["text/plain"] for notebook in notebooks]
    assert results == ["1", "2", "3"]
    assert "5/5" in capfd.readouterr().err


def test_the_first_failure_stops_the_others(tmp_path, capfd):
    done, start = [], time.monotonic()
    notebooks = [
        a_notebook(tmp_path, "a", wait_for("b", "a"), "1 / 0"),
        a_notebook(tmp_path, "b", wait_for("a", "b"), "time.sleep(600)"),
        a_notebook(tmp_path, "c", "3"),
    ]
    with pytest.raises(Refused) as caught:
        execute_all(notebooks, done=lambda notebook: done.append(notebook.stage))
    assert str(caught.value) == (
        "notebooks/a.ipynb, cell 2 ('1 / 0') failed:\n\n1 / 0\n\n"
        "ZeroDivisionError: division by zero"
    )
    assert done == [] and time.monotonic() - start < 300  # those of b are not waited for
    assert "Traceback" not in capfd.readouterr().err


def test_the_kernel_is_this_interpreters_whatever_is_registered(tmp_path, monkeypatch):
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    spec = {"argv": ["no-such-python"], "display_name": "x", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    content = nbformat.v4.new_notebook(cells=[code("import sys\nprint(sys.executable)")])
    execute(Notebook(tmp_path / "01_a.ipynb", 1, "a", content))
    assert content.cells[0].outputs[0].text == f"{sys.executable}\n"


def test_a_kernel_never_believes_that_somebody_looks(tmp_path, monkeypatch):
    """Else figures with sliders would be stored as widgets."""
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/a.ipynb")
    root = toy_project(tmp_path, code('import os\n\nprint(os.environ.get("JPY_SESSION_NAME"))'))
    notebook = read_notebooks(root)[0]
    notebook.content.cells = [cell for _, cell in notebook.cells() if "print" in cell.source]
    execute(notebook)
    assert notebook.content.cells[0].outputs[0].text == "None\n"
