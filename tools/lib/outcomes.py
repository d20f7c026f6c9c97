"""Tests run by another interpreter, elsewhere: what passed, and what did not."""

import os
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from nnfs_core.screen import LIVE

NBVAL = ["--nbval", "--nbval-current-env", "-W", "default"]


class Outcome(NamedTuple):
    """How many tests passed, the names of those that did not, seconds, and what pytest said."""

    passed: int
    failed: list[str]
    seconds: float
    said: str = ""

    def __str__(self):
        """As a cell of a table."""
        failed = f"FAILED {len(self.failed)}: {', '.join(self.failed)}" if self.failed else "passed"
        return f"{failed} ({self.passed} passed, {self.seconds:.0f} s)"


def run_tests(python: Path, arguments: list[str], folder: Path, **settings: str) -> Outcome:
    """Run pytest in a folder, with these variables set in the environment.

    A process that ends without a report, or runs no test, has one failure: its last line.
    """
    unwanted = {"NNFS_DATA", *LIVE, "PYTHONPATH", "PIP_CONSTRAINT"}
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.xml"
        words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *arguments]
        start = time.monotonic()
        done = subprocess.run(
            [str(python), *words],
            cwd=folder,
            env=environment | settings,
            capture_output=True,
            text=True,
        )
        seconds = time.monotonic() - start
        cases = list(ET.parse(report).iter("testcase")) if report.exists() else []
    failed = [case.get("name") for case in cases if _fault(case) is not None]
    passed = sum(len(case) == 0 or case.find("skipped") is None for case in cases) - len(failed)
    if not failed and (done.returncode or not passed):
        last = done.stderr.strip() or done.stdout.strip() or "no test ran"
        failed = [last.rpartition("\n")[2]]
    return Outcome(passed, failed, seconds, done.stdout + done.stderr)


def _fault(case):
    fault = case.find("failure")
    return case.find("error") if fault is None else fault
