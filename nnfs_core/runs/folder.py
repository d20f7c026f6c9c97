"""A run's folder: what it holds, and a finished run as one reads it back."""

import functools
import hashlib
import json
import math
import os
import platform
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from nnfs_core.checkpoints import load_checkpoint
from nnfs_core.runs.config import ExperimentConfig, stored_config
from nnfs_core.runs.loading import Samples, Split, load_samples, split
from nnfs_core.runs.predicting import Predictor, restore
from nnfs_core.runs.rows import load_rows
from nnfs_core.runs.scores import is_score, score
from nnfs_core.solver import History

CONFIG, DATA, VERSIONS = "config.yaml", "data.json", "versions.json"
HISTORY, METRICS, MODEL, LOG = "history.csv", "metrics.json", "model.npz", "log.txt"
PACKAGES = ("numpy", "pandas", "scikit-learn", "pydantic", "PyYAML", "matplotlib")


def as_json(content: dict) -> bytes:
    """Return the bytes of a JSON file that people can read."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def as_yaml(config: ExperimentConfig) -> bytes:
    """Return the bytes of a resolved configuration."""
    return yaml.safe_dump(config.as_dict(), sort_keys=False, allow_unicode=True).encode()


def versions() -> dict[str, str]:
    """Return the versions of what a run stands on."""
    found = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    return found | {name: metadata.version(name) for name in PACKAGES}


def history_table(histories: list[History]) -> pd.DataFrame:
    """Return a row for each network and epoch."""
    columns = ["train_loss", "validation_loss", "train_metric", "validation_metric"]
    rows = []
    for number, history in enumerate(histories, start=1):
        for epoch in range(len(history.train_loss)):
            row = {"network": number, "epoch": epoch}
            for name in columns:
                values = getattr(history, name)
                row[name] = values[epoch] if values else None
            rows.append(row | {"kept": int(epoch == history.kept)})
    return pd.DataFrame(rows)


def data_facts(samples: Samples, cut: Split) -> dict:
    """Return what a run's folder says of its data: where they are from, their hash, the split."""
    own = {"features": samples.features, "target": samples.target, "classes": samples.classes}
    counts = {name: len(places) for name, places in cut._asdict().items()}
    tested = np.sort(samples.places[cut.test]).astype("<i8")
    return samples.facts | own | counts | {"test_sha256": hashlib.sha256(tested).hexdigest()}


def model_facts(config: ExperimentConfig, data: dict, scores: dict) -> dict:
    """Return what a model's file says of its run, so that no other file of the run can belie it."""
    facts = {name: data[name] for name in ("features", "target", "classes", "sha256")}
    facts |= {"test rows": data["test_sha256"], "seeds": [config.data.seed, config.training.seed]}
    facts |= {"network": config.network.model_dump(), "encoding": config.data.encoding}
    timed = "seconds"  # which are others each time, and the file is not
    told = {m: {n: v for n, v in found.items() if n != timed} for m, found in scores.items()}
    return facts | {"scores": told}


class Run:
    """A finished run: config, metrics, and what is known of its data."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.config = stored_config(folder / CONFIG)
        kinds = {"scores": dict, "task": str, "target": str, "networks": int, "test_rows": int}
        self.metrics = _read_json(folder / METRICS, kinds)
        kinds = {"features": list, "classes": list, "target": str, "sha256": str}
        self.data = _read_json(folder / DATA, kinds | {"test_sha256": str})
        names = [*self.data["features"], *self.data["classes"]]
        if not all(isinstance(name, str) for name in names):
            raise ValueError(f"{folder / DATA} holds features or classes without a name")
        task = "classification" if self.data["classes"] else "regression"
        if (self.metrics["task"], self.metrics["target"]) != (task, self.data["target"]):
            raise ValueError(f"{folder / METRICS} is not of the data in {DATA}: was it altered?")
        for model, found in {"ours": None, **self.metrics["scores"]}.items():
            if not is_score(found, task):
                raise ValueError(f"{folder / METRICS} holds no scores of {model}: was it altered?")
        self._load()

    @property
    def history(self) -> pd.DataFrame:
        """Losses and metrics, a row for each network and epoch."""
        return pd.read_csv(self.folder / HISTORY)

    def _load(self):
        """Return the arrays of the model's file; refuse one that is damaged, or of another run."""
        path = self.folder / MODEL
        state = load_checkpoint(path)
        for name, value in model_facts(self.config, self.data, self.metrics["scores"]).items():
            if state.facts.get(name) != value:
                what = f"other {name} than {CONFIG}, {DATA} or {METRICS} says: was it altered?"
                raise ValueError(f"{path} is not the model of this run: it was made with {what}")
        return state.arrays

    @functools.cached_property
    def predictor(self) -> Predictor:
        """What it has learnt. Raises ValueError if the file is damaged, or of another run."""
        arrays = self._load()
        try:
            return restore(self.config, arrays, self.data["features"], self.data["classes"])
        except ValueError as error:
            path = self.folder / MODEL
            raise ValueError(f"{path} is not the model of this run: {error}") from None

    def load_samples(self) -> tuple[Samples, Split]:
        """Return the samples that it was trained with, and their split; refuse others."""
        samples = load_samples(self.config.data)
        cut = split(samples, self.config.data)
        facts = data_facts(samples, cut)
        for key in ("sha256", "features", "classes", "test_sha256"):
            if facts[key] != self.data[key]:
                then = f"the data are not those that {self.folder} was trained with: other {key}"
                todo = "put them back, train on these in another folder, or score them by"
                raise ValueError(f"{then}; {todo} evaluate RUN FILE")
        return samples, cut

    def predict(self, source) -> pd.DataFrame:
        """Return id and prediction for each row of a file or DataFrame, as load_rows reads it.

        For classes the prediction is the most probable one, and all probabilities follow.
        """
        rows = load_rows(source, self)
        A, classes = self.predictor.predict(rows.X), self.data["classes"]
        if not classes:
            return pd.DataFrame({"id": rows.ids, "prediction": A[0]})
        named = [classes[place] for place in A.argmax(axis=0)]
        columns = {f"p({name})": p for name, p in zip(classes, A, strict=True)}
        return pd.DataFrame({"id": rows.ids, "prediction": named} | columns)

    def evaluate(self, source=None) -> dict[str, float]:
        """Return the scores on rows with known targets; without a source on the run's test rows.

        Raises ValueError if the data, or the scores, are not those of then.
        """
        classes = self.data["classes"]
        if source is not None:
            rows = load_rows(source, self, with_target=True)
            return score(rows.Y, self.predictor.predict(rows.X), classes)
        samples, cut = self.load_samples()
        found = score(
            samples.Y[:, cut.test], self.predictor.predict(samples.X[:, cut.test]), classes
        )
        for name, value in found.items():
            if not math.isclose(
                value, self.metrics["scores"]["ours"].get(name, math.nan), rel_tol=1e-6
            ):
                raise ValueError(
                    f"{name} is {value:.6g}, and not what {METRICS} says: was it altered?"
                )
        return found

    def __repr__(self):
        """Return the folder's name, and our scores."""
        scores = self.metrics["scores"]["ours"]
        told = ", ".join(f"{name} {value:.4g}" for name, value in scores.items())
        return f"Run {self.folder.name}: {told}"


def _read_json(path, kinds):
    """Return what a JSON file holds, if it has these keys, each with a value of its kind."""
    try:
        found = json.loads(path.read_bytes().decode())
        fits = isinstance(found, dict) and all(
            isinstance(found.get(k), t) for k, t in kinds.items()
        )
    except (ValueError, RecursionError):
        fits = False
    if not fits:
        raise ValueError(f"{path} does not hold {', '.join(kinds)}: it is damaged, or of no run")
    return found


def load_run(folder: str | Path) -> Run:
    """Return a finished run. Raises FileNotFoundError, or ValueError for what is none."""
    folder = Path(os.path.expanduser(folder))
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}; expected that of a run")
    if missing := [name for name in (CONFIG, METRICS, DATA, MODEL) if not (folder / name).exists()]:
        raise ValueError(f"{folder} is no finished run: it lacks {', '.join(missing)}")
    return Run(folder)
