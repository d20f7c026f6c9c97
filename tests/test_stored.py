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
from tools import export
from tools.lib import package, stored
from tools.lib.layout import Refused, reading_minutes
from tools.lib.normal_form import METADATA

FIGURE = shown({"image/png": PICTURE, "text/plain": "<Figure size 640x480 with 1 Axes>"})
# Joined, so that no check finds it in this file.
HOME = "/".join(["", "home", "me", "tracks.csv"])


def drawn(source, alt="A line.", returned=""):
    """Cell with a figure, the words that say what it shows, and what its last line returned."""
    data = {"text/plain": returned}
    result = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
    cell = code(source, outputs=[*result * bool(returned), FIGURE])
    cell.metadata["alt"] = alt
    return cell


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
    found = json.loads(first(seal(root)).read_text())

    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    assert found["metadata"] == METADATA
    assert [cell["id"] for cell in found["cells"]] == [f"cell-{i}" for i in range(6)]
    assert [cell.get("execution_count") for cell in found["cells"]] == [None, None, 1, 2, 3, None]
    assert found["cells"][0]["metadata"] == {}
    cell = found["cells"][4]
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
        "(https://colab.research.google.com/github/someone/some-course/blob/v0.1.0/notebooks/"
        "02_layer.ipynb) · Previous: [Stage 01: activation](01_activation.ipynb) · "
        "Next: [Stage 03: last](03_last.ipynb) · about 5 minutes"
    )
    gained = "**`nnfs_core` gained:** `dense`\n\nNext: [Stage 03: last](03_last.ipynb)"
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


def run_setup(setup, place):
    """What the setup cell, run twice, and the package after it print."""
    again = "\nbefore = list(sys.path)\n" + setup + "\nassert sys.path == before\n"
    show = "print(nnfs_core.relu(2), os.environ['OPENBLAS_NUM_THREADS'])"
    loaded = "assert 'numpy' not in sys.modules\nimport nnfs_core\n"
    hidden = ("PYTHONPATH", "OPENBLAS_NUM_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-c", setup + again + loaded + show]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, env=environment)
    return done.stdout, done.stderr


@pytest.mark.parametrize("folder", ["notebooks", ".", "elsewhere"])
def test_the_setup_cell_finds_or_clones_the_release_and_prints_nothing(tmp_path, folder):
    (tmp_path / "some-course").mkdir()
    root = seal(toy_project(tmp_path / "some-course"))
    git = ["git", "-c", "user.name=n", "-c", "user.email=e"]
    for command in ("init -q", "add .", "commit -q -m all", "tag v0.1.0"):
        subprocess.run([*git, *command.split()], cwd=root, check=True)
    (root / "nnfs_core" / "activation.py").write_text("a newer state, which nobody gets")
    subprocess.run([*git, "commit", "-q", "-a", "-m", "more"], cwd=root, check=True)
    setup = nbformat.read(first(root), as_version=4).cells[2].source
    setup = setup.replace("https://github.com/someone/some-course", root.as_uri())
    place = tmp_path / folder if folder == "elsewhere" else root / folder
    place.mkdir(exist_ok=True)
    if folder != "elsewhere":
        subprocess.run(["git", "checkout", "-q", "v0.1.0"], cwd=root, check=True)
    for _ in range(2):  # as first run, and as restarted
        assert run_setup(setup, place) == ("2 1\n", "")
    assert (place / "some-course").exists() == (folder == "elsewhere")


def test_without_an_owner_nothing_is_cloned_and_no_badge_is_shown(tmp_path):
    root = toy_project(tmp_path)
    project = root / "pyproject.toml"
    project.write_text(project.read_text().replace("someone", "your_name"))
    cells = nbformat.read(first(seal(root)), as_version=4).cells
    assert cells[1].source == "Next: [Stage 02: layer](02_layer.ipynb) · about 5 minutes"
    assert "git" not in cells[2].source
    assert run_setup(cells[2].source, root / "notebooks") == ("2 1\n", "")
    said = "Get the whole course: this notebook needs the folder nnfs_core beside it\n"
    lonely = root / "elsewhere" / "deeper"
    lonely.mkdir(parents=True)
    assert run_setup(cells[2].source, lonely) == ("", said)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (code("1/0", outputs=[nbformat.v4.new_output("error", ename="E")]), "ends with E"),
        (code("f()", outputs=[printed("old!\n", "stderr")]), "writes to stderr ('old!')"),
        (code("f", outputs=[shown({"text/plain": "<f at 0x7f12ab>"})]), "address (at 0x7f12ab)"),
        (code("f", outputs=[shown({"text/html": "<b> at 0x7f</b>"})]), "memory address"),
        (code("\n".join(["x = 1"] * 36)), "36 lines of code, at most 35"),
        (
            drawn("plt.plot(x)", returned="[<matplotlib.lines.Line2D>]"),
            "end the cell with plt.show",
        ),
        (drawn("plt.show()", ""), "says nothing to who cannot see it: write what it shows"),
        (code("t()", "nbval-ignore-output"), "nbval-ignore-output without a reason"),
        (code("t()  # nbval", "nbval-ignore-output"), "nbval-ignore-output without a reason"),
        (code(f"load('{HOME}')"), "a path of one machine"),
        (text(f"See {HOME}."), "a path of one machine"),
        (code("p()", outputs=[printed(f"read {HOME}\n")]), "a path of one machine"),
    ],
)
def test_check_refuses_a_cell(tmp_path, cell, message):
    (problem,) = stored.faults(seal(toy_project(tmp_path, cell)))
    assert message in problem
    assert problem.startswith("notebooks/01_activation.ipynb, cell 5 (")


@pytest.mark.parametrize("room", [0, -1])
def test_check_refuses_a_notebook_that_is_too_large(tmp_path, monkeypatch, room):
    root = seal(toy_project(tmp_path))
    sizes = [path.stat().st_size for path in sorted((root / "notebooks").glob("*.ipynb"))]
    monkeypatch.setattr(stored, "LARGEST", max(sizes) + room)
    found = [fault for fault in stored.faults(root) if "draw smaller or fewer pictures" in fault]
    assert len(found) == sizes.count(max(sizes)) * -room
    assert all(f"is {max(sizes):,} bytes, at most {max(sizes) - 1:,}" in fault for fault in found)


def test_check_lets_pass(tmp_path):
    cells = [
        code("print(1)", outputs=[printed("1\n")]),
        code("\n\n".join(["x = 1"] * 30)),
        drawn("plot(x)\nplt.show()\n"),
        code("# nbval: times differ\nt()", "nbval-ignore-output"),
        text("[data](../data/README.md), https://example.org/home/, ~/tracks/x"),
    ]
    assert list(stored.faults(seal(toy_project(tmp_path, *cells)))) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"execution_count": 2', '"execution_count": null', "has a cell that never ran"),
        ('"execution_count": 2', '"execution_count": 7', ": not in normal form"),
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
    before = first(root).read_text("utf-8")
    assert old in before
    first(root).write_text(before.replace(old, new), "utf-8")
    assert any(message in fault for fault in stored.faults(root))


def stale(root):
    """Numbers of the notebooks that would run."""
    return [fault[10:12] for fault in stored.faults(root) if "stored for other code" in fault]


@pytest.fixture
def course(tmp_path):
    """A project whose notebooks judge, one of them with a module of its own."""
    for name, content in {
        "judge": "import numpy as np\n",
        "exercises/activation": "from nnfs_course.judge import np\n",
        "exercises/layer": "from nnfs_course import judge\n\nfrom nnfs_core import relu\n",
    }.items():
        path = tmp_path / "nnfs_course" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    call = "from nnfs_course.exercises import {} as judge"
    root = toy_project(tmp_path, code(call.format("activation")))
    layer = code(
        "from nnfs_core.activation import relu\n\n\ndef dense(Z):\n    return relu(Z)", "export"
    )
    add_notebook(root, "02_layer.ipynb", layer, code(call.format("layer")))
    add_notebook(root, "03_last.ipynb", code("from nnfs_core import dense"))
    add_notebook(root, "04_runs.ipynb", code("from nnfs_core import load_config"))
    for name in ("runs/__init__", "runs/config", "files", "datasets"):
        (root / "nnfs_core" / f"{name}.py").parent.mkdir(exist_ok=True)
        (root / "nnfs_core" / f"{name}.py").write_text("")
    (root / "nnfs_core" / "runs" / "config.py").write_text("from nnfs_core.files import x\n")
    return seal(root)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("data/tracks.csv", ["01", "02", "03", "04"]),
        ("nnfs_core/runs/config.py", ["04"]),  # a module of a subpackage written by hand
        ("nnfs_core/files.py", ["04"]),
        ("nnfs_core/datasets.py", []),
        ("nnfs_core/activation.py", ["02", "03"]),  # 01 makes it itself, 03 needs it by 02
        ("nnfs_core/layer.py", ["03"]),
        ("nnfs_course/judge.py", ["01", "02"]),
        ("nnfs_course/exercises/activation.py", ["01"]),
        ("nnfs_course/exercises/layer.py", ["02"]),
    ],
)
def test_a_change_makes_stale_what_depends_on_it(course, name, numbers):
    path = course / name
    path.write_text(path.read_text("utf-8") + "\n0\n", "utf-8")
    assert stale(course) == numbers


@pytest.mark.parametrize("number", [1, 2])
def test_a_change_of_prose_runs_nothing(course, monkeypatch, number):
    edit(first(course), number, source="# Another title\n\n**You will build:** words.")
    export.write(package.generate(course))
    monkeypatch.setattr(stored, "execute_all", None)
    assert stored.store(course) == []
    assert list(stored.faults(course)) == []


def test_a_change_of_the_address_runs_nothing(course, monkeypatch):
    project = course / "pyproject.toml"
    project.write_text(project.read_text().replace("someone", "somebody-else"))
    monkeypatch.setattr(stored, "execute_all", None)
    assert stored.store(course) == []
    assert "somebody-else" in first(course).read_text("utf-8")


def test_an_unchanged_picture_of_times_keeps_its_bytes(tmp_path):
    draw = (
        "import os\nfrom IPython.display import display\n"
        "display({'image/png': os.urandom(12).hex()}, raw=True)"
    )
    cells = [code(draw, "times"), code(draw), code("x = 1")]
    root = seal(toy_project(tmp_path, *cells))

    def run(place, source):
        edit(first(root), place, source=source)
        stored.store(root)
        cells = nbformat.read(first(root), as_version=4).cells
        return [cells[place].outputs[0].data["image/png"] for place in (4, 5)]

    once, twice, changed = run(7, "x = 2"), run(7, "x = 3"), run(5, f"{draw}  # changed")
    assert twice[0] == once[0] != changed[0]
    assert twice[1] != once[1]


def test_a_line_of_a_notebook_that_is_gone_is_refused_and_then_dropped(tmp_path):
    root = seal(toy_project(tmp_path))
    with (root / stored.LOCK).open("a") as lock:
        lock.write(f"{'0' * 64}  03_gone.ipynb\n")
    assert list(stored.faults(root)) == [
        "notebooks/stored.sha256: 03_gone.ipynb is no notebook: run `make export`"
    ]
    stored.store(root)
    assert list(stored.faults(root)) == []


def test_two_runs_store_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("NNFS_DATA", "elsewhere.csv")
    many = "import sys\nfor i in range(5):\n    print(i)\n    sys.stdout.flush()"
    where = "import os\nprint(os.environ.get('NNFS_DATA'), os.path.basename(os.getcwd()))"
    show = "from IPython.display import display\ndisplay({'a': 1})\n1 + 1"
    root = seal(toy_project(tmp_path, code(many), code(where), code(show)))
    runs = []
    for _ in range(2):
        (root / stored.LOCK).unlink()
        assert stored.store(root) == ["01_activation.ipynb", "02_layer.ipynb"]
        runs.append(bytes_of(root))
    assert list(stored.faults(root)) == []
    assert b"None notebooks" in runs[0]["01_activation.ipynb"]
    assert runs[0] == runs[1]


def test_a_failing_notebook_is_not_stored_and_those_before_it_are(tmp_path):
    root = toy_project(tmp_path)
    failing = add_notebook(root, "02_layer.ipynb", code("wrong = 1"), code("print(wrong / 0)"))
    seal(root)
    edit(first(root), 4, source="print('fresh')", metadata={})
    edit(failing, 4, source="import time\n\ntime.sleep(3)  # the other one ends first\nwrong = 2")
    edited = failing.read_bytes()
    with pytest.raises(Refused) as caught:
        stored.store(root)
    said = str(caught.value)
    assert said.startswith("notebooks/02_layer.ipynb, cell 5 ('print(wrong / 0)') failed")
    assert "ZeroDivisionError: division by zero" in said
    assert failing.read_bytes() == edited
    assert '"fresh\\n"' in first(root).read_text("utf-8")
