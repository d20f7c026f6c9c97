"""Files that may hold anything: unpacked, and refused with the reason if they are no table.

Written by hand, like the guards: kinds of file are not the lesson.
"""

import contextlib
import csv
import gzip
import io
import zipfile

LARGEST_FILE = 300_000_000  # bytes, unpacked: Kaggle's 600,000 tracks take 110 million
_TOO_LARGE = f"it unpacks to more than {LARGEST_FILE // 10**6} MB; cut it to fewer rows"
_SAVE = "save it as UTF-8 with commas between the fields and points in the numbers (CSV UTF-8)"
_CLOSE = 'close the quote, and write a quote within a field twice: ""'


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
        content = bytearray()
        while chunk := file.read(1 << 20):
            content += chunk
            if len(content) > LARGEST_FILE:  # a .gz states no size, and what a .zip states may lie
                raise ValueError(_TOO_LARGE)
    return bytes(content.removeprefix(b"\xef\xbb\xbf"))  # a byte order mark is no part of a name


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
