"""The network needs NumPy alone: what else the course uses is loaded when something asks for it."""

import subprocess
import sys

import pytest

from tools.lib.layout import ROOT

HEAVY = {"pandas", "sklearn", "scipy", "pooch", "matplotlib", "ipywidgets", "tqdm", "nnfs_course"}
HEAVY |= {"pydantic", "yaml"}


def loaded_by(statement):
    """Return the packages that a fresh process has loaded after a statement."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "statement", ["import nnfs_core", "from nnfs_core import train, Sequential, mlp, Model"]
)
def test_the_network_loads_nothing_heavy(statement):
    loaded = loaded_by(statement)
    assert "nnfs_core" in loaded and not loaded & HEAVY


def test_help_of_the_command_line_loads_nothing_at_all():
    statement = "import nnfs_core.__main__, nnfs_core.runs.cli as cli; cli.parser().format_help()"
    loaded = loaded_by(statement)
    assert "nnfs_core" in loaded and not loaded & (HEAVY | {"numpy"})


def test_what_a_process_loads_is_seen():
    assert "pandas" in loaded_by("import pandas")
