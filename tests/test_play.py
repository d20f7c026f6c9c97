"""The website's own scripts: they compute what nnfs_core does, and their tests notice a fault."""

import json
import math
import os
import shutil
import subprocess
from itertools import pairwise

import numpy as np
import pytest

from nnfs_core import load_config
from nnfs_core.runs.loading import load_samples, split
from nnfs_core.runs.scores import score
from tools import play, weights
from tools.lib import weight_files
from tools.lib.layout import ROOT, Refused

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node.js is not installed: node is not found")
SCRIPTS = ROOT / "site" / "play"


def run_tests(*names, scripts=SCRIPTS):
    """Run files of tests/play with Node's test runner."""
    files = [str(ROOT / "tests" / "play" / name) for name in names]
    environment = os.environ | {"NNFS_PLAY": str(scripts)}
    return subprocess.run(
        [NODE, "--test", *files], env=environment, capture_output=True, text=True, timeout=120
    )


def plant(folder, name, right, wrong):
    """Copy the scripts, and put a fault into one."""
    shutil.copytree(SCRIPTS, folder, dirs_exist_ok=True)
    text = (folder / name).read_text("utf-8")
    assert text.count(right) == 1, f"{name} has no single {right!r}"
    (folder / name).write_text(text.replace(right, wrong), "utf-8")


@needs_node
@pytest.mark.parametrize(
    "name", sorted(path.name for path in (ROOT / "tests/play").glob("*.test.js"))
)
def test_scripts_pass_their_tests(name):
    done = run_tests(name)
    assert done.returncode == 0, done.stdout[-5000:]
    assert "# fail 0" in done.stdout and "# pass 0" not in done.stdout


@needs_node
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("slope: (z) => 1 - Math.tanh(z) ** 2", "slope: (z) => 1 - Math.tanh(z)"),
        ("(sigmoid(a) - y) / A.columns", "sigmoid(a) - y"),
        ("d + (l2 / m) * w", "d + l2 * w"),
        ("dA = multiply(transpose(W), dZ);", "dA = multiply(transpose(W), dA);"),
        ("Math.sqrt(variance + eps)", "Math.sqrt(variance) + eps"),
        ("Math.sqrt(s / c2) + epsilon", "Math.sqrt(s) + epsilon"),
    ],
)
def test_a_fault_in_the_network_is_noticed(tmp_path, right, wrong):
    plant(tmp_path, "network.js", right, wrong)
    done = run_tests("network.test.js", scripts=tmp_path)
    assert done.returncode == 1 and "not ok" in done.stdout


def leaves(value, where=""):
    """Return all that a case is made of, with its place."""
    if isinstance(value, dict):
        items = sorted(value.items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    else:
        return [(where, value)]
    return [leaf for key, part in items for leaf in leaves(part, f"{where}/{key}")]


def stale(stored, fresh):
    """Return the places where two sets of cases differ by more than round-off."""
    ours, theirs = dict(leaves(stored)), dict(leaves(fresh))
    if ours.keys() != theirs.keys():
        return sorted(ours.keys() ^ theirs.keys())
    exact = (str, bool)
    return [
        where
        for where, value in ours.items()
        if (value != theirs[where] if isinstance(value, exact) else True)
        and (
            isinstance(value, exact)
            or not math.isclose(value, theirs[where], rel_tol=1e-10, abs_tol=1e-12)
        )
    ]


def test_the_stored_cases_are_those_of_nnfs_core():
    stored = json.loads((ROOT / play.CASES).read_text("utf-8"))
    fresh = play.cases()
    assert not stale(stored, fresh), "run python -m tools.play"
    stored["networks"][3]["gradients"]["dW2"][0][0] += 1e-8
    assert stale(stored, fresh) == ["/networks/3/gradients/dW2/0/0"]


def test_the_command_writes_the_cases(tmp_path, capsys):
    (tmp_path / play.CASES).parent.mkdir(parents=True)
    play.main(tmp_path)
    assert "cases.json" in capsys.readouterr().out
    assert not stale(json.loads((tmp_path / play.CASES).read_text()), play.cases())


@pytest.fixture(scope="module", params=weights.NAMES)
def stored(request):
    """Return a stored network's name and facts, and the samples and split of its data."""
    name = request.param
    facts = weight_files.read(weight_files.path_of(ROOT, name))
    config = load_config(ROOT / "configs" / f"{name}.yaml")
    samples = load_samples(config.data)
    return name, facts, samples, split(samples, config.data)


def test_stored_networks_are_of_this_data_and_configuration(stored):
    name, facts, samples, cut = stored
    about = facts["about"]
    assert about["config_sha256"] == weights.digest(ROOT / "configs" / f"{name}.yaml"), (
        "the configuration has changed: run python -m tools.weights"
    )
    assert about["data"]["sha256"] == samples.facts["sha256"]
    assert [about["data"][part] for part in cut._fields] == [len(places) for places in cut]
    assert (facts["features"], facts["classes"]) == (samples.features, samples.classes)
    assert about["moved by rounding, at most"] <= weights.NEAR
    assert weight_files.path_of(ROOT, name).stat().st_size < 300_000


def test_stored_networks_score_what_is_stored(stored):
    """And tools.lib.numbers holds what the pages say against it."""
    name, facts, samples, cut = stored
    X, Y = samples.X[:, cut.test], samples.Y[:, cut.test]
    found = score(Y, weight_files.read_predictor(facts).predict(X), samples.classes)
    assert {key: found[key] for key in facts["scores"]} == pytest.approx(facts["scores"], abs=2e-4)


def test_what_a_page_takes_is_written_and_read_back(tmp_path, stored):
    name, facts, samples, cut = stored
    if name != "digits":
        assert [one["low"] < one["high"] for one in facts["ranges"]] == [True] * len(samples.X)
    path = tmp_path / "weights_some.js"
    weight_files.write(path, "some", facts)
    assert weight_files.read(path) == facts
    assert path.read_text("utf-8").startswith("((globalThis.nnfs ??= {}).weights ??= {}).some =")


def test_sixteen_bits_are_near_and_fewer_would_be_refused(tmp_path, monkeypatch):
    W = np.random.default_rng(0).standard_normal((5, 70)) * np.array([1, 10, 0.1, 0, 3])[:, None]
    back = weight_files.unpack(weight_files.pack(W))
    assert np.abs(back - W).max(axis=1) == pytest.approx(0, abs=10 * 5 / 2**16)
    assert (back[3] == 0).all()
    facts = weight_files.read(weight_files.path_of(ROOT, "digits"))
    predictor = weight_files.read_predictor(facts)
    run = type("Run", (), {"predictor": predictor, "data": facts["about"]["data"] | facts})()
    run.config = load_config(ROOT / "configs" / "digits.yaml")
    run.metrics, run.folder = {"scores": {"ours": facts["scores"] | {"seconds": 1.0}}}, tmp_path
    (tmp_path / "versions.json").write_text(json.dumps(facts["about"]["versions"]))
    again = weights.facts(run, "digits")
    assert again["pictures"] == facts["pictures"] and again["scores"] == facts["scores"]
    monkeypatch.setattr(weight_files, "STEPS", 31)
    with pytest.raises(Refused, match="rounding moves a prediction"):
        weights.facts(run, "digits")


def test_the_pages_load_the_scripts_that_are_there():
    pages = sorted((ROOT / "site" / "pages").glob("*.md"))
    assert pages
    for page in pages:
        asked = page.read_text("utf-8").split('src="_static/play/')[1:]
        names = [part.partition('"')[0] for part in asked]
        assert names and len(set(names)) == len(names)
        assert all((SCRIPTS / name).exists() for name in names), page
        basics = [name for name in ("matrix.js", "random.js", "network.js") if name in names]
        assert all(names.index(a) < names.index(b) for a, b in pairwise(basics))


def test_the_scripts_ask_for_nothing_elsewhere():
    for path in [*SCRIPTS.glob("*.js"), *SCRIPTS.glob("*.css")]:
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        for word in ("http:", "https:", "fetch(", "XMLHttpRequest", "import(", "url("):
            assert word not in text, f"{path.name}: {word}"
