"""What is wrong with a page in a browser, and with the links of all pages."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SMALL, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
DRAWN = """async () => {
  if (window.MathJax?.startup) await MathJax.startup.promise;
  const boxes = document.querySelectorAll("mjx-container").length;
  const errors = document.querySelectorAll("mjx-merror").length;
  return [document.querySelectorAll(".math").length, boxes, errors];
}"""
HEAD = """() => ({
  language: document.documentElement.lang,
  title: document.title.trim(),
  description: document.querySelector("meta[name=description]")?.content,
  "skip link": document.querySelector("#pst-skip-link a, a.skip-link")?.getAttribute("href"),
  heading: [...document.querySelectorAll("main h1")].some((h) => h.textContent.trim()),
})"""
# Folds open, and what is in them is seen.
CLOSED = """() => {
  const folds = [...document.querySelectorAll(".bd-article details")];
  for (const fold of folds) {
    if (!fold.open) fold.querySelector("summary")?.click();
  }
  const seen = (part) => part.offsetHeight > 0 || part.textContent.trim() === "";
  return folds.filter((fold) => !fold.open || !seen(fold.lastElementChild))
    .map((fold) => fold.textContent.trim().slice(0, 40));
}"""
# Most elements of a page lie in formulas and code, all alike, and axe visits each of them.
THIN = """() => {
  for (const part of document.querySelectorAll("mjx-container")) part.replaceChildren();
  for (const part of document.querySelectorAll("pre")) part.textContent = part.textContent;
}"""
# A fold that has opened fades in, and half-way its words are pale.
STILL = """() => {
  for (const motion of document.getAnimations()) {
    if (motion.effect.getComputedTiming().endTime !== Infinity) motion.finish();
  }
}"""
# Words that end where their box does, and nobody can scroll there.
CUT = """() => [...document.querySelectorAll(".bd-main *")].filter((part) =>
    part.offsetParent && part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1
    && !part.closest("mjx-container, svg, .bd-header, .pst-async-banner-revealer")
    && ["hidden", "clip"].includes(getComputedStyle(part).overflowX) && part.textContent.trim())
  .map((part) => part.textContent.trim().replace(/\\s+/g, " ").slice(0, 40))"""
DARK = "() => { document.documentElement.dataset.theme = 'dark'; }"
WIDTH = "() => document.documentElement.scrollWidth"


def look(page: Page, address: str) -> list[str]:
    """Faults of a page, opened anew."""
    found = []

    def heard(message) -> None:
        if message.type == "error":
            found.append(f"console: {message.text}")

    def asked(request) -> None:
        if urlsplit(request.url).netloc != urlsplit(address).netloc:
            found.append(f"asks another host: {request.url}")

    def answered(response) -> None:
        if response.status >= 400:
            found.append(f"{response.status}: {response.url}")

    def thrown(error) -> None:
        found.append(f"error: {error}")

    listeners = {"console": heard, "request": asked, "response": answered, "pageerror": thrown}
    for event, listener in listeners.items():
        page.on(event, listener)
    page.set_viewport_size(WIDE)
    page.goto(address)
    found += seen(page)
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    return found


def seen(page: Page) -> Iterator[str]:
    """Faults of the page that is open."""
    formulas, boxes, errors = page.evaluate(DRAWN)
    if formulas > boxes or errors:
        yield f"{formulas} equations, {boxes} of them drawn, {errors} with errors"
    for part, content in page.evaluate(HEAD).items():
        if not content:
            yield f"no {part}"
    for fold in page.evaluate(CLOSED):
        yield f"does not open: {fold!r}"
    yield from (f"cut off: {words!r}" for words in page.evaluate(CUT))
    page.set_viewport_size(SMALL)
    yield from (f"cut off, if narrow: {words!r}" for words in page.evaluate(CUT))
    if (width := page.evaluate(WIDTH)) > SMALL["width"]:
        yield f"scrolls sideways: {width} pixels wide"


def barriers(page: Page, whole: bool = False, dark: bool = False) -> Iterator[str]:
    """What keeps people out of the page that is open: axe-core's serious and critical findings.

    whole: with all of its formulas and code; dark: the contrasts that it has in the dark alone.
    """
    options = {"resultTypes": ["violations"]}
    if dark:
        page.evaluate(DARK)
        options["runOnly"] = ["color-contrast"]
    page.evaluate(STILL)
    if not whole:
        page.evaluate(THIN)
    for finding in Axe().run(page, options=options).response["violations"]:
        if finding["impact"] in ("serious", "critical"):
            where = "; ".join(node["html"][:120] for node in finding["nodes"][:3])
            yield f"{finding['id']}: {finding['help']}: {where}"


class Parts(HTMLParser):
    """Places of a page, and what it links to or shows."""

    def __init__(self, path: Path):
        super().__init__()
        self.places, self.targets = set(), set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        """Take note of a tag."""
        known = dict(attrs)
        self.places |= {known[key] for key in ("id", "name") if known.get(key)}
        self.targets |= {known[key] for key in ("href", "src") if known.get(key)}


def pages(folder: Path) -> list[Path]:
    """Pages of the site in a folder; those in lite/ are JupyterLite's own."""
    found = sorted(folder.rglob("*.html"))
    return [path for path in found if path.relative_to(folder).parts[0] != "lite"]


# exhibit=N is a state of the playground, and no place in its page: settings.js knows them.
STATE = re.compile(r"(?<=\bexhibit: )\d+")


def dead_links(folder: Path) -> Iterator[str]:
    """Links and images that lead nowhere, in all pages of a folder."""
    found = {path.resolve(): Parts(path) for path in pages(folder)}
    if (settings := folder / "_static/play/settings.js").exists():
        states = STATE.findall(settings.read_text("utf-8"))
        found[(folder / "playground.html").resolve()].places |= {f"exhibit={n}" for n in states}
    for path, parts in found.items():
        for target in sorted(parts.targets):
            address = urlsplit(target)
            if address.scheme or address.netloc:
                continue
            goal = (path.parent / unquote(address.path)).resolve() if address.path else path
            fragment = unquote(address.fragment)
            if not goal.is_file():
                yield f"{path.relative_to(folder.resolve())}: {target}: is not there"
            elif fragment and goal in found and fragment not in found[goal].places:
                yield f"{path.relative_to(folder.resolve())}: {target}: no such place"
