"""Write another address into all files: `python -m tools.fork owner/name`. No notebook is run."""

import re
import subprocess
import sys
from pathlib import Path

from tools.check import GENERATED
from tools.export import write
from tools.lib import stored
from tools.lib.layout import ROOT, Refused, project, read_notebooks, release
from tools.lib.normal_form import normalise

OWNER = r"(?=.{1,39}/)[A-Za-z0-9](?:-?[A-Za-z0-9])*"  # what GitHub allows
NAME = r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}(?<!\.git)"
HOSTS = r"(github\.com/|githubusercontent\.com/|/github/)"  # the last one is Colab's
END = r"(?![\w-]|\.(?!git\b)\w)"  # of a name that is not the start of a longer one


def texts(root: Path) -> dict[Path, str]:
    """Each file that git tracks and that is text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    if listed.returncode:
        raise Refused("no git repository: clone your fork, and run this in the clone")
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = root / name
        if path.is_file():
            try:
                found[path] = path.read_bytes().decode()
            except UnicodeDecodeError:
                continue  # a picture
    return found


def moved(text: str, old: str, new: str) -> str:
    """Text with the new address in the place of the old one, also of its GitHub Pages."""
    text = re.sub(rf"{HOSTS}{re.escape(old)}{END}", rf"\g<1>{new}", text)
    pages = "{0[0]}.github.io/{0[1]}"
    before, after = pages.format(old.split("/")), pages.format(new.split("/"))
    return re.sub(rf"\b{re.escape(before)}{END}", after, text)


def main(argv: list[str], root: Path = ROOT) -> None:
    """Run the command."""
    new = " ".join(argv)
    if not re.fullmatch(f"{OWNER}/{NAME}", new):
        raise Refused(
            f"REPO={new!r}: expected owner/name as on GitHub, such as REPO=anna/my-course: the "
            "owner of letters, digits and single hyphens, the name without .git"
        )
    notebooks = read_notebooks(root)
    old = "/".join(project(root)["urls"]["Repository"].split("/")[-2:])
    plain = {path: text for path, text in texts(root).items() if path.suffix != ".ipynb"}
    write({path: moved(text, old, new).encode() for path, text in plain.items()})
    for notebook in notebooks:
        for _, cell in notebook.cells():
            cell.source = moved(cell.source, old, new)
        write({notebook.path: normalise(root, notebook, notebooks).encode()})
    for part in GENERATED:
        write(part.generate(root))

    known = stored.read_lock(root)
    stale = [
        notebook.path.name
        for notebook in notebooks
        if known.get(notebook.path.name) != stored.digests(root, notebook, notebooks)
    ]
    print(f"The course is at https://github.com/{new}.")
    print(f"To run again, by `make export`: {', '.join(stale) or 'nothing'}.")
    whole = re.compile(re.escape(old) + END)
    for path, text in texts(root).items():
        if old != new and whole.search(text):
            print(f"{path.relative_to(root)} still names {old}: look whether it should")
    print("Look at `git diff`, commit, and push, with the tag that badges and notebooks open:")
    print(f"git tag {release(root)} && git push origin HEAD {release(root)}")


if __name__ == "__main__":
    main(sys.argv[1:])
