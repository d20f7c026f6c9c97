"""Hostile files that hypothesis makes, mostly by changes of good ones."""

import csv
import gzip
import io

from hypothesis import strategies as st

from tools.lib.hostile import CELLS, COLUMNS, TOKENS, zipped

packed = st.sampled_from(
    [bytes] * 6
    + [gzip.compress, lambda data: zipped(("a.csv", data)), lambda data: gzip.compress(data)[:-9]]
)


@st.composite
def changed(draw, originals, tokens=TOKENS):
    """Bytes of a good file after one to six small changes."""
    data = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["cut", "drop", "put", "double", "bits", "token", "move"]))
        a, b = sorted(draw(st.tuples(*[st.integers(0, max(len(data), 1))] * 2)))
        near = min(b, a + 200)
        if kind == "cut":
            data = data[:a]
        elif kind == "drop":
            data = data[:a] + data[near:]
        elif kind == "put":
            data = data[:a] + draw(st.binary(min_size=1, max_size=8)) + data[a:]
        elif kind == "double":
            data = data[:near] + data[a:]
        elif kind == "bits" and a < len(data):
            data = data[:a] + bytes([data[a] ^ draw(st.integers(1, 255))]) + data[a + 1 :]
        elif kind == "token":
            data = data[:a] + draw(st.sampled_from(tokens)) + data[a + draw(st.integers(0, 9)) :]
        elif kind == "move":
            data = data[:a] + data[near : near + 100] + data[a:near] + data[near + 100 :]
    return data


@st.composite
def tables(draw, columns=tuple(COLUMNS)):
    """Bytes of a table with odd names and cells, of few rows."""
    odd = st.sampled_from(
        [*columns, *(c.upper() for c in columns[:5]), "", "a,b", "id ", "x" * 300]
    )
    names = draw(st.lists(odd, min_size=1, max_size=12))
    if draw(st.booleans()):
        names = list(dict.fromkeys([*columns, *names]))
    cell = (
        st.sampled_from(CELLS) | st.floats().map(str) | st.integers().map(str) | st.text(max_size=9)
    )
    quoted = st.sampled_from([True, True, True, False])
    lines = [",".join(map(_quoted, names))]
    for _ in range(draw(st.integers(0, 6))):
        row = [draw(cell) for _ in range(len(names) + draw(st.sampled_from([0] * 9 + [-1, 1])))]
        lines.append(",".join(_quoted(one) if draw(quoted) else one for one in row))
    text = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])).join(lines)
    coding = draw(st.sampled_from(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "latin-1", "utf-7"]))
    return draw(packed)(text.encode(coding, "replace"))


@st.composite
def other_cells(draw, good):
    """Bytes of a good table of which one to five cells are others."""
    rows = list(csv.reader(io.StringIO(good.decode())))
    for _ in range(draw(st.integers(1, 5))):
        row = draw(st.sampled_from(rows if draw(st.integers(0, 9)) == 0 else rows[1:]))
        row[draw(st.integers(0, len(row) - 1))] = draw(st.sampled_from(CELLS) | st.text(max_size=5))
    return "\n".join(",".join(map(_quoted, row)) for row in rows).encode("utf-8", "replace")


def _quoted(cell):
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\n\r') else cell


def json_values(cells=CELLS):
    """Whatever JSON holds."""
    plain = (
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    )
    plain |= st.sampled_from([2**64, -(2**130), 1e308, *cells])
    inner = lambda s: st.lists(s, max_size=4) | st.dictionaries(st.text(max_size=6), s, max_size=4)  # noqa: E731
    return st.recursive(plain, inner, max_leaves=8)
