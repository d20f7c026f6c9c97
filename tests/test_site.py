"""The website's pages as Sphinx gets them. site/tests/ builds them and looks with a browser."""

import ast
import re
import xml.etree.ElementTree as ET
import zipfile

import nbformat
import pytest

from tests.notebook_helpers import add_notebook, code, edit, text, toy_project
from tools import site
from tools.lib import readme, site_api, site_boards, site_home, site_map, site_pages
from tools.lib.layout import ROOT, read_notebooks

CLASSES = '''\
class Layer:
    """It has *two* parts: W_1 and `b_1`."""

    def __init__(self, n_in: int, rate=0.1):
        self.n_in = n_in

    def forward(self, X: int) -> int:
        """Return X."""
        return X

    @staticmethod
    def plain(X):
        """Return X, too."""
        return X


def layer(x):
    """Return x."""
    return x


def _own(x):
    return x
'''


@pytest.fixture
def project(tmp_path):
    """A small course with a README of two sections, a glossary and two pages."""
    root = toy_project(tmp_path, text("A **unit**. [Use it](../README.md#use-it)"))
    (root / "README.md").write_text(
        "# Course\n\n## Ways in\n\nx\n\n## Use it\n\n### Deep\n\n"
        "[one](notebooks/01_activation.ipynb), [again](#use-it), [home](#ways-in)\n"
    )
    (root / "GLOSSARY.md").write_text(
        "# Glossary\n\n- **unit / neuron**: Adds. [Stage 1](notebooks/01_activation.ipynb)\n"
    )
    (root / "data" / "README.md").write_text("# Data\n\n![A dot](dot.png)\n")
    (root / "data" / "dot.png").write_bytes(b"dot")
    return root


def without_owner(root):
    path = root / "pyproject.toml"
    path.write_text(path.read_text().replace("someone", "some_one"))


def staged(root, name="notebooks/01_activation.ipynb"):
    """Cells of a staged notebook."""
    return nbformat.reads(site_pages.generate(root)[name].decode(), as_version=4).cells


def test_links_lead_to_where_things_are_staged(project):
    links = site_pages.Links(project)

    def rewritten(target, source="notebooks/01_activation.ipynb"):
        return links.rewrite(f"[x]({target})", source)

    assert rewritten("../README.md") == "[x](../index.md)"
    assert rewritten("../README.md#use-it") == "[x](../guide/use-it.md)"
    assert rewritten("../README.md#ways-in") == "[x](../index.md)"
    assert rewritten("../data/README.md#deep") == "[x](../data/README.md#deep)"
    assert rewritten("02_layer.ipynb") == "[x](02_layer.ipynb)"
    assert rewritten("../nnfs_core/") == "[x](../api/index.md)"
    assert rewritten("../nnfs_core/validation.py") == "[x](../api/validation.md)"
    assert rewritten("https://python.org/a.md") == "[x](https://python.org/a.md)"
    assert rewritten("#here") == "[x](#here)"
    tree = "https://github.com/someone/some-course/{}/v0.1.0/{}"
    assert rewritten("../data") == f"[x]({tree.format('tree', 'data')})"
    assert rewritten("../LICENSE") == f"[x]({tree.format('blob', 'LICENSE')})"
    without_owner(project)
    links = site_pages.Links(project)
    assert rewritten("../LICENSE") == "x"


def test_the_badge_of_colab_becomes_words_since_its_picture_lies_elsewhere(project):
    edit(
        project / "notebooks/01_activation.ipynb",
        2,
        source="[![Open in Colab](https://c.org/b.svg)](https://c.org/x)",
    )
    assert staged(project)[1].source == "[Open in Colab](https://c.org/x)"


def test_sections_of_the_readme_are_pages(project):
    pages = site_pages.generate(project)
    assert pages["guide/use-it.md"].decode() == (
        "# Use it\n\n## Deep\n\n[one](../notebooks/01_activation.ipynb), [again](use-it.md), "
        "[home](../index.md)\n"
    )
    assert not any("ways-in" in name for name in pages)
    assert pages["data/dot.png"] == b"dot"


def test_entries_of_the_glossary_have_a_place(project):
    text = site_pages.generate(project)["GLOSSARY.md"].decode()
    assert "- [**unit / neuron**]{#term-unit}: Adds." in text


def test_a_picture_has_its_alt_text_and_the_setup_cell_is_folded(project):
    cell = code("plot()")
    cell.metadata["alt"] = "A dot."
    add_notebook(project, "02_layer.ipynb", cell)
    cells = staged(project, "notebooks/02_layer.ipynb")
    assert cells[3].metadata["mystnb"] == {"image": {"alt": "A dot."}}
    assert cells[2].metadata["tags"] == ["setup", "hide-input"]


def test_an_exported_cell_and_the_api_lead_to_each_other(project):
    add_notebook(project, "02_layer.ipynb", code(CLASSES, "export"), code("_x = 1", "export"))
    (project / "nnfs_core/layer.py").write_text(CLASSES)
    notes = [
        c.source for c in staged(project, "notebooks/02_layer.ipynb") if "{py:obj}" in c.source
    ]
    assert notes == [
        "(cell-_layer)=\n(cell-layer)=\n\n{.exported}\nThis cell goes into the package: "
        "{py:obj}`Layer <nnfs_core.Layer>`, {py:obj}`layer <nnfs_core.layer>`"
    ]
    notebook = read_notebooks(project)[1]
    page = site_api.stage_module(project, notebook)
    assert ":::{py:function} layer(x)\n:module: nnfs_core\n" in page
    assert "::::{py:class} Layer(n_in: int, rate=0.1)\n:module: nnfs_core\n" in page
    assert ":::{py:method} forward(X: int) -> int\n\nReturn X.\n:::" in page
    assert ":::{py:method} plain(X)\n:staticmethod:\n" in page
    assert "(project:#cell-_layer)" in page and "(project:#cell-layer)" in page
    assert r"It has *two* parts: W\_1 and `b_1`." in page
    assert "_own" not in page
    edit(project / "notebooks/02_layer.ipynb", 6, source="**gained:** `Layer`, `layer`; see `x`")
    assert staged(project, "notebooks/02_layer.ipynb")[-1].source == (
        "**gained:** {py:obj}`Layer <nnfs_core.Layer>`, {py:obj}`layer <nnfs_core.layer>`; see `x`"
    )


def test_docstrings_are_shown_letter_by_letter_but_for_code_and_weight():
    given = "The *whole* set, *args, **kwargs, a*b*c, `x*y*z` and W_1."
    shown = r"The *whole* set, \*args, \*\*kwargs, a\*b\*c, `x*y*z` and W\_1."
    assert site_api.words(given) == shown


def test_the_api_has_every_public_name():
    pages = {name: text.decode() for name, text in site_api.generate(ROOT).items()}
    source = ast.parse((ROOT / "nnfs_core/__init__.py").read_text("utf-8"))
    (call,) = [
        statement.value
        for statement in source.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)
    ]
    names = ast.literal_eval(next(k.value for k in call.keywords if k.arg == "submod_attrs"))
    everything = "\n".join(pages.values())
    for name in [name for names in names.values() for name in names]:
        found = re.findall(rf"^:+\{{py:\w+\}} {name}\b.*\n:module: nnfs_core$", everything, re.M)
        assert len(found) == 1, name


def test_the_map_leads_to_each_notebook_once_in_each_drawing():
    notebooks = sorted(read_notebooks(ROOT), key=site_map.place)
    drawings = ET.fromstring(site_map.draw(notebooks))
    for drawing in drawings:
        links = [a.get("href") for a in drawing.iter("a")]
        assert links == [f"notebooks/{nb.path.stem}.html" for nb in notebooks]
        width, height = map(float, drawing.get("viewBox").split()[2:])
        for circle in drawing.iter("circle"):
            assert 22 <= float(circle.get("cx")) <= width - 22
            assert 22 <= float(circle.get("cy")) <= height - 22
    assert links[-1] == "notebooks/bug_zoo.html"


def test_the_home_page_lists_each_notebook_and_each_page():
    page = site_home.generate(ROOT)["index.md"].decode()
    names = [name for part in (site_pages, site_api) for name in part.generate(ROOT)]
    pages = [name for name in names if name.endswith((".md", ".ipynb")) and name[:4] != "api/"]
    for name in pages:
        assert re.search(rf"^{re.escape(name.rpartition('.')[0])}$", page, re.MULTILINE), name
    assert readme.hours(ROOT) in page
    assert "<!--" not in page and '<table class="board">' in page


def test_the_scoreboard_draws_each_model(tmp_path):
    (tmp_path / "docs").mkdir()
    lines = (
        "some words\nmean of all  R² -0.001 ± 0.000   MAE 15.32 ± 0.11\n"
        "gradient boosting         R²  0.422 ± 0.017   MAE 10.96 ± 0.18\n"
        "a < b                     R²  0.250 ± 0.020   MAE 10.97 ± 0.18\n"
    )
    (tmp_path / "docs/results-real.txt").write_text(lines, "utf-8")
    text = site_boards.with_boards("x\n<!-- results real -->\ny\n<!-- results gone -->\n", tmp_path)
    rows = ET.fromstring(text.split("\n")[1]).findall("tbody/tr")
    assert [row.get("class") for row in rows] == ["theirs", "theirs", "ours"]
    assert [cell.text for cell in rows[2]] == ["a < b", None, "0.250 ± 0.020", "10.97"]
    bars = [[part.get("style") for part in row[1]] for row in rows]
    assert bars[0] == ["width:0.0%", "left:0.0%;width:0.0%"]
    assert bars[2] == ["width:50.0%", "left:46.0%;width:8.0%"]
    assert "gone" not in text.replace("results gone", "") and text.endswith("y\n\n")


def test_the_scoreboard_has_the_rows_of_the_course():
    for kind in ("synthetic", "real"):
        table = ET.fromstring(site_boards.board(kind, ROOT))
        ours = [row[0].text for row in table.findall("tbody/tr") if row.get("class") == "ours"]
        assert "average of 5" in ours and "linear regression" not in ours


def test_what_there_is_to_play_with_comes_in_order(project):
    assert site_home.play_line(project) == ""
    (project / "site/pages").mkdir(parents=True)
    for name in ("another", "draw_a_digit", "playground"):
        (project / "site/pages" / f"{name}.md").write_text("# Play\n")
    assert site_home.playable(project) == ["playground", "draw_a_digit", "another"]
    line = site_home.play_line(project)
    assert line.startswith("- **Play**") and line.count("](") == 2
    assert site_pages.generate(project)["draw_a_digit.md"] == b"# Play\n"


def test_an_exhibit_that_the_playground_can_show_ends_with_a_link_to_it():
    zoo = next(notebook for notebook in read_notebooks() if notebook.stage == "bug_zoo")
    page = "".join(
        cell.source + "\n" for cell in site_pages.staged_cells(zoo, site_pages.Links(ROOT))
    )
    parts = re.split(r"^## (.*)", page, flags=re.MULTILINE)
    found = {}
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        found |= {number: title for number in re.findall(r"playground\.html#exhibit=(\d+)", body)}
    assert set(found) == site_pages.playable(ROOT) != set()
    assert all(title.startswith(f"Exhibit {number}:") for number, title in found.items())


def test_the_kernel_in_the_browser_lies_beside_the_pages_and_not_in_the_zip(tmp_path, monkeypatch):
    out, kernel = tmp_path / "build/site", tmp_path / "build/lite/site"
    for name in (out / "gone.html", out / "lite/old.js", kernel / "index.html"):
        name.parent.mkdir(parents=True, exist_ok=True)
        name.touch()

    def sphinx(*_):
        (out / "_static/scripts").mkdir(parents=True)
        (tmp_path / "build/site-trees").mkdir()

    for name in ("fetch", "stage", "ship"):
        monkeypatch.setattr(site, name, lambda *_: None)
    monkeypatch.setattr(site, "run", sphinx)
    for passed in (kernel, None):
        monkeypatch.setattr(site.lite, "tried", lambda root, passed=passed: passed)
        assert site.build(tmp_path) == out
        files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
        own = {".nojekyll", "_static/scripts/fontawesome.js"}
        assert files == own | ({"lite/index.html"} if passed else set())
        with zipfile.ZipFile(tmp_path / "build/site.zip") as packed:
            shipped = {name for name in packed.namelist() if not name.endswith("/")}
        assert shipped == {f"site/{name}" for name in own}
