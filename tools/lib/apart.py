"""Run what a reader wrote in a process of its own, and end with it whatever it started."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

from tools.lib.layout import ROOT


def run(module: str, arguments: list, folder: Path, end: float, stop: Event | None = None) -> int:
    """Return code of a module of the course that runs in a reader's folder; raises TimeoutExpired.

    Until `end` on the clock time.monotonic, or until it is asked to stop.
    """
    command = [sys.executable, "-P", "-m", module, *arguments]
    quiet = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.DEVNULL)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    environment["OPENBLAS_NUM_THREADS"] = "1"
    with subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True, **quiet
    ) as child:
        try:
            while child.poll() is None:
                if time.monotonic() > end or (stop and stop.is_set()):
                    raise subprocess.TimeoutExpired(command, end)
                time.sleep(0.05)
        finally:
            if os.name == "posix":  # its group: what it started may be there still
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, signal.SIGKILL)
            child.kill()
    return child.returncode
