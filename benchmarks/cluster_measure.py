"""Count and time what the processes of a Dask cluster say and do in an iteration.

The scheduler and its workers are processes of this machine. The bytes are counted where Dask writes
them, and each message can be delayed there. `python -m benchmarks.cluster_measure WORKERS` is a
scheduler with workers until its input ends, for elsewhere().
"""

import contextlib
import subprocess
import sys
import time

import numpy as np

from nnfs_core import Model, mlp
from nnfs_core.cluster import Cluster
from nnfs_core.distributed import DistributedModel
from nnfs_core.spreading import spread_arrays
from tools.soak_cluster import local_cluster

SIZES = [14, 64, 32, 16, 1]


def problem(m):
    """Return samples and targets of float64."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((SIZES[0], m))
    return X, X[:1] * X[1:2]


def _counted():
    """Return functions that count what a process sends, and delay it; made to be sent as they are.

    The counts are by who gets it: the scheduler, or somebody else.
    """

    def install(scheduler, delay=0.0, dask_scheduler=None):
        import asyncio

        from distributed.comm.tcp import TCP

        if not hasattr(TCP, "plain_write"):
            TCP.plain_write = TCP.write

        async def send(self, given, settings):
            sent = await TCP.plain_write(self, *given, **settings)
            TCP.sent[self._peer_addr == TCP.scheduler] += sent
            return sent

        async def later(self, given, settings):
            await asyncio.sleep(TCP.delay)
            if self.closed():
                return
            async with TCP.locks.setdefault(id(self), asyncio.Lock()):  # in their order
                await send(self, given, settings)

        async def write(self, *given, **settings):
            if not TCP.delay:
                return await send(self, given, settings)
            TCP.under_way.append(asyncio.ensure_future(later(self, given, settings)))
            return 0  # the next message may follow at once, as on a long line

        TCP.write, TCP.delay, TCP.scheduler, TCP.sent = write, delay, scheduler, [0, 0]
        TCP.locks, TCP.under_way = {}, []

    def counts(dask_scheduler=None):
        import time

        from distributed.comm.tcp import TCP

        return time.process_time(), *TCP.sent

    return install, counts


def _everywhere(cluster, install, delay=0.0):
    """Count from 0 in all processes, and delay what they send from now on."""
    install(cluster.address, delay)
    cluster.client.run_on_scheduler(install, scheduler=cluster.address, delay=delay)
    cluster.client.run(install, cluster.address, delay)


def _ready(cluster, X, Y, parts):
    """Return a model on a cluster that has computed already, and its samples."""
    data = spread_arrays(cluster, X, Y, part_size=-(-X.shape[1] // parts))
    model, samples = DistributedModel(mlp(SIZES), data=data), data.samples()
    for _ in range(3):
        model.forward(*samples)
    return model, samples


def measure(workers, m, parts, rounds=30):
    """Return figures of an iteration of m samples: seconds, processor's seconds, bytes, by part."""
    with elsewhere(workers) as address, Cluster(address, timeout=60) as cluster:
        X, Y = problem(m)
        model, samples = _ready(cluster, X, Y, parts)
        install, counts = _counted()

        def look():
            there = cluster.client.run(counts)
            found = [counts(), cluster.client.run_on_scheduler(counts), *there.values()]
            return np.array([*found[:2], np.sum(found[2:], axis=0)])

        _everywhere(cluster, install)
        idle = look()
        pause = time.perf_counter()
        time.sleep(2)  # what all say and do without us
        idle = (look() - idle) / (time.perf_counter() - pause)
        before, marks = look(), [time.perf_counter()]
        for _ in range(rounds):
            loss = model.forward(*samples)
            marks.append(time.perf_counter())
        used = look() - before - idle * (marks[-1] - marks[0])
    plain = Model(mlp(SIZES)).loss(X, Y)
    if abs(loss - plain) > 1e-10:
        raise SystemExit(f"the loss is {loss}, on one machine {plain}")
    return {"seconds": float(np.median(np.diff(marks))), "used": used / rounds}


def delayed(workers, m, parts, delays, rounds=12):
    """Return for each delay of all messages by how many seconds an iteration is longer.

    Iterations with and without it take turns. They have to stay below a second: after one, the
    client asks the scheduler what is wrong, and asks for the result again.
    """
    with elsewhere(workers) as address, Cluster(address, timeout=60) as cluster:
        model, samples = _ready(cluster, *problem(m), parts)
        install, _ = _counted()
        found = {delay: [] for delay in (0.0, *delays)}
        for _ in range(rounds):
            for delay, seconds in found.items():
                _everywhere(cluster, install, delay)
                model.forward(*samples)  # what was under way comes first
                start = time.perf_counter()
                model.forward(*samples)
                seconds.append(time.perf_counter() - start)
                time.sleep(4 * delay)  # nothing that is delayed may be overtaken
    median = {delay: float(np.median(seconds)) for delay, seconds in found.items()}
    return {delay: median[delay] - median[0.0] for delay in delays}


@contextlib.contextmanager
def elsewhere(workers):
    """Start a scheduler with workers in a process of its own; give its address."""
    command = [sys.executable, "-m", "benchmarks.cluster_measure", str(workers)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


if __name__ == "__main__":
    with local_cluster(int(sys.argv[1])) as local:
        print(local.scheduler_address, flush=True)
        sys.stdin.read()
