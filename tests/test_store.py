"""Stored notebooks have one form, and their outputs are those of the code."""

import json
import os
import subprocess
import sys

import nbformat
import pytest

from tests.notebook_helpers import (
    PICTURE,
    add_notebook,
    code,
    edit,
    printed,
    seal,
    shown,
    text,
    toy_project,
)
from tools.lib import stored
from tools.lib.execution import execute
from tools.lib.layout import Notebook, Refused, read_notebooks, reading_minutes
from tools.lib.normal_form import METADATA

FIGURE = shown({"image/png": PICTURE, "text/plain": "<Figure size 640x480 with 1 Axes>"})
# Joined, so that no check finds it in this file.
HOME = "/".join(["", "home", "me", "tracks.csv"])


def first(root):
    """The first notebook's file."""
    return root / "notebooks" / "01_activation.ipynb"


def bytes_of(root):
    """What is stored."""
    return {path.name: path.read_bytes() for path in (root / "notebooks").iterdir()}


def test_the_normal_form(tmp_path):
    result = nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=9)
    result["metadata"] = {"isolated": True}
    streams = [printed("a\n"), printed("b\n"), printed("c\n", "stderr"), printed("d\n")]
    root = toy_project(tmp_path, code("1 + 1", outputs=[*streams, result]))
    edit(first(root), 5, metadata={"collapsed": True, "tags": ["scoreboard", "parameters"]})
    content = json.loads(first(root).read_text())
    content["metadata"] = {"kernelspec": {"name": "mine", "display_name": "M"}, "colab": {"a": 1}}
    first(root).write_text(json.dumps(content))
    stored = json.loads(first(seal(root)).read_text())

    assert (stored["nbformat"], stored["nbformat_minor"]) == (4, 5)
    assert stored["metadata"] == METADATA
    assert [cell["id"] for cell in stored["cells"]] == [f"cell-{i}" for i in range(6)]
    assert [cell.get("execution_count") for cell in stored["cells"]] == [None, None, 1, 2, 3, None]
    assert stored["cells"][0]["metadata"] == {}
    cell = stored["cells"][4]
    assert cell["metadata"] == {"tags": ["parameters", "scoreboard"]}
    assert [output.get("text") for output in cell["outputs"]] == [
        ["a\n", "b\n"],
        ["c\n"],
        ["d\n"],
        None,
    ]
    assert (cell["outputs"][3]["metadata"], cell["outputs"][3]["execution_count"]) == ({}, 3)


def test_the_written_cells(tmp_path):
    root = toy_project(tmp_path)
    add_notebook(root, "03_last.ipynb")
    seal(root)
    cells = nbformat.read(root / "notebooks" / "02_layer.ipynb", as_version=4).cells
    assert cells[1].source == (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        "(https://colab.research.google.com/github/someone/some-course/blob/main/notebooks/"
        "02_layer.ipynb) · Previous: [Stage 01: activation](01_activation.ipynb) · "
        "Next: [Stage 03: last](03_last.ipynb) · about 5 minutes"
    )
    gained = "**`nnfs_core` gained:** `layer`\n\nNext: [Stage 03: last](03_last.ipynb)"
    assert cells[-1].source == gained
    cells = nbformat.read(root / "notebooks" / "03_last.ipynb", as_version=4).cells
    assert cells[-1].source == "**`nnfs_core` gained:** nothing new"


@pytest.mark.parametrize(
    ("words", "lines", "minutes"),
    [(0, 0, 5), (900, 0, 5), (901, 0, 10), (0, 76, 10), (900, 75, 10)],
)
def test_reading_minutes(words, lines, minutes):
    content = nbformat.v4.new_notebook()
    content.cells = [text("word " * words), code("x = 1\n\n" * lines), text("w " * 9999, "links")]
    assert reading_minutes(content) == minutes


@pytest.mark.parametrize("folder", ["notebooks", ".", "elsewhere"])
def test_the_setup_cell_finds_or_clones_the_package_and_prints_nothing(tmp_path, folder):
    (tmp_path / "course").mkdir()
    root = seal(toy_project(tmp_path / "course"))
    identity = ["-c", "user.name=n", "-c", "user.email=e"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    setup = nbformat.read(first(root), as_version=4).cells[2].source
    setup = setup.replace("https://github.com/someone/some-course", root.as_uri())
    place = tmp_path / folder if folder == "elsewhere" else root / folder
    place.mkdir(exist_ok=True)
    again = "\nbefore = list(sys.path)\n" + setup + "\nassert sys.path == before\n"
    command = [sys.executable, "-c", setup + again + "import nnfs_core\nprint(nnfs_core.relu(2))"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for _ in range(2):  # as first run, and as restarted
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, env=environment)
        assert (done.stdout, done.stderr) == ("2\n", "")
    assert (place / "course").exists() == (folder == "elsewhere")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (code("1/0", outputs=[nbformat.v4.new_output("error", ename="E")]), "ends with E"),
        (code("f()", outputs=[printed("old!\n", "stderr")]), "writes to stderr ('old!')"),
        (code("f", outputs=[shown({"text/plain": "<f at 0x7f12ab>"})]), "address (at 0x7f12ab)"),
        (code("f", outputs=[shown({"text/html": "<b> at 0x7f</b>"})]), "memory address"),
        (code("\n".join(["x = 1"] * 36)), "36 lines of code, at most 35"),
        (code("plt.show()\nx = 1", outputs=[FIGURE]), "end the cell with plt.show()"),
        (code("t()", "nbval-ignore-output"), "nbval-ignore-output without a reason"),
        (code("t()  # nbval", "nbval-ignore-output"), "nbval-ignore-output without a reason"),
        (code(f"load('{HOME}')"), "a path of one machine"),
        (text(f"See {HOME}."), "a path of one machine"),
        (code("p()", outputs=[printed(f"read {HOME}\n")]), "a path of one machine"),
    ],
)
def test_check_refuses_a_cell(tmp_path, cell, message):
    (problem,) = stored.check(seal(toy_project(tmp_path, cell)))
    assert message in problem
    assert problem.startswith("notebooks/01_activation.ipynb, cell 5 (")


def test_check_lets_pass(tmp_path):
    cells = [
        code("print(1)", outputs=[printed("1\n")]),
        code("\n\n".join(["x = 1"] * 30)),
        code("plot(x)\nplt.show()\n", outputs=[FIGURE]),
        code("# nbval: times differ\nt()", "nbval-ignore-output"),
        text("[data](../data/README.md), https://example.org/home/, ~/tracks/x"),
    ]
    stored.main(["--check"], seal(toy_project(tmp_path, *cells)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"execution_count": 2', '"execution_count": null', "has a cell that never ran"),
        ('"execution_count": 2', '"execution_count": 7', "line 50: not in normal form"),
        ('"display_name": "Python 3"', '"display_name": "Mine"', "not in normal form"),
        ('"metadata": {},\n   "out', '"metadata": {"scrolled": 1},\n   "out', "not in normal form"),
        ("about 5 minutes", "about 6 minutes", "not in normal form"),
        ("some-course", "another-course", "not in normal form"),
        ("gained:", "got:", "not in normal form"),
        ("loss 0.25", "loss 0.24", "stored for other code, data or modules"),
        ("EUgAAAAE=", "EUgAAAAF=", "stored for other code, data or modules"),
    ],
)
def test_check_refuses_an_edited_file(tmp_path, old, new, message):
    cell = code("print()\nplt.show()", outputs=[printed("loss 0.25\n"), FIGURE])
    root = seal(toy_project(tmp_path, cell))
    stored = first(root).read_text("utf-8")
    assert old in stored
    first(root).write_text(stored.replace(old, new), "utf-8")
    with pytest.raises(Refused) as caught:
        stored.main(["--check"], root)
    assert message in str(caught.value)


def test_new_data_or_a_new_module_make_what_was_stored_stale(tmp_path):
    root = seal(toy_project(tmp_path))
    (root / "nnfs_core" / "activation.py").write_text("")
    (problem,) = stored.check(root)
    assert problem.startswith("notebooks/02_layer.ipynb: stored for")  # 01 makes it itself
    (root / "nnfs_core" / "validation.py").write_text("")
    assert len(list(stored.check(root))) == 2
    seal(root)
    (root / "data" / "tracks.csv").write_text("popularity\n2\n")
    assert len(list(stored.check(root))) == 2


def test_a_line_of_a_notebook_that_is_gone_is_refused_and_then_dropped(tmp_path):
    root = seal(toy_project(tmp_path))
    with (root / stored.LOCK).open("a") as lock:
        lock.write(f"{'0' * 64}  03_gone.ipynb\n")
    assert list(stored.check(root)) == [
        "notebooks/stored.sha256: 03_gone.ipynb is no notebook: run `make export`"
    ]
    stored.main([], root)
    assert list(stored.check(root)) == []


def test_what_is_run_is_what_is_stale_or_named_or_all(tmp_path, monkeypatch):
    root = seal(toy_project(tmp_path))
    ran = []
    monkeypatch.setattr(stored, "execute", lambda notebook: ran.append(notebook.number))
    edit(root / "notebooks" / "02_layer.ipynb", 1, source="# A new title")
    named = ["notebooks/01_activation.ipynb"]
    for arguments, expected in ((named, [1]), ([], [2]), ([], []), (["--all"], [1, 2])):
        ran.clear()
        stored.main(arguments, root)
        assert ran == expected
    assert "Next: [A new title](02_layer.ipynb)" in first(root).read_text("utf-8")
    assert list(stored.check(root)) == []
    with pytest.raises(Refused, match="no notebook '09_none'"):
        stored.main(["09_none"], root)


def test_two_runs_store_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("NNFS_DATA", "elsewhere.csv")
    many = "import sys\nfor i in range(5):\n    print(i)\n    sys.stdout.flush()"
    where = "import os\nprint(os.environ.get('NNFS_DATA'), os.path.basename(os.getcwd()))"
    show = "from IPython.display import display\ndisplay({'a': 1})\n1 + 1"
    root = seal(toy_project(tmp_path, code(many), code(where), code(show)))
    stored.main(["--all"], root)
    stored = bytes_of(root)
    assert list(stored.check(root)) == []
    assert b"None notebooks" in stored["01_activation.ipynb"]
    stored.main(["--all"], root)
    assert bytes_of(root) == stored


def test_a_failing_notebook_is_not_stored_and_those_before_it_are(tmp_path):
    root = toy_project(tmp_path)
    failing = add_notebook(root, "02_layer.ipynb", code("wrong = 1"), code("print(wrong / 0)"))
    seal(root)
    edit(first(root), 4, source="print('fresh')", metadata={})
    edit(failing, 4, source="wrong = 2")
    edited = failing.read_bytes()
    with pytest.raises(Refused) as caught:
        stored.main([], root)
    said = str(caught.value)
    assert said.startswith("notebooks/02_layer.ipynb, cell 5 ('print(wrong / 0)') failed")
    assert "ZeroDivisionError: division by zero" in said
    assert failing.read_bytes() == edited
    assert '"fresh\\n"' in first(root).read_text("utf-8")


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
