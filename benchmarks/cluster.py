"""Measure what an iteration on a Dask cluster is made of: `python -m benchmarks.cluster`.

It starts a scheduler with one worker, and one with two, processes of this machine, and counts the
bytes that each sends and the processor's time that each takes: other programs disturb that less
than the time that passes. From the figures come a formula and a simulation (cluster_model.py) of a
hundred machines. Both are held against this machine with latency added to each message. It takes
about three minutes; --write puts the output into benchmarks/CLUSTER.md.
"""

import argparse
import contextlib
import io
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.cluster_model import Costs, formula, simulate, tree
from nnfs_core import BlockModel, Model, mlp
from nnfs_core.cluster import Cluster
from nnfs_core.distributed import DistributedModel
from nnfs_core.spreading import spread_arrays
from tools.soak_cluster import local_cluster

SIZES = [14, 64, 32, 16, 1]
PAGE = Path(__file__).with_name("CLUSTER.md")
MACHINES = (1, 2, 5, 10, 20, 50, 100, 200)
TRACKS = 600_000


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


def measure(workers, m, parts, rounds=30, delay=0.0):
    """Return figures of an iteration of m samples: seconds, processor's seconds, bytes, by part."""
    with elsewhere(workers) as address, Cluster(address, timeout=60) as cluster:
        X, Y = problem(m)
        start = time.perf_counter()
        data = spread_arrays(cluster, X, Y, part_size=-(-m // parts))
        loading = time.perf_counter() - start
        model = DistributedModel(mlp(SIZES), data=data)
        samples = data.samples()
        for _ in range(3):
            model.forward(*samples)
        install, counts = _counted()

        def look():
            there = cluster.client.run(counts)
            found = [counts(), cluster.client.run_on_scheduler(counts), *there.values()]
            return np.array([*found[:2], np.sum(found[2:], axis=0)])

        install(address)
        cluster.client.run_on_scheduler(install, scheduler=address)
        cluster.client.run(install, address)
        idle = look()
        pause = time.perf_counter()
        time.sleep(2)  # what all say and do without us
        idle = (look() - idle) / (time.perf_counter() - pause)
        install(address, delay)
        cluster.client.run_on_scheduler(install, scheduler=address, delay=delay)
        cluster.client.run(install, address, delay)
        before, marks = look(), [time.perf_counter()]
        for _ in range(rounds):
            loss = model.forward(*samples)
            marks.append(time.perf_counter())
        used = look() - before - idle * (marks[-1] - marks[0])
    plain = Model(mlp(SIZES)).loss(X, Y)
    if abs(loss - plain) > 1e-10:
        raise SystemExit(f"the loss is {loss}, on one machine {plain}")
    return {"seconds": float(np.median(np.diff(marks))), "used": used / rounds, "loading": loading}


@contextlib.contextmanager
def elsewhere(workers):
    """Start a scheduler with workers in a process of its own; give its address."""
    command = [sys.executable, "-m", "benchmarks.cluster", "--serve", str(workers)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


def of_one_machine(model, X, Y, rounds=5):
    """Return processor's seconds of a sample, of a forward and a backward of a model."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        model.forward(X, Y)
        model.backward()
        taken.append(time.process_time() - start)
    return float(np.median(taken)) / X.shape[1]


def costs_of(small, large, parts, m) -> Costs:
    """Return costs from two measurements that differ in their samples only."""
    tasks = sum(tree(parts)) + 1
    sample = (large["used"][2][0] - small["used"][2][0]) / (m[1] - m[0])
    worker = small["used"][2][0] / tasks - sample * m[0] / tasks
    client, scheduler = (small["used"][who][0] / tasks for who in (0, 1))
    vector = 8 * sum((a + 1) * b for a, b in zip(SIZES, SIZES[1:], strict=False))
    return Costs(sample, scheduler, client, max(worker, 0.0), vector)


def table_of_parts(found):
    """Print bytes and processor's time of an iteration, by who and to whom."""
    print("workers   samples parts    ms |  processor's ms of      | kB sent by")
    print("                               | client sched. workers   | client sched. workers to")
    print("                               |                         |        each other, scheduler")
    for (workers, m, parts), one in found.items():
        used = one["used"]
        times = " ".join(f"{1000 * used[who][0]:6.1f}" for who in range(3))
        kb = used[0][1:].sum(), used[1][1:].sum(), used[2][1], used[2][2]
        sent = " ".join(f"{value / 1000:7.1f}" for value in kb)
        print(f"{workers:7} {m:9,} {parts:5} {1000 * one['seconds']:5.0f} | {times}    | {sent}")


def table_of_machines(costs, m, cores=2, per_core=1):
    """Print the speed-up on many machines, by the formula and by the simulation."""
    alone = costs.sample * m / cores
    print(f"{m:,} samples an iteration, {cores} cores a machine, {per_core} part(s) a core")
    print("machines  formula ms  simulation ms  speed-up  largest part of the formula")
    for machines in MACHINES:
        given = m, machines, cores, per_core * cores * machines
        parts, seconds = formula(costs, *given), simulate(costs, *given)
        largest = max(parts, key=parts.get)
        share = parts[largest] / sum(parts.values())
        print(
            f"{machines:8} {1000 * sum(parts.values()):11.1f} {1000 * seconds:14.1f} "
            f"{alone / seconds:9.1f}  {largest} {share:.0%}"
        )


def pays_from(costs, alone, machines, cores=2) -> float:
    """Return from how many samples an iteration is faster than on one machine; infinite if never.

    alone: seconds of a sample on one machine. The best number of parts is not looked for.
    """
    low, high = 1, 10**12
    if simulate(costs, high, machines, cores, machines * cores) > alone * high:
        return float("inf")
    while high > 1.01 * low:
        middle = int((low * high) ** 0.5) + 1
        faster = simulate(costs, middle, machines, cores, machines * cores) < alone * middle
        low, high = (low, middle) if faster else (middle, high)
    return high


def report() -> None:
    """Measure, and print all."""
    m, parts = (20_000, 200_000), 16
    found = {(w, k, parts): measure(w, k, parts) for w in (1, 2) for k in m}
    found |= {(2, m[0], 64): measure(2, m[0], 64)}
    table_of_parts(found)
    costs = costs_of(found[2, m[0], parts], found[2, m[1], parts], parts, m)
    print(
        f"\na sample {1e9 * costs.sample:.0f} ns; a task: "
        f"scheduler {1e6 * costs.scheduler:.0f} µs, client {1e6 * costs.client:.0f} µs, "
        f"worker {1e6 * costs.worker:.0f} µs; a vector {costs.vector / 1000:.1f} kB"
    )
    print(
        "\nLatency added to each message, 2 workers, 16 parts: how much longer an iteration takes"
    )
    print("added ms  measured ms  simulation ms  formula ms")
    base = found[2, m[0], parts]["seconds"]
    for delay in (0.05, 0.1):
        longer = measure(2, m[0], parts, 10, delay)["seconds"] - base
        one, two = (costs._replace(latency=value) for value in (0.0, delay))
        given = m[0], 2, 1, parts
        simulated = simulate(two, *given) - simulate(one, *given)
        added = sum(formula(two, *given).values()) - sum(formula(one, *given).values())
        row = [1000 * longer, 1000 * simulated, 1000 * added]
        print(f"{1000 * delay:8.0f} {row[0]:12.0f} {row[1]:14.0f} {row[2]:11.0f}")
    print("\nA hundred machines, each with 10 Gbit/s and 0.1 ms of latency")
    for size in (TRACKS, 10_000_000, 1_000_000_000):
        table_of_machines(costs, size)
    cheap = costs._replace(vector=costs.vector / 2)
    for what, one, size, per_core in (
        ("as it is", costs, 10_000_000, 1),
        ("ten times the samples an iteration", costs, 100_000_000, 1),
        ("float32 vectors", cheap, 10_000_000, 1),
        ("a tenth of the latency", costs._replace(latency=1e-5), 10_000_000, 1),
        ("four parts a core", costs, 10_000_000, 4),
    ):
        seconds = simulate(one, size, 100, 2, 200 * per_core)
        print(f"100 machines, {what}: speed-up {costs.sample * size / 2 / seconds:.1f}")
    # One part a machine, whose two cores share it: that needs threads in a task.
    half = costs._replace(sample=costs.sample / 2)
    seconds = simulate(half, 10_000_000, 100, 1, 100)
    print(f"100 machines, one part a machine: speed-up {costs.sample * 5_000_000 / seconds:.1f}")
    X, Y = problem(100_000)
    block = of_one_machine(BlockModel(mlp(SIZES), workers=1), X, Y) / 2
    print(
        f"\nOne machine, BlockModel on two cores: {1e9 * block:.0f} ns a sample, if both are free"
    )
    for machines in (2, 10, 100):
        least = pays_from(costs, block, machines)
        print(f"{machines:4} machines pay from {least:,.0f} samples an iteration")
    one, many = block * TRACKS, {k: simulate(costs, TRACKS, k, 2, 2 * k) for k in MACHINES}
    best = min(many, key=many.get)
    print(
        f"{TRACKS:,} tracks: {1000 * one:.0f} ms on one machine, {1000 * many[best]:.0f} ms on the "
        f"best number, {best}; at 4,096 a batch {1e3 * block * 4096:.1f} ms against "
        f"{1e3 * simulate(costs, 4096, 2, 2, 4):.1f} ms on two"
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cluster", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--write", action="store_true", help="the output into CLUSTER.md")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        with local_cluster(arguments.serve) as local:
            print(local.scheduler_address, flush=True)
            sys.stdin.read()
        return
    with contextlib.redirect_stdout(io.StringIO()) as said:
        report()
    print(said.getvalue())
    if arguments.write:
        new = f"<!-- results -->\n```\n{said.getvalue()}```\n<!-- /results -->"
        text = PAGE.read_text("utf-8")
        text = re.sub(r"<!-- results -->.*<!-- /results -->", lambda _: new, text, flags=re.DOTALL)
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
