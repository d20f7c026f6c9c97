"""Runs side by side: those that differ in their seeds alone are one setting, measured again.

Two settings are compared in pairs: a run of each, with the same test rows and the same training
seed. So an easy or a hard split does not look like a better or a worse setting.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nnfs_core.runs.folder import Run, load_run
from nnfs_core.runs.pictures import BLUE, ORANGE, as_label, as_png
from nnfs_core.runs.scores import FORMATS, SHOWN
from nnfs_core.validation import guard_kind

MAIN = {"regression": "r2", "classification": "accuracy"}  # the score that is paired


class Setting(NamedTuple):
    """Runs of one setting, by what pairs them: data, test rows and training seed."""

    label: str
    runs: dict[tuple[str, str, int], Run]

    def scores(self, name: str) -> np.ndarray:
        """Return a score of each run."""
        return np.array([run.metrics["scores"]["ours"][name] for run in self.runs.values()])


class Comparison(NamedTuple):
    """settings, the first of them to compare with; table: a row for each; notes: to be read, too.

    differences: of the main score to the first setting, one for each pair, by label.
    """

    settings: list[Setting]
    table: pd.DataFrame
    differences: dict[str, np.ndarray]
    notes: list[str]
    main: str

    def draw(self) -> Figure:
        """Draw the scores of all runs, and the paired differences with twice their error."""
        figure = Figure(figsize=(9, 1.6 + 0.45 * len(self.settings)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        labels = [setting.label for setting in self.settings]
        for place, setting in enumerate(self.settings):
            scores = setting.scores(self.main)
            left.plot(scores, [place] * len(scores), "o", color=BLUE, markersize=4, alpha=0.6)
            left.plot(scores.mean(), place, "|", color="black", markersize=14)
            pairs = self.differences.get(setting.label)
            if pairs is not None and len(pairs):
                right.plot(pairs, [place] * len(pairs), "o", color=ORANGE, markersize=4, alpha=0.6)
                right.errorbar(pairs.mean(), place, xerr=2 * _error(pairs), fmt="|", color="black")
        left.set_yticks(range(len(labels)), [as_label(label) for label in labels])
        left.set_ylim(len(labels) - 0.5, -0.5)
        name = SHOWN[self.main]
        left.set(xlabel=f"{name} on test rows", title="Each run, and the mean")
        right.axvline(0, color="0.6", linewidth=1)
        right.set(xlabel=f"{name} minus that of the first", title="Pair by pair, ± 2 errors")
        return figure

    def picture(self) -> bytes:
        """Return the drawing as the bytes of a PNG."""
        return as_png(self.draw(), "comparison")


def compare_runs(runs: list[Run | str | Path]) -> Comparison:
    """Return how the settings of runs compare, each with the first.

    Raises ValueError for runs with other targets, fewer than two, or one that is given twice.
    """
    guard_kind("runs", runs, list | tuple, "a list of two or more runs, or of their folders")
    runs = [run if isinstance(run, Run) else load_run(run) for run in runs]
    if len(runs) < 2:
        raise ValueError(f"{len(runs)} run given; expected two or more")
    for run in runs[1:]:
        for key in ("task", "target"):
            if run.metrics[key] != runs[0].metrics[key]:
                what = f"{key} {run.metrics[key]!r}, {runs[0].folder} {runs[0].metrics[key]!r}"
                raise ValueError(f"{run.folder} has the {what}: they do not compare")
    main = MAIN[runs[0].metrics["task"]]
    settings = _group(runs)
    first, rows, differences = settings[0], {}, {}
    for setting in settings:
        row = {"runs": len(setting.runs)}
        for name in first.runs[next(iter(first.runs))].metrics["scores"]["ours"]:
            if name in SHOWN:
                row[SHOWN[name]] = _told(setting.scores(name), FORMATS[name])
        if setting is not first:
            pairs = [key for key in setting.runs if key in first.runs]
            both = [(setting.runs[key], first.runs[key]) for key in pairs]
            found = [one.metrics["scores"]["ours"][main] - other.metrics["scores"]["ours"][main]
                     for one, other in both]  # fmt: skip
            differences[setting.label] = np.array(found)
            row["minus the first"] = _paired(differences[setting.label])
        rows[setting.label] = row
    table = pd.DataFrame.from_dict(rows, orient="index").fillna("")
    return Comparison(settings, table, differences, _notes(settings, runs), main)


def _group(runs):
    """Return the settings of runs, in order; their labels say what differs."""
    flat = [_settings(run) for run in runs]
    keys = [key for key in flat[0] if len({json.dumps(one[key]) for one in flat}) > 1]
    found: dict[str, Setting] = {}
    for run, one in zip(runs, flat, strict=True):
        whole = json.dumps([one[key] for key in keys])
        if whole not in found:
            label = ", ".join(f"{key}={_plain(one[key])}" for key in keys) or "one setting"
            alike = sum(other.label.partition(" #")[0] == label for other in found.values())
            found[whole] = Setting(f"{label} #{alike + 1}" if alike else label, {})
        setting = found[whole]
        pair = run.data["sha256"], run.data["test_sha256"], run.config.training.seed
        if pair in setting.runs:
            raise ValueError(
                f"{setting.runs[pair].folder} and {run.folder} are runs of one setting, split and "
                "seed: leave one out"
            )
        setting.runs[pair] = run
    return list(found.values())


def _settings(run):
    """Return what makes a setting, by short names: all but seeds, logging and baselines."""
    sections = run.config.as_dict()
    found = {"data": run.data["sha256"][:8]}
    for section in ("data", "network", "training"):
        left_out = {"seed", "path", "baselines"}
        found |= {k: v for k, v in sections[section].items() if k not in left_out}
    return found


def _plain(value):
    text = json.dumps(value, ensure_ascii=False).replace('"', "")
    return text if len(text) <= 40 else f"{text[:37]}..."


def _error(values):
    return values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0


def _told(scores, form):
    told = f"{scores.mean():{form}}"
    spread = form.replace("4g", "2g")
    return told if len(scores) == 1 else f"{told} ± {scores.std(ddof=1):{spread}}"


def _paired(differences):
    if not len(differences):
        return "no pair"
    if len(differences) == 1:
        return f"{differences[0]:+.3f} in one pair"
    above = f"above 0 in {(differences > 0).sum()} of {len(differences)}"
    return f"{differences.mean():+.3f} ± {_error(differences):.3f}, {above}"


def _share_networks(runs):
    """Return whether two runs on one split have averaged a network of the same seed.

    Each takes a seed for each of its networks, from training.seed on.
    """
    seen = set()
    for (data, test, seed), run in runs.items():
        own = {(data, test, seed + number) for number in range(run.config.training.networks)}
        if own & seen:
            return True
        seen |= own
    return False


def _notes(settings, runs):
    """Return what a reader of the table has to know."""
    notes = ["± after a score: standard deviation over runs; after a difference: standard error"]
    data, tests = ({run.data[key] for run in runs} for key in ("sha256", "test_sha256"))
    if len(data) > 1:
        notes.append("not all runs have the same data: only pairs that have compare")
    if any(not set(one.runs) & set(settings[0].runs) for one in settings[1:]):
        notes.append("no pair: other test rows or training seeds than those of the first setting")
    if len(tests) == 1 and len(runs) > len(settings):
        notes.append("one split: other test rows may say another thing (data.seed draws the split)")
    if any(_share_networks(one.runs) for one in settings):
        more = "their spread seems too small (training.seed: go on by training.networks)"
        notes.append(f"runs of one setting and split share networks of the same seed: {more}")
    if len(settings) > 1 and max(len(one.runs) for one in settings) == 1:
        notes.append("one run each: a difference may be luck (training.seed, data.seed)")
    return notes
