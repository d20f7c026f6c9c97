"""Give hostile input to whatever reads files, by thousands, and see that it is refused or right.

`python -m tools.fuzz [TARGET ...] [--cases 3000] [--seed 0]`; the targets are loader, checkpoint,
config, command, prediction. Each runs in a process of its own, with files made by hand and good
ones that hypothesis changes. An outcome is a right result or a clear error. It is a fault if an
error comes out of NumPy, pandas, PyYAML or the like (what the operating system says is clear), if
code from a file runs, if something is written elsewhere, if a case takes more than a minute, or a
process 1 GB of memory.
"""

import argparse
import contextlib
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from tools.lib.hostile import CANARY
from tools.lib.layout import PACKAGE, ROOT, Refused
from tools.lib.target import Clear, Target, ours
from tools.lib.targets import TARGETS

ALLOWED = (ValueError, TypeError, OSError, FloatingPointError)
SECONDS, MEMORY = 60, 1000  # most of a case, and most megabytes of a process


class Outcome(NamedTuple):
    """How a case ended: right, refused (both are fine), or a fault; and what was said."""

    kind: str
    said: str


class Endless(BaseException):
    """A case that takes too long."""


def _too_long(*_):
    raise Endless


def tried(call: Callable[[], None]) -> Outcome:
    """Try a case; whatever it leaves in the working folder beside its own file is a fault."""
    there = set(os.listdir())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UserWarning)  # ours
        try:
            call()
            found = Outcome("right", "")
        except Endless:
            found = Outcome("fault", f"it takes more than {SECONDS} seconds")
        except Clear as error:
            found = Outcome("refused", str(error))
        except ALLOWED as error:
            kind = "refused" if ours(error) else "fault"
            found = Outcome(kind, told(error))
        except Exception as error:
            found = Outcome("fault", told(error))
    if os.path.exists(CANARY):
        os.unlink(CANARY)
        return Outcome("fault", "code from the file was run")
    if more := set(os.listdir()) - there:
        return Outcome("fault", f"it has written {sorted(more)}")
    return found


def told(error: BaseException) -> str:
    """An error, and where it passed our code last, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    mine = [frame for frame in frames if PACKAGE in frame.filename]
    where = "; ".join(f"{Path(f.filename).name} {f.lineno}" for f in [*mine[-1:], *frames[-1:]])
    return f"{type(error).__name__}: {str(error)[:300]} [{where}]"


def cases(target: Target, count: int, seed: int) -> Iterator[tuple[str, Outcome]]:
    """Outcome of each case of a target, made by hand, then by hypothesis."""
    signal.signal(signal.SIGALRM, _too_long)

    def alarmed(call, *arguments):
        signal.alarm(SECONDS)
        try:
            return tried(lambda: call(*arguments))
        finally:
            signal.alarm(0)

    for name, given_by_hand in target.by_hand.items():
        yield f"by hand: {name}", alarmed(target.run, given_by_hand)
    found = []

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.changed)
    def each(example):
        found.append((f"made: {example!r:.2000}", alarmed(target.run, example)))

    each()
    yield from found


def report(name: str, count: int, seed: int, most: int = 5) -> dict:
    """Figures of a target: cases, how they ended, the first faults, and megabytes at most."""
    counts, faults = Counter(), []
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        start = time.monotonic()
        Path("input").touch()  # where a case's file will stand
        for case, outcome in cases(TARGETS[name](Path(place)), count, seed):
            counts.update([outcome.kind])
            if outcome.kind == "fault":
                faults.append(f"{case} -> {outcome.said}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
    figures = {kind: counts[kind] for kind in ("right", "refused", "fault")}
    times = {"MB at most": peak, "seconds": round(time.monotonic() - start)}
    return {"cases": counts.total(), **figures, **times, "faults": faults[:most]}


def in_a_process(name: str, count: int, seed: int) -> dict:
    """Figures of a target that runs in a process of its own."""
    command = [sys.executable, "-m", "tools.fuzz", "--worker", name]
    command += ["--cases", str(count), "--seed", str(seed)]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    done = subprocess.run(command, cwd=ROOT, **quiet)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return {
            "cases": 0,
            "fault": 1,
            "faults": [f"it ends with {done.returncode}: {done.stderr[-1000:]}"],
        }


def main(argv: list[str] | None = None) -> None:
    """Run the command; exit code 1 if there is a fault."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", choices=TARGETS, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.worker:
        logging.getLogger(PACKAGE).addHandler(logging.NullHandler())
        print(json.dumps(report(asked.worker, asked.cases, asked.seed)))
        return
    if unknown := set(asked.targets) - set(TARGETS):
        raise Refused(f"no target is called {unknown.pop()!r}: expected {', '.join(TARGETS)}")
    total = 0
    for name in asked.targets or TARGETS:
        found = in_a_process(name, asked.cases, asked.seed)
        if found.get("MB at most", 0) > MEMORY:
            found["fault"] += 1
            found["faults"].append(f"it takes {found['MB at most']} MB")
        faults = found.pop("faults")
        print(f"{name}:", ", ".join(f"{what} {n}" for what, n in found.items()), flush=True)
        print(*(f"  {fault}" for fault in faults), sep="\n", end="\n" * bool(faults), flush=True)
        total += found["fault"]
    print("faults:", total or "none")
    sys.exit(bool(total))


if __name__ == "__main__":
    main()
