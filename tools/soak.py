"""Kill trainings at random moments and at each step of writing, and see that nothing is lost.

`python -m tools.soak [--kills 200] [--seed 0]` takes about half an hour. It runs the real command,
`python -m nnfs_core train ... --resume`, and kills it at random moments. It runs it once for each
call of the operating system that writes, and lets that call fail, or kills the process there. It
fills a disk, writes into a folder that is read-only, and starts two runs in one folder. Each run is
then continued, and its end compared, bit for bit, with that of a run that nobody disturbed.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.lib.disk import Disk, sigkill
from tools.lib.disturbed import Lost, Soak, guard_result, guard_saved, work_of
from tools.lib.layout import ROOT

STEPS = ("full", "half", "dies", "dies half")  # what a whole run is tried with: the tests try all


def kills(soak: Soak, count: int, rng: random.Random) -> dict[str, int]:
    """Kill runs at random moments, from their start to their end, and continue them."""
    start, rest = soak.measure()
    figures = {"kills": 0, "runs that came to their end": 0, "kills before the first line": 0}
    while figures["kills"] < count or soak.folder.exists() or work_of(soak.folder).exists():
        with soak.start() as process:
            early = figures["kills"] < count and rng.random() < 0.1
            if early:
                time.sleep(rng.uniform(0, start))
            elif process.stderr.readline() and figures["kills"] < count:
                time.sleep(rng.uniform(0, rest))
            if figures["kills"] < count and process.poll() is None:
                process.kill()
            said = process.stderr.read()
        if process.returncode == -9:
            figures["kills"] += 1
            figures["kills before the first line"] += early
            guard_saved(work_of(soak.folder))
        elif process.returncode == 0:
            guard_result(soak.folder, soak.whole)
            figures["runs that came to their end"] += 1
            soak.clear()
        else:
            raise Lost(f"a continued run ends with {process.returncode}: {said[-500:]}")
    return figures


def steps(soak: Soak, most: int | None = None) -> dict[str, int]:
    """Let each call that writes fail, or kill the process there, and continue the run.

    most: draw so many of them.
    """
    found = [fault for fault in soak.faults() if fault[1] in STEPS]
    status, said = soak.in_fork()
    if status:
        raise Lost(f"an undisturbed run ends with {status}: {said[-500:]}")
    os.rename(soak.folder, soak.whole)
    figures = {"calls": max(n for n, _ in found)} | dict.fromkeys(STEPS, 0)
    for n, way in random.Random(0).sample(found, most or len(found)):
        status, said = soak.in_fork(Disk(n, way, sigkill))
        told_badly = status != -9 if "dies" in way else status not in (0, 1, 2)
        if told_badly or "Traceback" in said:
            raise Lost(f"call {n} {way}: status {status}, {said[-500:]}")
        guard_saved(work_of(soak.folder))
        status, said = soak.in_fork()
        if status:
            raise Lost(f"call {n} {way}: continued, it ends with {status}: {said[-500:]}")
        guard_result(soak.folder, soak.whole)
        soak.clear()
        figures[way] += 1
    return figures


# Run by a shell that has a view of the file system of its own: it may mount, whoever starts it.
FULL = """
mount -t tmpfs -o size={size}k none "$1" || exit 77
"${{@:2}}" 2> "$1/../full.txt"; echo $? > "$1/../full.status"
mount -o remount,size=50m "$1"
cp -r "$1/." "$1/../kept"
"${{@:2}}" 2> "$1/../after.txt" && cp -r "$1/run" "$1/../finished"
"""
READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 77
"${@:2}" 2> "$1/../full.txt"; echo $? > "$1/../full.status"
"""


def namespace(script: str, disk: Path, command: list[str]) -> bool:
    """Run a script with a disk of its own; return whether this machine lets us."""
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script, "bash", disk, *command],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    return done.returncode == 0 or "unshare" not in done.stderr and done.returncode != 77


def full_disks(soak: Soak, sizes: list[int]) -> dict[str, int]:
    """Train on disks that are too small, make room, and go on; then on one that is read-only."""
    soak.measure()
    place, figures = soak.config.parent, {"full disks": 0, "read-only folders": 0}
    for size in [*sizes, 0]:
        shutil.rmtree(place / "disk", ignore_errors=True)
        disk = place / "disk"
        disk.mkdir()
        script = FULL.format(size=size) if size else READ_ONLY
        if not namespace(script, disk, soak.command(disk / "run")):
            print("  this machine lets nobody mount a disk (unshare -rm): left out")
            return figures
        status, said = ((place / f"full.{name}").read_text() for name in ("status", "txt"))
        reason = "No space left on device" if size else "Read-only file system"
        if int(status) not in (1, 2) or reason not in said or "Traceback" in said:
            raise Lost(f"a disk of {size} kB: status {status}, {said[-700:]}")
        if size:
            guard_saved(place / "kept" / ".run.unfinished")
            if not (place / "finished").exists():
                raise Lost(f"with room again: {(place / 'after.txt').read_text()[-500:]}")
            guard_result(place / "finished", soak.whole)
            for name in ("kept", "finished"):
                shutil.rmtree(place / name)
        figures["full disks" if size else "read-only folders"] += 1
    return figures


def twins(soak: Soak) -> dict[str, int]:
    """Start a second run in a folder where one is running."""
    soak.measure()
    with soak.start() as first:
        first.stderr.readline()
        first.send_signal(signal.SIGSTOP)  # it waits, and still holds the folder
        try:
            with soak.start() as second:
                said = second.stderr.read()
        finally:
            first.send_signal(signal.SIGCONT)
        first.stderr.read()
    if (first.returncode, second.returncode) != (0, 2) or "in use by another run" not in said:
        raise Lost(f"two at once end with {first.returncode}, {second.returncode}: {said}")
    guard_result(soak.folder, soak.whole)
    return {"second runs refused": 1}


def parts(place: Path, count: int, seed: int) -> Iterator[tuple[str, Callable]]:
    """What is soaked, and the function that does it."""
    rng = random.Random(seed)
    long = {"rows": 1000, "epochs": 60, "networks": 2}
    short = {"rows": 60, "epochs": 2, "networks": 2}
    yield "kills at random moments", lambda: kills(Soak(place / "kills", **long), count, rng)
    yield "each call that writes", lambda: steps(Soak(place / "steps", **short))
    sizes = [4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192]
    yield "disks", lambda: full_disks(Soak(place / "disks", **short), sizes)
    yield "two at once", lambda: twins(Soak(place / "twins", **long))


def main(argv: list[str] | None = None) -> None:
    """Run the command; exit code 1 if anything is lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked, faults_found = parser.parse_args(argv), 0
    with tempfile.TemporaryDirectory() as place:
        for name, soaked in parts(Path(place), asked.kills, asked.seed):
            start = time.monotonic()
            try:
                figures = soaked()
                told = ", ".join(f"{what} {number}" for what, number in figures.items())
            except Lost as loss:
                told, faults_found = f"LOST: {loss}", faults_found + 1
            print(f"{name}: {told} ({time.monotonic() - start:.0f} s)", flush=True)
    print("losses:", faults_found or "none")
    sys.exit(bool(faults_found))


if __name__ == "__main__":
    main()
