"""A run: what it trains, what its folder holds, and that nothing is lost when it is stopped."""

import json
import logging
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import mean_absolute_error, r2_score

from nnfs_core import (
    AdamW,
    Dropout,
    ExperimentConfig,
    Model,
    PiecewiseLinear,
    ReLU,
    Sequential,
    Solver,
    cosine,
    load_config,
    load_run,
    mlp,
    run_experiment,
)
from nnfs_core.checkpoints import load_checkpoint, save_checkpoint
from nnfs_core.files import hold_folder
from nnfs_core.runs import pictures, running, scores
from nnfs_core.runs.building import build_network, build_solver, guard_size
from nnfs_core.runs.encoding import Inputs, Targets, fit_inputs
from nnfs_core.runs.folder import History, history_table
from nnfs_core.runs.predicting import restore
from nnfs_core.solver import TrainingState

DIGITS = {
    "data": {"name": "digits", "rows": 300, "encoding": "standard_all"},
    "network": {"hidden": [12], "dropout": 0.2, "batch_norm": True},
    "training": {"epochs": 4, "batch_size": 32, "networks": 2, "baselines": False},
}
CONTENTS = {"config.yaml", "versions.json", "data.json", "history.csv", "metrics.json"}
CONTENTS |= {"model.npz", "curves.png", "log.txt"}


def made_up(m=120, seed=0):
    """A table with a target that follows its features."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.standard_normal((3, m))
    y = 50 + 10 * np.abs(a) + 5 * b + rng.standard_normal(m)
    return pd.DataFrame({"a": a, "b": b, "c": c, "y": y})


@pytest.fixture
def numbers(tmp_path):
    """A configuration for a number, on a file of its own."""
    made_up().to_csv(tmp_path / "t.csv", index=False)
    return {
        "data": {"path": str(tmp_path / "t.csv"), "target": "y", "encoding": "bins", "bins": 4},
        "network": {"hidden": [8, 6], "dropout": 0.1},
        "training": {"epochs": 3, "batch_size": 16, "decay": 0.1, "networks": 2},
    }


def train(source, folder, *overrides, resume=False):
    """Run an experiment."""
    return run_experiment(load_config(source, overrides), folder, resume=resume)


def refusal(kind, *arguments, **settings):
    """What run_experiment says when it will not do."""
    with pytest.raises(kind) as caught:
        train(*arguments, **settings)
    return str(caught.value)


def contents(folder):
    """Names and bytes of all files in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def stop_after(monkeypatch, saves, error=KeyboardInterrupt):
    """Let a run stop after so many checkpoints; return the list of those that it saves."""
    count = []

    def save(path, state):
        save_checkpoint(path, state)
        count.append(path.name)
        if len(count) == saves:
            raise error

    monkeypatch.setattr(running, "save_checkpoint", save)
    return count


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run; tests compare with it, and alter copies."""
    return train(DIGITS, tmp_path_factory.mktemp("finished") / "run").folder


# What a run is


def test_linear_regression_heeds_columns_of_unlike_sizes():
    """scikit-learn 1.9 leaves out what is a millionth of another column, and says nothing."""
    X = np.random.default_rng(0).standard_normal((2, 60)) * [[1e-3], [1e6]]
    Y = X[:1] * 1e3 + X[1:] * 1e-6
    found = scores.baseline_scores((X[:, :40], Y[:, :40]), (X[:, 40:], Y[:, 40:]), [4], [])
    assert found["linear regression"]["r2"] > 0.999


def test_a_run_of_numbers_holds_what_it_should(numbers, tmp_path):
    run = train(numbers, tmp_path / "runs" / "one")
    assert set(contents(run.folder)) == CONTENTS | {"predicted.png"}
    assert [path.name for path in run.folder.parent.iterdir()] == ["one"]
    names = ["mean predictor", "linear regression", "scikit-learn MLP 8-6", "ours"]
    assert list(run.metrics["scores"]) == names and run.metrics["test_rows"] == 24
    samples = running.load_samples(run.config.data)
    train_rows, validation, test = running.split(samples, run.config.data)
    learn, X, y = np.concatenate([train_rows, validation]), samples.X.T, samples.Y[0]
    guesses = {"mean predictor": np.full(len(test), y[learn].mean())}
    A, B = (np.column_stack([X[rows], np.ones(len(rows))]) for rows in (learn, test))
    guesses["linear regression"] = B @ np.linalg.lstsq(A, y[learn])[0]
    for name, guess in guesses.items():
        assert np.isclose(run.metrics["scores"][name]["r2"], r2_score(y[test], guess))
    assert run.data["rows"] == 120 and (run.data["train"], run.data["validation"]) == (86, 10)
    assert list(run.history.groupby("network").size()) == [4, 4]
    assert run.history.groupby("network")["kept"].sum().tolist() == [1, 1]
    versions = json.loads((run.folder / "versions.json").read_text())
    assert versions["numpy"] == np.__version__
    assert "network 2 of 2, epoch 3: training loss" in (run.folder / "log.txt").read_text()
    assert repr(run).startswith("Run one: r2 ")
    for name in ("curves.png", "predicted.png"):
        assert (run.folder / name).read_bytes().startswith(b"\x89PNG")


def test_it_trains_what_stage_10_trains(numbers, tmp_path):
    """The same by hand, with the course's own functions."""
    run = train(numbers, tmp_path / "run", "data.validation=0", "training.baselines=false")
    table = made_up()
    order = np.arange(120)
    learn, test = running.split(running.load_samples(run.config.data), run.config.data)[::2]
    assert sorted([*learn, *test]) == order.tolist()
    X, Y = table[["a", "b", "c"]].to_numpy().T, table[["y"]].to_numpy().T
    encoder = PiecewiseLinear(4).fit(X[:, learn])
    E, center, spread = encoder.transform(X[:, learn]), Y[:, learn].mean(), Y[:, learn].std()
    outputs = []
    for seed in (0, 1):
        rng = np.random.default_rng([seed, 1])
        network = mlp(
            [len(E), 8, 6, 1],
            activation=lambda rng=rng: Sequential(ReLU(), Dropout(0.1, rng)),
            seed=seed,
        )
        network.parameters["W3"][...] = 0
        solver = Solver(Model(network), AdamW(0.001, decay=0.1), schedule=cosine)
        solver.fit((E, (Y[:, learn] - center) / spread), epochs=3, batch_size=16, seed=seed)
        outputs.append(solver.model.predict(encoder.transform(X[:, test])))
    guess = np.mean(outputs, axis=0)[0] * spread + center
    found = run.metrics["scores"]["ours"]
    assert np.isclose(found["r2"], r2_score(Y[0, test], guess), rtol=1e-9)
    assert np.isclose(found["mae"], mean_absolute_error(Y[0, test], guess), rtol=1e-9)


def test_a_run_of_classes_learns_and_predicts_them_with_probabilities(tmp_path):
    run = train(DIGITS, tmp_path / "run", "training.epochs=30", "training.learning_rate=0.01")
    assert set(contents(run.folder)) == CONTENTS | {"confusion.png"}
    assert run.metrics["scores"]["ours"]["accuracy"] > 0.8
    samples = running.load_samples(run.config.data)
    table = pd.DataFrame(samples.X.T[:50], columns=samples.features)
    predictions = run.predict(table)
    probabilities = predictions.filter(like="p(")
    assert list(probabilities) == [f"p({digit})" for digit in "0123456789"]
    assert np.allclose(probabilities.sum(axis=1), 1)
    right = samples.Y[:, :50].argmax(axis=0).astype(str)
    assert np.mean(predictions["prediction"] == right) > 0.8
    found = run.evaluate(table.assign(**{"class": right}))
    assert np.isclose(found["accuracy"], np.mean(predictions["prediction"] == right))


def test_baselines_of_classes_stand_beside(tmp_path):
    run = train(DIGITS, tmp_path / "run", "training.baselines=true", "training.epochs=1")
    found = run.metrics["scores"]
    names = ["most frequent class", "logistic regression", "scikit-learn MLP 12", "ours"]
    assert list(found) == names
    assert found["most frequent class"]["accuracy"] < 0.2 < found["logistic regression"]["accuracy"]


def test_evaluate_finds_the_scores_again_and_sees_what_was_altered(numbers, tmp_path):
    run = train(numbers, tmp_path / "run", "training.baselines=false")
    found = run.evaluate()
    assert np.isclose(found["r2"], run.metrics["scores"]["ours"]["r2"])
    fresh = made_up(seed=1)
    off = np.abs(run.predict(fresh)["prediction"] - fresh["y"])
    assert np.isclose(run.evaluate(fresh)["mae"], off.mean())
    run.metrics["scores"]["ours"]["mae"] += 0.01
    with pytest.raises(ValueError, match=r"mae is .* not what metrics\.json says"):
        run.evaluate()
    made_up(seed=1).to_csv(numbers["data"]["path"], index=False)
    with pytest.raises(ValueError, match="not those that .* was trained with: other sha256"):
        load_run(run.folder).evaluate()


def test_the_seed_decides(numbers, tmp_path):
    rest = ("training.baselines=false", "training.seed=1")
    first, again = (train(numbers, tmp_path / name, *rest) for name in "ab")
    other = train(numbers, tmp_path / "c", *rest, "training.seed=7")
    models = [(run.folder / "model.npz").read_bytes() for run in (first, again, other)]
    assert models[0] == models[1] != models[2]


# Stopped and continued


@pytest.mark.parametrize("saves", [1, 4, 6])
def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(finished, tmp_path, monkeypatch, saves):
    with monkeypatch.context() as patched:
        stop_after(patched, saves)
        said = refusal(KeyboardInterrupt, DIGITS, tmp_path / "run")
        number, epoch = divmod(saves - 1, 4)
        assert said == f"network {number + 1} of 2, after epoch {epoch + 1}"
    assert not (tmp_path / "run").exists()
    assert "an unfinished run lies in" in refusal(FileExistsError, DIGITS, tmp_path / "run")
    with monkeypatch.context() as patched:
        later = stop_after(patched, None)
        run = train(DIGITS, tmp_path / "run", resume=True)
    assert len(later) == 2 * 4 - saves  # no epoch was trained again
    one, other = contents(finished), contents(run.folder)
    for name in ("model.npz", "history.csv", "config.yaml", "data.json", "curves.png"):
        assert one[name] == other[name], name
    assert run.evaluate() and not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("at", ["write_results", "parts.versions", "_tidy"])
def test_a_run_that_dies_at_its_end_loses_nothing(finished, tmp_path, monkeypatch, at):
    """It dies when all is trained, or after it was renamed: nothing is trained again."""

    def die(*_):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(f"nnfs_core.runs.running.{at}", die)
        refusal(SystemExit, DIGITS, tmp_path / "run")
    with monkeypatch.context() as patched:  # a step of training would be seen
        patched.setattr(Model, "backward", die)
        run = train(DIGITS, tmp_path / "run", resume=True)
    assert contents(run.folder)["model.npz"] == contents(finished)["model.npz"]
    assert set(contents(run.folder)) == set(contents(finished))


def test_a_damaged_checkpoint_costs_an_epoch_and_a_word(finished, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        stop_after(patched, 3)
        refusal(KeyboardInterrupt, DIGITS, tmp_path / "run")
    path = tmp_path / ".run.unfinished" / "network-1.npz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="the one before it"):
        run = train(DIGITS, tmp_path / "run", resume=True)
    assert contents(run.folder)["model.npz"] == contents(finished)["model.npz"]


def test_what_load_config_would_refuse_is_refused_before_anything_is_trained(tmp_path):
    made = ExperimentConfig(data={"name": "digits"}, training={"decay": 1.0, "optimizer": "sgd"})
    for config, error in ((made, ValueError), (DIGITS, TypeError), ("c.yaml", TypeError)):
        with pytest.raises(error, match="^config.*(expected|take l2)"):
            run_experiment(config, tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_never_overwritten(tmp_path):
    run = train(DIGITS, tmp_path / "run")
    before = contents(run.folder)
    assert "is a finished run: give another folder" in refusal(FileExistsError, DIGITS, run.folder)
    assert train(DIGITS, run.folder, resume=True).metrics == run.metrics
    said = refusal(ValueError, DIGITS, run.folder, "network.hidden=[3]", resume=True)
    assert "run of another configuration: network.hidden is [12] there, [3] here" in said
    assert train(DIGITS, run.folder, "logging.level=error", resume=True)
    assert contents(run.folder) == before
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    assert "it lacks config.yaml" in refusal(FileExistsError, DIGITS, other, resume=True)
    assert "expected an empty folder" in refusal(FileExistsError, DIGITS, other / "letter.txt")
    assert contents(other) == {"letter.txt": b"dear"}
    (tmp_path / "empty").mkdir()
    assert train(DIGITS, tmp_path / "sub" / ".." / "empty", "training.epochs=1").metrics


def test_a_finished_run_is_not_shown_for_other_data(numbers, tmp_path, caplog):
    run = train(numbers, tmp_path / "run", "training.baselines=false")
    before, path = contents(run.folder), tmp_path / "t.csv"
    made_up(seed=1).to_csv(path, index=False)
    rest = (numbers, run.folder, "training.baselines=false")
    said = refusal(ValueError, *rest, resume=True)
    assert "the data are not those that" in said and "another folder" in said
    path.unlink()
    assert train(*rest, resume=True).metrics == run.metrics  # those of then: nothing else is there
    assert f"could not be compared with those of then: no file {path}" in caplog.text
    made_up().to_csv(path, index=False)
    caplog.clear()
    assert train(*rest, resume=True).metrics == run.metrics and not caplog.records
    assert contents(run.folder) == before


def test_an_unfinished_run_goes_on_with_its_own_settings_and_data_alone(
    numbers, tmp_path, monkeypatch
):
    with monkeypatch.context() as patched:
        stop_after(patched, 1)
        refusal(KeyboardInterrupt, numbers, tmp_path / "run")
    work = tmp_path / ".run.unfinished"
    before = {name: data for name, data in contents(work).items() if name != "log.txt"}
    said = refusal(ValueError, numbers, tmp_path / "run", "data.seed=1", resume=True)
    assert "data.seed is 42 there, 1 here" in said
    for resume in (True, False):
        with hold_folder(work):
            said = refusal(ValueError, numbers, tmp_path / "run", resume=resume)
        assert "is in use by another run" in said
    made_up(seed=1).to_csv(numbers["data"]["path"], index=False)
    said = refusal(ValueError, numbers, tmp_path / "run", resume=True)
    assert "the data are not those that the run" in said
    assert {name: data for name, data in contents(work).items() if name != "log.txt"} == before
    made_up().to_csv(numbers["data"]["path"], index=False)
    assert train(numbers, tmp_path / "run", resume=True).metrics


def test_what_cannot_begin_leaves_nothing_behind(numbers, tmp_path):
    folder = tmp_path / "runs" / "x"
    assert "lacks the columns z" in refusal(ValueError, numbers, folder, "data.target=z")
    said = refusal(ValueError, numbers, folder, "network.hidden=[10000, 10000]")
    assert "parameters; expected 5,000,000 at most" in said
    said = refusal(ValueError, numbers, folder, "data.test=0.99")
    assert "1 rows cannot be split, 0.1 aside" in said
    assert not list((tmp_path / "runs").iterdir())
    assert logging.getLogger("nnfs_core").handlers == []


def test_a_training_that_overflows_says_so(numbers, tmp_path):
    rest = ("training.optimizer=sgd", "training.learning_rate=1000", "training.decay=0")
    said = refusal(FloatingPointError, numbers, tmp_path / "run", *rest, "training.epochs=50")
    assert "is probably too fast: try a tenth of it" in said
    assert not (tmp_path / "run").exists()


def test_the_log_goes_on_in_a_new_file_when_it_is_full(tmp_path):
    rest = ("logging.megabytes=0.001", "training.epochs=30")
    run = train(DIGITS, tmp_path / "run", *rest)
    sizes = [(run.folder / name).stat().st_size for name in ("log.txt", "log.txt.1")]
    assert 0 < min(sizes) and max(sizes) <= 1_000


# A folder that was altered


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics.json", b"{", "metrics.json does not hold scores"),
        ("metrics.json", lambda it: it["scores"].pop("ours"), "holds no scores of ours"),
        ("metrics.json", lambda it: it["scores"]["ours"].pop("log_loss"), "no scores of ours"),
        ("metrics.json", lambda it: it["scores"]["ours"].update(accuracy="1"), "no scores of ours"),
        ("metrics.json", lambda it: it["scores"].update(mine=3), "holds no scores of mine"),
        ("metrics.json", lambda it: it["scores"]["ours"].update(accuracy=0.9), "other scores than"),
        ("metrics.json", lambda it: it.pop("networks"), "metrics.json does not hold scores"),
        ("metrics.json", lambda it: it.update(target="z"), "metrics.json is not of the data in"),
        ("metrics.json", lambda it: it.update(task="z"), "metrics.json is not of the data in"),
        ("data.json", lambda it: it["classes"].append(3), "holds features or classes without a"),
        ("metrics.json", b"[" * 100_000, "metrics.json does not hold scores"),
        ("data.json", b'{"features": 3}', "data.json does not hold features"),
        ("config.yaml", b"data: 3", "data (line 1) is 3"),
        ("config.yaml", None, "is no finished run: it lacks config.yaml"),
    ],
)
def test_an_altered_folder_is_refused(finished, tmp_path, name, content, message):
    folder = shutil.copytree(finished, tmp_path / "run")
    if callable(content):
        there = json.loads((folder / name).read_bytes())
        content(there)
        content = json.dumps(there).encode()
    (folder / name).write_bytes(content) if content else (folder / name).unlink()
    with pytest.raises(ValueError) as caught:
        load_run(folder)
    assert message in str(caught.value)


def test_an_altered_model_and_that_of_another_run_are_refused(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "run")
    path = folder / "model.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="its checksum does not fit"):
        load_run(folder)
    state = load_checkpoint(finished / "model.npz")
    for change, message in [
        (lambda arrays: arrays.pop("targets/ends"), "how targets were scaled"),
        (lambda arrays: arrays.pop("inputs/mean"), "does not hold the encoding standard_all"),
        (lambda arrays: arrays.update({"network/0/W1": np.ones((3, 3))}), "W1"),
        (lambda arrays: arrays.pop("network/1/b1"), "missing b1"),
    ]:
        arrays = dict(state.arrays)
        change(arrays)
        path.unlink()
        save_checkpoint(path, TrainingState(arrays, state.facts))
        with pytest.raises(ValueError, match="is not the model of this run") as caught:
            _ = load_run(folder).predictor
        assert message in str(caught.value)
    with pytest.raises(FileNotFoundError, match="expected that of a run"):
        load_run(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("data.json", lambda it: it["features"].reverse(), "made with other features"),
        ("data.json", lambda it: it["classes"].reverse(), "made with other classes"),
        ("config.yaml", lambda it: it["network"].update(activation="tanh"), "other network"),
        ("config.yaml", lambda it: it["training"].update(seed=7), "other seeds"),
    ],
)
def test_a_model_predicts_nothing_in_a_folder_that_says_otherwise(
    finished, tmp_path, name, change, message
):
    """All of these fit its arrays: it would predict, and each number would be wrong."""
    folder = shutil.copytree(finished, tmp_path / "run")
    there = yaml.safe_load((folder / name).read_text())  # which reads JSON, too
    change(there)
    (folder / name).write_text(json.dumps(there))
    rows = pd.DataFrame({feature: [0.0] for feature in load_run(finished).data["features"]})
    with pytest.raises(ValueError, match="is not the model of this run: it was") as caught:
        load_run(folder).predict(rows)
    assert message in str(caught.value)


# Parts


@pytest.mark.parametrize("encoding", ["standard", "standard_all", "bins", "none"])
def test_inputs_are_fitted_on_what_is_learnt_and_kept(encoding):
    rng = np.random.default_rng(0)
    X, X_new = rng.normal(3, 2, (2, 50)), rng.normal(3, 2, (2, 7))
    inputs = Inputs(encoding).fit(X, ["a", "b"], [3, 4])
    E = inputs.transform(X)
    expected = {
        "standard": (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True),
        "standard_all": (X - X.mean()) / X.std(),
        "bins": PiecewiseLinear([3, 4]).fit(X).transform(X),
        "none": X,
    }
    assert np.allclose(E, expected[encoding]) and inputs.rows(2) == len(E)
    again = Inputs(encoding, inputs.arrays)
    again.guard(2)
    assert np.array_equal(again.transform(X_new), inputs.transform(X_new))
    if encoding != "none":
        with pytest.raises(ValueError, match="does not hold the encoding"):
            Inputs(encoding, {}).guard(2)
    if encoding in ("standard", "bins"):
        with pytest.raises(ValueError, match="does not hold the encoding"):
            again.guard(3)


def test_a_feature_that_never_changes_is_zero_or_refused_by_bins():
    X = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]])
    assert not Inputs("standard").fit(X, ["a", "b"], [4, 4]).transform(X)[0].any()
    X = np.array([[0.1] * 43, [*range(43)]])
    assert X[0].std() > 0  # by round-off
    standard = Inputs("standard").fit(X, ["a", "b"], [4, 4])
    assert not standard.transform(X + 0.1)[0].any()  # of which nothing was learnt
    with pytest.raises(ValueError, match="the target is the same in all rows to learn from"):
        Targets([], "identity").fit(X[:1])
    with pytest.raises(ValueError, match="a have one value in all rows to learn from; leave"):
        Inputs("bins").fit(X, ["a", "b"], [4, 4])


def test_bins_of_some_features_differ_and_unknown_ones_are_refused():
    data = load_config(
        {"data": {"path": "t.csv", "target": "y", "encoding": "bins", "bins_of": {"B ": 2}}},
        ["data.bins=3"],
    ).data
    X = np.random.default_rng(0).standard_normal((2, 50))
    inputs = fit_inputs(data, X, ["a", "b"])
    assert [len(edges) - 1 for edges in inputs.arrays.values()] == [3, 2]
    with pytest.raises(ValueError, match="bins_of names b; expected features: a, c"):
        fit_inputs(data, X, ["a", "c"])


def test_sizes_that_would_fill_the_memory_are_refused():
    inputs = Inputs("none")
    with pytest.raises(ValueError, match="are 70,000,000 numbers; expected 60,000,000 at most"):
        inputs.guard_size(7_000, 10_000)
    inputs.guard_size(784, 70_000)  # MNIST
    hidden = load_config(DIGITS, ["network.hidden=[600, 7000]"]).network
    with pytest.raises(ValueError, match="network 784-600-8000-10 has 5,[0-9,]+ parameters"):
        guard_size(hidden.model_copy(update={"hidden": [600, 8_000]}), inputs, 784, 10)
    guard_size(hidden, inputs, 784, 10)


def test_a_sigmoid_stays_within_the_targets_and_is_not_for_classes():
    Y = np.array([[10.0, 30.0, 20.0]])
    targets = Targets([], "sigmoid").fit(Y)
    assert np.allclose(targets.transform(Y), [[0, 1, 0.5]])
    assert np.allclose(targets.predict([np.array([[0.0, 1.0, 0.5]])]), Y)
    with pytest.raises(ValueError, match="expected identity for classes"):
        Targets(["a", "b"], "sigmoid").fit(np.eye(2))
    with pytest.raises(ValueError, match="the same in all rows to learn from"):
        Targets([], "identity").fit(np.ones((1, 3)))


def test_the_mean_over_networks_is_of_numbers_or_of_probabilities():
    targets = Targets([], "identity").fit(np.array([[0.0, 2.0]]))
    assert targets.predict([np.array([[1.0]]), np.array([[3.0]])]).tolist() == [[3.0]]
    P = Targets(["a", "b"], "identity").fit(np.eye(2))
    logits = [np.array([[100.0], [0.0]]), np.array([[0.0], [0.0]])]
    assert np.allclose(P.predict(logits), [[0.75], [0.25]])


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
@pytest.mark.parametrize("schedule", ["constant", "exponential", "cosine"])
def test_every_setting_trains(optimizer, schedule):
    config = load_config(
        {
            "data": {"name": "digits"},
            "network": {
                "hidden": [5] * 5,
                "activation": ["relu", "leaky_relu", "sigmoid", "tanh", "identity"],
                "initialization": "xavier",
            },
            "training": {"optimizer": optimizer, "schedule": schedule, "l2": 0.1, "clip_norm": 1},
        },
        ["training.learning_rate=0.01"],
    )
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((3, 40)), rng.standard_normal((1, 40))
    history = build_solver(config, X, Y, 0).fit((X, Y), epochs=2, batch_size=10)
    assert history.train_loss[-1] < history.train_loss[0]
    kinds = [type(layer).__name__ for layer in build_network(config.network, 3, 1, 0).layers]
    assert kinds[1::2] == ["ReLU", "LeakyReLU", "Sigmoid", "Tanh", "Identity", "Identity"]


def test_a_last_batch_of_one_is_refused_with_a_size_that_works():
    config = load_config(DIGITS, ["training.batch_size=10"])
    X, Y = np.random.default_rng(0).standard_normal((2, 41)), np.eye(3)[:, np.arange(41) % 3]
    with pytest.raises(
        ValueError, match=r"leaves a last batch of one of 41 samples.*; 11 does not"
    ):
        build_solver(config, X, Y, 0)
    other = load_config(DIGITS, ["training.batch_size=11"])
    assert build_solver(other, X, Y, 0).fit((X, Y), epochs=1, batch_size=11)


def test_a_predictor_comes_back_from_its_arrays():
    config = load_config(DIGITS)
    inputs = Inputs("standard_all").fit(np.arange(12.0).reshape(2, 6), ["a", "b"], [1, 1])
    networks = [build_network(config.network, 2, 3, seed) for seed in (4, 5)]
    for network in networks:
        network.parameters["W2"][...] = 1 + np.arange(36).reshape(3, 12)
    targets = Targets(["x", "y", "z"], "identity").fit(np.eye(3))
    first = running.Predictor(inputs, targets, networks)
    again = restore(config, first.arrays(), ["a", "b"], ["x", "y", "z"])
    X = np.random.default_rng(0).standard_normal((2, 5))
    assert np.array_equal(first.predict(X), again.predict(X))


def test_scores_are_those_of_scikit_learn():
    Y, A = np.array([[1.0, 2.0, 4.0]]), np.array([[1.0, 2.5, 3.0]])
    assert np.isclose(scores.score(Y, A, [])["r2"], r2_score(Y[0], A[0]))
    P = np.array([[0.7, 0.4], [0.3, 0.6]])
    found = scores.score(np.array([[1.0, 1.0], [0.0, 0.0]]), P, ["a", "b"])
    assert found["accuracy"] == 0.5
    assert np.isclose(found["log_loss"], -np.log([0.7, 0.4]).mean())


def test_a_baseline_that_cannot_be_trained_is_left_out_with_a_word(caplog):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 40)), np.eye(2)[:, [0] * 39 + [1]]
    found = scores.baseline_scores((X, Y), (X, Y), [3], ["a", "b"])
    assert list(found) == ["most frequent class", "logistic regression"]
    assert "scikit-learn MLP 3 could not be trained, and is left out" in caplog.text


def test_a_history_becomes_a_row_an_epoch():
    history = History([3.0, 2.0], [4.0, 3.5], kept=1)
    table = history_table([history, History([1.0])])
    assert table["network"].tolist() == [1, 1, 2] and table["kept"].tolist() == [0, 1, 1]
    assert (
        table["validation_loss"].tolist()[:2] == [4.0, 3.5] and table["train_metric"].isna().all()
    )


@pytest.mark.parametrize("classes", [2, 30])
def test_pictures_are_drawn_for_few_and_for_many_classes_of_any_name(classes):
    Y = np.eye(classes)
    names = [f"$x^$ 音楽 {place}" for place in range(classes)]
    assert pictures.predicted(Y[:1], Y[:1], "$_$").startswith(b"\x89PNG")
    assert pictures.confusion(Y, Y[::-1], names).startswith(b"\x89PNG")


@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_an_empty_folder_or_none_is_followed(numbers, tmp_path, there):
    (tmp_path / "link").symlink_to(tmp_path / "far")
    if there:
        (tmp_path / "far").mkdir()
    run = train(numbers, tmp_path / "link", "training.epochs=1", "training.baselines=false")
    assert run.folder == tmp_path / "far" and load_run(tmp_path / "link").metrics == run.metrics
