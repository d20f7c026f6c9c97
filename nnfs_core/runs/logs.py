"""The log of a run: all that is said while it trains, in its folder."""

import contextlib
import logging
import logging.handlers
import sys
from collections.abc import Iterator
from pathlib import Path


class _Log(logging.handlers.RotatingFileHandler):
    """A log that ends the run where it cannot be written, as other files do."""

    def handleError(self, record):
        """Raise what was raised, with the file's name; logging would print where that happened."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            what = f"{self.baseFilename} cannot be written, {error.strerror}: make room"
            raise OSError(error.errno, what) from None
        super().handleError(record)


@contextlib.contextmanager
def logged_to(path: Path, megabytes: float) -> Iterator[None]:
    """Write what is logged into a file, and go on in a new one when it is full."""
    package = logging.getLogger("nnfs_core")
    size = int(megabytes * 1_000_000)
    handler = _Log(path, "a", size, 1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = package.level
    package.setLevel(logging.DEBUG)
    package.addHandler(handler)
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(level)
        with contextlib.suppress(OSError):  # of a full disk, which was told
            handler.close()
