"""The playground, the digit and the track in a real browser, from a file, as the ZIP opens them."""

import re
import shutil
from pathlib import Path

import pytest

from tools.lib.layout import ROOT

api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium")
if not CHROMIUM:
    pytest.skip("Chromium is not installed: chromium is not found", allow_module_level=True)
ARGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
).split()
PAGES = sorted((ROOT / "site" / "pages").glob("*.md"))
PHONE = {"width": 360, "height": 740}


def stage(folder: Path) -> None:
    """Write the pages without a theme: their raw HTML, the rest as plain text."""
    shutil.copytree(ROOT / "site" / "play", folder / "_static" / "play")
    for page in PAGES:
        parts = re.split(r"```\{raw\} html\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL)
        body = "".join(part if n % 2 else f"<p>{part}</p>" for n, part in enumerate(parts))
        head = '<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8">'
        head += f'<meta name="viewport" content="width=device-width"><title>{page.stem}</title>'
        (folder / f"{page.stem}.html").write_text(f"{head}<body>{body}</body></html>", "utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    stage(folder)
    return folder


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, site):
    """Return a function that opens a page; in the end nothing was complained of or fetched."""
    complaints, contexts = [], []

    def open_page(name, hash_="", **settings):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)

        def heard(message):
            if message.type in ("error", "warning"):
                complaints.append(message.text)

        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: None
            if request.url.startswith(("file:", "data:", "blob:"))
            else complaints.append(f"asked for {request.url}"),
        )
        page.goto(f"{(site / f'{name}.html').as_uri()}{hash_}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def losses(page):
    """Return the training and the test loss that the page says."""
    words = page.inner_text("#playground .play-words")
    return [float(found) for found in re.findall(r"loss (\d+(?:\.\d+)?)", words)]


def test_the_playground_learns_xor(visit):
    page = visit("playground")
    start, _ = losses(page)
    assert 0.5 < start < 1
    page.click("#playground .play-main")
    late = "/ epoch ([4-9]\\d\\d|\\d{4})/.test(document.querySelector('.play-words').textContent)"
    page.wait_for_function(f"() => {late}")
    page.click("#playground .play-main")
    train, test = losses(page)
    assert train < 0.15 and test < 0.3
    assert "#data=xor" in page.url and "steps=" in page.url


def test_an_address_opens_what_it_says(visit):
    page = visit("playground", "#data=circle&hidden=5,3&activation=relu&rate=0.3&steps=150")
    words = "() => document.querySelector('.play-words').textContent.startsWith('Step 150')"
    page.wait_for_function(words)
    assert page.locator(".play-layer").nth(1).locator(".play-unit").count() == 5
    told = page.inner_text("#playground .play-words")
    again = visit("playground", page.url.partition(".html")[2])
    again.wait_for_function(words)
    assert again.inner_text("#playground .play-words") == told
    again.select_option("#play-activation", "tanh")
    assert "activation=tanh" in again.url and "steps" not in again.url
    assert again.inner_text("#playground .play-words") != told


def test_a_link_to_a_section_leaves_the_network_alone(visit):
    page = visit("playground", "#be-the-optimizer")
    assert page.url.endswith("#be-the-optimizer") and not page.inner_text(".play-refused")
    page.click("#playground >> text=One step")
    assert "steps=1" in page.url
    page.evaluate("() => { location.hash = '#how-to-read-it' }")
    page.wait_for_timeout(100)
    assert page.inner_text("#playground .play-words").startswith("Step 1,")
    page.evaluate("() => { location.hash = '#data=moons' }")
    page.wait_for_function("() => document.querySelector('#play-data').value === 'moons'")
    assert page.inner_text("#playground .play-words").startswith("Step 0,")


def test_a_teacher_hides_controls_and_a_wrong_address_is_told(visit):
    page = visit("playground", "#bug=sign&hide=bug,seed&colour=red")
    assert not page.is_visible("#play-bug") and not page.is_visible("#play-seed")
    assert not page.is_visible(".play-tells") and not page.is_visible(".play-presets")
    assert page.is_visible("#play-rate")
    assert "colour=red" in page.inner_text(".play-refused")
    assert "hide=bug,seed" in page.url


def test_a_long_wrong_address_is_told_in_short(visit):
    page = visit("playground", "#" + "&".join(f"key{n}={'<b>x' * 5000}" for n in range(9)))
    told = page.inner_text(".play-refused")
    assert "key0=<b>x" in told and "and 4 more" in told and len(told) < 400
    assert page.inner_text("#playground .play-words").startswith("Step 0,")


def test_many_steps_are_told_before_they_end(visit):
    page = visit("playground", "#hidden=8,8,8&batch=1&steps=99999999&rate=0.001")
    assert page.inner_text("#playground .play-words").startswith("Step ")
    page.click("#playground >> text=Reset")
    assert page.inner_text("#playground .play-words").startswith("Step 0,")


def test_an_exhibit_of_the_zoo_can_be_seen(visit):
    page = visit("playground")
    page.click("summary:has-text('See it happen')")
    page.click("a:has-text('the ReLU on the output is dead')")
    page.wait_for_selector(".play-tells")  # the address changes a moment later
    before = losses(page)
    page.click("text=100 epochs")
    page.wait_for_function(
        "() => document.querySelector('.play-words').textContent.includes('Step 100,')"
    )
    assert losses(page) == before


def focus(page, selector, most=80):
    """Go on with Tab until something has the focus, and see that the focus shows."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            look = "(({outlineStyle: s, outlineWidth: w}) => [s, parseFloat(w)])"
            style, width = page.evaluate(f"() => {look}(getComputedStyle(document.activeElement))")
            assert style == "solid" and width >= 2
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_the_keyboard_alone_trains_a_network(visit):
    page = visit("playground")
    focus(page, "#play-data")
    page.keyboard.press("ArrowDown")
    assert "data=circle" in page.url
    assert page.evaluate("() => document.activeElement.id") == "play-data"
    focus(page, "#play-more")
    page.keyboard.press("Enter")
    assert "hidden=6,4" in page.url or "hidden=6%2C4" in page.url
    focus(page, ".play-unit")
    assert "x₁" in page.inner_text("#play-numbers")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert "Unit 2 of layer 1: weights" in page.inner_text("#play-numbers")
    page.locator("#playground .play-main").focus()
    for _ in range(2):  # past one step
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.wait_for_function(
        "() => document.querySelector('.play-words').textContent.includes('Step 100,')"
    )


def test_without_motion_there_are_steps_and_no_play(visit):
    page = visit("playground", reduced_motion="reduce")
    assert not page.is_visible(".play-buttons .play-main >> nth=0")
    page.click("#playground >> text=One step")
    assert page.inner_text("#playground .play-words").startswith("Step 1,")


def test_the_stepper_tells_right_from_wrong(visit):
    page = visit("playground")
    says, phase = page.locator("#stepper .play-says"), page.locator("#stepper .play-phase")
    assert phase.inner_text() == "Forward: operation 1 of 29"
    expected = {"2": "the bias is missing", "x": "Type a number", "1.000,5": "Type a number"}
    expected |= {
        "": "Type a number",
        "1e999": "Not yet",
        "–1.5": "the sign is not",
        "1,5": "Right.",
    }
    for typed, told in expected.items():
        page.fill("#stepper-typed", typed)
        page.press("#stepper-typed", "Enter")
        assert told in says.inner_text()
    assert phase.inner_text() == "Forward: operation 2 of 29"
    for _ in range(5):
        page.click("#stepper >> text=Show it")
    page.fill("#stepper-typed", "−1")
    page.click("#stepper >> text=Check")
    assert "the sign is not" in says.inner_text()
    page.click("#stepper >> text=Back >> nth=-1")
    assert phase.inner_text() == "Forward: operation 6 of 29"
    while page.is_enabled("#stepper .play-main"):
        page.click("#stepper .play-main")
    assert "the loss of this sample is" in page.inner_text("#stepper")
    page.click("#stepper >> text=Another network")
    assert phase.inner_text() == "Forward: operation 1 of 29"


OVERLAPS = """() => {
  const texts = [...document.querySelectorAll("#stepper svg text")];
  const boxes = texts.map((text) => text.getBBox());
  const over = (a, b) => Math.min(
    Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x),
    Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));
  return texts.flatMap((one, i) => texts.slice(0, i)
    .filter((_, j) => over(boxes[i], boxes[j]) > 3)  // the air above and below letters
    .map((other) => `${one.textContent} on ${other.textContent}`));
}"""


def test_no_label_of_the_stepper_lies_on_another(visit):
    page = visit("playground")
    for _ in range(2):
        while page.is_enabled("#stepper .play-main"):
            assert page.evaluate(OVERLAPS) == []
            page.click("#stepper .play-main")
        page.click("#stepper >> text=Another network")
    page.evaluate("""() => {
      const [one, other] = document.querySelectorAll("#stepper svg text");
      for (const name of ["x", "y"]) other.setAttribute(name, one.getAttribute(name));
    }""")
    assert len(page.evaluate(OVERLAPS)) == 1


def test_the_game_has_twenty_moves(visit):
    page = visit("playground")
    words = page.locator("#game .play-words")
    page.focus("#game-w1")
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
    assert "gradient descent's is 0.00932" in words.inner_text()
    assert page.is_disabled("#game-w1") and page.is_visible("#game figure >> nth=1")
    page.click("text=A new game")
    assert "20 moves are left" in words.inner_text() and page.is_enabled("#game-w1")
    box = page.locator("#game-w1").bounding_box()
    page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2)
    assert "19 moves are left" in words.inner_text()


def test_a_drawn_digit_is_read(visit):
    page = visit("draw_a_digit")
    says, box = page.locator("#digit .play-says"), page.locator(".play-pad").bounding_box()
    assert "Draw a digit" in says.inner_text()

    def at(x, y):
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    two = [(0.25, 0.3), (0.4, 0.12), (0.65, 0.15), (0.7, 0.35), (0.5, 0.55), (0.25, 0.85)]
    page.mouse.move(*at(*two[0]))
    page.mouse.down()
    for point in [*two[1:], (0.8, 0.85)]:
        page.mouse.move(*at(*point), steps=6)
    page.mouse.up()
    assert "reads a 2" in says.inner_text()
    shares = [float(text.split()[0]) for text in page.locator(".play-share").all_inner_texts()]
    assert abs(sum(shares) - 100) < 1 and shares[2] == max(shares)
    page.click("text=Clear")
    assert "Draw a digit" in says.inner_text()
    page.click("[aria-label='test picture 15, a 7']")
    assert "reads a 7" in says.inner_text() and "written as a 7" in says.inner_text()
    page.mouse.move(*at(0.5, 0.5))
    page.mouse.down(button="right")
    page.mouse.move(*at(0.6, 0.6))
    page.mouse.up(button="right")
    assert "written as a 7" in says.inner_text()
    page.click(".play-stored button >> nth=-1")
    read, written = re.findall(r"a (\d)", says.inner_text())
    assert read != written


def test_a_digit_is_drawn_with_keys(visit):
    page = visit("draw_a_digit")
    focus(page, ".play-pad")
    to_corner = ["ArrowUp"] * 6 + ["ArrowLeft"] * 3
    zero = ["ArrowRight"] * 6 + ["ArrowDown"] * 11 + ["ArrowLeft"] * 6 + ["ArrowUp"] * 11
    for key in [*to_corner, "Space", *zero, "Space"]:
        page.keyboard.press(key)
    assert "reads a 0" in page.inner_text("#digit .play-says")
    assert page.inner_text(".play-pen") == "Pen up, column 5, row 2."
    page.keyboard.press("Backspace")
    assert "Draw a digit" in page.inner_text("#digit .play-says")


def test_sliders_move_the_prediction(visit):
    page = visit("compose_a_track")
    points, says = page.locator("#track .play-points"), page.locator("#track .play-says")
    assert page.locator("#track input[type=range]").count() == 14
    before = points.inner_text()
    focus(page, "#track-year")
    page.keyboard.press("End")
    after = points.inner_text()
    popular = [int(re.search(r"\d+", text)[0]) for text in (before, after)]
    assert popular[1] > popular[0] + 5 and str(popular[1]) in says.inner_text()
    assert page.get_attribute("#track-year", "aria-valuetext") == "2021"
    page.click("text=a rap of 2017")
    assert "Most like hip-hop" in says.inner_text()
    best = page.locator("#track .play-best .play-bar").bounding_box()["width"]
    widths = [
        box.bounding_box()["width"] for box in page.locator("#track .play-genres .play-bar").all()
    ]
    assert best == max(widths) and sorted(widths)[-2] < 0.5 * best
    page.wait_for_function("() => document.querySelector('#track-year-effect').textContent")
    low, high = map(int, re.findall(r"\d+", page.inner_text("#track-year-effect")))
    assert low + 10 < high


def test_on_a_phone_what_one_changes_stays_in_sight(visit):
    page = visit("compose_a_track", viewport=PHONE)
    page.locator("#track-year").scroll_into_view_if_needed()
    assert page.evaluate("() => scrollY") > PHONE["height"]
    assert 0 <= page.locator(".play-points").bounding_box()["y"] < PHONE["height"] / 4
    page = visit("playground", viewport=PHONE)
    play = page.locator("#playground .play-main").bounding_box()
    surface = page.locator("#playground figure canvas").first.bounding_box()
    assert surface["y"] + surface["height"] - play["y"] < PHONE["height"]
    page.click("summary:has-text('Settings')")
    page.select_option("#play-data", "moons")
    assert "data=moons" in page.url


@pytest.mark.parametrize("name", [page.stem for page in PAGES])
def test_nothing_scrolls_sideways_on_a_phone(visit, name):
    page = visit(name, viewport=PHONE, has_touch=True)
    for details in page.locator("details > summary").all():
        details.click()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    small = page.evaluate(
        "() => [...document.querySelectorAll('.nnfs-play :is(button, select)')]"
        ".filter(e => e.offsetHeight && e.offsetHeight < 36).map(e => e.outerHTML)"
    )
    assert not small


def test_dark_and_light_differ_at_once(visit):
    page = visit("playground")
    look = "() => document.querySelector('#playground canvas').toDataURL().length"
    pixels = "() => document.querySelector('#playground canvas').toDataURL()"
    light = page.evaluate(pixels)
    assert page.evaluate(look) > 1000
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark' }")
    page.wait_for_timeout(100)
    assert page.evaluate(pixels) != light
