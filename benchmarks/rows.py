"""Train on more rows than one wants in memory: `python -m benchmarks.rows --samples 10_000_000`.

It writes a file of random samples, piece by piece, and trains on it by a memory map: on a hundredth
of the samples, on a tenth, on all. It prints the time for each sample, which should stay the same,
and the largest memory that the process needed beside the pages of the file (Linux: RssAnon). It
ends with exit code 1 if that is over 200 MB. The file, 600 MB for ten million samples, is deleted
at the end. With --parquet the samples come from a folder of Parquet files (needs pyarrow), which
another process writes, and which is copied into such a file first, a group of rows at a time.
"""

import argparse
import multiprocessing
import re
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from nnfs_core import train_fast

LAYER_SIZES, PIECE, LIMIT = [14, 64, 32, 16, 1], 2**17, 200
LEAST = 1000  # samples: a thousandth of them is trained on, too


class Memory(threading.Thread):
    """Looks at the memory of this process a hundred times a second; most: the largest, in MB."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most, self.done = 0.0, threading.Event()

    def look(self) -> float:
        """Return the megabytes that are no pages of files."""
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"RssAnon:\s*(\d+)", status)[1]) / 1024

    def run(self):
        """Look until done is set."""
        while not self.done.wait(0.01):
            self.most = max(self.most, self.look())


def samples(start: int, count: int) -> np.ndarray:
    """Return count samples as columns of float32, the target in the last row."""
    rng = np.random.default_rng(start)
    table = rng.random((LAYER_SIZES[0] + 1, count), np.float32)
    table[-1] = (table[0] + table[1] * table[2]) / 2  # something to learn
    return table


def write_map(path: Path, m: int) -> None:
    """Write m samples into one file, (15, m)."""
    table = np.memmap(path, np.float32, "w+", shape=(LAYER_SIZES[0] + 1, m))
    for start in range(0, m, PIECE):
        count = min(PIECE, m - start)
        table[:, start : start + count] = samples(start, count)
    table.flush()


def write_parquet(folder: Path, m: int) -> None:
    """Write m samples into files of a million rows, a feature a column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"x{number}" for number in range(LAYER_SIZES[0])] + ["y"]
    for start in range(0, m, 8 * PIECE):
        with pq.ParquetWriter(
            folder / f"{start:012}.parquet", pa.schema([(name, pa.float32()) for name in names])
        ) as writer:
            for begin in range(start, min(m, start + 8 * PIECE), PIECE):
                rows = samples(begin, min(PIECE, m - begin))
                writer.write_table(pa.table(dict(zip(names, rows, strict=True))))


def map_parquet(folder: Path, path: Path) -> int:
    """Copy a folder of Parquet files into one file, (15, m); return m."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_memory_pool(pa.system_memory_pool())  # which gives back what it does not need
    files = [pq.ParquetFile(one, pre_buffer=False) for one in sorted(folder.glob("*.parquet"))]
    m, start = sum(one.metadata.num_rows for one in files), 0
    table = np.memmap(path, np.float32, "w+", shape=(LAYER_SIZES[0] + 1, m))
    for one in files:
        for number in range(one.num_row_groups):
            group = one.read_row_group(number, use_threads=False)
            stop = start + group.num_rows
            for row, column in zip(table, group.columns, strict=True):
                row[start:stop] = column.to_numpy()
            start = stop
    table.flush()
    return m


def measure(path: Path, m: int, use: int, iterations: int) -> float:
    """Return the median milliseconds of an iteration on the first `use` samples of the file."""
    table = np.memmap(path, np.float32, "r", shape=(LAYER_SIZES[0] + 1, m))
    marks = [time.perf_counter()]
    result = train_fast(
        table[:-1, :use],
        table[-1:, :use],
        LAYER_SIZES,
        learning_rate=0.05,
        iterations=iterations,
        seed=3,
        callback=lambda *_: marks.append(time.perf_counter()),
    )
    if not result.losses[-1] < result.losses[0]:
        raise SystemExit(f"the loss does not fall: {result.losses}")
    return 1000 * float(np.median(np.diff(marks)[1:]))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rows", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--parquet", action="store_true", help="from a folder of Parquet files")
    arguments = parser.parse_args()
    m = arguments.samples
    if m < LEAST:
        parser.error(f"--samples is {m}; expected {LEAST:,} or more")
    memory = Memory()
    print(f"before: {memory.look():.0f} MB, Python and its libraries")
    memory.start()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder) / "samples.bin"
        if arguments.parquet:
            writer = multiprocessing.get_context("spawn").Process(
                target=write_parquet, args=(Path(folder), m)
            )
            writer.start()
            writer.join()
            m = map_parquet(Path(folder), path)
        else:
            write_map(path, m)
        print(f"{m:,} samples, {path.stat().st_size / 1e6:,.0f} MB on disk")
        for use in sorted({m // LEAST, m // 100, m // 10, m}):
            taken = measure(path, m, use, arguments.iterations if use > 10**6 else 20)
            each = 1e6 * taken / use
            print(f"{use:12,} samples {taken:10.2f} ms an iteration {each:7.1f} ns a sample")
    memory.done.set()
    memory.join()
    print(f"most: {memory.most:.0f} MB beside the pages of the file, at most {LIMIT}")
    if memory.most > LIMIT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
