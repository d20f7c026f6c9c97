"""How long an iteration takes on a cluster: a formula, and a simulation of its events.

Both know the same figures of a cluster, measured by benchmarks.cluster. The formula adds up what
has to happen one after the other. The simulation has queues: a scheduler and a client that do one
thing at a time, links that carry one message at a time, workers with some threads.
"""

import heapq
import itertools
import math
from collections import Counter
from typing import NamedTuple

FAN = 8


class Costs(NamedTuple):
    """Seconds and bytes: of a sample, of a task on scheduler, client and worker, of a vector.

    latency: seconds that a message is on its way; bandwidth: bytes a second of a machine's link.
    """

    sample: float
    scheduler: float
    client: float
    worker: float
    vector: float
    latency: float = 100e-6
    bandwidth: float = 1.25e9


def tree(parts: int) -> list[int]:
    """Return how many tasks each level of the tree of sums has, the parts first."""
    levels = [parts]
    while levels[-1] > 1:
        levels.append(-(-levels[-1] // FAN))
    return levels


def formula(costs: Costs, m: int, machines: int, cores: int, parts: int) -> dict[str, float]:
    """Return the seconds of an iteration by part, one after the other."""
    levels = tree(parts)
    tasks = sum(levels) + 1
    rounds = math.ceil(parts / (machines * cores))
    depth = len(levels)
    each = costs.vector / costs.bandwidth
    return {
        "samples": rounds * (costs.sample * m / parts + costs.worker),
        "scheduler": tasks * costs.scheduler,
        "client": tasks * costs.client,
        "vectors": (depth - 1) * FAN * each + math.log2(machines + 1) * each,
        # The graph; parameters, out and back; at each level out, two to fetch, back; the result.
        "latency": costs.latency * (1 + 2 + 4 * depth + 5),
        "sums": (depth - 1) * costs.worker,
    }


def simulate(costs: Costs, m: int, machines: int, cores: int, parts: int) -> float:
    """Return the seconds of an iteration, by events."""
    levels = tree(parts)
    tasks = {(0, place): [] for place in range(parts)}
    for level, count in enumerate(levels[1:], start=1):
        for place in range(count):
            below = range(place * FAN, min((place + 1) * FAN, levels[level - 1]))
            tasks[level, place] = [(level - 1, one) for one in below]
    above = {one: task for task, needs in tasks.items() for one in needs}
    missing = {task: len(needs) for task, needs in tasks.items()}
    home = {(0, place): place % machines for place in range(parts)}  # where a part lies
    sums = [0] * machines  # how many each has added up
    link = [0.0] * machines  # when a machine's link is free again
    threads = [[0.0] * cores for _ in range(machines)]
    each = costs.vector / costs.bandwidth
    count, scheduler_free = itertools.count(), 0.0
    sent = costs.client * (len(tasks) + 1) + costs.latency  # the graph arrives
    start = sent + costs.scheduler + 2 * costs.latency + each  # the parameters are on a worker
    has_parameters = {0: start}
    events = [(start, next(count), "ready", (0, place)) for place in range(parts)]
    heapq.heapify(events)
    while events:
        now, _, kind, task = heapq.heappop(events)
        scheduler_free = max(scheduler_free, now) + costs.scheduler / 2
        if kind == "ready":  # the scheduler sends a task to a worker
            if task not in home:  # where most of its vectors are, and then where least was added
                near = Counter(home[one] for one in tasks[task])
                home[task] = min(near, key=lambda one: (-near[one], sums[one]))
                sums[home[task]] += 1
            machine = home[task]
            time = scheduler_free + costs.latency
            if task[0] == 0 and machine not in has_parameters:  # from a machine that has them
                source = min(has_parameters, key=lambda one: max(has_parameters[one], link[one]))
                begin = max(time + costs.latency, has_parameters[source], link[source])
                link[source] = begin + each
                has_parameters[machine] = begin + each + costs.latency
            if task[0] == 0:
                time = max(time, has_parameters[machine])
            away = [one for one in tasks[task] if home[one] != machine]
            if away:  # their vectors come over this machine's link, one after the other
                link[machine] = max(link[machine], time + 2 * costs.latency) + len(away) * each
                time = link[machine]
            free = heapq.heappop(threads[machine])
            work = costs.worker + (costs.sample * m / parts if task[0] == 0 else 0.0)
            end = max(free, time) + work
            heapq.heappush(threads[machine], end)
            heapq.heappush(events, (end + costs.latency, next(count), "done", task))
            continue
        if task not in above:  # the last sum: its result goes to the client by the scheduler
            return scheduler_free + 5 * costs.latency + each  # told; asked for, and sent, by two
        missing[above[task]] -= 1
        if not missing[above[task]]:
            heapq.heappush(events, (scheduler_free, next(count), "ready", above[task]))
    raise AssertionError("the tree has no end")
