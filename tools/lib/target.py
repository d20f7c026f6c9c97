"""What is fuzzed, and how it ends; what all targets share."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tools.lib import hostile
from tools.lib.layout import PACKAGE, ROOT


class Target(NamedTuple):
    """What is fuzzed: `run` takes one input and raises what is wrong with its outcome, or an error.

    by_hand: inputs by name. changed: a strategy that makes others.
    """

    run: Callable[[Any], None]
    by_hand: dict[str, Any]
    changed: st.SearchStrategy


def ours(error: BaseException) -> bool:
    """Whether an error is clear: raised by our own code, or what the system says of a file."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    from_us = Path(last).is_relative_to(ROOT / PACKAGE) and str(error).strip() != ""
    return from_us or (isinstance(error, OSError) and bool(error.strerror))


class Clear(Exception):
    """A clear error, without what it was about: that may be large."""


class WrongResult(Exception):
    """A result that is not right: neither an error nor what it should be."""


def check(right: bool, what: str) -> None:
    """Raise WrongResult if something is not right."""
    if not right:
        raise WrongResult(what)


def written(place: Path, content) -> Path | str:
    """The path of a file with this content; what makes a path itself is asked for it."""
    if callable(content):
        return content()
    if isinstance(content, hostile.Lazy):
        content = content.make()
    path = place / "input"
    path.write_bytes(content)
    return path


def without_tables(files: dict) -> dict:
    """Files without those that are as large as a table may be: the loader has them, once."""
    return {name: content for name, content in files.items() if "below the limit" not in name}


def tracks(rows=30) -> bytes:
    """The first rows of the shipped table."""
    with open(ROOT / "data" / "tracks.csv", "rb") as file:
        return b"".join(file.readline() for _ in range(rows + 1))
