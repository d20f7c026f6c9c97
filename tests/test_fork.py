"""Another address goes into every file, nothing of the old one is left, and no notebook is run."""

import subprocess

import nbformat
import pytest
import yaml

from tests.notebook_helpers import add_notebook, code, seal, text, toy_project
from tests.test_repository import tracked_texts
from tools import check, fork
from tools.export import write
from tools.lib import citation, package, readme, stored
from tools.lib.layout import ROOT, Refused, project

OLD = "someone/some-course"


def in_git(root):
    """Let git track all files of a folder."""
    for command in ("init -q", "add -A"):
        subprocess.run(["git", *command.split()], cwd=root, check=True)
    return root


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A small course, with the old address in all the forms that it has."""
    root = toy_project(tmp_path, text(f"Ask at https://github.com/{OLD}/issues."))
    (root / "nnfs_core" / "__init__.py").write_text("")
    (root / "CONTRIBUTING.md").write_text(
        f"git clone https://github.com/{OLD}.git, or see https://github.com/{OLD}.\n"
        "https://raw.githubusercontent.com/someone/some-course/main/x.png\n"
        "https://someone.github.io/some-course/page.html and https://github.com/someone/else\n"
        "https://github.com/someone/some-course-2 and https://github.com/someone/some-course.js\n"
    )
    (root / "picture.png").write_bytes(b"\x89PNG\xff")
    monkeypatch.setattr(fork, "GENERATED", [package, readme])
    return in_git(seal(root))


def test_every_form_of_the_address_moves_and_longer_names_stay(toy, capsys):
    fork.main(["anna-b/my.course"], toy)
    said = capsys.readouterr().out
    assert "To run again, by `make export`: nothing." in said
    assert "git tag v0.1.0 && git push origin HEAD v0.1.0" in said
    assert (toy / "CONTRIBUTING.md").read_text() == (
        "git clone https://github.com/anna-b/my.course.git, or see https://github.com/anna-b/my.course.\n"
        "https://raw.githubusercontent.com/anna-b/my.course/main/x.png\n"
        "https://anna-b.github.io/my.course/page.html and https://github.com/someone/else\n"
        "https://github.com/someone/some-course-2 and https://github.com/someone/some-course.js\n"
    )
    assert project(toy)["urls"]["Repository"] == "https://github.com/anna-b/my.course"
    notebook = (toy / "notebooks" / "01_activation.ipynb").read_text("utf-8")
    assert notebook.count("anna-b/my.course") == 3  # badge, setup cell, prose
    assert '\\"my.course\\"' in notebook  # the folder of the clone
    for path in [*(toy / "notebooks").iterdir(), toy / "README.md"]:
        assert OLD not in path.read_text("utf-8")
    assert list(check.generated(toy, fork.GENERATED)) == []
    assert list(stored.faults(toy)) == []


def test_a_cell_that_used_the_address_is_told_to_be_stale(toy, capsys):
    add_notebook(toy, "03_last.ipynb", code(f'address = "https://github.com/{OLD}"'))
    in_git(seal(toy))
    fork.main(["anna/course"], toy)
    assert "by `make export`: 03_last.ipynb." in capsys.readouterr().out


def test_what_names_the_old_course_in_words_is_told(toy, capsys):
    (toy / "HISTORY.md").write_text(f"It was {OLD} before.\n")
    fork.main(["anna/course"], in_git(toy))
    assert f"HISTORY.md still names {OLD}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    [
        "",
        "anna",
        "a_b/course",
        "-a/course",
        "a-/course",
        "a--b/course",
        "a" * 40 + "/course",
        "a-" * 20 + "a/c",
    ]
    + ["anna/", "anna/my course", "anna/course.git", "anna/..", "anna/b/c", "anna/cours\u00e9"]
    + ["https://github.com/anna/course", "anna/" + "b" * 101, "anna/course\n"],
)
def test_a_name_that_github_would_not_have_is_refused_and_nothing_changes(toy, name):
    before = {path: path.read_bytes() for path in toy.rglob("*") if path.is_file()}
    with pytest.raises(Refused, match="expected owner/name as on GitHub, such as REPO=anna/my-"):
        fork.main([name], toy)
    assert {path: path.read_bytes() for path in toy.rglob("*") if path.is_file()} == before


def test_a_folder_without_git_is_refused(tmp_path):
    root = seal(toy_project(tmp_path))
    with pytest.raises(Refused, match="no git repository: clone your fork"):
        fork.main(["anna/course"], root)


def test_the_course_itself_moves_whole(tmp_path):
    """A copy of the repository passes its checks under another address."""
    tracked_texts()  # skips without git
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    fork.main(["anna/course"], in_git(tmp_path))
    assert list(check.generated(tmp_path)) == []
    assert list(stored.faults(tmp_path)) == []
    old = project(ROOT)["urls"]["Repository"].removeprefix("https://")
    left = subprocess.run(["git", "grep", "-l", old], cwd=tmp_path, capture_output=True, text=True)
    assert left.stdout == ""
    badges = (tmp_path / "README.md").read_text("utf-8").count("github/anna/course/blob/v")
    assert badges == len(list((ROOT / "notebooks").glob("*.ipynb")))
    for path in (tmp_path / "notebooks").glob("*.ipynb"):
        setup = nbformat.read(path, as_version=4).cells[3].source
        assert "https://github.com/anna/course" in setup, path.name


def test_the_citation_is_whole_and_knows_the_address_once_there_is_one(tmp_path):
    ((path, content),) = citation.generate(ROOT).items()
    facts = yaml.safe_load(content)
    assert path.name == "CITATION.cff"
    assert facts["cff-version"] == "1.2.0"
    assert facts["version"] == project(ROOT)["version"]
    assert facts["title"] == "A neural network from scratch"
    assert facts["authors"] == [{"name": "The nnfs_core contributors"}]
    about = '[project]\nname = "x"\ndescription = "d"\nversion = "2"\nlicense = "MIT"\n'
    (tmp_path / "LICENSE").write_text("MIT License\n\nCopyright (c) 2026 Anna: and others\n")
    (tmp_path / "README.md").write_text("# A course\n")
    for owner, known in (("anna", "https://github.com/anna/c"), ("your_name", None)):
        urls = f'[project.urls]\nRepository = "https://github.com/{owner}/c"\n'
        (tmp_path / "pyproject.toml").write_text(about + urls)
        write(citation.generate(tmp_path))
        facts = yaml.safe_load((tmp_path / "CITATION.cff").read_text())
        assert facts.get("repository-code") == known
        assert facts["authors"] == [{"name": "Anna: and others"}]
    (tmp_path / "LICENSE").unlink()
    assert citation.generate(tmp_path) == {}
