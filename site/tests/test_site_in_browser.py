"""The website in a real browser: nothing is fetched from elsewhere, and everything works."""

import re
import shutil
import zipfile

import nbformat
import pytest
from figures import measure
from looking import SMALL, WIDE, barriers, dead_links, look, pages
from serving import serve

from tools import slides
from tools.lib.exercises import PREDICT
from tools.lib.layout import ROOT, Refused, read_notebooks
from tools.lib.site_api import exported

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
    '<div class="bd-main"><p style="width: 9px; overflow: hidden">wordword</p></div>': (
        "cut off: 'wordword'"
    ),
    '<div class="bd-main"><p style="width: 50vw; overflow: hidden">' + "w" * 40 + "</p></div>": (
        "cut off, if narrow: 'www"
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
        found[name] += [f"in the dark: {words}" for words in barriers(page, dark=True)]
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


def test_what_is_pale_in_the_dark_alone_is_seen(page, planted):
    folder, address = planted
    pale = '<style>[data-theme="dark"] p { color: #555; background: #222 }</style><p>pale</p>'
    (folder / "page.html").write_text(HEAD + pale)
    page.goto(f"{address}page.html")
    assert list(barriers(page)) == []
    assert [words.partition(":")[0] for words in barriers(page, dark=True)] == ["color-contrast"]


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


def test_a_finger_sees_the_definition_first_and_then_follows_the_link(browser, address):
    context = browser.new_context(has_touch=True, viewport=SMALL)
    page = context.new_page()
    page.goto(f"{address}notebooks/04_forward_pass.html")
    term, tip = page.locator("a.term", has_text="matrix product"), page.locator("#definition")
    term.tap()
    assert tip.is_visible() and "04_forward_pass" in page.url
    page.locator(".bd-article h1").tap()
    assert tip.is_hidden()
    term.tap()
    term.tap()
    page.wait_for_url("**/GLOSSARY.html#term-matrix-product")
    context.close()


def test_the_home_page_is_light_and_stands_still(browser, address, planted):
    one = measure(browser, address, WIDE)
    print(f"\nhome page: {one}")
    assert one.files > 5
    assert 100_000 < one.sent < 500_000
    assert one.shift < 0.1
    assert 0 < one.first_paint <= one.largest_paint
    folder, other = planted
    move = 'setTimeout(() => { document.querySelector("h1").style.marginTop = "400px"; }, 300)'
    (folder / "page.html").write_text(f"{HEAD}<p>{'words ' * 500}</p><script>{move}</script>")
    assert measure(browser, f"{other}page.html", WIDE).shift > 0.1


def test_words_in_a_wide_picture_are_not_too_small_on_a_phone(page, address):
    sizes = """() => [...document.querySelectorAll(".picture > img")].map((picture) => [
      picture.naturalWidth, picture.offsetWidth, picture.parentElement.clientWidth,
      picture.parentElement.scrollWidth, picture.parentElement.tabIndex])"""
    page.set_viewport_size(SMALL)
    page.goto(f"{address}notebooks/bug_zoo.html")
    found = page.evaluate(sizes)
    assert len(found) > 4 and {width > 2.6 * box for width, _, box, *_ in found} == {True, False}
    for natural, width, box, inside, focus in found:
        scrolls = natural > 2.6 * box
        assert width == pytest.approx(natural / 2 if scrolls else min(natural, box), abs=1)
        assert (inside > box, focus) == (scrolls, 0 if scrolls else -1)
    page.set_viewport_size(WIDE)
    page.wait_for_timeout(100)
    assert all(width <= box for _, width, box, *_ in page.evaluate(sizes))


def test_the_map_leads_on(page, address):
    page.set_viewport_size(WIDE)
    page.goto(address)
    page.locator("svg.wide a").nth(4).click()
    page.wait_for_url("**/notebooks/04_forward_pass.html")
    page.set_viewport_size(SMALL)
    page.goto(address)
    page.locator("svg.narrow a").nth(3).click()  # in its middle, between sign and words
    page.wait_for_url("**/notebooks/03_activation.html")


NOTEBOOKS = [notebook for notebook in read_notebooks(ROOT) if notebook.is_stage]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stage)
def test_slides_show_the_notebook(notebook):
    found = [slide.html for slide in slides.slides(notebook)]
    html = "\n".join(found)
    shown = sum(1 for _, cell in notebook.cells() for _ in slides.pictures(cell))
    assert html.count("<img ") == shown > 0
    asked = sum(cell.source.count(PREDICT) for _, cell in notebook.cells())
    questions = [n for n, slide in enumerate(found) if "Predict before you run." in slide]
    assert len(questions) == html.count("Predict before you run.") == asked > 2
    # What comes out stands on a slide of its own, and the folded answer nowhere.
    assert not any("<pre" in found[n] or "<img" in found[n] for n in questions)
    assert sum("printed" in found[n + 1] or "<img" in found[n + 1] for n in questions) > asked / 2
    assert "<summary>" not in html and "Compare</" not in html
    words = re.sub("<.*?>", "", html)
    for _, cell in notebook.cells():
        for name in exported(notebook, cell):
            assert re.search(rf"\b{name.rpartition('.')[2]}\b", words), name
    *_, exercises, recap = found
    assert exercises.count("<li>Exercise ") >= 3 and recap.count("<li>") >= 3
    assert slides.deck(notebook).count("<h1>") == 1


# How far the slide that is shown reaches over its edges.
OVER = """() => {
  const slide = Reveal.getCurrentSlide();
  const parts = [slide, ...slide.querySelectorAll("pre, mjx-container[display]")];
  return Math.max(slide.scrollHeight - 700, ...parts.map((p) => p.scrollWidth - p.clientWidth));
}"""


@pytest.mark.parametrize("number", [5, 9])  # the widest formulas, the longest functions
def test_every_slide_fits(page, number):
    path = slides.write(number)
    with serve(path.parent) as address:
        faults = []
        page.on("console", lambda message: message.type == "error" and faults.append(message.text))
        page.on("request", lambda r: r.url.startswith((address, "data:")) or faults.append(r.url))
        page.goto(address + path.name)
        page.wait_for_function("Reveal.isReady()")
        page.evaluate("async () => { await MathJax.startup.promise; }")
        assert page.locator("mjx-container").count() > 10
        assert page.locator(".present h1").is_visible()
        seen = set()
        for _ in range(page.evaluate("Reveal.getTotalSlides()") - 1):
            page.keyboard.press("Space")
            seen.add(page.evaluate("Reveal.getCurrentSlide().innerHTML"))
            assert page.evaluate(OVER) <= 1
        assert len(seen) == page.evaluate("Reveal.getTotalSlides()") - 1
        assert page.evaluate("Reveal.isLastSlide()")
        page.evaluate("() => { Reveal.getCurrentSlide().innerHTML = '<p>line</p>'.repeat(50); }")
        assert page.evaluate(OVER) > 100
    assert faults == []


def test_a_cell_tagged_slide_is_shown_whole():
    cell = nbformat.v4.new_code_cell("a < b", metadata={"tags": ["slide"]})
    (piece,) = slides.of_code(NOTEBOOKS[0], cell, asked=False)
    assert re.sub("<.*?>", "", piece).strip() == "a &lt; b"
    words = nbformat.v4.new_markdown_cell(
        "## Part\n\nWords.\n\n<details>No.</details>\n\nMore $x_1$."
    )
    assert list(slides.of_text(words)) == [("##", "Part")]
    words.metadata["tags"] = ["slide"]
    heading, (kind, html) = slides.of_text(words)
    assert (heading, kind) == (("##", "Part"), "")
    assert "Words." in html and r"\(x_1\)" in html and "No." not in html and "Part" not in html


def test_formulas_in_a_row_are_one_slide_with_the_words_before():
    text = "Words.\n\nLead:\n\n$$a$$\n\n$$b$$\n\n## Next\n\nMore.\n\n$$c$$\n\nLast."
    found = list(slides.of_text(nbformat.v4.new_markdown_cell(text)))
    assert [kind for kind, _ in found] == ["", "##", ""]
    assert "Lead" in found[0][1] and found[0][1].index("[a") < found[0][1].index("[b")
    assert "Words" not in found[0][1] and "More" in found[2][1] and "Lead" not in found[2][1]


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
