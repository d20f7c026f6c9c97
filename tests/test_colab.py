"""A notebook runs alone, as in Colab, but with the versions at hand: CI has no time for others."""

import sys

import pytest

from tests.notebook_helpers import LAYER, add_notebook, code, edit, printed, seal, toy_project
from tools import colab
from tools.lib.layout import Refused, read_notebooks


def tracked(root):
    """A project as git knows it; what is not committed counts, too."""
    colab.git(root, "init", "-q")
    colab.git(root, "add", ".")
    return root


@pytest.fixture
def course(tmp_path):
    """A project whose second notebook prints what the first one made, and what lies beside it."""
    root = tmp_path / "root"
    root.mkdir()
    show = code(
        "print(dense(3), sorted(os.listdir()))",
        outputs=[printed("3 ['02_layer.ipynb', 'some-course']\n")],
    )
    toy_project(root)
    wrong = code("print('new')", outputs=[printed("stored\n")])
    add_notebook(root, "02_layer.ipynb", code(LAYER, "export"), show, wrong)
    return tracked(seal(root))


def test_a_notebook_clones_into_an_empty_folder_and_each_cell_is_compared(course, tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    (place / "pytest.ini").touch()
    address, tree = colab.publish(course, place)
    notebook = read_notebooks(tree)[1]
    found = colab.run_alone(sys.executable, notebook, address, place)
    assert found.failed == ["Cell 3"] and found.passed == 3
    assert (place / "02_layer" / "some-course" / "nnfs_core").is_dir()  # kept, to look at
    assert "Cell 3: Cell outputs differ" in (place / "02_layer" / "said.txt").read_text("utf-8")


def test_without_an_owner_another_address_stands_in(course, tmp_path):
    project = course / "pyproject.toml"
    project.write_text(project.read_text().replace("someone/some-course", "your_name/some-course"))
    edit(course / "notebooks" / "02_layer.ipynb", 6, source="'a change that is not committed'")
    address, tree = colab.publish(course, tmp_path)
    assert address == colab.NOBODY
    cells = read_notebooks(tree)[1].content.cells
    assert f'"{address}"' in cells[2].source and "not committed" in cells[5].source
    bare = tmp_path / "course.git"
    assert colab.git(bare, "tag", "--list") == "v0.1.0\n"
    assert "not committed" in colab.git(bare, "show", "v0.1.0:notebooks/02_layer.ipynb")


def test_what_is_no_repository_or_does_not_run_is_refused(tmp_path, monkeypatch):
    with pytest.raises(Refused, match="git ls-files: "):
        colab.publish(toy_project(tmp_path), tmp_path)
    monkeypatch.setattr(colab.environments, "interpreter", lambda version: None)
    with pytest.raises(Refused, match="Colab has Python 3.13, and this machine has none"):
        colab.main([], tmp_path)
