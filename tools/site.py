"""Build the website from the stored notebooks: build/site/, and the same as build/site.zip.

Nothing is executed. The network is needed once, for the packages that site/package.json names.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import lite
from tools.lib import site_api, site_home, site_pages
from tools.lib.layout import ROOT, Refused

# What of the two packages the pages ask for, and where it lies in _static/.
SHIPPED = {
    "mathjax/tex-chtml.js": "mathjax/tex-chtml.js",
    "mathjax/a11y/assistive-mml.js": "mathjax/a11y/assistive-mml.js",
    "mathjax/input/tex/extensions": "mathjax/input/tex/extensions",
    "@mathjax/mathjax-newcm-font/chtml.js": "mathjax/font/chtml.js",
    "@mathjax/mathjax-newcm-font/chtml": "mathjax/font/chtml",
}


def run(command: list[str], folder: Path, missing: str) -> None:
    """Run a command; raises Refused with what it said if it fails, or with `missing`."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    except FileNotFoundError:
        raise Refused(missing) from None
    if done.returncode:
        raise Refused(f"{' '.join(command[:3])} failed:\n{done.stdout}{done.stderr}")


def fetch(root: Path, folder: Path) -> None:
    """Have npm put the packages of site/package.json into a folder, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (root / "site/package-lock.json").read_bytes()
    stamp = folder / "installed.json"
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / "site" / name, folder)
    run(["npm", "ci", "--silent", "--ignore-scripts"], folder, "npm is missing: install Node.js")
    stamp.write_bytes(lock)


def stage(root: Path, staging: Path) -> None:
    """Write all pages, as Sphinx reads them, into an empty folder."""
    shutil.rmtree(staging, ignore_errors=True)
    for part in (site_pages, site_api, site_home):
        for name, content in part.generate(root).items():
            path = staging / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def ship(root: Path, modules: Path, static: Path) -> None:
    """Copy what the pages load beside them."""
    for source, target in SHIPPED.items():
        origin, place = modules / source, static / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, place, dirs_exist_ok=True)
        else:
            shutil.copy(origin, place)
    play = root / "site/play"
    if play.is_dir():
        cases = shutil.ignore_patterns("*.json")  # for its tests
        shutil.copytree(play, static / "play", ignore=cases, dirs_exist_ok=True)


def build(root: Path = ROOT) -> Path:
    """Build the site; return its folder."""
    folder = root / "build"
    out, staging, packages = folder / "site", folder / "site-pages", folder / "site-npm"
    fetch(root, packages)
    stage(root, staging)
    shutil.rmtree(out, ignore_errors=True)
    options = f"-q -W --keep-going -b html -j 2 -c {root / 'site'} -d {folder / 'site-trees'} -E"
    run(
        [sys.executable, "-m", "sphinx", *options.split(), str(staging), str(out)],
        root,
        "",
    )
    ship(root, packages / "node_modules", out / "_static")
    # 1.5 MB that draw anew the icons which the style sheet has drawn already.
    (out / "_static/scripts/fontawesome.js").write_text("")
    for leftover in (out / "_static").glob("*macros.html"):  # the theme's templates
        leftover.unlink()
    (out / ".nojekyll").touch()  # or GitHub Pages leaves _static out
    shutil.rmtree(folder / "site-trees")
    (folder / "site.zip").unlink(missing_ok=True)
    shutil.make_archive(str(folder / "site"), "zip", folder, "site")
    if kernel := lite.tried(root):  # it needs a server: it is not in the ZIP, and has a button
        shutil.copytree(kernel, out / "lite")
    return out


def main() -> None:
    """Run the command."""
    out = build()
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    pages = len(list(out.rglob("*.html")))
    print(f"{os.path.relpath(out)}: {pages} pages, {size / 1e6:.1f} MB; and {out.name}.zip")


if __name__ == "__main__":
    main()
