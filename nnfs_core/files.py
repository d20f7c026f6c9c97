"""Files that may hold anything: unpacked, and refused with the reason if they are no table.

And files of ours, which are written whole or not at all. Written by hand, like the guards: kinds of
file are not the lesson.
"""

import contextlib
import csv
import gzip
import io
import os
import warnings
import zipfile
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LARGEST_FILE = 300_000_000  # bytes, unpacked: Kaggle's 600,000 tracks take 110 million
LARGEST_TABLE = 13_000_000  # fields, which as texts take 60 bytes each: Kaggle's are 12 million
_TOO_LARGE = f"it unpacks to more than {LARGEST_FILE // 10**6} MB; cut it to fewer rows"
_SAVE = "save it as UTF-8 with commas between the fields and points in the numbers (CSV UTF-8)"
_CLOSE = 'close the quote, and write a quote within a field twice: ""'


def shipped(folder):
    """Return the path of data or configs: within the installed package, beside it in a clone."""
    package = Path(__file__).resolve().parent
    within = package / folder
    return within if within.is_dir() else package.parent / folder


def _unpack(path):
    """Return the bytes of a file, or of what a .gz or .zip holds, told by their first bytes."""
    with contextlib.ExitStack() as opened:
        file = opened.enter_context(open(path, "rb"))
        start = file.read(4)
        file.seek(0)
        if start == b"PK\3\4":
            archive = opened.enter_context(zipfile.ZipFile(file))
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            entries = [entry for entry in entries if not entry.filename.startswith("__MACOSX/")]
            if len(entries) != 1:
                raise ValueError(
                    f"it holds {len(entries)} files, expected one; unpack it and give the path of "
                    "the table, or save it as CSV if it is a spreadsheet"
                )
            if entries[0].file_size > LARGEST_FILE:
                raise ValueError(_TOO_LARGE)
            file = opened.enter_context(archive.open(entries[0]))
        elif start[:2] == b"\x1f\x8b":
            file = opened.enter_context(gzip.open(file))
        content = io.BytesIO()  # whose value is no copy
        mark = file.read(3)
        content.write(b"" if mark == b"\xef\xbb\xbf" else mark)  # no part of a name
        while chunk := file.read(1 << 20):
            content.write(chunk)
            if (
                content.tell() > LARGEST_FILE
            ):  # a .gz states no size, and what a .zip states may lie
                raise ValueError(_TOO_LARGE)
    return content.getvalue()


def _read_header(content):
    """Return the names in the first line of a table; refuse rows that have not a field for each."""
    if content.lstrip()[:1] == b"<":
        raise ValueError("it is a web page; download the file itself")
    if b"\0" in content:
        raise ValueError(f"it is UTF-16 or no text at all; {_SAVE}")
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""), strict=True)
    header, count, start = None, 0, 0
    try:
        for row in rows:
            first, start = start + 1, rows.line_num
            if len(row) < 2 and not "".join(row).strip():
                continue  # a blank line
            if header is None:
                header, line = row, ",".join(row)
                if (mark := max(",;\t|", key=line.count)) != ",":
                    raise ValueError(f"its fields are separated by {mark!r}; {_SAVE}")
                continue
            count += 1
            if len(row) != len(header):
                raise ValueError(
                    f"line {first} has {len(row)} fields, the header {len(header)}; give each row "
                    "as many, and put quotes around a field that holds a comma"
                )
            if count * len(header) > LARGEST_TABLE:
                raise ValueError(f"it has more than {LARGEST_TABLE:,} fields; cut it to fewer rows")
            swallowed = (f.count(",") >= f.count("\n") * (len(row) - 1) > 0 for f in row)
            if start > first and any(swallowed):
                raise ValueError(
                    f"a quote in line {first} takes in the rows up to {start}; {_CLOSE}"
                )
    except UnicodeDecodeError:
        raise ValueError(f"it is no text in UTF-8; {_SAVE}") from None
    except csv.Error as error:
        raise ValueError(f"lines {start + 1} to {rows.line_num}: {error}; {_CLOSE}") from None
    if not count:
        raise ValueError("it holds no rows; expected a line of names, then a line for each track")
    return header


def guard_table(path):
    """Return the bytes of a table, unpacked, and its names in lower case, without spaces around.

    path: a Path of a .csv, .csv.gz or .zip. Refuses all but text in UTF-8, commas between fields,
    in each row a field for each name, and no name twice.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; give load_tracks or NNFS_DATA the path of a .csv")
    try:
        content = _unpack(path)
        header = _read_header(content)
    except Exception as error:  # gzip and zipfile raise many kinds
        raise ValueError(f"{path} cannot be read as a .csv, .csv.gz or .zip: {error}") from error
    names = [name.strip().lower() or f"unnamed {place}" for place, name in enumerate(header)]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        alike = "capitals and spaces do not tell columns apart"
        raise ValueError(f"{path} has several columns {repeated}; rename them ({alike})")
    return content, names


def write_beside(path, data):
    """Write bytes into the file PATH.part, down to the disk; return its path.

    What stands there of an earlier one, which was killed, is removed. One process at a time.
    """
    part = path.parent / f"{path.name}.part"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part)
    kind = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    file = os.open(part, kind, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)
    return part


def flush_folder(folder):
    """Bring the names in a folder to the disk, where a folder can be asked to: not on Windows."""
    if fcntl is None:
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextlib.contextmanager
def told_as_ours(path):
    """Tell what fails at writing a file with its path and what to do; leave no part behind."""
    try:
        yield
    except OSError as error:
        with contextlib.suppress(OSError):
            (path.parent / f"{path.name}.part").unlink()
        todo = "what was saved there before is intact; make room, or give another folder"
        raise OSError(error.errno, f"{path} cannot be written, {error.strerror}: {todo}") from error


def guard_place(path):
    """Refuse a folder, device, pipe or link: a rename would put a file in its place."""
    if path.is_symlink():
        raise FileExistsError(f"{path} is a link to {os.readlink(path)}; expected that name")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is a device or a pipe; expected the name of a file")


def write_whole(path, data: bytes) -> None:
    """Write a file whole or not at all: whoever reads it finds the bytes of before, or these.

    They are written beside, brought to the disk and renamed. Raises OSError if that fails, or if
    something else than a file is there; what was there before is then intact.
    """
    path = Path(path)
    guard_place(path)
    with told_as_ours(path):
        os.replace(write_beside(path, data), path)
        flush_folder(path.parent)


@contextlib.contextmanager
def hold_folder(folder):
    """Hold a folder as long as the block runs; a second process that asks for it is refused.

    The lock is that of the file .lock in it, which stays; a process that is killed leaves no lock.
    Raises ValueError if another holds it, OSError if the folder is not there or cannot be written.
    """
    lock = Path(folder) / ".lock"
    with contextlib.ExitStack() as opened:
        try:
            file = opened.enter_context(open(lock, "a+b"))
        except OSError as error:
            todo = "give a folder that is there and that you may write to"
            what = f"{folder} cannot be held, {error.strerror}: {todo}"
            raise OSError(error.errno, what) from error
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                _lock_on_windows(file, opened)
        except (BlockingIOError, PermissionError):
            todo = "wait until it has ended, or give another folder"
            raise ValueError(f"{folder} is in use by another run: {todo}") from None
        except OSError as error:  # some network folders
            what = f"{folder} cannot be locked, {error.strerror}"
            warnings.warn(f"{what}: start no second run in it", stacklevel=3)
        yield


def _lock_on_windows(file, opened):
    """Lock the first byte of a file until the block ends."""
    import msvcrt

    file.seek(0)
    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def unlock():
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

    opened.callback(unlock)
