"""The commands of the command line: each prints its result, and returns the exit code.

What they need is loaded when they are called, so that --help answers at once.
"""

import logging
import re
import shlex
import sys
from pathlib import Path

PROG = "python -m nnfs_core"
logger = logging.getLogger("nnfs_core")


def say_from(level: str):
    """Say on stderr what is at least of this level."""
    for handler in logger.handlers:
        handler.setLevel(level.upper())


def train(asked) -> int:
    """Train, and print the scores."""
    from nnfs_core.runs import load_config, run_experiment
    from nnfs_core.runs.telling import score_table

    config = load_config(asked.config, asked.set)
    say_from(config.logging.level)
    out = Path(asked.out or Path("runs") / Path(asked.config).stem)
    try:
        run = run_experiment(config, out, asked.resume, asked.scheduler)
    except KeyboardInterrupt as stopped:
        sets = [part for text in asked.set for part in ("--set", text)]
        words = [asked.config, *sets, *(["--out", asked.out] if asked.out else []), "--resume"]
        words += ["--scheduler", asked.scheduler] if asked.scheduler else []
        where = f" in {stopped}" if str(stopped) else ""
        print(f"interrupted{where}; go on: {PROG} train {shlex.join(words)}", file=sys.stderr)
        return 130
    print(score_table(run.metrics))
    logger.info("all of it is in %s", out)
    return 0


def evaluate(asked) -> int:
    """Print scores, ours and, on the run's own test rows, those of the baselines."""
    from nnfs_core.runs import load_run
    from nnfs_core.runs.scores import SHOWN
    from nnfs_core.runs.telling import score_table

    run = load_run(asked.run)
    found = run.evaluate(asked.file)
    if asked.file is None:
        print(score_table(run.metrics))
    else:
        print("  ".join(f"{SHOWN[name]} {value:.4g}" for name, value in found.items()))
    return 0


def predict(asked) -> int:
    """Write predictions as CSV."""
    from nnfs_core.files import write_whole
    from nnfs_core.runs import load_run

    table = load_run(asked.run).predict(asked.file)
    if asked.out and Path(asked.out).exists() and Path(asked.out).samefile(asked.file):
        raise ValueError(f"--out {asked.out} is the file to predict: expected another")
    _guard_out(asked.out, rb"id,prediction[,\n]", "predictions")
    text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    if asked.out:
        write_whole(asked.out, text.encode())
        logger.info("%s predictions in %s", f"{len(table):,}", asked.out)
    else:
        sys.stdout.write(text)
    return 0


def _guard_out(out, begins, what):
    """Refuse to write over what does not begin as an earlier result does."""
    from nnfs_core.files import guard_place

    if out:
        guard_place(Path(out))
    if out and Path(out).is_file():
        with open(out, "rb") as file:
            if not re.match(begins, file.read(200), re.DOTALL):
                raise ValueError(f"--out {out} is there, and is not {what}: expected another name")


def compare(asked) -> int:
    """Print a table of settings, and draw it."""
    from nnfs_core.files import write_whole
    from nnfs_core.runs.comparing import compare_runs
    from nnfs_core.runs.telling import columns

    _guard_out(asked.out, rb"\x89PNG.{1,80}Title\0comparison", "a comparison")
    found = compare_runs(asked.runs)
    rows = [["", *found.table]]
    rows += [[str(label), *map(str, row)] for label, *row in found.table.itertuples()]
    print("\n".join([columns(rows), *found.notes]))
    write_whole(asked.out, found.picture())
    logger.info("picture in %s", asked.out)
    return 0


def summary(asked) -> int:
    """Print what a configuration would train."""
    from nnfs_core.runs import load_config
    from nnfs_core.runs.telling import summary

    print("\n".join(summary(load_config(asked.config, asked.set))))
    return 0


def check_gradients(asked) -> int:
    """Print the largest error of the gradients; exit code 1 if one is wrong."""
    from nnfs_core.runs import load_config
    from nnfs_core.runs.telling import gradient_lines

    if asked.set and asked.config is None:
        raise ValueError("--set changes a configuration: give its file, too")
    config = load_config(asked.config, asked.set) if asked.config else None
    lines = list(gradient_lines(config))
    print("\n".join(line for line, _ in lines))
    return 0 if all(small for _, small in lines) else 1


COMMANDS = {
    "train": train,
    "evaluate": evaluate,
    "predict": predict,
    "compare": compare,
    "summary": summary,
    "check-gradients": check_gradients,
}
