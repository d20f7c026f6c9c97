"""Environments: a folder for each, made once, and made again when what it is to hold changes.

The standard library alone, since this runs before anything is installed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEEDS = {"run": ["requirements.txt"], "test": ["requirements.txt", "requirements-dev.txt"]}
PIP = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile"]


class NotInstalled(Exception):
    """What becomes Refused, or a row of a table."""


def interpreter(version: str) -> Path | None:
    """Return a Python of this version, "3.13", if this machine has one that starts."""
    known = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), reverse=True)
    ask = [[str(path)] for path in (shutil.which(f"python{version}"), *known) if path]
    ask += [["py", f"-{version}"]] if shutil.which("py") else []  # Windows
    show = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
    for command in [[sys.executable], *ask]:
        done = subprocess.run([*command, "-c", show], capture_output=True, text=True)
        if not done.returncode and done.stdout.split()[0] == version:
            return Path(done.stdout.strip().partition(" ")[2])
    return None


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(
    folder: Path, python: Path, need: str, constraints: str = "", wheels_only: bool = False
) -> Path:
    """Make an environment for the need, run or test; return its interpreter.

    Its stamps, run.txt and test.txt, are copies of what was installed, as make writes them; with
    constraints, a file of versions, their text follows. Raises NotInstalled with pip's reason.
    """
    own = python_of(folder)
    if not own.exists():
        if done := _failed([python, "-m", "venv", folder]):
            raise NotInstalled(done)
    bounds = (ROOT / constraints).read_text("utf-8") if constraints else ""
    stamps = [folder / f"{name}.txt" for name in NEEDS if name in ("run", need)]
    for stamp, name in zip(stamps, NEEDS[need], strict=True):
        wanted = (ROOT / name).read_text("utf-8") + bounds
        if stamp.exists() and stamp.read_text("utf-8") == wanted:
            continue
        command = [own, *PIP, "-r", ROOT / name]
        command += ["-c", ROOT / constraints] if constraints else []
        command += ["--only-binary", ":all:"] if wheels_only else []
        if done := _failed(command):
            raise NotInstalled(done)
        stamp.write_text(wanted, "utf-8", newline="\n")
    return own


def _failed(command):
    """Return the last lines that a command says if it fails, else ""."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")]
    return ("\n".join(said[-3:]) or f"exit code {done.returncode}") if done.returncode else ""
