"""The site, built, and a browser that looks at it."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright
from serving import serve

from tools import site

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
)


def missing(what):
    """Skip for want of a program; in CI, where all must be there, fail."""
    needed = {"CI", "NNFS_NO_SKIP"} & os.environ.keys()
    (pytest.fail if needed else pytest.skip)(f"{what} is missing: install it")


@pytest.fixture(scope="session")
def built():
    """Folder of the site."""
    if not shutil.which("npm"):
        missing("npm, which fetches MathJax,")
    return site.build()


@pytest.fixture(scope="session")
def address(built):
    """Where the site is served."""
    with serve(built) as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    """Chromium, without a window."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=QUIET.split())
        yield started
        started.close()


@pytest.fixture
def page(browser):
    """A page of its own, with nothing stored."""
    context = browser.new_context()
    yield context.new_page()
    context.close()
