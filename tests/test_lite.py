"""The kernel in the browser starts, and has the course and its data; its outputs are compared."""

import hashlib
import importlib.util
import json
import shutil

import nbformat
import pytest

from tests.notebook_helpers import PICTURE, code, printed, shown
from tools import lite
from tools.lib.browser import Browser, differences
from tools.lib.layout import DATA, ROOT, Notebook, Refused, read_notebooks

BUILT = ROOT / lite.OUT
READY = importlib.util.find_spec("playwright") and shutil.which("chromium")


@pytest.mark.skipif(not READY, reason="needs requirements-lite.txt and chromium")
@pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="needs `make lite`")
def test_the_kernel_starts_and_has_the_course_and_its_data_and_asks_no_other_host():
    notebook = read_notebooks()[3]
    (setup,) = [cell for _, cell in notebook.cells("setup")]
    with Browser(BUILT) as browser:
        browser.open(f"notebooks/{notebook.path.name}")
        assert browser.run(setup.source) == []
        said = browser.run(
            "import nnfs_core\nprint(nnfs_core.__file__)\n"
            f"print(len(open('../{DATA}', encoding='utf-8').readlines()))"
        )
        assert "".join(output["text"] for output in said).splitlines() == [
            "/drive/nnfs_core/__init__.py",
            "20061",
        ]
        outputs = browser.run("import numpy\nprint(numpy.ones(3).sum())")
        (here,) = [entry.get("text") or entry["ename"] for entry in outputs]
        assert here == "3.0\n" or "ModuleNotFoundError" in here  # Pyodide's own place has it
        assert browser.asked == []


def test_without_a_build_it_says_how_to_make_one(tmp_path):
    with pytest.raises(Refused, match="no lite is built: run `make lite`"):
        Browser(tmp_path / "lite")


OUTPUT = [{"output_type": "stream", "name": "stdout", "text": "1\n"}]
DRAWN = {"output_type": "display_data", "data": {"image/png": "other", "text/plain": "<Figure>"}}


@pytest.mark.parametrize(
    ("cell", "outputs", "message"),
    [
        (code("f", outputs=[printed("1\n")]), OUTPUT, ""),
        (code("f", outputs=[printed("1\n1\n")]), OUTPUT * 2, ""),  # cut as time would have it
        (code("f", outputs=[printed("1\n")]), [], "stdout None, expected '1\\n'"),
        (code("f", outputs=[printed("2\n")]), OUTPUT, "stdout '1\\n', expected '2\\n'"),
        (code("f"), OUTPUT, "stdout '1\\n', expected None"),
        (code("f", "nbval-ignore-output"), OUTPUT, ""),
        (code("f", outputs=[shown({"image/png": PICTURE, "text/plain": "<F>"})]), [DRAWN], ""),
        (code("f"), [DRAWN], "1 pictures, expected 0"),
        (
            code("f", "nbval-ignore-output"),
            [{"output_type": "error", "ename": "NameError", "evalue": "f"}],
            "NameError: f",
        ),
        (code("f", outputs=[shown({"text/plain": "2"})]), [], "result None, expected '2'"),
    ],
)
def test_what_a_cell_shows_is_compared_with_what_is_stored(cell, outputs, message):
    assert differences(nbformat.from_dict(cell), outputs) == message


@pytest.fixture
def pyodide(tmp_path, monkeypatch):
    """A folder of Pyodide with a list of three packages; PyPI and Pyodide's place are stand-ins."""
    entry = {"depends": [], "sha256": "of Pyodide's own"}
    names = {"pure_one": ["Fast"], "Fast": [], "unwanted": []}
    packages = {
        name: entry | {"name": name, "version": "1", "depends": depends, "file_name": file}
        for (name, depends), file in zip(
            names.items(),
            ["pure_one-1-py3-none-any.whl", "fast-1-cp314-wasm32.whl", "unwanted.whl"],
            strict=True,
        )
    }
    (tmp_path / "pyodide").mkdir()
    (tmp_path / "pyodide" / "pyodide-lock.json").write_text(json.dumps({"packages": packages}))
    monkeypatch.setattr(lite, "WANTED", ["pure-one"])
    monkeypatch.setattr(lite, "COMPILED", (tmp_path / "place").as_uri())

    def download(*command):
        for requirement in command[command.index("-d") + 2 :]:
            name = requirement.replace("==1", "-1").replace("==", "-") + "-py3-none-any.whl"
            (tmp_path / "wheels" / name).write_text(name)

    monkeypatch.setattr(lite, "run", download)
    return tmp_path


def test_wheels_that_are_needed_lie_beside_pyodide_with_their_hashes(pyodide):
    (pyodide / "place").mkdir()
    (pyodide / "place" / "fast-1-cp314-wasm32.whl").write_text("fast")
    assert lite.add_wheels(pyodide / "pyodide", pyodide / "wheels") == []
    found = {path.name for path in (pyodide / "pyodide").glob("*.whl")}
    assert found == {
        "pure_one-1-py3-none-any.whl",
        "fast-1-cp314-wasm32.whl",
        lite.COMM["file_name"],
    }
    packages = json.loads((pyodide / "pyodide" / "pyodide-lock.json").read_text())["packages"]
    pure = hashlib.sha256(b"pure_one-1-py3-none-any.whl").hexdigest()
    assert packages["pure_one"]["sha256"] == pure and "sha256" in packages["comm"]
    assert packages["Fast"]["sha256"] == "of Pyodide's own"


def test_what_cannot_be_had_is_named_and_not_loaded_first(pyodide):
    assert lite.add_wheels(pyodide / "pyodide", pyodide / "wheels") == ["Fast"]
    config = lite.settings(["Fast"])["jupyter-config-data"]["litePluginSettings"][lite.KERNEL]
    assert config["loadPyodideOptions"]["packages"] == ["comm", *lite.PURE]
    assert config["disablePyPIFallback"] is True


@pytest.fixture
def course(tmp_path):
    """A course that is built, and shipped as three files."""
    for name in ["notebooks/01_a.ipynb", "GLOSSARY.md", f"{lite.OUT}/index.html"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}", "utf-8")
    return tmp_path


def passing(course, monkeypatch, outputs, stages=()):
    """Run the cells of a notebook in a browser that gives these outputs; the exit code."""

    class Browser:
        def __init__(self, folder):
            assert folder == course / lite.OUT

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def open(self, path):
            assert path == "notebooks/01_a.ipynb"

        def run(self, code):
            return outputs

    cell = nbformat.from_dict(code("f", outputs=[printed("1\n")]))
    notebook = Notebook(
        course / "notebooks/01_a.ipynb", 1, "a", nbformat.from_dict({"cells": [cell]})
    )
    monkeypatch.setattr(lite, "Browser", Browser)
    monkeypatch.setattr(lite, "read_notebooks", lambda root: [notebook])
    return lite.run_all(list(stages), course)


def test_a_build_is_taken_once_all_notebooks_have_passed_and_until_the_course_changes(
    course, monkeypatch
):
    assert lite.tried(course) is None
    assert passing(course, monkeypatch, []) == 1 and lite.tried(course) is None
    assert passing(course, monkeypatch, OUTPUT, [1]) == 0 and lite.tried(course) is None
    assert passing(course, monkeypatch, OUTPUT) == 0 and lite.tried(course) == course / lite.OUT
    (course / "notebooks" / "stored.sha256").write_text("not shipped")
    assert lite.tried(course) is not None
    (course / "GLOSSARY.md").write_text("changed")
    assert lite.tried(course) is None
