"""The command line as a target, and tables that a trained run predicts."""

import contextlib
import io
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from nnfs_core.runs import cli, load_config, load_run, run_experiment
from tools.lib import changing, hostile
from tools.lib.layout import ROOT
from tools.lib.target import Clear, Target, check, ours, tracks, without_tables, written

SMALL = {  # the largest that a fuzzed command trains
    "data": {"name": "synthetic-regression", "rows": 60},
    "network": {"hidden": [4]},
    "training": {"epochs": 1, "baselines": False, "batch_size": 20},
}


def _small_runs(place: Path) -> list[Path]:
    """Folders of two runs: of tracks, and of classes."""
    table = pd.DataFrame(
        {
            "id": range(60),
            "a": np.arange(60.0),
            "b": np.sin(np.arange(60)),
            "kind": ["x", "y", "z"] * 20,
        }
    )
    table.to_csv(place / "classes.csv", index=False)
    (place / "tracks.csv").write_bytes(tracks(200))
    made = {
        "tracks": {"path": str(place / "tracks.csv"), "format": "tracks", "target": "popularity"},
        "classes": {"path": str(place / "classes.csv"), "target": "kind", "features": ["a", "b"]},
    }
    for name, data in made.items():
        run_experiment(load_config(SMALL | {"data": data}), place / name)
    return [place / name for name in made]


def prediction(place: Path) -> Target:
    """Tables that a run predicts, or is evaluated on."""
    runs = [load_run(folder) for folder in _small_runs(place)]
    names = [run.data["features"] for run in runs]

    def run(content):
        path, errors, right = written(place, content), [], False
        for one in runs:
            for call in (one.predict, one.evaluate):
                try:
                    found = call(path)
                except (ValueError, OSError) as error:
                    if not ours(error):
                        raise
                    errors.append(str(error))
                    continue
                right = True
                if isinstance(found, dict):
                    check(all(isinstance(v, float) for v in found.values()), f"scores {found}")
                    continue
                numbers = found.select_dtypes("number").to_numpy(float)
                check(np.isfinite(numbers).all() and len(found) > 0, "a prediction is no number")
                if one.data["classes"]:
                    shares = found.filter(like="p(").sum(axis=1)
                    check(np.allclose(shares, 1), "probabilities do not add up")
        if not right:
            raise Clear(errors[0])

    good = [tracks(5), (place / "classes.csv").read_bytes().split(b"\n41,")[0]]
    files = without_tables(hostile.table_files(tracks(3))) | hostile.odd_paths(place)
    columns = tuple(dict.fromkeys([*names[0], *names[1], "kind", "popularity"]))
    changed = changing.changed(good) | changing.tables(columns)
    return Target(
        run, files, changed | changing.other_cells(good[0]) | changing.other_cells(good[1])
    )


def command(place: Path) -> Target:
    """The command line: whatever stands behind its name."""
    runs = [str(folder) for folder in _small_runs(place)]
    small = place / "small.yaml"
    small.write_text(json.dumps(SMALL))
    broken = place / "broken.yaml"
    broken.write_text("data: {nme: digits}\n")
    words = [
        *(
            "train",
            "evaluate",
            "predict",
            "compare",
            "summary",
            "check-gradients",
            "--help",
            "--set",
        ),
        *(
            "--out",
            "--resume",
            "--",
            "-",
            "",
            "-h",
            "--ste",
            "--out=x",
            str(small),
            str(broken),
            *runs,
        ),
        *(str(place / name) for name in ("tracks.csv", "classes.csv", "missing", "pipe", "loop")),
        *(
            str(ROOT / "configs" / "digits.yaml"),
            "training.epochs=2",
            "training.epochs=0",
            "network=3",
        ),
        *(
            "network.hidden=[9]",
            "network.hidden=" + "[" * 1000,
            "=",
            "a=b",
            ".=",
            "a.b.c.d=1",
            "data=1",
        ),
        *(
            "data.path=../../../../etc/passwd",
            "training.seed=9" * 50,
            "data.name=!!python/name:os.system",
        ),
        *(
            "\udcff",
            "a\0b",
            "ü",
            "a" * 5000,
            "~nobody_of_this_name/x",
            "/dev/null",
            "/dev/zero",
            "/",
        ),
    ]
    hostile.odd_paths(place)

    def run(arguments):
        told, said = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in "12")
        made = set(os.listdir(place))
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(said):
            try:
                code = cli.main(list(arguments))
            except SystemExit as end:  # argparse
                code = end.code
        for name in set(os.listdir(place)) - made:
            _remove(place / name)  # what it was asked to write
        said.flush()
        words = said.buffer.getvalue().decode()
        check(code in (0, 1, 2, 130), f"exit code {code!r}")
        check("Traceback" not in words, words[-600:])
        check(code != 2 or words.strip() != "", "exit code 2 and not a word")
        check(code == 0 or len(words.splitlines()) < 40, "more than forty lines")

    # The last words keep a training short, whatever stands before them.
    short = [f"--set=training.{w}" for w in ("epochs=1", "networks=1")]
    short += ["--set=network.hidden=[4]", "--set=data.rows=60", "--set=training.baselines=false"]
    commands = st.lists(st.sampled_from(words) | st.text(max_size=8), max_size=6).map(
        lambda found: [*found, *short] if "train" in found and "--" not in found else found
    )
    by_hand = {
        "nothing": [],
        "help": ["--help"],
        "no such command": ["fly"],
        "a thousand words": ["predict", *["a"] * 1000],
        "a thousand sets": ["summary", str(small), *["--set", "training.epochs=2"] * 1000],
        "a run that is none": ["evaluate", str(place)],
        "predictions into a folder": [
            "predict",
            runs[0],
            str(place / "tracks.csv"),
            "--out",
            str(place),
        ],
        "predictions into a pipe": [
            *("predict", runs[0], str(place / "tracks.csv"), "--out", str(place / "pipe"))
        ],
        "predictions over the file": [
            *("predict", runs[0], str(place / "tracks.csv"), "--out", str(place / "tracks.csv"))
        ],
        "out below a file": ["train", str(small), "--out", str(small / "x")],
        "out is a file": ["train", str(small), "--out", str(small)],
        "out is the root": ["train", str(small), "--out", "/"],
    }
    return Target(run, by_hand, commands)


def _remove(path: Path) -> None:
    """Remove a file or a folder with its files."""
    if path.is_dir() and not path.is_symlink():
        for inner in path.iterdir():
            _remove(inner)
        path.rmdir()
    else:
        path.unlink()
