"""A run that is disturbed, and what it must not have lost when it is continued."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nnfs_core import load_checkpoint
from nnfs_core.runs import cli
from tools.lib.disk import faults
from tools.lib.layout import ROOT

CONFIG = """\
data: {{name: synthetic-regression, rows: {rows}}}
network: {{hidden: [16, 8], dropout: 0.2, batch_norm: true}}
training: {{epochs: {epochs}, networks: {networks}, batch_size: 33, baselines: false}}
"""
LINE = re.compile(r"network (\d+) of \d+, epoch (\d+):")
CHECKPOINTS = "network-*.npz"


class Lost(Exception):
    """What a disturbed run has lost."""


def work_of(folder: Path) -> Path:
    """Where an unfinished run lies."""
    return folder.with_name(f".{folder.name}.unfinished")


def saved(work: Path) -> dict[int, int]:
    """Epochs that the checkpoints of an unfinished run hold, by network; raises Lost."""
    found = {}
    for number in sorted(
        {re.search(r"\d+", path.name)[0] for path in work.glob(f"{CHECKPOINTS}*")}
    ):
        path = work / CHECKPOINTS.replace("*", number)
        if not path.exists() and not path.with_name(f"{path.name}.previous").exists():
            continue  # killed in the middle of the first one
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the one before is taken
            try:
                state = load_checkpoint(path)
            except (ValueError, OSError) as error:
                raise Lost(f"a file that does not load: {error}") from None
        found[int(number)] = len(state.facts["history"]["train_loss"]) - 1
    return found


def guard_saved(work: Path) -> None:
    """Refuse a run whose checkpoints are behind what its log says was saved."""
    if not work.exists():
        return
    log, there = work / "log.txt", saved(work)
    for number, epoch in LINE.findall(log.read_text() if log.exists() else ""):
        number, epoch = int(number), int(epoch)
        if there.get(number, 0) < epoch:
            raise Lost(f"network {number}: {there.get(number, 0)} epochs, the log says {epoch}")


def guard_result(folder: Path, other: Path) -> None:
    """Refuse a finished run that is not, bit for bit, another one, or trained an epoch again."""
    if work_of(folder).exists():
        raise Lost(f"an unfinished run lies beside the finished one: {work_of(folder)}")
    if sorted(os.listdir(folder)) != sorted(os.listdir(other)):
        raise Lost(f"the folder holds {sorted(os.listdir(folder))}")
    for name in ("history.csv", "data.json", "config.yaml"):
        if (folder / name).read_bytes() != (other / name).read_bytes():
            raise Lost(f"{name} differs from that of an undisturbed run")
    again = Counter(LINE.findall((folder / "log.txt").read_text()))
    if again and max(again.values()) > 1:
        raise Lost("network {}, epoch {} was trained again".format(*again.most_common(1)[0][0]))
    ours, theirs = (load_checkpoint(path / "model.npz").arrays for path in (folder, other))
    if ours.keys() != theirs.keys() or not all(np.array_equal(ours[k], theirs[k]) for k in theirs):
        raise Lost("the model differs from that of an undisturbed run")


class Soak:
    """Runs of one configuration, disturbed, and an undisturbed one to compare with."""

    main = staticmethod(cli.main)

    def __init__(self, place: Path, **settings):
        place.mkdir()
        self.config, self.folder, self.whole = (place / n for n in ("soak.yaml", "run", "whole"))
        self.config.write_text(CONFIG.format(**settings))

    def arguments(self, folder: Path | None = None) -> list[str]:
        """What stands behind the command's name."""
        return ["train", str(self.config), "--out", str(folder or self.folder), "--resume"]

    def command(self, folder: Path | None = None) -> list[str]:
        """The command that begins or continues a run."""
        return [sys.executable, "-m", "nnfs_core", *self.arguments(folder)]

    def start(self, folder: Path | None = None) -> subprocess.Popen:
        """Start the command."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(self.command(folder), cwd=ROOT, **quiet)

    def measure(self) -> tuple[float, float]:
        """Run it undisturbed; return the seconds to its first line, and those after it."""
        start = time.monotonic()
        with self.start(self.whole) as process:
            process.stderr.readline()
            first = time.monotonic()
            rest = process.stderr.read()
        if process.returncode:
            raise Lost(f"an undisturbed run ends with {process.returncode}: {rest[-500:]}")
        return first - start, time.monotonic() - first

    def clear(self) -> None:
        """Remove the run, finished or not."""
        for path in (self.folder, work_of(self.folder)):
            shutil.rmtree(path, ignore_errors=True)

    def faults(self) -> list[tuple[int, str]]:
        """Each call of a run, with each way to fail."""
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            with contextlib.redirect_stderr(nowhere):
                self.main(self.arguments())  # imports make folders, too, but only once
                self.clear()
                found = faults(lambda: self.main(self.arguments()))
        self.clear()
        return found

    def in_fork(self, fault: Callable = contextlib.nullcontext) -> tuple[int, str]:
        """Run the command in a fork of this process; return its status and what it said."""
        with tempfile.TemporaryFile("w+") as told:
            if (child := os.fork()) == 0:
                os.dup2(told.fileno(), 2)
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                code = 99
                try:
                    sys.stderr = open(2, "w", closefd=False)
                    warnings.simplefilter("default")
                    with fault():
                        code = self.main(self.arguments())
                except BaseException:
                    traceback.print_exc()
                finally:
                    sys.stderr.flush()
                    os._exit(code)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            told.seek(0)
            return status, told.read()
