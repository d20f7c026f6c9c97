"""A disk that fails: at the n-th call of the operating system, by a kill, or by a cut of power.

What writes files is run once to count its calls, and then once for each call and each way to fail.
"""

import contextlib
import errno
import os
import signal
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from unittest import mock

CALLS = ("open", "write", "fsync", "close", "replace", "rename", "unlink", "mkdir", "rmdir")
WAYS = ("full", "fails", "half", "dies", "dies after", "dies half")


class Died(BaseException):
    """The process is dead: nothing that it would have done happens any more."""


class Disk:
    """Counts calls, and lets the n-th one end in some way; `log` is what was done without an error.

    full: no space is left. fails: an input or output error. half: of what is written one half is,
    then no space is left. dies, dies after, dies half: the process is killed before the call, after
    it, or in the middle of a write; `kill` says how, and raises Died if nothing is given.
    """

    def __init__(self, at: int = 0, way: str = "", kill: Callable | None = None):
        self.at, self.way, self.kill = at, way, kill
        self.calls, self.dead, self.log = [], False, []

    @contextlib.contextmanager
    def __call__(self) -> Iterator["Disk"]:
        """Take the place of the operating system's calls."""
        real = {name: getattr(os, name) for name in CALLS}
        with contextlib.ExitStack() as patched:
            for name in CALLS:
                patched.enter_context(mock.patch(f"os.{name}", self._called(name, real)))
            yield self

    def _called(self, name, real):
        """The function that stands in the place of a call."""

        def call(*arguments, **settings):
            if self.dead:
                if name == "close":
                    real[name](*arguments)  # so that a test does not run out of them
                raise Died
            self.calls.append(name)
            if len(self.calls) == self.at:
                return self._end(name, real, arguments, settings)
            done = real[name](*arguments, **settings)
            self.log.append((name, arguments, done))
            return done

        return call

    def _end(self, name, real, arguments, settings):
        """End the call at which something happens."""
        if "half" in self.way and name == "write":
            file, data = arguments
            real["write"](file, bytes(data)[: len(data) // 2])
        if self.way == "dies after":
            with contextlib.suppress(OSError):  # it may be one that fails
                real[name](*arguments, **settings)
        if self.way.startswith("dies"):
            self.dead = True
            (self.kill or _die)()
        if name == "close":
            real[name](*arguments)  # Linux closes whatever it says
        kind = errno.EIO if self.way == "fails" else errno.ENOSPC
        raise OSError(kind, os.strerror(kind))


def _die():
    raise Died


def sigkill() -> None:
    """Kill this process, as the system does that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def faults(write: Callable[[], None]) -> list[tuple[int, str]]:
    """Return each call of a function that writes, with each way to fail: run it once to count."""
    with Disk()() as disk:
        write()
    calls = product(enumerate(disk.calls, start=1), WAYS)
    return [(n, way) for (n, name), way in calls if "half" not in way or name == "write"]


def after_power_cut(before: dict[str, bytes], log: list) -> Iterator[dict[str, bytes]]:
    """Yield each content of a folder that a cut of power may leave: name and bytes of its files.

    before: what was there. log: what was done since. What was not brought to the disk (fsync) may
    be there in part: a file empty, half or whole, and any of the changes of names.
    """
    contents = [[data] for data in before.values()]  # of each file: what may be found in it
    names = {name: place for place, name in enumerate(before)}
    files, pending, written = {}, [], {}
    for name, arguments, done in log:
        if name == "open":
            path, kind = Path(arguments[0]), arguments[1]
            files[done] = None
            if kind & os.O_CREAT:
                files[done] = len(contents)
                contents.append([b""])
                written[len(contents) - 1] = b""
                pending.append(("create", path.name, len(contents) - 1))
        elif name == "write" and (file := files[arguments[0]]) is not None:
            written[file] += bytes(arguments[1])[:done]
            contents[file] = [b"", written[file][: len(written[file]) // 2], written[file]]
        elif name == "fsync" and (file := files[arguments[0]]) is not None:
            contents[file] = [written[file]]
        elif name == "fsync":
            names, pending = _applied(names, pending), []
        elif name in ("replace", "rename"):
            pending.append(("replace", *(Path(path).name for path in arguments)))
    for chosen in product((True, False), repeat=len(pending)):
        ops = [op for op, is_done in zip(pending, chosen, strict=True) if is_done]
        found = _applied(names, ops)
        for data in product(*(contents[place] for place in found.values())):
            yield dict(zip(found, data, strict=True))


def _applied(names, ops):
    """Names after some changes; one whose source is not there does nothing."""
    names = dict(names)
    for kind, first, second in ops:
        if kind == "create":
            names[first] = second
        elif first in names:
            names[second] = names.pop(first)
    return names
