"""The one form in which notebooks are stored, whoever ran them and wherever."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.lib.exercises import folds, read_solutions
from tools.lib.layout import (
    PACKAGE,
    Notebook,
    colab_badge,
    reading_minutes,
    release,
    repository,
    tags,
)
from tools.lib.package import public_names

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SETUP = """\
import os
import sys

# Let NumPy use one thread: on a busy machine several wait for each other, and training took up to
# five times as long. NumPy reads this once, when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The course's packages lie one folder up, or beside this notebook{or_clone}.
places = ["..", "."{clone}]
if not any(os.path.isdir(os.path.join(place, "{package}")) for place in places):
    {get}
sys.path += [path for path in map(os.path.abspath, places) if path not in sys.path]"""
CLONE = """\
import subprocess

    command = "git -c advice.detachedHead=false clone -q --depth 1 --branch {release}"
    subprocess.run([*command.split(), "{repository}"], check=True)"""
RAISE = (
    'raise SystemExit("Get the whole course: this notebook needs the folder {package} beside it")'
)


def setup(root: Path) -> str:
    """Source of the setup cell; it clones only what somebody owns, and a tag of it."""
    address = repository(root)
    get = CLONE if address else RAISE
    return SETUP.format(
        package=PACKAGE,
        or_clone=", or in one made here now" if address else "",
        clone=f', "{address.rpartition("/")[2]}"' if address else "",
        get=get.format(package=PACKAGE, release=release(root), repository=address),
    )


def written_cells(root: Path, notebook: Notebook, notebooks: list[Notebook]) -> dict[str, str]:
    """Sources of the cells that this tool writes, by tag."""
    row = [nb for nb in notebooks if nb.path.name[0].isdigit()]
    links = {nb.number: f"[{nb.title}]({nb.path.name})" for nb in row}
    before = [f"Previous: {links[n]}" for n in links if n == notebook.number - 1]
    after = [f"Next: {links[n]}" for n in links if n == notebook.number + 1]
    if notebook not in row:
        before, after = [], ["Back to the [course](../README.md)"]
    minutes = f"about {reading_minutes(notebook.content)} minutes"
    badge = colab_badge(root, notebook.path)
    names = ", ".join(f"`{name}`" for name in public_names(notebook)) or "nothing new"
    return {
        "links": " · ".join(filter(None, [badge, *before, *after, minutes])),
        "setup": setup(root),
        "gained": "\n\n".join([f"**`{PACKAGE}` gained:** {names}", *after]),
    }


def normalise(root: Path, notebook: Notebook, notebooks: list[Notebook]) -> str:
    """Bring a notebook into the normal form, in place; its text."""
    content = notebook.content
    content.nbformat, content.nbformat_minor = 4, 5
    content.metadata = nbformat.from_dict(METADATA)
    sources = written_cells(root, notebook, notebooks)
    solutions = read_solutions(root, notebook)
    count = 0
    for cell in content.cells:
        kept = sorted(set(tags(cell)))
        if "judge" in kept:
            sources["folds"] = folds(solutions, cell)
        cell.source = next((sources[tag] for tag in kept if tag in sources), cell.source)
        alt = cell.metadata.get("alt")  # what its picture shows, for who cannot see it
        metadata = {"alt": alt, "tags": kept}
        cell.metadata = nbformat.from_dict({k: value for k, value in metadata.items() if value})
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = merged(cell.outputs)
            for output in cell.outputs:
                if "metadata" in output and "times" not in kept:
                    output.metadata = NotebookNode()
                if alt and "image/png" in output.get("data", {}):
                    output.metadata["image/png"] = NotebookNode(alt=alt)
                if "execution_count" in output:
                    output.execution_count = count
    return nbformat.writes(content) + "\n"


def merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs with each run of one stream, which a kernel cuts as time would have it, in one."""
    result: list[NotebookNode] = []
    for output in outputs:
        # Only a stream has a name.
        if result and "name" in output and result[-1].get("name") == output.name:
            result[-1].text += output.text
        else:
            result.append(output)
    return result
