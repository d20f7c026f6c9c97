"""Kill, stop and add workers in the middle of trainings; the losses must not change by a bit.

`python -m tools.soak_cluster` starts a scheduler and three workers, processes of this machine, and
trains again and again. In each training there is one accident: a worker gets SIGKILL, or SIGSTOP,
or a new one joins. In the last one the scheduler gets SIGKILL, and another goes on from the
checkpoint. It ends with exit code 1 if a loss differs from that of a training without an
accident, or by more than 1e-10 from one without a cluster. 20 accidents take about four minutes.
"""

import argparse
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from distributed import LocalCluster

from nnfs_core import Adam, Model, Solver, load_checkpoint, mlp, save_checkpoint
from nnfs_core.cluster import Cluster
from nnfs_core.distributed import DistributedModel
from nnfs_core.spreading import spread_arrays

M, LEARNT, EPOCHS, BATCH = 12_000, 10_000, 3, 4_096
REQUESTS = 4 + 7 * EPOCHS  # losses and predictions of two kinds; three gradients an epoch
KINDS = ("kill", "stop", "join")


def local_cluster(workers: int) -> LocalCluster:
    """Return a scheduler with workers, each a process with one thread, that say nothing."""
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.FATAL
    )


def problem():
    """Return samples X (6, M) and targets Y (1, M)."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6, M))
    return X, np.sin(X[:1]) + X[1:2] * X[2:3]


def error(Y, A) -> float:
    """Return the mean distance of predictions."""
    return float(np.mean(np.abs(Y - A)))


def losses(model, learn, watch) -> np.ndarray:
    """Return the losses of a training of a model, of learning and of validation."""
    solver = Solver(model, Adam(0.01), metric=error)
    history = solver.fit(learn, watch, epochs=EPOCHS, batch_size=BATCH)
    return np.array([history.train_loss, history.validation_loss, history.validation_metric])


def alone() -> np.ndarray:
    """Return the losses of a training without a cluster."""
    X, Y = problem()
    model = Model(mlp([6, 32, 16, 1]), l2=0.1, m=LEARNT)
    return losses(model, (X[:, :LEARNT], Y[:, :LEARNT]), (X[:, LEARNT:], Y[:, LEARNT:]))


class Accident:
    """Something that befalls a cluster while it computes the answer to a request.

    request: which, counted from 0. delay: seconds after it was sent. happened: while it computed.
    """

    def __init__(self, kind, local, cluster, request, delay):
        self.kind, self.local, self.request, self.delay = kind, local, request, delay
        self.victims = cluster.client.run(os.getpid)
        self.take, self.asked, self.happened = cluster.take, 0, False
        cluster.take = self.when_asked

    def when_asked(self, futures):
        """Take results, and have the accident meanwhile."""
        self.asked += 1
        if self.asked - 1 != self.request:
            return self.take(futures)

        def strike():
            time.sleep(self.delay)
            self.happened = any(future.status == "pending" for future in futures)
            if self.kind == "join":
                self.local.scale(len(self.local.workers) + 1)
            else:
                pid = sorted(self.victims.values())[0]
                os.kill(pid, signal.SIGKILL if self.kind == "kill" else signal.SIGSTOP)

        thread = threading.Thread(target=strike)
        thread.start()
        try:
            return self.take(futures)
        finally:
            thread.join()


def disturbed(local: LocalCluster, kind: str = "", request: int = 0, delay: float = 0.0):
    """Return the losses of a training on a cluster with an accident, and whether it hit."""
    with Cluster(local.scheduler_address, silence=2) as cluster:
        data = spread_arrays(cluster, *problem())
        network = mlp([6, 32, 16, 1])
        model = DistributedModel(network, l2=0.1, m=LEARNT, data=data, block_size=256)
        accident = Accident(kind, local, cluster, request, delay) if kind else None
        found = losses(model, data.samples(slice(LEARNT)), data.samples(slice(LEARNT, None)))
    return found, accident is not None and accident.happened


class Elsewhere:
    """A scheduler with a worker in a process of its own, which can be killed."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.soak_cluster", "--serve"],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what it says of its death
            text=True,
        )
        self.address = self.process.stdout.readline().strip()

    def kill(self) -> None:
        """Send it SIGKILL, and wait for its end."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stdin.close()


def serve() -> None:
    """Be a scheduler with a worker until stdin ends; print its address."""
    with local_cluster(1) as local:
        print(local.scheduler_address, flush=True)
        sys.stdin.read()


def train_elsewhere(address, path, after=None, state=None):
    """Return the history of a training with checkpoints; after each epoch call after(epoch)."""
    with Cluster(address) as cluster:
        data = spread_arrays(cluster, *problem())
        model = DistributedModel(mlp([6, 32, 16, 1]), l2=0.1, m=LEARNT, data=data, block_size=256)

        def keep(history, take):
            save_checkpoint(path, take())
            if after is not None:
                after(len(history.train_loss) - 1)

        pairs = data.samples(slice(LEARNT)), data.samples(slice(LEARNT, None))
        settings = {"epochs": EPOCHS, "batch_size": BATCH, "callback": keep, "state": state}
        return Solver(model, Adam(0.01), metric=error).fit(*pairs, **settings)


def scheduler_dies(path: Path, other: str) -> np.ndarray:
    """Return the losses of a training whose scheduler is killed in its third epoch.

    path: of the checkpoint; other: the address of the scheduler that goes on.
    """
    first = Elsewhere()

    def strike(epoch):
        if epoch == 2:
            threading.Timer(0.02, first.kill).start()  # while the next gradient is computed

    try:
        train_elsewhere(first.address, path, strike)
        raise SystemExit("the scheduler was killed, and the training did not notice")
    except ConnectionError as error:
        print(f"    {error}", flush=True)
    history = train_elsewhere(other, path, state=load_checkpoint(path))
    return np.array([history.train_loss, history.validation_loss, history.validation_metric])


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.soak_cluster", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--accidents", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve()
    rng, wrong, start = np.random.default_rng(arguments.seed), 0, time.perf_counter()
    with local_cluster(3) as local:
        expected, _ = disturbed(local)
        distance = np.abs(expected - alone()).max()
        print(f"largest distance from a training without a cluster: {distance:.1e}", flush=True)
        for number in range(arguments.accidents):
            kind, request = KINDS[number % 3], int(rng.integers(REQUESTS))
            began = time.perf_counter()
            found, happened = disturbed(local, kind, request, rng.uniform(0, 0.02))
            same = np.array_equal(found, expected)
            wrong += not same
            seconds = time.perf_counter() - began
            told = "the same losses" if same else f"OTHER LOSSES: {np.abs(found - expected).max()}"
            when = "in" if happened else "after"
            print(
                f"{number + 1:3} {kind} {when} request {request}: {told}, {seconds:.1f} s",
                flush=True,
            )
            local.scale(3)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "checkpoint.npz"
            found = scheduler_dies(path, local.scheduler_address)
    same = np.array_equal(found, expected)
    wrong += not same
    print(f"    scheduler killed: {'the same losses' if same else 'OTHER LOSSES'}", flush=True)
    seconds = time.perf_counter() - start
    print(f"{arguments.accidents} accidents, {wrong} with other losses, {seconds:.0f} s")
    if wrong or distance > 1e-10:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
