"""`python -m tools NAME` does what `make NAME` does, with a Python that has nothing installed."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tools import __main__ as entry
from tools.lib import environments, steps
from tools.lib.layout import ROOT


@pytest.mark.parametrize("name", steps.STEPS)
def test_the_steps_are_those_of_make(name):
    if os.name == "nt" or shutil.which("make") is None:
        pytest.skip("needs make, and a shell as it expects one")
    stamps = ["-o", "requirements.txt", "-o", "requirements-dev.txt"]
    command = ["make", "-n", "--always-make", name, f"PYTHON={sys.executable}", *stamps]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    ran = re.findall(r"\.venv/\S+ -m (?!pip|venv)(.*?) *$", said, re.MULTILINE)
    installed = re.findall(r"--no-compile -r (\S+)", said)
    need, ours = steps.STEPS[name]
    if name == "test":  # make may have more to do, with more that is installed for it
        ran, installed = ran[: len(ours)], installed[:2]
    assert ran == ours and installed == environments.NEEDS[need]


def test_variables_are_those_of_make():
    (line,) = re.findall(r"^SHIPPED := (.*)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert tuple(re.findall(r"-u (\w+)", line)) == steps.NOT_SHIPPED and "NNFS_REAL" in line
    before = dict.fromkeys(steps.NOT_SHIPPED, "x") | {"HOME": "h"}
    found = steps.settings("test", before)
    text = {"PYTHONUTF8": "1"}
    assert found == {"HOME": "h", "NNFS_REAL": "x", "OPENBLAS_NUM_THREADS": "1"} | text
    assert steps.settings("run", before) == before | text


@pytest.fixture
def bare(tmp_path):
    """A copy of tools, with one tool, and a requirement that is there without a network."""
    (tmp_path / "tools" / "lib").mkdir(parents=True)
    for name in ("__init__", "__main__", "lib/__init__", "lib/steps", "lib/environments"):
        shutil.copy(ROOT / "tools" / f"{name}.py", tmp_path / "tools" / f"{name}.py")
    show = "'Say it.'\nimport sys\nprint(sys.prefix, sys.argv[1:])\nsys.exit(len(sys.argv) > 3)\n"
    (tmp_path / "tools" / "learner.py").write_text(show)
    (tmp_path / "requirements.txt").write_text("pip\n")
    return tmp_path


def say(root, *words):
    """Exit code, stdout and stderr of python -m tools, without what is installed here."""
    command = [sys.executable, "-S", "-m", "tools", *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_the_environment_is_made_once_and_the_words_are_handed_on(bare):
    code, out, err = say(bare, "learner", "7")
    folder = bare / ".venv" / f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert (code, out, err) == (0, f"{folder} ['7']\n", "")
    assert (folder / "run.txt").read_text() == "pip\n"
    (bare / "requirements.txt").write_text("pip\nno such requirement\n")
    code, out, err = say(bare, "learner")
    assert code == 1 and err.startswith("Installing needs the network, this once.")
    (bare / "requirements.txt").write_text("pip\n")
    assert say(bare, "learner", "1", "2", "3")[0] == 1  # as the tool says


def test_without_a_command_all_are_listed_and_a_wrong_one_is_refused(bare):
    code, out, _ = say(bare)
    assert code == 0 and "python -m tools lab\n" in out
    assert re.search(r"^python -m tools\.learner +Say it\.$", out, re.MULTILINE)
    assert say(bare, "learn")[0] == 2
    code, _, err = say(bare, "check", "all")
    assert code == 2 and "takes no more words" in err


def test_an_old_python_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr(entry.sys, "version_info", (3, 10, 1))
    assert entry.main(["run"]) == 1
    assert "Python 3.11 or newer is needed" in capsys.readouterr().err
