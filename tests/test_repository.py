"""The repository keeps its own rules: package, notebooks, README, links and addresses agree."""

import re
import subprocess

import nbformat
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor

from nnfs_core import clean_tracks, load_tracks, prepare_dataset, preprocessing, scoreboard
from tools.lib import package, readme, stored
from tools.lib.layout import COLAB, MACHINE_PATH, ROOT, read_notebooks, repository, tags

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|(?:src|href)=[\"']([^\"']+)")
CODE = re.compile(r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)


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


def prose(path, content):
    """What people read in a markdown file or a notebook, without code and formulas."""
    if path.suffix == ".ipynb":
        cells = nbformat.reads(content, as_version=4).cells
        content = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return CODE.sub("", content)


def broken_links(path, content):
    """Relative links that lead nowhere, with an anchor, or from the root of something."""
    for match in LINK.finditer(prose(path, content)):
        link = match[1] or match[2]
        if re.match(r"[a-z]+:|#", link):
            continue
        if link.startswith("/") or "#" in link or not (path.parent / link).exists():
            yield link


def test_the_package_is_what_the_notebooks_export():
    package.main(["--check"])


def test_the_notebooks_are_stored_in_normal_form():
    assert list(stored.check()) == []


def test_the_readme_shows_the_stages():
    readme.main(["--check"])


def test_every_relative_link_leads_to_a_file():
    broken = {
        str(path.relative_to(ROOT)): links
        for path, content in tracked_texts().items()
        if path.suffix in {".md", ".ipynb"}
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
        if path.suffix != ".ipynb"  # tools.store looks at those, and not at their pictures
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
    address = repository()
    path = address.removeprefix("https://github.com/")
    for notebook in read_notebooks():
        links = notebook.content.cells[1]
        setup = next(cell for _, cell in notebook.cells("setup"))
        opened = f"{COLAB}/github/{path}/blob/main/notebooks/{notebook.path.name}"
        assert f"({opened})" in links.source and "links" in tags(links)
        assert f'"{address}"' in setup.source
    for file, content in tracked_texts().items():
        if file.suffix in {".md", ".ipynb"}:
            for other in re.findall(rf"{COLAB}/github/([\w.-]+/[\w.-]+)", content):
                assert other == path, file


def test_the_readme_results_of_the_quick_models_can_be_made_again(monkeypatch):
    """scikit-learn's network takes a minute, so another model stands in for it here."""
    monkeypatch.setattr(preprocessing, "MLPRegressor", lambda **settings: DummyRegressor())
    tracks = clean_tracks(load_tracks())
    splits = [scoreboard(prepare_dataset(tracks, seed=seed)) for seed in (42, 0, 1, 2, 3)]
    mean, deviation = (getattr(pd.concat(splits).groupby(level=0), f)() for f in ("mean", "std"))
    readme = (ROOT / "README.md").read_text("utf-8")
    for model in ("mean of the training set", "linear regression"):
        r2, mae = (
            f"{mean[column][model]:.{digits}f} ± {deviation[column][model]:.{digits}f}"
            for column, digits in (("R²", 3), ("MAE", 2))
        )
        assert f"{model:25} R² {r2:>14}   MAE {mae:>12}\n" in readme
