"""The repository keeps its own rules: package, notebooks, README, links and addresses agree."""

import re
import shutil
import subprocess

import pandas as pd
import pytest
import yaml
from sklearn.dummy import DummyRegressor

from nnfs_core import clean_tracks, load_tracks, prepare_dataset, scoreboard
from nnfs_core import tracks as files_of_tracks
from tools import check
from tools.lib import exercises, layout, numbers, pages, repository, stored
from tools.lib.layout import MACHINE_PATH, ROOT, read_notebooks
from tools.lib.pages import broken_links


def tracked_texts():
    """Text of each file that git tracks or would, by path."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git repository, so there is no list of its files")
    texts = {}
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix not in {".csv", ".gz", ".zip", ".png", ".npz"}:
            texts[path] = path.read_text("utf-8")
    return texts


def test_the_repository_has_no_fault():
    """All that `make check` looks at, but for the glossary, which has a test of its own."""
    parts = [check.generated(), stored.faults(), repository.faults(), pages.faults()]
    parts.append(numbers.faults())
    parts += [exercises.problems(ROOT, notebook) for notebook in read_notebooks()]
    assert [fault for part in parts for fault in part] == []


def test_every_relative_link_leads_to_a_file():
    broken = {
        str(path.relative_to(ROOT)): links
        for path, content in tracked_texts().items()
        if path.suffix in {".md", ".ipynb"}
        if path != ROOT / "site/index.md"  # site/tests follows the links of what it becomes
        if (links := list(broken_links(path, content)))
    }
    assert broken == {}


@pytest.mark.parametrize(
    ("content", "broken"),
    [
        ("[a](b.md) and [c](https://example.org) and [d](#here)", []),
        ("[a](none.md)", ["none.md"]),
        ("[a](b.md#part)", ["b.md#part"]),
        ("[a](/b.md)", ["/b.md"]),
        ('<img src="none.png">', ["none.png"]),
        ("`[a](none.md)` and $A[l](x)$", []),
    ],
)
def test_the_link_check_sees_what_is_broken(tmp_path, content, broken):
    (tmp_path / "b.md").write_text("")
    assert list(broken_links(tmp_path / "a.md", content)) == broken


def test_no_tracked_file_holds_a_path_of_one_machine():
    found = {
        str(path.relative_to(ROOT)): match[0]
        for path, content in tracked_texts().items()
        if path.suffix != ".ipynb"  # tools.lib.stored looks at those, and not at their pictures
        if (match := MACHINE_PATH.search(content))
    }
    assert found == {}


@pytest.mark.parametrize("folder", ["home", "root", "tmp", "work", "Users"])
def test_the_path_check_sees_a_path(folder):
    for before in ("", "'", '"', "(", "file://", "="):
        assert MACHINE_PATH.search(f"{before}/{folder}/x")
    for before in ("example.org", "~", "..", "data"):
        assert not MACHINE_PATH.search(f"{before}/{folder}/x")


def test_badges_and_clones_have_the_address_of_pyproject():
    address = layout.repository().removeprefix("https://github.com/")
    for file, content in tracked_texts().items():
        if file.suffix in {".md", ".ipynb"}:
            for other in re.findall(rf"{layout.COLAB}/github/([\w.-]+/[\w.-]+)", content):
                assert other == address, file


def test_the_readme_results_of_the_quick_models_can_be_made_again(monkeypatch):
    """scikit-learn's network takes a minute, so another model stands in for it here."""
    monkeypatch.setattr(files_of_tracks, "MLPRegressor", lambda **settings: DummyRegressor())
    tracks = clean_tracks(load_tracks())
    splits = [scoreboard(prepare_dataset(tracks, seed=seed)) for seed in (42, 0, 1, 2, 3)]
    mean, deviation = (getattr(pd.concat(splits).groupby(level=0), f)() for f in ("mean", "std"))
    readme = (ROOT / "README.md").read_text("utf-8")
    for model in ("mean of the training set", "the year alone, linear", "linear regression"):
        r2, mae = (
            f"{mean[column][model]:.{digits}f} ± {deviation[column][model]:.{digits}f}"
            for column, digits in (("R²", 3), ("MAE", 2))
        )
        assert f"{model:25} R² {r2:>14}   MAE {mae:>12}\n" in readme


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the repository's own files."""
    root = tmp_path_factory.mktemp("copy")
    for path in tracked_texts():
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    shutil.copy(ROOT / layout.DATA, root / layout.DATA)
    return root


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("requirements.txt", "pooch>=1.8\n", "", "imports pooch, which requirements.txt does not"),
        ("requirements.txt", "numpy>=", "sympy>=1\nnumpy>=", "nothing imports sympy: take it out"),
        ("tools/run.py", "import os", "import os, rich", "tools/run.py: imports rich, which"),
        ("nnfs_core/layers.py", "import numpy", "import nnfs_course\nimport numpy", "what teaches"),
        (
            "tests/test_layers.py",
            None,
            None,
            "tests/test_layers.py: is not there, and tests nnfs_c",
        ),
        (
            "nnfs_course/exercises/layers.py",
            "import numpy",
            "from nnfs_course.exercises.activation import relu\nimport numpy",
            "imports another notebook's judges",
        ),
        ("tests/test_stored.py", None, None, "tests/test_stored.py: is not there, and tests tools"),
        (".ci/run", "make test", "make check", ".ci/run: expected the line 'make test'"),
        (".ci/run", "make test", "# make test", ".ci/run: expected the line 'make test'"),
        ("Makefile", " --nbval ", " ", "Makefile: expected the line '$(SHIPPED) OPENBLAS"),
        ("Makefile", "test: check", "test:", "Makefile: expected the line 'test: check"),
        ("Makefile", "fork: $(VENV)/test", "fork: $(VENV)/run", "expected the line 'fork: $(VENV)"),
        (".github/workflows/test.yml", "make test", "make check", "'- run: make test"),
        (".github/workflows/test.yml", '"3.13"', '"3.12"', "expected the line 'python: \"3.13"),
        (".github/workflows/weekly.yml", '"3.11", ', "", "expected the line 'python:"),
        (".github/workflows/weekly.yml", "tools test", "tools run", "'- run: python -m tools test"),
        (
            ".github/workflows/test.yml",
            "  pull_request:\n",
            "",
            "expected the line 'pull_request:'",
        ),
        ("LICENSE", None, "", "LICENSE: expected the line 'MIT License'"),
    ],
)
def test_a_planted_fault_is_seen(copy, name, old, new, message):
    path = copy / name
    before = path.read_text("utf-8")
    assert old is None or old in before
    if new is None:
        path.unlink()
    else:
        path.write_text(before.replace(old, new) if old else new, "utf-8")
    part = {"requirements.txt": "import", "tests": "test"}
    part |= {"tools": "import", "nnfs_course": "import", "nnfs_core": "import"}
    kind = part.get(name, part.get(name.partition("/")[0], "promise"))
    found = list(getattr(repository, f"{kind}_faults")(copy))
    path.write_text(before, "utf-8")
    assert any(message in fault for fault in found), found
    assert not list(getattr(repository, f"{kind}_faults")(copy))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("CONTRIBUTING.md", "(docs/STYLE.md)", "(docs/STYLES.md)", "the link docs/STYLES.md leads"),
        ("SECURITY.md", "look before", "simply look before", "'simply' in"),
        ("docs/TEACHING.md", "# ", "# Obviously ", "'Obviously' in"),
        (".github/pull_request_template.md", "reader", "/" + "home/anna", "a path of one machine"),
        (".github/ISSUE_TEMPLATE/1_bug.yml", "A cell", "Just a cell", "'Just' in"),
        ("CHANGELOG.md", "## 0.1.0", "## 0.0.9", "expected '## 0.1.0': say what is new"),
        ("CHANGELOG.md", "(notebooks/bug_zoo.ipynb)", "", "expected '](notebooks/bug_zoo.ipynb)'"),
        (
            "notebooks/03_activation.ipynb",
            "# Stage 3",
            "# Just Stage 3",
            "03_activation.ipynb: 'Just'",
        ),
        (
            ".pre-commit-config.yaml",
            "entry: make check",
            "entry: make",
            "expected the line 'entry: make check'",
        ),
        (".gitattributes", " diff=jupyternotebook", "", "expected the line '*.ipynb text eol=lf"),
    ],
)
def test_a_fault_in_a_page_is_seen(copy, name, old, new, message):
    path = copy / name
    before = path.read_text("utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), "utf-8")
    found = [*pages.faults(copy), *repository.promise_faults(copy)]
    path.write_text(before, "utf-8")
    assert any(message in fault for fault in found), found


def test_the_issue_forms_are_forms():
    """GitHub shows no form whose keys it does not know, and says nothing."""
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) == 3
    for path in forms:
        form = yaml.safe_load(path.read_text("utf-8"))
        assert form.keys() == {"name", "description", "labels", "body"}, path
        assert {field["type"] for field in form["body"]} <= {"input", "textarea"}
        ids = [field["id"] for field in form["body"]]
        assert len(set(ids)) == len(ids)
        assert all(field["attributes"]["label"] for field in form["body"])
        for field in form["body"]:
            assert field.keys() <= {"type", "id", "attributes", "validations"}
    unclear = yaml.safe_load(forms[1].read_text("utf-8"))
    # The site's link "something unclear here?" fills these in.
    assert {"notebook", "heading", "version"} <= {field["id"] for field in unclear["body"]}


def test_other_lower_bounds_make_other_constraints(copy):
    path = copy / "requirements.txt"
    before = path.read_text("utf-8")
    path.write_text(before.replace("numpy>=2.0", "numpy>=1.20"), "utf-8")
    found = list(check.generated(copy, [repository]))
    path.write_text(before, "utf-8")
    assert "+numpy==1.20" in found
    assert list(check.generated(copy, [repository])) == []
