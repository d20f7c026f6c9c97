"""Training on a Dask cluster: the same losses, whatever happens to its workers.

Skipped where Dask is not installed: requirements-dev.txt brings it.
"""

import contextlib
import logging
import os
import signal
import socket
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

reason = "Dask is not installed: pip install -r requirements-distributed.txt"
distributed = pytest.importorskip("distributed", reason=reason)

from distributed.comm import CommClosedError  # noqa: E402

from benchmarks.cluster_model import Costs, formula, simulate  # noqa: E402
from nnfs_core import (  # noqa: E402
    SGD,
    Adam,
    BatchNorm,
    Dropout,
    Linear,
    Model,
    ReLU,
    Sequential,
    Solver,
    load_config,
    mlp,
)
from nnfs_core import cluster as cluster_module  # noqa: E402
from nnfs_core.cluster import Cluster  # noqa: E402
from nnfs_core.cluster_versions import watch  # noqa: E402
from nnfs_core.distributed import DistributedModel, Prediction  # noqa: E402
from nnfs_core.runs import cli  # noqa: E402
from nnfs_core.runs.scheduled import guard_scheduled, spread  # noqa: E402
from nnfs_core.spreading import spread_arrays, spread_dask, spread_parquet  # noqa: E402
from tools import soak_cluster as soak  # noqa: E402
from tools.lib.layout import ROOT  # noqa: E402

M, LEARNT = 900, 700
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of processes that were killed


LIMIT = 90  # seconds; on a quiet machine a test takes a few


@contextlib.contextmanager
def within_the_limit(what):
    """Fail with a message where something would hang."""

    def late(*_):
        pytest.fail(f"{what} took over {LIMIT} s: it hangs, or the machine is very busy")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def limit(request):
    with within_the_limit(request.node.name):
        yield


@pytest.fixture(scope="module")
def local():
    with within_the_limit("starting a cluster"):
        local = soak.local_cluster(2)
    yield local
    with within_the_limit("ending a cluster"):
        local.close()


@pytest.fixture(scope="module")
def cluster(local):
    with within_the_limit("connecting"):
        cluster = Cluster(local.scheduler_address, timeout=30)
    with cluster:
        yield cluster


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3, M))
    return X, np.sin(X[:1]) + X[1:2] * X[2:]


def losses(model, learn, watch, batch_size, metric=None):
    solver = Solver(model, Adam(0.01), metric=metric)
    history = solver.fit(learn, watch, epochs=2, batch_size=batch_size)
    return np.array([history.train_loss, history.validation_loss])


def distant(data, batch_size=300, l2=0.5, **settings):
    model = DistributedModel(mlp([3, 8, 1]), l2=l2, m=LEARNT, data=data, block_size=64)
    pairs = data.samples(slice(LEARNT)), data.samples(np.arange(LEARNT, M))
    return losses(model, *pairs, batch_size, **settings)


def near(X, Y, batch_size=300):
    model = Model(mlp([3, 8, 1]), l2=0.5, m=LEARNT)
    return losses(model, (X[:, :LEARNT], Y[:, :LEARNT]), (X[:, LEARNT:], Y[:, LEARNT:]), batch_size)


@pytest.mark.parametrize("batch_size", [LEARNT, 128, LEARNT - 1])
def test_losses_are_those_of_one_machine(cluster, samples, batch_size):
    data = spread_arrays(cluster, *samples, part_size=100)
    assert len(data.parts) == 9  # more than FAN: the tree has two levels
    assert np.abs(distant(data, batch_size) - near(*samples, batch_size)).max() < 1e-10


def test_a_folder_of_parquet_files(cluster, samples, tmp_path):
    table = pd.DataFrame(np.vstack(samples).T, columns=["a", "b", "c", "y"])
    table[:500].to_parquet(tmp_path / "1.parquet", row_group_size=200)
    table[500:].to_parquet(tmp_path / "2.parquet")
    data = spread_parquet(cluster, tmp_path, ["a", "b", "c"], ["y"])
    assert data.edges.tolist() == [0, 200, 400, 500, 900]
    assert np.abs(distant(data) - near(*samples)).max() < 1e-10
    with pytest.raises(FileNotFoundError, match="no file"):
        spread_parquet(cluster, tmp_path / "none", ["a"], ["y"])
    table.loc[450, "b"] = np.nan
    table[400:500].to_parquet(tmp_path / "2.parquet")
    with pytest.raises(ValueError, match=r"X of .*2.parquet, row group 0 holds 1 NaN"):
        spread_parquet(cluster, tmp_path, ["a", "b", "c"], ["y"])


def test_dask_arrays(cluster, samples):
    array = pytest.importorskip("dask.array")
    X, Y = (array.from_array(part, chunks=(1, 250)) for part in samples)
    data = spread_dask(cluster, X, Y)
    assert len(data.parts) == 4
    assert np.abs(distant(data) - near(*samples)).max() < 1e-10


def test_gradients_and_predictions_are_those_of_a_model(cluster, samples):
    data = spread_arrays(cluster, *samples, part_size=130)
    places = np.random.default_rng(1).permutation(M)[:77]
    network = mlp([3, 8, 1])
    model, other = DistributedModel(network, data=data), Model(mlp([3, 8, 1]))
    loss = model.forward(*data.samples(places))
    model.backward()
    X, Y = (part[:, places] for part in samples)
    assert abs(loss - other.loss(X, Y)) < 1e-12
    other.backward()
    for name, gradient in other.network.gradients.items():
        assert np.abs(network.gradients[name] - gradient).max() < 1e-12
    found = model.predict(data.samples(places)[0])
    assert isinstance(found, Prediction)
    assert np.abs(np.asarray(found) - other.predict(X)).max() < 1e-12
    assert np.array_equal(found.argmax(axis=1), other.predict(X).argmax(axis=1))


def test_predictions_stay_where_they_are_unless_a_metric_asks(cluster, samples, monkeypatch):
    data = spread_arrays(cluster, *samples)
    fetched = []
    take = Prediction.__array__
    monkeypatch.setattr(
        Prediction, "__array__", lambda self, *given, **more: fetched.append(1) or take(self)
    )
    distant(data)
    assert not fetched
    distant(data, metric=lambda Y, A: float(np.mean(np.abs(Y - A))))
    assert fetched


@pytest.fixture(scope="module")
def undisturbed(local):
    with within_the_limit("a training without an accident"):
        found, _ = soak.disturbed(local)
    assert np.abs(found - soak.alone()).max() < 1e-10
    return found


@pytest.mark.parametrize("kind", soak.KINDS)
def test_an_accident_costs_time_only(local, undisturbed, kind):
    found, happened = soak.disturbed(local, kind, request=5)  # a gradient
    assert np.array_equal(found, undisturbed)
    assert happened


def test_another_scheduler_goes_on_from_the_checkpoint(local, undisturbed, tmp_path):
    found = soak.scheduler_dies(tmp_path / "c.npz", local.scheduler_address)
    assert np.array_equal(found, undisturbed)


def test_a_scheduler_that_hangs_is_told(samples, monkeypatch):
    monkeypatch.setattr(cluster_module, "PATIENCE", 0.5)
    other = soak.Elsewhere()
    try:
        with pytest.raises(ConnectionError, match=r"not answered for 0.5 s: end it .* checkpoint"):
            with Cluster(other.address, timeout=30) as cluster:
                data = spread_arrays(cluster, *samples)
                other.process.send_signal(signal.SIGSTOP)
                DistributedModel(mlp([3, 8, 1]), data=data).forward(*data.samples())
    finally:
        other.kill()


def test_it_goes_on_with_the_same_samples_only(cluster, samples):
    X, Y = samples
    states = []

    def fit(X, state=None):
        data = spread_arrays(cluster, X, Y)
        model = DistributedModel(mlp([3, 8, 1]), data=data)
        settings = {"callback": lambda _, take: states.append(take()), "state": state}
        return Solver(model, Adam(0.01)).fit(data.samples(), epochs=2, batch_size=M, **settings)

    first = fit(X)
    assert fit(X, states[0]).train_loss == first.train_loss
    with pytest.raises(ValueError, match="of a training with model"):
        fit(X + (np.arange(M) == 5), states[0])


def test_layers_that_look_at_a_batch_or_draw_are_refused(cluster, samples):
    data = spread_arrays(cluster, *samples)
    for layer in (BatchNorm(4), Dropout(0.5, np.random.default_rng(0))):
        network = Sequential(Linear(3, 4, 0), layer, ReLU(), Linear(4, 1, 0))
        with pytest.raises(ValueError, match="in a DistributedModel"):
            DistributedModel(network, data=data)


def test_what_does_not_fit_is_refused(cluster, samples):
    X, Y = samples
    with pytest.raises(ValueError, match="X of the data holds 1 NaN"):
        spread_arrays(cluster, np.where(X == X[0, 7], np.nan, X), Y)
    with pytest.raises(ValueError, match="Y of the data is"):
        spread_arrays(cluster, X, Y[:, 1:])
    data = spread_arrays(cluster, X, Y)
    with pytest.raises(ValueError, match=r"expected shape \(4, any\)"):
        DistributedModel(mlp([4, 1]), data=data)
    with pytest.raises(ValueError, match=r"expected shape \(2, 1\)"):
        DistributedModel(mlp([3, 2]), data=data)
    with pytest.raises(TypeError, match="spread_arrays"):
        DistributedModel(mlp([3, 1]), data=X)
    model = DistributedModel(mlp([3, 1]), data=data)
    for wrong in (X[:1], X, data.samples()[0] + 1):
        with pytest.raises(ValueError, match="data.samples"):
            model.predict(wrong)
    with pytest.raises(RuntimeError, match="backward before forward"):
        model.backward()


def test_an_overflow_is_told_as_on_one_machine(cluster, samples):
    data = spread_arrays(cluster, *samples)
    model = DistributedModel(mlp([3, 8, 1]), data=data)
    with pytest.raises(FloatingPointError, match="is probably too fast"):
        Solver(model, SGD(1e9)).fit(data.samples(), epochs=9, batch_size=300)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_the_messages_one_after_the_other_are_those_of_the_simulation():
    costs = Costs(0.0, 0.0, 0.0, 0.0, 0.0, latency=1.0)
    for parts, messages in {16: 20, 65: 24}.items():  # three and four levels
        assert simulate(costs, 1, 2, 1, parts) == messages
        assert formula(costs, 1, 2, 1, parts)["latency"] == messages


def test_nobody_there_is_told_in_a_line():
    start = time.perf_counter()
    with pytest.raises(ConnectionError, match="no Dask scheduler answers at tcp.*dask scheduler"):
        Cluster(f"tcp://127.0.0.1:{free_port()}", timeout=1)
    assert time.perf_counter() - start < 30  # a scheduler that is slow to answer has its 5 seconds
    with pytest.raises(ValueError, match="address is 'there'; expected"):
        Cluster("there")
    with soak.local_cluster(0) as empty:
        with pytest.raises(ConnectionError, match="has no worker; start one with: dask worker"):
            Cluster(empty.scheduler_address, timeout=1)


def test_other_versions_are_refused(local, monkeypatch):
    own = cluster_module.facts()
    monkeypatch.setattr(cluster_module, "facts", lambda: own | {"numpy": "1.0"})
    with pytest.raises(ConnectionError, match=rf"numpy {own['numpy']}, not 1.0; there, in the"):
        Cluster(local.scheduler_address, timeout=30)


@pytest.mark.parametrize(("times", "said"), [(1, None), (99, "break again and again: gone")])
def test_a_worker_that_ends_while_its_version_is_asked_for(local, monkeypatch, times, said):
    run, broken = distributed.Client.run, [CommClosedError("gone")] * times

    def breaks(client, *given, **settings):
        if broken:
            raise broken.pop()
        return run(client, *given, **settings)

    monkeypatch.setattr(distributed.Client, "run", breaks)
    expected = pytest.raises(ConnectionError, match=said) if said else contextlib.nullcontext()
    with expected, Cluster(local.scheduler_address, timeout=30):
        assert not broken


def test_a_worker_that_hangs_before_its_version_is_asked_for(caplog):
    with soak.local_cluster(2) as local:
        with Cluster(local.scheduler_address, timeout=30) as cluster:
            stopped, pid = min(cluster.client.run(os.getpid).items())
        os.kill(pid, signal.SIGSTOP)
        with Cluster(local.scheduler_address, timeout=30, silence=2) as cluster:
            assert stopped not in cluster.workers()
    assert f"{stopped} said nothing for 2 s and more" in caplog.text


def test_workers_that_never_answer_are_told(local, monkeypatch):
    def silent(*_, callback_timeout, **__):
        raise TimeoutError(callback_timeout)

    monkeypatch.setattr(distributed.Client, "run", silent)
    with pytest.raises(ConnectionError, match="some workers of .* do not answer: end them"):
        Cluster(local.scheduler_address, timeout=30)


def test_a_worker_of_other_versions_that_comes_late_ends(caplog):
    asked = []
    worker = SimpleNamespace(
        status=distributed.Status.running,
        loop=SimpleNamespace(add_callback=lambda function, **given: asked.append(given)),
        close=None,
    )
    own = cluster_module.facts()
    watch(own).setup(worker)
    assert worker.status == distributed.Status.running and not asked
    with caplog.at_level(logging.ERROR, "distributed.worker"):
        watch(own | {"dask": "1.0"}).setup(worker)
    assert worker.status == distributed.Status.paused and asked[0]["nanny"]
    assert f"dask {own['dask']}, not 1.0" in caplog.text


class Future:
    """A future that raises errors before it has a result."""

    status, retried = "pending", 0

    def __init__(self, *errors):
        self.errors = [*errors]

    def result(self, timeout):
        if self.errors:
            raise self.errors.pop(0)
        return timeout

    def retry(self):
        self.retried += 1


def test_what_dask_gives_up_is_tried_again(cluster):
    killed = distributed.KilledWorker("sums", SimpleNamespace(address="tcp://1:2"), 3)
    future = Future(killed, killed)
    assert cluster.take([future]) == [1.0] and future.retried == 2
    with pytest.raises(ConnectionError, match="workers die of this training"):
        cluster.take([Future(*[killed] * cluster_module.DEATHS)])


def test_a_wait_that_dask_cancels_is_begun_again(cluster, monkeypatch):
    assert cluster.take([Future(UnboundLocalError("result"))]) == [1.0]
    monkeypatch.setattr(cluster, "client", SimpleNamespace(status="closed"))
    with pytest.raises(ConnectionError, match="is gone"):
        cluster.take([Future(UnboundLocalError("result"))])


def test_a_large_result_gets_more_time(cluster):
    future = Future(TimeoutError(), TimeoutError())
    future.status = "finished"
    assert cluster.take([future]) == [4.0]


CONFIG = {
    "data": {"path": "t.csv", "target": "y"},
    "network": {"hidden": [5]},
    "training": {"epochs": 2, "batch_size": 64, "baselines": False, "networks": 2},
}


@pytest.fixture
def table(samples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame(np.vstack(samples).T[:300], columns=["a", "b", "c", "y"])
    table.to_csv("t.csv", index=False)
    (tmp_path / "c.yaml").write_text(str(CONFIG))
    return tmp_path


def test_a_run_on_a_cluster(local, table, capsys):
    words = ["train", "c.yaml", "--out"]
    assert cli.main([*words, "near"]) == 0
    assert cli.main([*words, "far", "--scheduler", local.scheduler_address]) == 0
    assert "in 16 parts" in capsys.readouterr().err
    near, far = (pd.read_csv(table / name / "history.csv") for name in ("near", "far"))
    assert near.shape == far.shape and len(near) > 2
    assert np.nanmax(np.abs(near - far).to_numpy()) < 1e-10


def test_a_run_without_validation_samples(cluster, samples):
    train, validation, data = spread(cluster, samples, None)
    assert validation is None and data.n_in == 3
    assert np.array_equal(train[1], samples[1])
    assert spread(None, samples, None) == (samples, None, None)


def test_a_run_is_refused_in_a_line(table, capsys, monkeypatch):
    far = ["--scheduler", f"tcp://127.0.0.1:{free_port()}"]
    for key, told in {"dropout=0.1": "dropout is 0.1", "batch_norm=true": "batch_norm is"}.items():
        assert cli.main(["train", "c.yaml", "--set", f"network.{key}", *far]) == 2
        assert told in capsys.readouterr().err
    assert cli.main(["train", "c.yaml", *far]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(table.glob("runs/*"))
    monkeypatch.setitem(__import__("sys").modules, "nnfs_core.cluster", None)
    assert cli.main(["train", "c.yaml", *far]) == 2


def test_the_example_of_the_help_is_not_refused(monkeypatch):
    monkeypatch.chdir(ROOT)
    words = next(line for line in cli.EXAMPLES.splitlines() if "--scheduler" in line).split()
    asked = cli.parser().parse_args(words[3:])
    guard_scheduled(load_config(asked.config, asked.set), asked.scheduler)


def test_dask_is_asked_for_by_its_file(monkeypatch):
    import importlib
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "nnfs_core.cluster")
    with pytest.raises(ImportError, match="pip install -r requirements-distributed.txt"):
        importlib.import_module("nnfs_core.cluster")
