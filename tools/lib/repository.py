"""What the repository promises beside the notebooks, and what breaks it in silence."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.lib.layout import COURSE, EXERCISES, PACKAGE, ROOT

OLDEST = "requirements-oldest.txt"
OURS = {PACKAGE, COURSE, "tools", "tests", "benchmarks", "mine"}
OURS |= {"figures", "looking", "serving"}  # beside the tests in site/tests
# Imported by another name than installed.
NAMES = {"sklearn": "scikit-learn", "IPython": "ipython", "yaml": "PyYAML"} | {
    "axe_playwright_python": "axe-playwright-python",
    "markdown_it": "markdown-it-py",
    "mdit_py_plugins": "mdit-py-plugins",
}
# Who has it, uses it.
OPTIONAL = {"jax", "kagglehub", "onnx", "onnxruntime", "pyarrow", "torch", "dask", "distributed"}
OPTIONAL |= {"playwright"}
FOR_SITE = {"site", "tools/slides.py", "tools/lib/site_sphinx.py"}  # with requirements-site.txt
BY_NAME = {"myst-nb", "sphinx-book-theme"}  # of the site's requirements: site/conf.py names them
FOR_DEVELOPERS = {"tests", "tools/marks.py", "tools/fuzz.py"} | {
    "tools/lib/changing.py",
    "tools/lib/target.py",
    "tools/lib/target_checkpoint.py",
    "tools/lib/target_command.py",
    "tools/lib/target_config.py",
}  # with what requirements-dev.txt adds
# By a command, not imported.
STARTED = {"jupyter", "nbval", "pytest-cov", "pytest-xdist", "ruff", "setuptools"}
# Modules whose tests stand in another's file; that of all others is tests/test_MODULE.py.
TESTED_WITH = {
    "check": "repository",
    "make_tracks": "data",
    "make_genres": "datasets",
    "export": "stored",
    "exercise": "exercises",
    "layout": "readme",
    "citation": "fork",
    "pages": "repository",
    "counted": "numbers",
    "counted_data": "numbers",
    "held": "numbers",
    "normal_form": "stored",
    "mine": "learner",
    "bridge": "estimators",
    "judge": "exercises",
    "examples": "exercises",
    "ledger": "reference",
    "figures": "reference",
    "screen": "reference",
    "validation": "training_loop",
    "validation_training": "solver",
    "disk": "checkpoints",
    "disturbed": "soak",
    "hostile": "fuzz",
    "changing": "fuzz",
    "target": "fuzz",
    "targets": "fuzz",
    "target_checkpoint": "fuzz",
    "target_config": "fuzz",
    "target_command": "fuzz",
    "validation_scaling": "scaling",
    "validation_autograd": "autograd",
    "graphs": "autograd",
    "tracks": "preprocessing",
    "results": "run",
    "schema": "config",
    "cluster": "distributed",
    "cluster_versions": "distributed",
    "spreading": "distributed",
    "soak_cluster": "distributed",
    "scheduled": "distributed",
    "reading": "config",
    "sources": "config",
    "mistakes": "config",
    "tables": "loading",
    "rows": "loading",
    "building": "running",
    "encoding": "running",
    "predicting": "running",
    "writing": "running",
    "logs": "running",
    "scores": "running",
    "pictures": "running",
    "folder": "running",
    "commands": "cli",
    "use": "cli",
    "telling": "cli",
    "judging": "progress",
    "class_table": "progress",
    "apart": "progress",
    "needed": "progress",
    "reaching": "milestone",
    "record": "challenge",
    "paired": "challenge",
    "asking": "mutants",
    "mutation": "mutants",
    "environments": "steps",
    "browser": "lite",
    "outcomes": "matrix",
    "weights": "play",
    "weight_files": "play",
    "patients": "bug_zoo",
    "instruments": "bug_zoo",
    "slide_page": "site",
    "slides": "site",
    "site_api": "site",
    "site_boards": "site",
    "site_home": "site",
    "site_map": "site",
    "site_pages": "site",
    "site_sphinx": "site",
}
# Tests of many modules at once.
ACROSS = {"contract", "import", "derivations", "wheel", "play_browser", "exam"}
MILESTONES = "milestones"  # a folder of COURSE: tests/test_milestone.py runs each
UNTESTED = {"bench"}  # it measures times, and looks itself at what it compares
# Lines that make the tests what they are: who cuts one down changes this, too.
PROMISED = {
    ".ci/run": ["make test"],
    "Makefile": [
        "test: check $(VENV)/site.txt  ## everything CI checks: static checks, unit tests, "
        "notebooks under nbval, the website",
        "$(SHIPPED) $(PY) -m pytest -q -n 2 --cov=nnfs_core tests",
        "$(SHIPPED) OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -q -n 2 --dist loadfile --nbval "
        "--nbval-current-env -W default notebooks",
        "OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -q site/tests",
        "$(PY) -m ruff check -q",
        "$(PY) -m ruff format -q --check",
        "$(PY) -m tools.check",
        # It writes the package, and Ruff formats that.
        "fork: $(VENV)/test.txt  ## your own address in all files: make fork REPO=owner/name",
    ],
    ".github/workflows/test.yml": [
        "push:",
        "pull_request:",
        'python: "3.13"',
        f"constraints: {OLDEST}",
        'constraints: ""',
        "- run: make test PYTHON=python",
    ],
    ".github/workflows/weekly.yml": [
        "schedule:",
        'python: ["3.11", "3.12", "3.13", "3.14"]',
        "constraints: requirements-colab.txt",
        "os: [macos-latest, windows-latest]",
        "- run: python -m tools run",
        "- run: python -m tools test",
        "- run: make colab PYTHON=python",
        "- run: make results PYTHON=python",
        "- run: make marks PYTHON=python",
        "- run: .venv/3.13/bin/python -m tools.use",
        "run: .venv/3.13/bin/python -m tools.renewed",
        "- run: make matrix ONLY=kernels PYTHON=python",
    ],
    ".pre-commit-config.yaml": ["entry: make check"],
    ".gitattributes": ["*.ipynb text eol=lf diff=jupyternotebook merge=jupyternotebook"],
    "LICENSE": [
        "MIT License",
        'THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR',
    ],
}


def requirements(root: Path, name: str) -> dict[str, str]:
    """Lower bound of each requirement in a file; "" where another bound is given."""
    lines = re.findall(r"^([A-Za-z][\w-]*)(?:>=([\d.]+))?", (root / name).read_text("utf-8"), re.M)
    return dict(lines)


def generate(root: Path = ROOT) -> dict[Path, bytes]:
    """The constraints that install each requirement at its lower bound."""
    bounds = {}
    for kind in ("", "-dev", "-distributed"):
        bounds |= requirements(root, f"requirements{kind}.txt")
    lines = [f"{name}=={bound}" for name, bound in bounds.items() if bound]
    head = "# The lower bounds of the requirements, by `make export`. CI tests once with these.\n"
    extra = "pyparsing<3.3  # that matplotlib warns with a newer one\n"
    return {root / OLDEST: (head + extra + "\n".join(lines) + "\n").encode()}


def sources(root: Path, folder: str) -> Iterator[tuple[str, str]]:
    """Name and source of each Python file of a folder, and of each code cell of the notebooks."""
    for path in sorted((root / folder).rglob("*.py")):
        yield str(path.relative_to(root)), path.read_text("utf-8")
    for path in sorted((root / folder).glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield str(path.relative_to(root)), "".join(cell["source"])


def imported(source: str) -> set[str]:
    """Packages that a source imports."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return set()
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names}


def import_faults(root: Path) -> Iterator[str]:
    """Imports that no requirement names, requirements that nothing imports, a wrong direction."""
    run, dev = (requirements(root, f"requirements{kind}.txt") for kind in ("", "-dev"))
    site = requirements(root, "requirements-site.txt")
    used = STARTED | BY_NAME
    for folder in (PACKAGE, COURSE, "notebooks", "tools", "tests", "data", "benchmarks", "site"):
        for where, source in sources(root, folder):
            names = imported(source)
            if folder == PACKAGE and COURSE in names:
                yield f"{where}: imports {COURSE}: the network knows nothing of what teaches it"
            if folder == COURSE and f"from {COURSE}.{EXERCISES}" in source:
                yield f"{where}: imports another notebook's judges: it would run with that one"
            for name in sorted(names - OURS - sys.stdlib_module_names):
                package = NAMES.get(name, name)
                used.add(package)
                known = run | dev if {folder, where} & FOR_DEVELOPERS else run
                known = run | dev | site if {folder, where} & FOR_SITE else known
                if name not in OPTIONAL and package not in known:
                    yield f"{where}: imports {name}, which requirements.txt does not name: add it"
    for name in sorted((run | dev | site).keys() - used):
        yield f"requirements: nothing imports {name}: take it out"


def test_faults(root: Path) -> Iterator[str]:
    """Modules without their file of tests, and files of tests that no module asks for."""
    modules = [
        path
        for folder in (PACKAGE, COURSE, "tools", "data")
        for path in (root / folder).rglob("*.py")
    ]
    tested = {
        TESTED_WITH.get(path.stem, path.stem): path
        for path in modules
        if not path.stem.startswith("__") and path.parent.name not in (EXERCISES, MILESTONES)
        if path.stem not in UNTESTED
    }
    there = {path.stem.removeprefix("test_") for path in (root / "tests").glob("test_*.py")}
    for name in sorted((tested.keys() | ACROSS) - there):
        what = tested[name].relative_to(root) if name in tested else "many modules"
        yield f"tests/test_{name}.py: is not there, and tests {what}"
    for name in sorted(there - tested.keys() - ACROSS):
        yield f"tests/test_{name}.py: no module is called so: see TESTED_WITH in repository.py"


def promise_faults(root: Path) -> Iterator[str]:
    """Lines that are gone from files which say what is tested."""
    for name, lines in PROMISED.items():
        text = (root / name).read_text("utf-8") if (root / name).exists() else ""
        there = {line.strip() for line in text.splitlines()}
        for line in lines:
            if line not in there:
                yield f"{name}: expected the line {line!r}: put it back"


def faults(root: Path = ROOT) -> Iterator[str]:
    """All of them."""
    for part in (import_faults, test_faults, promise_faults):
        yield from part(root)
