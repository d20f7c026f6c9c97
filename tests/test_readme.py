"""README.md shows the stages as the notebooks tell them."""

import pytest

from tests.notebook_helpers import edit, text, toy_project
from tools.lib import readme
from tools.lib.layout import Refused

BADGE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/someone/some-course/blob/main/notebooks/{})"
)


def test_the_table_is_written_between_the_marks(tmp_path):
    root = toy_project(tmp_path, text("word " * 1000))
    edit(root / "notebooks" / "02_layer.ipynb", 1, source="# Stage 2\n\n**You will build:** x | y")
    readme.main([], root)
    assert (root / "README.md").read_text() == (
        "# Course\n\n<!-- stages -->\n"
        "| stage | what you build | minutes | open |\n"
        "| --- | --- | --- | --- |\n"
        "| [Stage 01: activation](notebooks/01_activation.ipynb) | the activation stage. | 10 | "
        f"{BADGE.format('01_activation.ipynb')} |\n"
        "| [Stage 2](notebooks/02_layer.ipynb) | x \\| y | 5 | "
        f"{BADGE.format('02_layer.ipynb')} |\n"
        "<!-- /stages -->\n\nThe end.\n"
    )
    readme.main(["--check"], root)


def test_check_shows_the_difference_and_writes_nothing(tmp_path, capsys):
    root = toy_project(tmp_path)
    before = (root / "README.md").read_bytes()
    with pytest.raises(Refused, match="run `make export`"):
        readme.main(["--check"], root)
    assert "+| [Stage 02: layer](notebooks/02_layer.ipynb)" in capsys.readouterr().out
    assert (root / "README.md").read_bytes() == before


def test_a_notebook_that_does_not_say_what_is_built_is_refused(tmp_path):
    root = toy_project(tmp_path)
    edit(root / "notebooks" / "02_layer.ipynb", 1, source="# Stage 2\n\n**You will build:**")
    with pytest.raises(Refused, match=r"02_layer.ipynb: no markdown line '\*\*You will build"):
        readme.main([], root)


@pytest.mark.parametrize("content", ["<!-- stages -->", "<!-- /stages --><!-- stages -->"])
def test_a_missing_mark_is_refused(tmp_path, content):
    root = toy_project(tmp_path)
    (root / "README.md").write_text(content)
    with pytest.raises(Refused, match="README.md: expected a line '<!-- stages -->'"):
        readme.main([], root)


@pytest.mark.parametrize(
    "address", ["git@github.com:a/b.git", "https://github.com/a/b.git", "https://gitlab.com/a/b"]
)
def test_an_address_that_colab_cannot_open_is_refused(tmp_path, address):
    root = toy_project(tmp_path)
    (root / "pyproject.toml").write_text(f'[project.urls]\nRepository = "{address}"\n')
    with pytest.raises(Refused, match="is not https://github.com/OWNER/NAME"):
        readme.main([], root)
