"""A run whose gradients the workers of a Dask scheduler add up."""

import contextlib
import logging

import numpy as np

logger = logging.getLogger(__name__)


def guard_scheduled(config, scheduler: str | None) -> None:
    """Refuse layers that look at a whole batch, or draw, if there is a scheduler."""
    network = config.network
    if scheduler is not None and network.batch_norm:
        what = "it standardises a whole batch, and no machine sees one"
        raise ValueError(f"network.batch_norm is true; {what}: expected false with --scheduler")
    if scheduler is not None and network.dropout:
        what = "which numbers a machine draws is left to chance"
        raise ValueError(
            f"network.dropout is {network.dropout}; {what}: expected 0 with --scheduler"
        )


def connected(scheduler: str | None):
    """Return the Cluster of a scheduler, or None without one, to be used in a `with`."""
    if scheduler is None:
        return contextlib.nullcontext()
    try:
        from nnfs_core.cluster import Cluster
    except ImportError as error:
        raise ValueError(f"--scheduler {scheduler}: {error}") from None
    return Cluster(scheduler)


def spread(cluster, train, validation):
    """Put pairs (X, Y) on a cluster; return what a Solver takes for them, and the data.

    validation: a pair, or None. Without a cluster all stays as it is.
    """
    if cluster is None:
        return train, validation, None
    from nnfs_core.spreading import spread_arrays

    pairs = [train] if validation is None else [train, validation]
    data = spread_arrays(cluster, *map(np.hstack, zip(*pairs, strict=True)))
    logger.info("samples are on %d workers, in %d parts", len(cluster.workers()), len(data.parts))
    m = train[0].shape[1]
    watched = None if validation is None else data.samples(slice(m, None))
    return data.samples(slice(m)), watched, data
