"""Train the networks of the website's pages, a minute or more, and write them into site/play."""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from nnfs_core import load_run
from nnfs_core.runs.loading import load_samples, split
from tools.lib import weight_files
from tools.lib.layout import ROOT, Refused

NAMES = ("digits", "popularity", "genres")
# One network each, so that a page is small; scikit-learn's models are no part of it.
SETTINGS = ("training.networks=1", "training.baselines=false")
NEAR = 1e-3  # how far a prediction may be moved by rounding, in probability or in points
OUTER = 0.005  # share of the training tracks below and above a slider
SHOWN = 2  # test pictures of each digit, beside all that the network reads wrong


def command(name: str, folder: str) -> list[str]:
    """Return the package's own command that trains a network."""
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    return ["-m", "nnfs_core", "train", f"configs/{name}.yaml", *settings, "--out", folder]


def digest(path: Path) -> str:
    """Return a hash of a text file, the same with Windows' ends of lines."""
    return hashlib.sha256(path.read_text("utf-8").encode()).hexdigest()


def about(run, name: str, root: Path) -> dict:
    """Return where a network comes from."""
    data = {key: run.data[key] for key in ("source", "sha256", "train", "validation", "test")}
    versions = json.loads((run.folder / "versions.json").read_text("utf-8"))
    kept = {key: versions[key] for key in ("python", "numpy", "pandas", "scikit-learn")}
    config = root / "configs" / f"{name}.yaml"
    return {
        "command": "python " + " ".join(command(name, f"runs/{name}")),
        "config_sha256": digest(config),
        "data": data,
        "versions": kept,
    }


def pictures(predictor, X, Y, test) -> list[dict]:
    """Return test pictures of digits: some of each, and all that the network reads wrong."""
    labels = Y[:, test].argmax(axis=0)
    read = predictor.predict(X[:, test]).argmax(axis=0)
    right = labels == read
    of_each = [np.flatnonzero(right & (labels == digit))[:SHOWN] for digit in range(10)]
    chosen = np.concatenate([*of_each, np.flatnonzero(~right)])
    return [
        {"pixels": X[:, test[place]].astype(int).tolist(), "label": int(labels[place])}
        for place in chosen
    ]


def ranges(X) -> list[dict]:
    """Return for each feature the ends of its slider, and the middle track's value."""
    ends = np.quantile(X, [OUTER, 0.5, 1 - OUTER], axis=1)
    named = ("low", "middle", "high")
    return [dict(zip(named, weight_files.short(own), strict=True)) for own in ends.T]


def facts(run, name: str, root: Path = ROOT) -> dict:
    """Return all that a page needs of a run. Raises Refused if rounding moves a prediction."""
    samples = load_samples(run.config.data)
    cut = split(samples, run.config.data)
    scores = run.metrics["scores"]["ours"]
    found = {"about": about(run, name, root)}
    found["scores"] = {key: value for key, value in scores.items() if key != "seconds"}
    found |= {"features": run.data["features"], "classes": run.data["classes"]}
    found |= weight_files.model_facts(run.predictor)
    rounded = weight_files.read_predictor(found)
    X = samples.X[:, cut.test]
    moved = float(np.abs(rounded.predict(X) - run.predictor.predict(X)).max())
    if not moved <= NEAR:
        raise Refused(f"{name}: rounding moves a prediction by {moved:.2g}; expected {NEAR}")
    found["about"]["moved by rounding, at most"] = float(f"{moved:.2g}")
    if name == "digits":
        found["ink"] = round(samples.X[:, cut.train].sum(axis=0).mean())  # of a mean picture
        found["pictures"] = pictures(rounded, samples.X, samples.Y, cut.test)
    else:
        found["ranges"] = ranges(samples.X[:, cut.train])
    return found


def main(root: Path = ROOT) -> None:
    """Run the command."""
    for name in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, *command(name, folder)], cwd=root, check=True)
            path = weight_files.path_of(root, name)
            weight_files.write(path, name, facts(load_run(folder), name, root))
        print(f"wrote {path.relative_to(root)}, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
