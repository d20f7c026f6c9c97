"""The table of versions and kernels: what it holds, and that it stops for nothing."""

import sys
from pathlib import Path

import pytest

from tests.notebook_helpers import code, seal, toy_project
from tools import matrix
from tools.lib import environments
from tools.lib.layout import Refused
from tools.lib.outcomes import Outcome, run_tests

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_rows_are_each_python_with_each_set_of_versions_and_each_kernel_with_its_threads():
    names = [row.name for row in matrix.rows()]
    assert len(names) == len(set(names)) == 4 * 3 + 5 * 2
    assert {"versions 3.13 colab", "kernels skylakex threads=2"} <= set(names)
    assert len(matrix.rows("Kernels")) == 10 and len(matrix.rows("3.11 newest")) == 1
    assert [row.threads for row in matrix.rows("haswell")] == ["1", "2"]
    with pytest.raises(Refused, match="no row has the words 'has well': there are"):
        matrix.main(["--only", "has well"])


def test_what_pytest_finds_is_told(tmp_path):
    (tmp_path / "pytest.ini").touch()
    (tmp_path / "test_a.py").write_text(
        "import os, pytest\n"
        "def test_right(): assert os.environ['SET'] == 'here' and 'NNFS_DATA' not in os.environ\n"
        "def test_wrong(): assert False\n"
        "def test_left_out(): pytest.skip('why')\n"
        "@pytest.fixture\ndef broken(): raise OSError\n"
        "def test_broken(broken): pass\n"
    )
    found = run_tests(Path(sys.executable), ["test_a.py"], tmp_path, SET="here")
    assert (found.passed, found.failed) == (1, ["test_wrong", "test_broken"])
    assert str(found).startswith("FAILED 2: test_wrong, test_broken (1 passed, ")
    nothing = run_tests(Path(sys.executable), ["none.py"], tmp_path)
    assert nothing.passed == 0 and "none.py" in nothing.failed[0]


def test_a_process_takes_the_kernel_that_is_asked_for_or_says_so(monkeypatch):
    if "Nehalem" not in matrix.taken(Path(sys.executable), {"OPENBLAS_CORETYPE": "Nehalem"}):
        pytest.skip("needs an OpenBLAS that heeds OPENBLAS_CORETYPE")
    tried = []
    monkeypatch.setattr(
        matrix, "try_notebooks", lambda *_, **settings: iter([tried.append(settings)])
    )
    assert list(matrix.try_row(matrix.rows("nehalem threads=2")[0], None)) == [None]
    assert tried == [{"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "2"}]
    monkeypatch.setattr(matrix, "taken", lambda *_: ["Haswell", "Zen"])
    found = list(matrix.try_row(matrix.rows("nehalem")[0], None))
    assert found == [("kernel", "not tried: it would run on Haswell and Zen")]


def test_the_table_goes_on_after_what_fails(tmp_path, monkeypatch, capsys):
    root = seal(toy_project(tmp_path, code("1 + 1")))
    outcomes = iter([Outcome(1, ["Cell 3"], 2.4, "why"), Outcome(4, [], 1.0)])
    monkeypatch.setattr(matrix, "taken", lambda *_: ["Nehalem"])
    monkeypatch.setattr(matrix, "run_tests", lambda *_, **__: next(outcomes))
    assert matrix.main(["--only", "nehalem threads=1"], root) == 1
    lines = (root / "build" / "matrix" / "table.md").read_text().splitlines()
    assert (
        lines[2:]
        == capsys.readouterr().out.splitlines()
        == [
            "| kernels nehalem threads=1 | 01_activation | FAILED 1: Cell 3 (1 passed, 2 s) |",
            "| kernels nehalem threads=1 | 02_layer | passed (4 passed, 1 s) |",
        ]
    )
    (kept,) = (root / "build" / "matrix").glob("*.txt")
    assert kept.name == "kernels-nehalem-threads=1-01_activation.txt" and kept.read_text() == "why"
    outcomes = iter([Outcome(4, [], 1.0)])
    assert matrix.main(["--only", "nehalem threads=1", "--stage", "2"], root) == 0


def test_what_is_not_here_or_does_not_install_is_a_line(monkeypatch):
    row = matrix.rows("3.12 oldest")[0]
    monkeypatch.setattr(environments, "interpreter", lambda version: None)
    assert list(matrix.try_row(row, None)) == [("Python", "not tried: not on this machine")]

    def refuse(*_, **__):
        raise environments.NotInstalled("ERROR: no\nnumpy==2.0")

    monkeypatch.setattr(environments, "interpreter", lambda version: Path(sys.executable))
    monkeypatch.setattr(environments, "install", refuse)
    found = list(matrix.try_row(row, None))
    assert found == [("installation", "not tried: ERROR: no numpy==2.0")]


def test_an_interpreter_is_found_by_its_version():
    assert environments.interpreter(HERE) == Path(sys.executable)
    assert environments.interpreter("3.99") is None


def test_constraints_are_heeded_and_a_change_of_them_installs_again(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(environments, "_failed", lambda command: ran.append(command) or "")
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    for name in ("requirements.txt", "requirements-dev.txt", "bounds.txt"):
        (tmp_path / name).write_text(f"{name}\n")
    make = (tmp_path / "own", Path("python"), "test", "bounds.txt")
    (tmp_path / "own").mkdir()
    environments.install(*make, wheels_only=True)
    assert [command[1:3] for command in ran] == [["-m", "venv"], ["-m", "pip"], ["-m", "pip"]]
    assert ran[1][-4:] == ["-c", tmp_path / "bounds.txt", "--only-binary", ":all:"]
    environments.python_of(tmp_path / "own").parent.mkdir()
    environments.python_of(tmp_path / "own").touch()
    environments.install(*make)
    assert len(ran) == 3
    (tmp_path / "bounds.txt").write_text("others\n")
    environments.install(*make)
    assert len(ran) == 5
    monkeypatch.setattr(environments, "_failed", lambda command: "no matching distribution")
    with pytest.raises(environments.NotInstalled, match="no matching"):
        environments.install(tmp_path / "other", Path("python"), "run")
