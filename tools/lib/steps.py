"""What make's commands run, for machines without make. The standard library alone."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECK = ["ruff check -q", "ruff format -q --check", "tools.check"]
# Command: what is installed for it, and the modules that are run one after the other.
STEPS = {
    "run": ("run", ["tools.run"]),
    "test": (
        "test",
        [
            *CHECK,
            "pytest -q -n 2 --cov=nnfs_core tests",
            "pytest -q -n 2 --dist loadfile --nbval --nbval-current-env -W default notebooks",
        ],
    ),
    "check": ("test", CHECK),
    "learner": ("run", ["tools.learner"]),
    "progress": ("run", ["tools.progress"]),
    "lab": ("run", ["jupyter lab --ServerApp.root_dir=. notebooks/00_overview.ipynb"]),
}
NOT_SHIPPED = ("NNFS_DATA", "JPY_SESSION_NAME", "COLAB_RELEASE_TAG")  # as SHIPPED in the Makefile


def settings(command: str, environment: dict[str, str]) -> dict[str, str]:
    """Environment of a command's steps: tests are for the shipped tracks, and nobody looks.

    Files and pipes are in UTF-8 in all of them, on Windows, too.
    """
    environment = environment | {"PYTHONUTF8": "1"}
    if command != "test":
        return environment
    kept = {name: value for name, value in environment.items() if name not in NOT_SHIPPED}
    return kept | {"NNFS_REAL": environment.get("NNFS_DATA", ""), "OPENBLAS_NUM_THREADS": "1"}


def commands(root: Path = ROOT) -> dict[str, str]:
    """Commands of tools/ and what each does: the first line of its docstring."""
    found = {}
    for path in sorted((root / "tools").glob("[a-z]*.py")):
        found[path.stem] = ast.get_docstring(ast.parse(path.read_text("utf-8"))).splitlines()[0]
    return found
