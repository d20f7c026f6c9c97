"""Build the course with a kernel that runs in the browser: JupyterLite, in build/lite/site.

`python -m tools.lite` builds it. `python -m tools.lite --run [STAGE ...]` opens it in Chromium,
runs the notebooks there, all or some, and compares their cells with what is stored. The exit code
is 1 if one differs. Once all have passed, `make site` puts it beside the pages, with a button on
each notebook that opens it, until the course changes.

Pyodide is npm's package, and wheels of pure Python are PyPI's. Compiled wheels are in Pyodide's own
place alone: without it (a machine that reaches registries only) the kernel starts, has the course
and its data, and stops at `import numpy`. All of it is shipped: a page asks no other host.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path

from tools.lib.browser import Browser, differences
from tools.lib.layout import COURSE, PACKAGE, ROOT, Refused, read_notebooks

PYODIDE, SHA256 = "314.0.6", "d78ac549b28a2a58600cd06f44e017024151775f8c6b2d73fab1475400d38ea2"
COMPILED = f"https://cdn.jsdelivr.net/pyodide/v{PYODIDE}/full"
# What the kernel starts with, and what the notebooks import. Pyodide's list has no comm.
PURE = "micropip ipython jedi lazy-loader threadpoolctl tqdm joblib".split()
WANTED = [*PURE, *"pyyaml pydantic matplotlib pandas scikit-learn scipy".split()]
COMM = {"name": "comm", "version": "0.2.3", "file_name": "comm-0.2.3-py3-none-any.whl"}
COMM |= {"install_dir": "site", "package_type": "package", "imports": ["comm"], "depends": []}
OUT, PASSED = "build/lite/site", "build/lite/passed.txt"  # and the digest of what has passed
LEFT = {"__pycache__", ".ipynb_checkpoints", ".sha256"}
CONTENT = ["notebooks", PACKAGE, COURSE, "data", "configs", "GLOSSARY.md", "REFERENCE.md"]
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"


def run(*command: object, cwd: Path | None = None) -> None:
    """Run a command; raise Refused with the end of what it said if it fails."""
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"{command[0]} failed: {(done.stderr + done.stdout)[-600:]}")


def unpack_pyodide(place: Path) -> Path:
    """Fetch Pyodide from npm, once; return its folder, unpacked anew."""
    packed = place / f"pyodide-{PYODIDE}.tgz"
    if not packed.exists():
        npm = shutil.which("npm") or "npm"
        run(npm, "pack", "--silent", f"pyodide@{PYODIDE}", "--pack-destination", place, cwd=place)
    if (found := hashlib.sha256(packed.read_bytes()).hexdigest()) != SHA256:
        raise Refused(f"{packed.name} has the SHA-256 {found}: expected {SHA256}: delete it")
    folder = place / "static" / "pyodide"
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(packed) as archive:
        archive.extractall(place, filter="data")
    folder.parent.mkdir(exist_ok=True)
    (place / "package").replace(folder)
    return folder


def needed(packages: dict[str, dict]) -> dict[str, dict]:
    """Entries of Pyodide's list for what is wanted, and for what that depends on."""
    keys = {name.lower().replace("_", "-"): name for name in packages}
    found: dict[str, dict] = {}
    waiting = list(WANTED)
    while waiting:
        key = keys[waiting.pop().lower().replace("_", "-")]
        if key not in found:
            found[key] = packages[key]
            waiting += packages[key]["depends"]
    return found


def add_wheels(folder: Path, wheels: Path) -> list[str]:
    """Put the wheels that are needed beside Pyodide, and their hashes into its list.

    Returns the names of those that could not be had.
    """
    path = folder / "pyodide-lock.json"
    lock = json.loads(path.read_text("utf-8"))
    lock["packages"]["comm"] = COMM
    entries = needed(lock["packages"]) | {"comm": COMM}
    pure = [entry for entry in entries.values() if entry["file_name"].endswith("-none-any.whl")]
    wheels.mkdir(exist_ok=True)
    missing = [entry for entry in pure if not (wheels / entry["file_name"]).exists()]
    if missing:
        exact = [f"{entry['name']}=={entry['version']}" for entry in missing]
        only = "--no-deps --only-binary :all: --platform any --python-version 3.14".split()
        run(sys.executable, "-m", "pip", "download", "-q", *only, "-d", wheels, *exact)
    lost = []
    for name, entry in entries.items():
        wheel = wheels / entry["file_name"]
        if entry in pure:  # PyPI's wheel, while the list has the hash of Pyodide's own
            lock["packages"][name]["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()
        elif not wheel.exists():
            try:
                with urllib.request.urlopen(f"{COMPILED}/{wheel.name}", timeout=60) as answer:
                    wheel.write_bytes(answer.read())
            except OSError:
                lost.append(name)
                continue
        shutil.copy(wheel, folder)
    path.write_text(json.dumps(lock), "utf-8")
    return lost


def settings(lost: list[str]) -> dict:
    """JupyterLite's configuration: what the kernel loads first, and nothing from elsewhere."""
    first = ["comm", *(PURE if lost else WANTED)]
    kernel = {"loadPyodideOptions": {"packages": first}, "disablePyPIFallback": True}
    config = {"appName": "A neural network from scratch", "exposeAppInBrowser": True}
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": config | {"litePluginSettings": {KERNEL: kernel}},
    }


def content(root: Path) -> list[Path]:
    """Files of the course that are shipped to the browser."""
    files = [path for name in CONTENT for path in sorted([root / name, *(root / name).rglob("*")])]
    return [path for path in files if path.is_file() and not LEFT & {*path.parts, path.suffix}]


def digest(root: Path) -> str:
    """SHA-256 of what is shipped."""
    found = hashlib.sha256(PYODIDE.encode())
    for path in content(root):
        found.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    return found.hexdigest()


def tried(root: Path) -> Path | None:
    """Folder of a build in which all notebooks of the course as it is now have passed, if any."""
    passed = root / PASSED
    if passed.exists() and passed.read_text("utf-8") == digest(root):
        return root / OUT
    return None


def build(root: Path) -> None:
    """Build it, with what is shipped."""
    place, out = root / "build" / "lite", root / OUT
    (root / PASSED).unlink(missing_ok=True)
    files = place / "files"
    for old in (files, out):
        shutil.rmtree(old, ignore_errors=True)
    for path in content(root):
        target = files / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    lost = add_wheels(unpack_pyodide(place), place / "wheels")
    (place / "jupyter-lite.json").write_text(json.dumps(settings(lost)), "utf-8")
    (place / ".jupyterlite.doit.db").unlink(missing_ok=True)
    words = "jupyter lite build --lite-dir . --contents files --no-sourcemaps --apps notebooks"
    run(sys.executable, "-m", *words.split(), "--output-dir", out, cwd=place)
    if lost:
        print(f"without {', '.join(sorted(lost))}: no notebook can run in this build")
    print(f"{OUT}: open it through a server, as python -m http.server gives one")


def run_all(stages: list[int], root: Path) -> int:
    """Run notebooks in the browser; the exit code."""
    code, shipped = 0, digest(root)
    with Browser(root / OUT) as browser:
        for notebook in read_notebooks(root):
            if not stages or notebook.number in stages:
                cells = [cell for _, cell in notebook.cells() if cell.cell_type == "code"]
                browser.open(f"notebooks/{notebook.path.name}")
                found = [differences(cell, browser.run(cell.source)) for cell in cells]
                wrong = [f"cell {n}: {why}" for n, why in enumerate(found, start=1) if why]
                print(f"{notebook.path.name:32} {'; '.join(wrong) or 'passed'}", flush=True)
                code |= bool(wrong)
    if not stages and not code:
        (root / PASSED).write_text(shipped, "utf-8")
    return code


def main(words: list[str], root: Path = ROOT) -> int:
    """Run the command; the exit code."""
    if words[:1] == ["--run"]:
        return run_all([int(word) for word in words[1:]], root)
    build(root)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
