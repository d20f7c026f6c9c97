"""The website in a real browser: nothing is fetched from elsewhere, and everything works."""

import shutil
import zipfile

import nbformat
import pytest
from looking import WIDE, barriers, dead_links, look, pages
from serving import serve

from tools import slides
from tools.lib.exercises import PREDICT
from tools.lib.layout import ROOT, Refused, read_notebooks

HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>T</title>'
    '<meta name="description" content="D"></head><body>'
    '<a class="skip-link" href="#main">Skip</a><main id="main"><h1>H</h1>'
)
# Faults that were planted, and what is said of each.
PLANTED = {
    '<script>console.error("oh")</script>': "console: oh",
    '<script>throw new Error("oh")</script>': "error: oh",
    '<img alt="x" src="http://127.0.0.1:9/a.png">': "asks another host",
    '<img alt="x" src="gone.png">': "404",
    '<span class="math">x</span>': "1 equations, 0 of them drawn",
    '<span class="math">x</span><mjx-container><mjx-merror></mjx-merror></mjx-container>': (
        "1 with errors"
    ),
    '<div style="width: 500px">x</div>': "scrolls sideways: 5",
    '<div class="bd-article"><details><summary>S</summary><p hidden>x</p></details></div>': (
        "does not open: 'Sx'"
    ),
}
BARRIERS = {
    '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">': "image-alt",
    '<p style="color: #bbb; background: #fff">pale</p>': "color-contrast",
    "<button></button>": "button-name",
}


@pytest.fixture(scope="module")
def looked(built, address, browser):
    """Faults of each page, by its path, seen in the light; and what keeps people out."""
    found = {}
    context = browser.new_context()
    page = context.new_page()
    for path in pages(built):
        name = str(path.relative_to(built))
        found[name] = [*look(page, address + name), *barriers(page)]
    context.close()
    return found


def test_every_page_is_whole(looked):
    assert len(looked) > 60
    assert {name: faults for name, faults in looked.items() if faults} == {}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A server of a folder, and the folder."""
    folder = tmp_path_factory.mktemp("planted")
    with serve(folder) as found:
        yield folder, found


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_seen(page, planted, fault):
    folder, address = planted
    (folder / "page.html").write_text(HEAD + fault)
    (folder / "favicon.ico").touch()
    found = look(page, f"{address}page.html")
    assert any(PLANTED[fault] in words for words in found), found


@pytest.mark.parametrize("fault", BARRIERS)
def test_a_planted_barrier_is_seen(page, planted, fault):
    folder, address = planted
    (folder / "page.html").write_text(HEAD + fault)
    page.goto(f"{address}page.html")
    assert [words.partition(":")[0] for words in barriers(page)] == [BARRIERS[fault]]


@pytest.mark.parametrize("part", ["language", "title", "description", "skip link", "heading"])
def test_a_page_says_what_it_is(page, planted, part):
    folder, address = planted
    gone = {
        "language": ' lang="en"',
        "title": "T",
        "description": ' content="D"',
        "skip link": ' class="skip-link"',
        "heading": "H</h1>",
    }[part]
    html = HEAD.replace(f">{gone}<", "><") if part == "title" else HEAD.replace(gone, "")
    (folder / "page.html").write_text(html)
    assert f"no {part}" in look(page, f"{address}page.html")


def test_links_and_images_live(built, tmp_path):
    assert list(dead_links(built)) == []
    (tmp_path / "a.html").write_text('<a href="b.html#x"></a><img src="c.png"><a href="#y"></a>')
    (tmp_path / "b.html").write_text('<a id="z" href="a.html"></a>')
    assert sorted(dead_links(tmp_path)) == [
        "a.html: #y: no such place",
        "a.html: b.html#x: no such place",
        "a.html: c.png: is not there",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_dark_is_readable_too(browser, address, scheme):
    context = browser.new_context(color_scheme=scheme, viewport=WIDE)
    page = context.new_page()
    for name in ("index", "notebooks/03_activation", "GLOSSARY", "api/solver", "guide/use-it"):
        page.goto(f"{address}{name}.html")
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        assert list(barriers(page, whole=True)) == [], name
    context.close()


def searched(page, address):
    """Titles of the pages that the search finds."""
    page.goto(f"{address}search.html?q=backpropagation")
    page.wait_for_selector("ul.search li a")
    return page.locator("ul.search li a").all_inner_texts()


def test_search_finds(page, address):
    assert any("backpropagation" in title for title in searched(page, address))


def test_a_term_shows_its_definition_by_mouse_and_by_keyboard(page, address):
    page.goto(f"{address}notebooks/04_forward_pass.html")
    term, tip = page.locator("a.term", has_text="matrix product"), page.locator("#definition")
    words = term.get_attribute("title")
    assert len(words) > 20 and tip.is_hidden()
    term.hover()
    assert tip.inner_text() == words
    page.mouse.move(0, 0)
    assert tip.is_hidden() and term.get_attribute("title") == words
    term.focus()
    assert tip.is_visible() and term.get_attribute("aria-describedby") == "definition"
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    term.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/GLOSSARY.html#term-matrix-product")


def test_the_home_page_is_light(page, address):
    sent = []
    page.on("requestfinished", lambda request: sent.append(request.sizes()["responseBodySize"]))
    page.set_viewport_size(WIDE)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    paint = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
    )
    print(f"\nhome page: {sum(sent) / 1000:.0f} kB in {len(sent)} files, seen after {paint} ms")
    assert len(sent) > 5
    assert sum(sent) < 500_000


def test_the_map_leads_on(page, address):
    page.set_viewport_size(WIDE)
    page.goto(address)
    page.locator("svg.wide a").nth(4).click()
    page.wait_for_url("**/notebooks/04_forward_pass.html")


def test_slides_show_the_notebook(page):
    path = slides.write(4)
    notebook = next(nb for nb in read_notebooks(ROOT) if nb.path.stem == path.stem)
    html = path.read_text("utf-8")
    shown = sum(1 for _, cell in notebook.cells() for _ in slides.pictures(cell))
    assert html.count("<img ") == shown > 5
    asked = sum(cell.source.count(PREDICT) for _, cell in notebook.cells())
    assert html.count("Predict before you run.") == asked > 2
    assert "0.65" not in html.partition("base64")[0]  # no answer stands beside its question
    with serve(path.parent) as address:
        faults = []
        page.on("console", lambda message: message.type == "error" and faults.append(message.text))
        page.on("request", lambda r: r.url.startswith((address, "data:")) or faults.append(r.url))
        page.goto(address + path.name)
        page.wait_for_function("Reveal.isReady()")
        page.evaluate("async () => { await MathJax.startup.promise; }")
        assert page.locator("mjx-container").count() > 10
        first = page.locator("section.present section.present").inner_text()
        page.keyboard.press("Space")
        assert page.locator("section.present section.present").inner_text() != first
    assert faults == []


def test_a_cell_tagged_slide_is_shown_whole():
    cell = nbformat.v4.new_code_cell("a < b", metadata={"tags": ["slide"]})
    assert list(slides.pieces(cell)) == ["<pre><code>a &lt; b</code></pre>"]
    words = nbformat.v4.new_markdown_cell("Words.\n\n<details>No.</details>\n\nMore $x_1$.")
    assert list(slides.pieces(words)) == []
    words.metadata["tags"] = ["slide"]
    (piece,) = slides.pieces(words)
    assert "Words." in piece and r"\(x_1\)" in piece and "No." not in piece


def test_a_stage_that_is_not_there_is_refused():
    with pytest.raises(Refused, match="there is no stage 99"):
        slides.write(99)


def test_the_zip_opens_from_a_file(built, page, tmp_path):
    with zipfile.ZipFile(built.with_suffix(".zip")) as archive:
        archive.extractall(tmp_path)
    errors = []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    folder = f"file://{tmp_path}/site/"
    assert any("backpropagation" in title for title in searched(page, folder))
    page.goto(f"{folder}notebooks/05_backpropagation.html")
    page.wait_for_selector("mjx-container mjx-math")
    page.evaluate("document.fonts.ready")
    assert page.evaluate(
        "[...document.fonts].some(f => /MJX/.test(f.family) && f.status == 'loaded')"
    )
    assert errors == []
    shutil.rmtree(tmp_path)
