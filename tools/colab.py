"""Run each notebook alone, as Colab does: Colab's versions, an empty folder, and the setup cell.

`python -m tools.colab [STAGE ...]` makes an environment in Colab's Python with the versions that
requirements-colab.txt names. What git tracks, as it is now, becomes a repository on this machine,
which git takes in place of the address that the setup cell clones. Each notebook is copied into a
folder of its own in build/colab/, and nbval compares all its cells with what is stored. If one
differs, the folder is kept, with what nbval said in said.txt, and the exit code is 1.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from tools.lib import environments, layout, normal_form
from tools.lib.layout import ROOT, Notebook, Refused, read_notebooks
from tools.lib.outcomes import NBVAL, Outcome, run_tests

PYTHON = "3.13"
NOBODY = "https://github.com/nobody/neural-network-from-scratch"  # while nobody owns the course
GIT = "git -c user.name=colab -c user.email=colab@localhost -c init.defaultBranch=main".split()


def git(folder: Path, *words: str) -> str:
    """Run git in a folder; return what it prints."""
    command = [*GIT, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise Refused(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def publish(root: Path, place: Path) -> tuple[str, Path]:
    """Make a bare repository of the tracked files as they are, with the release's tag.

    Returns the address that the setup cells clone, and the work tree with these notebooks.
    """
    tree, bare = place / "tree", place / "course.git"
    for old in (tree, bare):
        shutil.rmtree(old, ignore_errors=True)
    for name in git(root, "ls-files").splitlines():
        if (root / name).is_file():  # else: deleted, and not committed yet
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, tree / name)
    address = layout.repository(root) or NOBODY
    project = tree / "pyproject.toml"
    old = layout.project(tree)["urls"]["Repository"]
    project.write_text(project.read_text("utf-8").replace(old, address), "utf-8", newline="\n")
    notebooks = read_notebooks(tree)
    for notebook in notebooks:
        text = normal_form.normalise(tree, notebook, notebooks)
        notebook.path.write_text(text, "utf-8", newline="\n")
    for words in ("init -q", "add -A -f", "commit -q -m release", f"tag {layout.release(tree)}"):
        git(tree, *words.split())
    git(place, "clone", "-q", "--bare", str(tree), str(bare))
    return address, tree


def run_alone(python: Path, notebook: Notebook, address: str, place: Path) -> Outcome:
    """Run a notebook in an empty folder, where its setup cell clones from course.git."""
    folder = place / notebook.path.stem
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(notebook.path, folder)
    settings = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{(place / 'course.git').as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": address,
    }
    found = run_tests(python, [*NBVAL, notebook.path.name], folder, **settings)
    if found.failed:
        (folder / "said.txt").write_text(found.said, "utf-8")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("stage", nargs="*", type=int, help="numbers of the notebooks; else all")
    asked = parser.parse_args(arguments).stage
    place = root / "build" / "colab"
    place.mkdir(parents=True, exist_ok=True)
    (place / "pytest.ini").touch()  # else pytest would find the settings of the course
    if (python := environments.interpreter(PYTHON)) is None:
        raise Refused(f"Colab has Python {PYTHON}, and this machine has none: install it")
    try:
        own = environments.install(place / "venv", python, "run", "requirements-colab.txt")
    except environments.NotInstalled as error:
        raise Refused(f"Colab's versions do not install: {error}") from None
    address, tree = publish(root, place)
    differ = False
    for notebook in read_notebooks(tree):
        if not asked or notebook.number in asked:
            found = run_alone(own, notebook, address, place)
            differ |= bool(found.failed)
            print(f"{notebook.path.name:32} {found}", flush=True)
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
