"""Samples on a Dask cluster, in parts: from arrays, from Parquet files or from Dask arrays.

Written by hand. What stands here in their place is a row of their numbers, which a Solver takes as
it takes any X: a mini-batch is then the numbers that it has drawn.
"""

import hashlib
from pathlib import Path

import numpy as np

from nnfs_core.cluster import Cluster
from nnfs_core.validation import Array, guard_matrix, guard_number, guard_shape

NUMBER = 2.0**-40  # a sample's number times this is its entry of X: exact, and never a large input
PART_BYTES, LEAST_PARTS = 8_000_000, 16


def _whole(X, Y, name):
    """Return a part, checked: the samples (n_0, k) and targets (n_L, k) that lie together."""
    guard_matrix(f"X of {name}", X)
    guard_matrix(f"Y of {name}", Y, columns=X.shape[1])
    return X, Y


def _read(path, group, features, target):
    """Return a group of rows of a Parquet file as a part."""
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read_row_group(group, columns=[*features, *target])
    columns = {name: table[name].to_numpy() for name in table.column_names}
    X, Y = (np.array([columns[name] for name in names]) for names in (features, target))
    return _whole(X, Y, f"{path}, row group {group}")


def _look(part):
    """Return the features of a part, its targets, and the SHA-256 of both."""
    digest = hashlib.sha256(np.ascontiguousarray(part[0]))
    digest.update(np.ascontiguousarray(part[1]))
    return len(part[0]), part[1], digest.hexdigest()


class DistributedData:
    """Samples on a cluster, in parts: made by spread_arrays, spread_parquet or spread_dask.

    Here are the targets Y (n_L, m), and of each part the samples' numbers, features and SHA-256.
    """

    def __init__(self, cluster: Cluster, parts: list):
        self.cluster, self.parts = cluster, parts
        found = cluster.take(cluster.map(_look, parts))
        n_in, targets, digests = zip(*found, strict=True)
        if len(set(n_in)) > 1 or len({len(Y) for Y in targets}) > 1:
            raise ValueError(f"parts have {set(n_in)} features; expected as many in each")
        self.n_in, self.Y = n_in[0], np.hstack(targets)
        self.edges = np.cumsum([0, *(Y.shape[1] for Y in targets)])
        self.sha256 = hashlib.sha256("".join(digests).encode()).hexdigest()

    def samples(self, places: slice | Array | None = None) -> tuple[Array, Array]:
        """Return what a Solver takes for samples: their numbers (1, m), and their targets.

        places: a slice of them, or an array; all without it.
        """
        numbers = np.arange(self.Y.shape[1])[slice(None) if places is None else places]
        return NUMBER * numbers[None], self.Y[:, numbers]

    def split(self, X: Array) -> list[tuple[int, Array | None]]:
        """Return the parts that samples are in, and where there; None stands for all of a part."""
        guard_shape("X (numbers, of data.samples)", X, rows=1)
        numbers = np.rint(X[0] / NUMBER).astype(np.int64)
        if len(numbers) and not (0 <= numbers.min() and numbers.max() < self.edges[-1]):
            raise ValueError("X holds numbers of no sample; expected those of data.samples()")
        order = np.argsort(numbers, kind="stable")
        cuts = np.searchsorted(numbers[order], self.edges)
        found = []
        for part, (start, stop) in enumerate(zip(cuts, cuts[1:], strict=False)):
            places = (numbers[order[start:stop]] - self.edges[part]).astype(np.int32)
            whole = np.array_equal(places, np.arange(self.edges[part + 1] - self.edges[part]))
            if len(places):
                found.append((part, None if whole else places, order[start:stop]))
        return found


def spread_arrays(cluster: Cluster, X: Array, Y: Array, part_size: int | None = None):
    """Put arrays X (n_0, m), Y (n_L, m) on a cluster; return DistributedData.

    The scheduler keeps them, too, for workers that die: for more than its memory take a folder of
    Parquet files. part_size: samples that lie together; without it 8 MB, and 16 parts or more.
    """
    _whole(X, Y, "the data")
    m = X.shape[1]
    if part_size is None:
        column = len(X) * X.itemsize + len(Y) * Y.itemsize
        part_size = max(1, min(PART_BYTES // column, -(-m // LEAST_PARTS)))
    guard_number("part_size", part_size, least=1, whole=True)
    edges = [slice(start, start + part_size) for start in range(0, m, part_size)]
    parts = [cluster.submit(_whole, X[:, e].copy(), Y[:, e].copy(), "") for e in edges]
    return DistributedData(cluster, parts)


def spread_parquet(cluster: Cluster, folder, features: list[str], target: list[str]):
    """Have workers read a folder of Parquet files; return DistributedData.

    A group of rows is a part. All machines see the folder under the same path. features, target:
    columns of numbers, ready for a network.
    """
    import pyarrow.parquet as pq

    paths = sorted(Path(folder).absolute().glob("*.parquet"))
    if not paths:
        raise FileNotFoundError(f"no file *.parquet in {folder}")
    groups = [(str(p), g) for p in paths for g in range(pq.ParquetFile(p).num_row_groups)]
    settings = {"features": list(features), "target": list(target)}
    return DistributedData(cluster, cluster.map(_read, *zip(*groups, strict=True), **settings))


def spread_dask(cluster: Cluster, X, Y):
    """Take Dask arrays X (n_0, m), Y (n_L, m); return DistributedData. A chunk is a part."""
    import dask

    X, Y = X.rechunk({0: -1}), Y.rechunk({0: -1, 1: X.chunks[1]})
    pairs = zip(X.to_delayed()[0], Y.to_delayed()[0], strict=True)
    parts = [dask.delayed(_whole)(*pair, f"chunk {k}") for k, pair in enumerate(pairs)]
    return DistributedData(cluster, cluster.client.compute(parts))
