"""Where things are and what they are called: what all the tools share."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "nnfs_core"  # the network: generated from the notebooks, but for
# The modules that every stage may import, and the names that they add to the package.
HANDWRITTEN = {
    "validation": [],
    "validation_training": [],
    "validation_scaling": [],
    "validation_autograd": [],
    "files": [],
    "screen": [],
    "resuming": [],
    "cluster_versions": [],
    "cluster": ["Cluster"],
    "spreading": ["spread_arrays", "spread_parquet", "spread_dask"],
    "distributed": ["DistributedModel"],
    "checkpoints": ["save_checkpoint", "load_checkpoint"],
    "tracks": ["scoreboard", "download_tracks", "guard_tracks"],
    "datasets": ["load_dataset", "genre_tracks"],
    "bridge": [],
    "exchange": ["export_onnx", "to_torch", "from_torch"],
    "runs": [
        "ExperimentConfig",
        "load_config",
        "run_experiment",
        "Run",
        "load_run",
        "compare_runs",
    ],
}
NEED_DASK = ("cluster_versions", "cluster", "spreading", "distributed")
COURSE = "nnfs_course"  # what teaches, by hand: it imports the network, never the other way round
BEGIN = 2  # number of the stage where the network begins: stage 1 prepares data
EXERCISES = "exercises"  # its folder of judges, a module a notebook
# A stage whose names stay in its own module: they would stand twice in the flat namespace.
APART = ("pure_python",)
DATA = "data/tracks.csv"
WRITTEN_TAGS = {"setup", "links", "gained", "folds"}  # of the cells that the tools write
KNOWN_TAGS = WRITTEN_TAGS | {"export", "given", "scoreboard", "trains", "parameters", "picture"}
KNOWN_TAGS |= {"stub", "judge", "times", "nbval-ignore-output"}
KNOWN_TAGS |= {"long"}  # a comparison over many seeds: the test of a filled copy leaves it out
KNOWN_TAGS |= {"slide"}  # shown whole on the slides of a lesson
COLAB = "https://colab.research.google.com"
# A path that exists on one machine only. What stands before it tells it from a part of an address.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:home|root|tmp|work|Users)/|\bC:\\(?!n)")


class Refused(SystemExit):
    """What ends a tool with exit code 1 and this message: where, what was expected, what to do."""


class Notebook(NamedTuple):
    """A notebook of the project; `number` is its place in the reading order, from 1."""

    path: Path
    number: int
    stage: str
    content: NotebookNode

    def cells(self, tag: str = "") -> Iterator[tuple[str, NotebookNode]]:
        """Each cell (with the tag, if one is given) and how a message names it."""
        for number, cell in enumerate(self.content.cells, start=1):
            if not tag or tag in tags(cell):
                first = cell.source.strip().partition("\n")[0]
                yield f"notebooks/{self.path.name}, cell {number} ({first[:50]!r})", cell

    def line(self, start: str) -> str:
        """Rest of the first markdown line that starts so."""
        text = "\n".join(cell.source for _, cell in self.cells() if cell.cell_type == "markdown")
        found = re.search(rf"^{re.escape(start)} *(\S.*)", text, re.MULTILINE)
        if not found:
            raise Refused(f"notebooks/{self.path.name}: no markdown line '{start} ...': add one")
        return found[1].strip()

    @property
    def is_stage(self) -> bool:
        """Whether it is a stage: numbered, and not the overview, 00."""
        return self.path.name[0].isdigit() and self.number > 0

    @property
    def title(self) -> str:
        """The heading."""
        return self.line("# ")


def tags(cell: NotebookNode) -> list[str]:
    """Tags of a cell."""
    return cell.metadata.get("tags", [])


def code_lines(cell: NotebookNode) -> int:
    """Number of lines that are not blank."""
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def reading_minutes(content: NotebookNode) -> int:
    """Minutes to read a notebook: 180 words or 15 lines of code each, rounded up to five."""
    cells = [cell for cell in content.cells if not WRITTEN_TAGS & set(tags(cell))]
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    lines = sum(code_lines(cell) for cell in cells if cell.cell_type == "code")
    return max(5, -5 * int(-(words / 180 + lines / 15) // 5))


def project(root: Path = ROOT) -> dict:
    """The table [project] of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]


def repository(root: Path = ROOT) -> str:
    """Address of the repository, from pyproject.toml; "" while it has no owner.

    An owner with an underscore is none: nobody can register it, and have the notebooks run theirs.
    """
    address = project(root)["urls"]["Repository"]
    if not re.fullmatch(r"https://github\.com/[\w-]+/[\w.-]+(?<!\.git)", address):
        raise Refused(
            f"pyproject.toml: Repository {address!r} is not https://github.com/OWNER/NAME"
        )
    return "" if "_" in address.split("/")[3] else address


def release(root: Path = ROOT) -> str:
    """Tag of the version in pyproject.toml: what badges open and the setup cell clones."""
    return f"v{project(root)['version']}"


def colab_badge(root: Path, notebook: Path) -> str:
    """Badge, in markdown, that opens a notebook in Colab; "" while there is no address."""
    if not (address := repository(root)):
        return ""
    page = address.replace("https://github.com", f"{COLAB}/github")
    badge = f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]"
    return f"{badge}({page}/blob/{release(root)}/notebooks/{notebook.name})"


def read_notebooks(root: Path = ROOT) -> list[Notebook]:
    """Notebooks in reading order, those without a number last.

    Raises Refused at a wrong name or an unknown tag.
    """
    notebooks = []
    paths = sorted((root / "notebooks").glob("*.ipynb"))
    first = 0 if paths and paths[0].name.startswith("00_") else 1
    for number, path in enumerate(paths, start=first):
        match = re.fullmatch(rf"(?:{number:02}_)?([a-z][a-z0-9_]*)\.ipynb", path.name)
        if not match:
            raise Refused(
                f"notebooks/{path.name}: expected the name {number:02}_stage.ipynb, since the "
                "stages are numbered from 01 without a gap, or a name without a number: rename it"
            )
        notebooks.append(Notebook(path, number, match[1], nbformat.read(path, as_version=4)))
        for where, cell in notebooks[-1].cells():
            if unknown := set(tags(cell)) - KNOWN_TAGS:
                known = ", ".join(sorted(KNOWN_TAGS))
                raise Refused(f"{where}: unknown tag {unknown.pop()!r}: use one of {known}")
    return notebooks
