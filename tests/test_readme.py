"""README.md shows the stages, the commands and the results as notebooks and tools tell them."""

import base64

import pytest

from tests.notebook_helpers import (
    MARKS,
    PICTURE,
    add_notebook,
    code,
    edit,
    shown,
    text,
    toy_project,
)
from tools import check
from tools.export import write
from tools.lib import readme, steps
from tools.lib.layout import ROOT, Refused

BADGE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/someone/some-course/blob/v0.1.0/notebooks/{})"
)


def test_what_is_generated_stands_between_the_marks(tmp_path):
    root = toy_project(tmp_path, text("word " * 1000))
    edit(root / "notebooks" / "02_layer.ipynb", 1, source="# Stage 2\n\n**You will build:** x | y")
    for folder in ("tools", "docs"):
        (root / folder).mkdir()
    (root / "tools" / "sing.py").write_text('"""Sing a song.\n\nWith words."""\n')
    (root / "docs" / "results-real.txt").write_text("R² 0.365\n", "utf-8")
    write(readme.generate(root))
    empty = [kind for kind in readme.KINDS if kind not in ("synthetic", "real")]
    assert (root / "README.md").read_text("utf-8") == (
        "# Course\n\n<!-- hours -->\n2 notebooks, 1 hours to read.\n<!-- /hours -->\n"
        "<!-- picture -->\n\n<!-- /picture -->\n<!-- short way -->\n"
        "| read | minutes | and do |\n| --- | --- | --- |\n"
        "| [Stage 2](notebooks/02_layer.ipynb) | 5 |  |\n\nTogether 5 minutes.\n"
        "<!-- /short way -->\n<!-- stages -->\n"
        "| stage | what you build | minutes | open |\n"
        "| --- | --- | --- | --- |\n"
        "| [Stage 01: activation](notebooks/01_activation.ipynb) | the activation stage. | 10 | "
        f"{BADGE.format('01_activation.ipynb')} |\n"
        "| [Stage 2](notebooks/02_layer.ipynb) | x \\| y | 5 | "
        f"{BADGE.format('02_layer.ipynb')} |\n"
        "<!-- /stages -->\n<!-- tools -->\n"
        "| command | what it does |\n| --- | --- |\n| `python -m tools.sing` | Sing a song. |\n"
        "<!-- /tools -->\n<!-- results synthetic -->\n\n<!-- /results synthetic -->\n"
        "<!-- results real -->\n```\nR² 0.365\n```\n<!-- /results real -->\n"
        + "".join(f"<!-- results {kind} -->\n\n<!-- /results {kind} -->\n" for kind in empty)
        + "\nThe end.\n"
    )
    assert list(check.generated(root, [readme])) == []
    edited = (root / "README.md").read_text("utf-8").replace("0.365", "0.465")
    (root / "README.md").write_text(edited, "utf-8")
    assert "-R² 0.465" in list(check.generated(root, [readme]))


def test_the_picture_is_the_first_one_and_says_its_alt_text(tmp_path):
    second = PICTURE.replace("E=", "I=")
    cells = [code("p()", "picture", outputs=[shown({"image/png": p})]) for p in (PICTURE, second)]
    for words, cell in zip(("A surface.", "Dots."), cells, strict=True):
        cell.metadata["alt"] = words
    root = toy_project(tmp_path, code("1", "picture"), *cells)
    generated = readme.generate(root)
    assert "<!-- picture -->\n![A surface.](docs/picture.png)\n" in generated[
        root / "README.md"
    ].decode("utf-8")
    assert generated[root / "docs" / "picture.png"] == base64.b64decode(PICTURE)


def task(title, minutes, matters):
    """The cells of an exercise."""
    effort = f"*Difficulty 3 of 5 · {minutes} minutes · matters: {matters}*"
    heading = text(f"### Exercise {title}\n\n{effort}\n\nDo it.")
    return [heading, code("...", "stub"), code("judge.it(it)", "judge"), text("", "folds")]


def test_the_short_way_reads_from_the_network_on_and_does_what_matters_most(tmp_path, monkeypatch):
    monkeypatch.setattr(readme, "READING", 15)
    monkeypatch.setattr(readme, "SHORT", 50)
    root = toy_project(tmp_path, *task("1: prepare", 5, "very much"))
    edit(root / "notebooks" / "02_layer.ipynb", 1, source="# Two\n\n**You will build:** x")
    exercises = [("1: long", 30, "very much"), ("2: short", 10, "very much"), ("3: odd", 5, "much")]
    sections = [
        text("## 1. A function"),
        code("x = 1", "export"),
        text("## 2. A run"),
        text("## 3. More\n\n" + "word " * 9000),
    ]
    own = [cell for exercise in exercises for cell in task(*exercise)]
    add_notebook(root, "03_last.ipynb", *sections, *own)
    add_notebook(root, "04_more.ipynb", text("word " * 1000), *task("1: late", 5, "very much"))
    add_notebook(root, "05_end.ipynb")
    lines = readme.short_way(root).splitlines()
    assert lines[2:] == [
        "| [Two](notebooks/02_layer.ipynb) | 5 |  |",
        "| [Stage 03: last](notebooks/03_last.ipynb), to *2. A run* | 5 | "
        "Exercise 1: long (30 minutes); Exercise 2: short (10 minutes) |",
        "",
        "Together 50 minutes.",
    ]
    monkeypatch.setattr(readme, "SHORT", 49)
    assert "| Exercise 2: short (10 minutes) |" in readme.short_way(root)
    add_notebook(root, "00_overview.ipynb")
    assert readme.short_way(root).splitlines()[2].startswith("| [Stage 00: overview]")
    assert readme.hours(root) == "6 notebooks, 1 hours to read, and 1 more for the exercises."


def test_without_an_owner_the_table_has_no_badges(tmp_path):
    root = toy_project(tmp_path)
    project = root / "pyproject.toml"
    project.write_text(project.read_text().replace("someone", "your_name"))
    assert readme.stages(root).splitlines()[2].endswith("| the activation stage. | 5 |")


def test_each_command_says_what_it_does():
    lines = steps.commands(ROOT)
    assert {"check", "export", "exercise", "run", "learner"} <= lines.keys()
    assert all(line.endswith(".") and len(line) < 100 for line in lines.values()), lines


def test_a_notebook_that_does_not_say_what_is_built_is_refused(tmp_path):
    root = toy_project(tmp_path)
    edit(root / "notebooks" / "02_layer.ipynb", 1, source="# Stage 2\n\n**You will build:**")
    with pytest.raises(Refused, match=r"02_layer.ipynb: no markdown line '\*\*You will build"):
        readme.generate(root)


@pytest.mark.parametrize("mark", MARKS)
def test_a_missing_mark_is_refused(tmp_path, mark):
    root = toy_project(tmp_path)
    for missing in (f"<!-- {mark} -->", f"<!-- /{mark} -->"):
        content = (root / "README.md").read_text()
        (root / "README.md").write_text(content.replace(missing, ""))
        with pytest.raises(Refused, match=f"README.md: expected a line '<!-- {mark} -->'"):
            readme.generate(root)
        (root / "README.md").write_text(content)


@pytest.mark.parametrize(
    "address", ["git@github.com:a/b.git", "https://github.com/a/b.git", "https://gitlab.com/a/b"]
)
def test_an_address_that_colab_cannot_open_is_refused(tmp_path, address):
    root = toy_project(tmp_path)
    (root / "pyproject.toml").write_text(f'[project.urls]\nRepository = "{address}"\n')
    with pytest.raises(Refused, match="is not https://github.com/OWNER/NAME"):
        readme.generate(root)
