"""The command line, python -m nnfs_core: the result goes to stdout, and nothing else does."""

import argparse
import contextlib
import logging
import os
import sys
import warnings

from nnfs_core.runs.commands import COMMANDS, PROG, say_from

LEVELS = ("debug", "info", "warning", "error")
EXAMPLES = """\
examples:
  python -m nnfs_core train configs/popularity.yaml
  python -m nnfs_core train configs/digits.yaml --set training.epochs=50 --set network.dropout=0.1
  python -m nnfs_core train configs/popularity.yaml --out runs/long --resume
  python -m nnfs_core train configs/genres.yaml --set network.dropout=0 --scheduler tcp://host:8786
  python -m nnfs_core evaluate runs/popularity
  python -m nnfs_core predict runs/popularity new.csv --out predictions.csv
  python -m nnfs_core compare runs/a runs/b --out comparison.png

environment: NNFS_SEED is the training's seed, NNFS_LOG_LEVEL what is said on stderr (debug, info,
warning, error), NNFS_DATA the file of tracks. --set goes before them, the file comes last.
exit code: 0, 2 for bad input, 1 for what fails otherwise, 130 after Ctrl-C.
"""
ENVIRONMENT = ("NNFS_SEED", "NNFS_LOG_LEVEL", "NNFS_DATA")
logger = logging.getLogger("nnfs_core")


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong."""

    def error(self, message):
        """End with exit code 2."""
        self.exit(2, f"{self.prog}: {message} (--help shows examples)\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    look = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    about = "Train networks from configuration files, and use what they have learnt."
    whole = Parser(prog=PROG, description=about, epilog=EXAMPLES, **look)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, about, *arguments):
        command = commands.add_parser(name, help=about, description=about, **look)
        for flags, settings in arguments:
            command.add_argument(*flags.split(), **settings)

    about = "a YAML file, or the name of a shipped one, as digits"
    config = ("config", {"metavar": "CONFIG", "help": about})
    change = {"action": "append", "default": [], "metavar": "KEY=VALUE"}
    change = ("--set", change | {"help": "in place of the file's: training.epochs=50"})
    run = ("run", {"metavar": "RUN", "help": "the folder of a finished run"})
    out = {"metavar": "DIR", "help": "folder of the run; without it runs/NAME OF THE CONFIG"}
    resume = {"action": "store_true", "help": "go on where a run stopped, or begin it"}
    scheduler = {"metavar": "ADDRESS", "help": "of a Dask scheduler whose workers do the training"}
    add(
        "train",
        "Train what a configuration asks for, and print its scores.",
        config,
        change,
        ("--out", out),
        ("--resume", resume),
        ("--scheduler", scheduler),
    )
    file = {"nargs": "?", "metavar": "FILE", "help": "other rows, with known targets"}
    add(
        "evaluate", "Print the scores of a run on its test rows, or on a file.", run, ("file", file)
    )
    out = {"metavar": "FILE", "help": "without it they go to stdout"}
    add(
        "predict",
        "Predict the rows of a file: id, prediction, and for classes their probabilities.",
        run,
        ("file", {"metavar": "FILE", "help": "a table with the columns that the run learnt from"}),
        ("--out", out),
    )
    runs = {"nargs": "+", "metavar": "RUN", "help": "runs; the first one's setting is the base"}
    out = {"metavar": "PNG", "default": "comparison.png", "help": "the picture (comparison.png)"}
    add("compare", "Compare settings over seeds, pair by pair.", ("runs", runs), ("--out", out))
    add("summary", "Print layers, shapes, parameters and data of a configuration.", config, change)
    optional = (config[0], config[1] | {"nargs": "?"})
    about = "Compare the gradients of a configuration's network, made small, with differences."
    add("check-gradients", about, optional, change)
    return whole


def _without_bar(record):
    """Keep a record from a terminal if a progress bar says the same."""
    return not (getattr(record, "is_progress", False) and sys.stderr.isatty())


@contextlib.contextmanager
def _said_on_stderr():
    """Say what is logged, and warnings, in plain lines on stderr."""
    level = (os.environ.get("NNFS_LOG_LEVEL") or "info").lower()
    if level not in LEVELS:
        expected = f"expected one of {', '.join(LEVELS)}"
        raise ValueError(f"NNFS_LOG_LEVEL is {os.environ['NNFS_LOG_LEVEL']!r}; {expected}")
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_without_bar)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    say_from(level)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = lambda message, *_, **__: logger.warning("%s", message)
            yield
    except Exception:
        logger.debug("where that happened:", exc_info=True)
        raise
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code."""
    asked = parser().parse_args(arguments)
    if sys.stdout is None:
        print(f"{PROG} {asked.command}: stdout is closed: nobody would see it", file=sys.stderr)
        return 2
    sys.stdout.reconfigure(errors="backslashreplace")  # for terminals that know no ²
    try:
        with _said_on_stderr():
            code = COMMANDS[asked.command](asked)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # who reads has enough; nothing more is flushed at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except (ValueError, OSError, FloatingPointError, MemoryError) as error:
        print(
            f"{PROG} {asked.command}: {str(error) or 'there is not enough memory'}", file=sys.stderr
        )
        bad_input = (ValueError, FileNotFoundError, FileExistsError, NotADirectoryError)
        bad_input += (IsADirectoryError, PermissionError)
        return 2 if isinstance(error, bad_input) else 1
