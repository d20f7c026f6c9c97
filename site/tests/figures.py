"""Figures of a page, of the kind that Lighthouse gives: `python site/tests/figures.py` prints them.

It opens pages of build/site five times each on loopback, with nothing in the cache, and prints the
medians. Other programs on the machine make the times longer.
"""

import os
import shutil
from pathlib import Path
from statistics import median
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright
from serving import serve

BUILT = Path(__file__).resolve().parents[2] / "build/site"
PAGES = ("", "notebooks/05_backpropagation.html", "playground.html", "api/solver.html")
WIDTHS = ({"width": 1280, "height": 900}, {"width": 360, "height": 740})
SETTLED = 700  # milliseconds without a request in which things may still move
WATCH = """() => {
  window.seen = { largest: 0, shift: 0 };
  const watch = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note))
    .observe({ type, buffered: true });
  watch("largest-contentful-paint", (entry) => { window.seen.largest = entry.startTime; });
  watch("layout-shift", (entry) => {
    if (!entry.hadRecentInput) window.seen.shift += entry.value;
  });
}"""
SEEN = """() => ({ ...window.seen,
  first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0 })"""


class Figures(NamedTuple):
    """Bytes sent in so many files, paints in milliseconds, how much has moved, from 0 to 1."""

    sent: int
    files: int
    first_paint: float
    largest_paint: float
    shift: float


def measure(browser: Browser, address: str, size: dict[str, int]) -> Figures:
    """Figures of a page that is opened with nothing in the cache."""
    context = browser.new_context(viewport=size)
    page, sent = context.new_page(), []
    page.add_init_script(f"({WATCH})()")
    page.on("requestfinished", lambda request: sent.append(request.sizes()["responseBodySize"]))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED)
    seen = page.evaluate(SEEN)
    context.close()
    return Figures(sum(sent), len(sent), seen["first"], seen["largest"], seen["shift"])


def main() -> None:
    """Run the command."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with serve(BUILT) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        measure(browser, address, WIDTHS[0])  # the browser's own first page is slow
        print("page, width: kB sent, files, first paint ms, largest paint ms, layout shift")
        for name in PAGES:
            for size in WIDTHS:
                runs = [measure(browser, address + name, size) for _ in range(5)]
                one = Figures(*map(median, zip(*runs, strict=True)))
                print(
                    f"{name or 'home'}, {size['width']}: {one.sent / 1000:.0f}, {one.files:.0f}, "
                    f"{one.first_paint:.0f}, {one.largest_paint:.0f}, {one.shift:.3f}"
                )
        browser.close()


if __name__ == "__main__":
    main()
