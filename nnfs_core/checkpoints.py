"""Checkpoints: a training's state in a file, saved whole or not at all, and read with suspicion.

The file is an .npz: np.load opens it, too. Its entries are stored as they are: facts.json, then the
arrays. The zip's comment is the format's name and version, and the SHA-256 of all in front of it.
Written by hand, like the guards: stage 13 says what such a file is for.
"""

import hashlib
import io
import json
import math
import os
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nnfs_core.files import flush_folder, guard_place, told_as_ours, write_beside
from nnfs_core.solver import TrainingState
from nnfs_core.validation import describe

LARGEST = 300_000_000  # bytes of a file: with its arrays it takes twice that in memory
LARGEST_FACTS = 10_000_000
VERSION = 1
FACTS = "facts.json"
KINDS = {"|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"}
_MARK = b"nnfs_core checkpoint %d sha256 %s"
_MARKED = re.compile(rb"nnfs_core checkpoint (\d) sha256 ([0-9a-f]{64})")
_MARK_SIZE = len(_MARK % (VERSION, b"0" * 64))
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*")  # none of them leads out of a folder
_LOCAL = struct.Struct("<4s5H3I2H")  # in front of an entry's name in a zip
_DIRECTORY = 46, 22  # bytes of the directory for each entry beside its name, and at the end
_HEADER = re.compile(  # of an array: what NumPy writes
    rb"\x93NUMPY\x01\0..\{'descr': '([<|]\w\d)', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,12}, )*\d{1,12},?)?\), \} *\n",
    re.DOTALL,
)


def save_checkpoint(path, state: TrainingState) -> None:
    """Save a state in a file (.npz), whole or not at all; the file from before stays as .previous.

    A damaged file from before stays as .damaged. Raises TypeError or ValueError for what no
    checkpoint can hold, OSError if it cannot be written: what was saved before is then intact.
    """
    path, data = Path(path), encode(state)
    guard_place(path)
    with told_as_ours(path):
        part = write_beside(path, data)
        if path.exists():
            os.replace(path, _beside(path, "previous" if _is_whole(path) else "damaged"))
        os.replace(part, path)
        flush_folder(path.parent)


def load_checkpoint(path) -> TrainingState:
    """Return the state in a file of save_checkpoint, or, with a warning, the one saved before it.

    That one is taken if the file is damaged, or missing after a kill in the middle of saving.
    Raises FileNotFoundError, or ValueError if neither is whole.
    """
    path = Path(path)
    before = _beside(path, "previous")
    try:
        return _load(path)
    except (ValueError, OSError) as error:
        if not before.exists():
            raise
        try:
            state = _load(before)
        except (ValueError, OSError) as other:
            raise ValueError(f"{error}; and {other}") from None
        warnings.warn(f"{error}; {before.name} is taken, the one before it", stacklevel=2)
        return state


def _beside(path, kind):
    """Return the path of a file beside a checkpoint."""
    return path.parent / f"{path.name}.{kind}"


def _read(path):
    """Return the bytes of a file, but for the mark; refuse what is no whole checkpoint."""
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint {path}; expected a file that save_checkpoint wrote")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 10**6} MB")
    data = memoryview(path.read_bytes())
    mark = _MARKED.fullmatch(data[-_MARK_SIZE:])
    if not mark:
        raise ValueError("it does not end as a checkpoint: it is cut off, or something else")
    if int(mark[1]) != VERSION:
        raise ValueError(f"it is of the format {int(mark[1])}, this course reads {VERSION}")
    if hashlib.sha256(data[:-_MARK_SIZE]).hexdigest().encode() != mark[2]:
        raise ValueError("it was altered or damaged: its checksum does not fit")
    return data[:-_MARK_SIZE]


def _is_whole(path):
    """Return whether a file is a checkpoint as it was saved."""
    try:
        return bool(_read(path))
    except (ValueError, OSError):
        return False


def _load(path):
    """Return the state in a file; raises ValueError with its path."""
    try:
        return decode(_read(path))
    except ValueError as error:
        raise ValueError(f"{path} is no checkpoint to go on from: {error}") from None


def encode(state: TrainingState) -> bytes:
    """Return the bytes of a checkpoint; the same state gives the same bytes.

    Raises TypeError or ValueError for what it cannot hold: arrays of objects, facts beyond JSON.
    """
    arrays, facts = getattr(state, "arrays", None), getattr(state, "facts", None)
    if not isinstance(arrays, dict) or not isinstance(facts, dict):
        raise TypeError(f"state is {describe(state)}; expected a TrainingState(arrays, facts)")
    try:
        text = json.dumps(facts, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"facts hold what JSON does not: {error}") from None
    entries = {FACTS: text}
    for name, array in arrays.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"an array is called {name!r}; expected letters, digits, . - and /")
        if type(array) is not np.ndarray or array.dtype.newbyteorder("<").str not in KINDS:
            raise TypeError(f"{name} is {describe(array)}; expected an array of real numbers")
        entry = io.BytesIO()
        plain = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
        np.lib.format.write_array(entry, plain, version=(1, 0), allow_pickle=False)
        entries[f"{name}.npy"] = entry.getbuffer()
    size = sum(len(content) for content in entries.values())
    if len(text) > LARGEST_FACTS or size > LARGEST * 0.99:
        most = f"{LARGEST // 10**6} MB, {LARGEST_FACTS // 10**6} of them facts"
        raise ValueError(f"the state has {size // 10**6} MB; a checkpoint holds at most {most}")
    file = io.BytesIO()
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
    try:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # of 1980: no time goes in
        archive.comment = b" " * _MARK_SIZE
        archive.close()
    except BaseException:
        archive.fp = None  # or it would say at Ctrl-C that it cannot be closed inside an entry
        raise
    data = file.getbuffer()
    digest = hashlib.sha256(data[:-_MARK_SIZE]).hexdigest().encode()
    data[-_MARK_SIZE:] = _MARK % (VERSION, digest)
    return file.getvalue()


def _entries(data) -> Iterator[tuple[str, memoryview]]:
    """Yield name and content of each entry; refuse all but entries that are stored as they are."""
    place, names = 0, []
    while bytes(data[place : place + 4]) == b"PK\3\4":
        if place + _LOCAL.size > len(data):
            raise ValueError("an entry is cut off")
        _, _, flags, method, _, _, _, packed, size, length, extra = _LOCAL.unpack_from(data, place)
        start = place + _LOCAL.size + length
        place = start + size
        if flags & ~0x800 or method or packed != size or extra or place > len(data):
            raise ValueError("an entry is packed, or larger than the file")
        names.append(bytes(data[start - length : start]))
        yield names[-1].decode(), data[start:place]
    each, end = _DIRECTORY
    if place + sum(each + len(name) for name in names) + end != len(data):
        raise ValueError("there is more in it, or less, than its entries")
    if len(set(names)) < len(names):
        raise ValueError("two entries have one name")


def _array(name, content):
    """Return a copy of an array; refuse a header that promises more or less than there is."""
    header = _HEADER.match(content)
    if not header or header[1].decode() not in KINDS:
        raise ValueError(f"{name} is no array of numbers as save_checkpoint writes them")
    shape = tuple(int(size) for size in re.findall(rb"\d+", header[2] or b""))
    dtype, start = np.dtype(header[1].decode()), header.end()
    count = math.prod(shape)
    if int.from_bytes(content[8:10], "little") != start - 10 or len(shape) > 32:
        raise ValueError(f"the header of {name} has another length than it says, or 33 sizes")
    if count * dtype.itemsize != len(content) - start:
        there = f"there are {len(content) - start:,} bytes"
        raise ValueError(f"{name} promises {count:,} numbers, and {there}")
    return np.frombuffer(content, dtype, count, start).reshape(shape).copy()


def _no_number(name):
    """Refuse NaN and Infinity, which json takes for numbers."""
    raise ValueError(f"its facts hold {name}")


def decode(data: memoryview) -> TrainingState:
    """Return the state that the bytes of a checkpoint hold, without the mark at their end.

    Nothing is taken on trust: sizes are compared with what is there before memory is asked for.
    """
    entries = dict(_entries(data))
    text = entries.pop(FACTS, b"")
    if len(text) > LARGEST_FACTS:
        raise ValueError(f"its facts are larger than {LARGEST_FACTS // 10**6} MB")
    try:
        facts = json.loads(bytes(text), parse_constant=_no_number)
    except RecursionError:
        raise ValueError("its facts are nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"its facts are no JSON: {error}") from None
    if not isinstance(facts, dict):
        raise ValueError("its facts are no table")
    arrays = {}
    for name, content in entries.items():
        own = name.removesuffix(".npy")
        if own == name or not _NAME.fullmatch(own):
            raise ValueError(f"it holds a file {name[:100]!r}")
        arrays[own] = _array(name[:100], content)
    return TrainingState(arrays, facts)
