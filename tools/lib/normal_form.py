"""The one form in which notebooks are stored, whoever ran them and wherever."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.lib.exercises import folds, read_solutions
from tools.lib.package import public_names
from tools.lib.layout import (
    PACKAGE,
    Notebook,
    colab_badge,
    reading_minutes,
    repository,
    tags,
)

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SETUP = """\
import os
import subprocess
import sys

# {package} is in a clone around this notebook, or in one made here now.
repository = "{repository}"
places = ["..", ".", os.path.basename(repository)]
if not any(os.path.isdir(os.path.join(place, "{package}")) for place in places):
    subprocess.run(["git", "clone", "-q", "--depth", "1", repository], check=True)
sys.path += [path for path in map(os.path.abspath, places) if path not in sys.path]"""


def written_cells(root: Path, notebook: Notebook, notebooks: list[Notebook]) -> dict[str, str]:
    """Sources of the cells that this tool writes, by tag."""
    links = {nb.number: f"[{nb.title}]({nb.path.name})" for nb in notebooks if nb.is_stage}
    before = [f"Previous: {links[n]}" for n in links if n == notebook.number - 1]
    after = [f"Next: {links[n]}" for n in links if n == notebook.number + 1]
    if not notebook.is_stage:
        before, after = [], ["Back to the [course](../README.md)"]
    minutes = f"about {reading_minutes(notebook.content)} minutes"
    names = ", ".join(f"`{name}`" for name in public_names(notebook)) or "nothing new"
    return {
        "links": " · ".join([colab_badge(root, notebook.path), *before, *after, minutes]),
        "setup": SETUP.format(package=PACKAGE, repository=repository(root)),
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
        cell.metadata = nbformat.from_dict({"tags": kept} if kept else {})
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = merged(cell.outputs)
            for output in cell.outputs:
                if "metadata" in output:
                    output.metadata = NotebookNode()
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
