"""Measure what an iteration on a Dask cluster is made of: `python -m benchmarks.cluster`.

It starts a scheduler with one worker, and one with two, processes of this machine, and counts the
bytes that each sends and the processor's time that each takes: other programs disturb that less
than the time that passes. From the figures come a formula and a simulation (cluster_model.py) of a
hundred machines, held against this machine with latency added to each message. It is compared with
the fastest way on one machine. It takes about three minutes; --write puts the output into
benchmarks/CLUSTER.md.
"""

import argparse
import contextlib
import io
import os
import re
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.cluster_measure import SIZES, delayed, measure, problem
from benchmarks.cluster_model import Costs, formula, simulate, tree
from nnfs_core import BlockModel, Model, mlp, train_fast

PAGE = Path(__file__).with_name("CLUSTER.md")
MACHINES = (1, 2, 5, 10, 20, 50, 100, 200)
TRACKS, BATCH, CORES = 600_000, 4_096, 2
DELAYS = (0.02, 0.03)  # seconds


def of_a_model(kind, m, **settings) -> float:
    """Return processor's seconds of a sample, of a forward and a backward of a model."""
    model, (X, Y) = kind(mlp(SIZES), **settings), problem(m)
    taken = []
    with threadpool_limits(1, "blas"):
        for _ in range(7):
            start = time.process_time()
            model.forward(X, Y)
            model.backward()
            taken.append(time.process_time() - start)
    return float(np.median(taken)) / m


def of_train_fast(m, dtype) -> float:
    """Return processor's seconds of a sample, of an iteration of train_fast on two threads."""
    X, Y = (part.astype(dtype) for part in problem(m))
    marks = []
    settings = {"learning_rate": 0.01, "iterations": 8, "dtype": dtype, "workers": CORES}
    train_fast(X, abs(Y), SIZES, **settings, callback=lambda *_: marks.append(time.process_time()))
    return float(np.median(np.diff(marks))) / m


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


def cluster(costs, m, machines, per_core=1) -> float:
    """Return the simulated seconds of an iteration."""
    return simulate(costs, m, machines, CORES, per_core * CORES * machines)


def table_of_machines(costs, m, alone):
    """Print the time on many machines, by the formula and by the simulation."""
    print(f"{m:,} samples an iteration, {1000 * alone * m:,.0f} ms on one machine by train_fast")
    print("machines  formula ms  simulation ms  times as fast as train_fast  largest part")
    for machines in MACHINES:
        parts = formula(costs, m, machines, CORES, CORES * machines)
        seconds, largest = cluster(costs, m, machines), max(parts, key=parts.get)
        total = sum(parts.values())
        print(
            f"{machines:8} {1000 * total:11.1f} {1000 * seconds:14.1f} "
            f"{alone * m / seconds:28.2f}  {largest} {parts[largest] / total:.0%}"
        )


def pays_from(costs, alone, machines) -> float:
    """Return from how many samples an iteration is faster than on one machine; infinite if never.

    alone: seconds of a sample on one machine.
    """
    low, high = 1, 10**12
    if cluster(costs, high, machines) > alone * high:
        return float("inf")
    while high > 1.01 * low:
        middle = int((low * high) ** 0.5) + 1
        faster = cluster(costs, middle, machines) < alone * middle
        low, high = (low, middle) if faster else (middle, high)
    return high


def table_of_delays(costs, m, parts):
    """Print how much longer an iteration takes if all messages are delayed."""
    print("Each message delayed, 2 workers, 16 parts: how many delays an iteration takes longer")
    print("delay ms  measured  simulation  formula")
    for delay, longer in delayed(2, m, parts, DELAYS).items():
        one, two = (costs._replace(latency=value) for value in (0.0, delay))
        given = m, 2, 1, parts
        simulated = simulate(two, *given) - simulate(one, *given)
        added = sum(formula(two, *given).values()) - sum(formula(one, *given).values())
        counts = longer / delay, simulated / delay, added / delay
        print(f"{1000 * delay:8.0f} {counts[0]:9.1f} {counts[1]:11.1f} {counts[2]:8.1f}")


def what_helps(costs, m, alone):
    """Print what makes a hundred machines faster, and what does not."""
    half = costs._replace(sample=costs.sample / CORES)  # needs threads in a task
    for what, one, times, per_core in (
        ("as it is", costs, 1, 1),
        ("ten times the samples an iteration", costs, 10, 1),
        ("float32 vectors", costs._replace(vector=costs.vector / 2), 1, 1),
        ("a tenth of the latency", costs._replace(latency=costs.latency / 10), 1, 1),
        ("four parts a core", costs, 1, 4),
        ("one part a machine, shared by its cores", half, 1, 1 / CORES),
        ("a sample as cheap as in train_fast", costs._replace(sample=CORES * alone), 1, 1),
    ):
        seconds = simulate(one, times * m, 100, CORES, round(100 * CORES * per_core))
        print(f"100 machines, {what}: {alone * times * m / seconds:.2f} times train_fast")


def table_of_thresholds(costs, ways):
    """Print from how many samples an iteration is faster on a cluster than each way on one."""
    print(
        f"{'machines pay from ... samples, against':40}" + "".join(f"{k:>15}" for k in (2, 10, 100))
    )
    for name, alone in ways.items():
        found = [pays_from(costs, alone, machines) for machines in (2, 10, 100)]
        told = [f"{least:,.0f}" if np.isfinite(least) else "never" for least in found]
        print(f"{name:40}" + "".join(f"{one:>15}" for one in told))


def report() -> None:
    """Measure, and print all."""
    m, parts = (20_000, 200_000), 16
    found = {(w, k, parts): measure(w, k, parts) for w in (1, 2) for k in m}
    found |= {(2, m[0], 64): measure(2, m[0], 64)}
    table_of_parts(found)
    costs = costs_of(found[2, m[0], parts], found[2, m[1], parts], parts, m)
    print(
        f"\na sample {1e9 * costs.sample:.0f} ns of a core; a task: "
        f"scheduler {1e6 * costs.scheduler:.0f} µs, client {1e6 * costs.client:.0f} µs, "
        f"worker {1e6 * costs.worker:.0f} µs; a vector {costs.vector / 1000:.1f} kB\n"
    )
    table_of_delays(costs, m[0], parts)
    ways = {
        "BlockModel, float64": of_a_model(BlockModel, m[1], workers=1) / CORES,
        "train_fast, float64": of_train_fast(m[1], np.float64) / CORES,
        "train_fast, float32": of_train_fast(m[1], np.float32) / CORES,
    }
    alone = min(ways.values())
    print("\nOne machine, if both its cores are free:")
    for name, seconds in ways.items():
        print(f"{name}: {1e9 * seconds:.0f} ns a sample")
    print("\nA hundred machines, each with 10 Gbit/s and 0.1 ms of latency")
    for size in (TRACKS, 10_000_000, 1_000_000_000):
        table_of_machines(costs, size, alone)
    what_helps(costs, 10_000_000, alone)
    print()
    table_of_thresholds(costs, ways)
    many = {k: cluster(costs, TRACKS, k) for k in MACHINES}
    best = min(many, key=many.get)
    print(
        f"{TRACKS:,} tracks: {1000 * alone * TRACKS:.0f} ms on one machine, "
        f"{1000 * many[best]:.0f} ms on the best number, {best}; at {BATCH:,} a batch "
        f"{1e3 * BATCH * of_a_model(Model, BATCH):.1f} ms by Model on one core, "
        f"{1e3 * cluster(costs, BATCH, 2):.1f} ms on two machines"
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cluster", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--write", action="store_true", help="the output into CLUSTER.md")
    arguments = parser.parse_args()
    if "OPENBLAS_CORETYPE" in os.environ:
        raise SystemExit("OPENBLAS_CORETYPE is set, which makes OpenBLAS slower: unset it")
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
