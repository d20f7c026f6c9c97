"""Hostile files, made by hand."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

CANARY = "canary"  # a file in the working folder that only code from a hostile file would make


class Lazy(NamedTuple):
    """Bytes that take long to make, or much memory: made when they are asked for."""

    make: Callable[[], bytes]


class Harm:
    """What runs code where it is unpickled."""

    def __reduce__(self):
        """Return a call that leaves a trace."""
        return os.system, (f"touch {CANARY}",)


PICKLE = pickle.dumps(Harm())
COLUMNS = (
    "id,name,popularity,duration_ms,explicit,artists,id_artists,release_date,danceability,energy,key,"
    "loudness,mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,"
    "year,track_id,Unnamed: 0"
).split(",")
CELLS = [
    *(
        "",
        " ",
        "0",
        "1",
        "-1",
        "0.5",
        "1e308",
        "1e999",
        "-1e400",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "NA",
    ),
    *("None", "True", "false", "1928", "2020-13-45", "2020-02-30", "99999-01-01", "0000", "1e5"),
    *(
        "9" * 400,
        "0x1F",
        "1_000",
        "1,5",
        "½",
        "٣",
        "=1+1",
        "<b>",
        "\u202e",
        "\0",
        "a\nb",
        'a"b',
        "'",
        "\\",
    ),
    *(
        "../../etc/passwd",
        "a" * 2000,
        "\ud7ff",
        "2020-01-01T00:00:00Z",
        "1970-01-01 ",
        "日本",
        "🎵",
    ),
]
TOKENS = [
    *(cell.encode() for cell in CELLS),
    *(b"\n", b"\r", b"\r\n", b",", b";", b"\t", b'"', b'""', b"\xef\xbb\xbf", b"\xff\xfe", b"\x80"),
    *(b"\0" * 50, b"\n" * 50, b"," * 50, b'"' * 51, b"\x1f\x8b", b"PK\3\4", b"PK\5\6", b"\xff" * 8),
    *(b"{", b"[", b": ", b"- ", b"&a ", b"*a", b"!!python/object/apply:os.system [touch canary]"),
    *(b"__import__('os').system('touch canary')", b"{}" * 20, b"[" * 100, b"9" * 5000, b"#", b"%"),
]


def zipped(*files, method=zipfile.ZIP_DEFLATED):
    """A zip of (name, content)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return file.getvalue()


def locked(data):
    """A zip whose first entry says that it has a password."""
    packed = bytearray(zipped(("a.csv", data)))
    packed[6] |= 1
    packed[packed.index(b"PK\1\2") + 8] |= 1
    return bytes(packed)


def bomb(size, start=b"id,popularity,release_date\n", line=b"a,1,2000\n"):
    """A .gz that unpacks to a table of so many bytes, of one line again and again."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = line * (1_000_000 // len(line))
    parts = [squeeze.compress(start)]
    parts += [squeeze.compress(block) for _ in range(size // len(block))]
    return b"".join([*parts, squeeze.flush()])


def zip_bomb(name, size):
    """A .zip whose one file unpacks to so many zeros."""
    file, block = io.BytesIO(), bytes(10**6)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(name, "w", force_zip64=True) as entry:
            for _ in range(size // len(block)):
                entry.write(block)
    return file.getvalue()


def npz(**arrays):
    """An .npz, objects allowed."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def table_files(good: bytes) -> dict[str, bytes | Lazy]:
    """Files in the place of a table, each with its name; good: the bytes of a right one."""
    header, _, rows = good.partition(b"\n")
    first = rows.partition(b"\n")[0]
    wide = ",".join(f"c{n}" for n in range(10_000))
    row = ",".join(["1"] * 10_000)
    nested = good
    for _ in range(30):
        nested = zipped(("a.csv", nested))
    return {
        "empty": b"",
        "a byte order mark alone": b"\xef\xbb\xbf",
        "blank lines": b"\n" * 1000,
        "spaces": b" " * 1000,
        "a header alone": header,
        "a header and blank lines": header + b"\n" * 100,
        "cut off": good[: len(good) // 2],
        "cut off in a quote": header + b'\n"' + good,
        "UTF-16": good.decode().encode("utf-16"),
        "UTF-32": good.decode().encode("utf-32"),
        "latin-1": header + b"\n" + first.replace(b",", b"\xe9,", 1),
        "zeros": bytes(10_000),
        "noise": np.random.default_rng(0).bytes(10_000),
        "a web page": b"<!DOCTYPE html><html>" + good,
        "JSON": json.dumps({"id": [1, 2]}).encode(),
        "10,000 columns": f"{wide}\n{row}\n".encode(),
        "10,000 columns and ours": f"{header.decode()},{wide}\n{first.decode()},{row}\n".encode(),
        "10,000 columns of one name": Lazy(
            lambda: b"id," * 10_000 + b"id\n" + b"1," * 10_000 + b"1\n"
        ),
        "a name of a megabyte": Lazy(lambda: b"a" * 10**6 + b"," + header + b"\n1," + first),
        "a cell of a megabyte": Lazy(lambda: header + b"\n" + b"a" * 10**6 + first),
        "a line of 20 megabytes": Lazy(lambda: header + b"\n" + b"1," * 10**7),
        "a million empty rows": Lazy(lambda: header + b"\n" + b"\n" * 10**6),
        "a million rows of commas": Lazy(lambda: b",,\n" * 10**6),
        "100,000 rows of one": Lazy(lambda: header + b"\n" + (first + b"\n") * 100_000),
        "numbers of 5,000 digits": header + b"\n" + first.replace(b"0", b"9" * 5000),
        "huge numbers": header + b"\n" + first.replace(b".", b"e300."),
        "semicolons": good.replace(b",", b";"),
        "tabs": good.replace(b",", b"\t"),
        "quotes": b'"' * 1001,
        "a quote at the end": good + b'"',
        "a pickle": PICKLE,
        "a pickle, packed": gzip.compress(PICKLE),
        "an npz": npz(a=np.ones(3)),
        "objects in an npz": npz(a=np.array([Harm()], dtype=object)),
        "a zip bomb, .gz": Lazy(lambda: bomb(10**9)),
        "a zip bomb, .zip": Lazy(lambda: zip_bomb("a.csv", 10**9)),
        "a .gz just below the limit": Lazy(lambda: bomb(299 * 10**6)),
        "short cells, just below the limit": Lazy(
            lambda: bomb(299 * 10**6, b"id,popularity,release_date\n", b"1,1,1\n")
        ),
        "a zip in a zip in a zip": nested,
        "two in a zip": zipped(("a.csv", good), ("b.csv", good)),
        "none in a zip": zipped(),
        "a folder in a zip": zipped(("a/", b"")),
        "a zip that leaves its folder": zipped(("../../../../a.csv", good)),
        "a zip with a password": locked(good),
        "a zip by bzip2": zipped(("a.csv", good), method=zipfile.ZIP_BZIP2),
        "a zip by lzma": zipped(("a.csv", good), method=zipfile.ZIP_LZMA),
        "a zip cut off": zipped(("a.csv", good))[:-30],
        "a zip that says too little": zipped(("a.csv", good)).replace(
            struct.pack("<I", len(good)), struct.pack("<I", 10)
        ),
        "a .gz cut off": gzip.compress(good)[:-20],
        "a .gz with a wrong sum": gzip.compress(good)[:-8] + bytes(8),
        "a .gz and noise": gzip.compress(good) + b"noise",
        "two .gz in a row": gzip.compress(good) * 2,
        "bzip2": bz2.compress(good),
        "xz": lzma.compress(good),
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "a spreadsheet": zipped(("[Content_Types].xml", b"<a/>"), ("xl/workbook.xml", b"<a/>")),
    }


def odd_paths(folder: Path) -> dict[str, Callable[[], Path | str]]:
    """What is no file, in the place of one."""
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder / "loop")
    return {
        "a folder": lambda: folder,
        "a pipe": lambda: folder / "pipe",
        "a link to itself": lambda: folder / "loop",
        "nothing": lambda: folder / "missing",
        "no path": lambda: "",
        "a name of 5,000 letters": lambda: folder / ("a" * 5000),
        "a name with a zero": lambda: f"{folder}/a\0b",
        "a user who is not there": lambda: "~nobody_of_this_name/a.csv",
        "an endless file": lambda: "/dev/zero",
        "a file below a file": lambda: Path(__file__) / "a.csv",
        "half a character": lambda: "\udcff.csv",
    }
