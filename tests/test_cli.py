"""The command line: results on stdout, all else on stderr, and exit codes."""

import os
import shlex
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest

from nnfs_core import load_checkpoint, load_config
from nnfs_core.layers import ReLU
from nnfs_core.runs import cli, telling
from tools import use
from tools.lib import readme
from tools.lib.layout import ROOT, Refused

CONFIG = """\
data:
  path: t.csv
  target: y
network:
  hidden: [5]
training:
  epochs: 20
  batch_size: 16
  baselines: false
"""
PROGRAM = [sys.executable, "-m", "nnfs_core"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a configuration and its table, to work in; nothing in the environment."""
    for name in cli.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.standard_normal((60, 2)), columns=["a", "b"])
    table["y"] = table["a"] - table["b"]
    table["kind"] = np.where(table["y"] > 0, "up", "down")
    table.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "c.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def say(capsys):
    """A function that runs a command and returns exit code, stdout and stderr."""

    def run(*words):
        try:
            code = cli.main([*map(str, words)])
        except SystemExit as ended:
            code = ended.code
        return code, *capsys.readouterr()

    return run


def test_train_prints_scores_and_nothing_else_on_stdout(say, folder):
    code, out, err = say("train", "c.yaml", "--set", "training.epochs=3")
    assert code == 0
    header, ours = out.splitlines()
    assert header.split() == ["y,", "12", "test", "rows", "R²", "MAE", "seconds"]
    assert ours.startswith("ours") and (folder / "runs" / "c" / "model.npz").exists()
    assert "network 1 of 1, epoch 3: training loss" in err
    assert err.endswith("all of it is in runs/c\n")
    code, out, err = say("train", "c.yaml", "--set", "training.epochs=3")
    assert (code, out) == (2, "") and err.count("\n") == 1 and "is a finished run" in err
    code, out, err = say("train", "c.yaml", "--set", "training.epochs=3", "--resume")
    assert code == 0 and out.splitlines()[1] == ours


def test_evaluate_predict_and_compare(say, folder):
    for dropout in (0, 0.1):
        rest = ("--out", f"d{dropout}", "--set", f"network.dropout={dropout}")
        assert say("train", "c.yaml", *rest)[0] == 0
    code, out, _ = say("evaluate", "d0")
    assert code == 0 and out.splitlines()[1].startswith("ours")
    code, out, err = say("evaluate", "d0", "t.csv")
    assert code == 0 and out.startswith("R² ") and "MAE" in out and "scores flatter" in err
    code, out, _ = say("predict", "d0", "t.csv")
    assert code == 0 and out.startswith("id,prediction\n1,") and out.count("\n") == 61
    code, nothing, err = say("predict", "d0", "t.csv", "--out", "p.csv")
    assert (code, nothing) == (0, "") and err == "60 predictions in p.csv\n"
    assert (folder / "p.csv").read_text() == out
    code, out, err = say("compare", "d0", "d0.1")
    assert code == 0 and "dropout=0.1" in out and "one run each" in out
    assert (folder / "comparison.png").exists() and err == "picture in comparison.png\n"


def test_probabilities_are_predicted_for_classes(say, folder):
    rest = ("--set", "data.target=kind", "--set", "data.features=[a, b]", "--out", "run")
    assert say("train", "c.yaml", *rest)[0] == 0
    code, out, _ = say("predict", "run", "t.csv")
    assert code == 0 and out.startswith("id,prediction,p(down),p(up)\n")
    code, out, _ = say("evaluate", "run", "t.csv")
    assert out.startswith("accuracy ") and "log-loss" in out


def test_a_file_with_other_columns_is_refused_and_nothing_is_written(say, folder):
    say("train", "c.yaml", "--out", "run")
    (folder / "other.csv").write_text("a,c\n1,2\n")
    for command in ("predict", "evaluate"):
        code, out, err = say(command, "run", "other.csv")
        assert (code, out) == (2, "") and err.count("\n") == 1
        assert "other.csv lacks the columns b" in err
    code, _, err = say("predict", "run", "t.csv", "--out", "t.csv")
    assert code == 2 and "is the file to predict" in err
    assert (folder / "t.csv").read_text().startswith("a,b,y")
    code, _, err = say("predict", "run", "t.csv", "--out", "none/p.csv")
    assert code == 2 and "cannot be written" in err


def test_summary_says_layers_shapes_and_sizes(say):
    rest = ("--set", "network.batch_norm=true", "--set", "network.dropout=0.2")
    code, out, _ = say("summary", "c.yaml", *rest)
    lines = [line.split() for line in out.splitlines()]
    assert code == 0 and lines[0] == ["data", "t.csv:", "60", "rows"]
    assert lines[1] == "rows train 43, validation 5, test 12".split()
    assert "Linear 5 W (5, 2), b (5, 1) 15".split() in lines
    assert "BatchNorm 5 gamma (5, 1), beta (5, 1) 10".split() in lines
    assert "Dropout(rate=0.2) 5 0".split() in lines
    assert lines[-1] == "31 parameters; networks 1, epochs 20, steps an epoch 3".split()
    code, out, _ = say("summary", "c.yaml", "--set", "data.target=kind")
    assert "target    kind: 2 classes" in out


def test_check_gradients_tells_right_from_wrong(say, monkeypatch):
    for words in ((), ("c.yaml",), ("c.yaml", "--set", "network.output=sigmoid")):
        code, out, _ = say("check-gradients", *words)
        lines = out.splitlines()
        assert code == 0 and all(line.endswith("largest error < 1e-7") for line in lines)
        assert len(lines) == (1 if "--set" in words else 2)
    monkeypatch.setattr(ReLU, "backward", lambda self, dA: dA)
    code, out, _ = say("check-gradients", "c.yaml")
    assert code == 1 and "expected below 1e-7" in out
    code, _, err = say("check-gradients", "--set", "network.hidden=[3]")
    assert code == 2 and "give its file, too" in err


def test_a_gradient_of_a_bias_in_front_of_batch_norm_is_zero_or_wrong(monkeypatch):
    config = load_config({"data": {"name": "digits"}, "network": {"batch_norm": True}})
    assert all(small for _, small in telling.gradient_lines(config))
    layer = telling.build_network.__globals__["BatchNorm"]
    right = layer.backward
    monkeypatch.setattr(layer, "backward", lambda self, dA: right(self, dA) + 1e-3)
    assert not any(small for _, small in telling.gradient_lines(config))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train"], "the following arguments are required: CONFIG"),
        (["trian", "c.yaml"], "invalid choice: 'trian'"),
        (["train", "none.yaml"], "no file none.yaml; expected a configuration"),
        (["train", "c.yaml", "--set", "training.epoch=3"], "did you mean epochs?"),
        (["train", "c.yaml", "--out", "t.csv"], "expected an empty folder or none"),
        (["train", "."], "no file .; expected a configuration"),
        (["train", "c.yaml", "--se", "a.b=3"], "unrecognized arguments: --se"),
        (["evaluate", "none"], "no folder none; expected that of a run"),
        (["evaluate", "."], "is no finished run: it lacks config.yaml"),
        (["compare", "none"], "no folder none"),
        (["predict", "none", "t.csv"], "no folder none"),
        (["train", "x" * 5_000], "File name too long"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(say, words, message):
    code, out, err = say(*words)
    assert out == "" and err.count("\n") == 1 and message in err
    assert code == (1 if "too long" in message else 2)
    assert err.startswith("python -m nnfs_core")


def test_several_mistakes_are_told_together(say):
    rest = ("--set", "training.epochs=0", "--set", "network.dropout=2")
    code, _, err = say("train", "c.yaml", *rest)
    assert code == 2 and "c.yaml: 2 mistakes\n" in err and err.count("\n") == 3


def test_variables_are_heeded_and_bad_ones_refused(say, folder, monkeypatch):
    monkeypatch.setenv("NNFS_LOG_LEVEL", "warning")
    monkeypatch.setenv("NNFS_SEED", "5")
    code, _, err = say("train", "c.yaml")
    assert (code, err) == (0, "")
    assert "seed: 5" in (folder / "runs" / "c" / "config.yaml").read_text()
    monkeypatch.setenv("NNFS_SEED", "abc")
    code, _, err = say("train", "c.yaml")
    assert code == 2 and "training.seed (NNFS_SEED) is 'abc'; expected a whole number" in err
    monkeypatch.setenv("NNFS_LOG_LEVEL", "loud")
    code, _, err = say("evaluate", "runs/c")
    assert code == 2 and "NNFS_LOG_LEVEL is 'loud'; expected one of debug, info" in err


def test_the_level_of_the_file_holds_and_the_log_has_all(say, folder):
    code, _, err = say("train", "c.yaml", "--set", "logging.level=error")
    assert (code, err) == (0, "")
    log = (folder / "runs" / "c" / "log.txt").read_text()
    assert log.count("epoch") >= 20 and "DEBUG" in log


def test_overflow_ends_with_1_and_debug_shows_where(say, monkeypatch):
    rest = ("--set", "training.optimizer=sgd", "--set", "training.learning_rate=1000")
    code, out, err = say("train", "c.yaml", *rest)
    assert (code, out) == (1, "") and "is probably too fast" in err.splitlines()[-1]
    assert "Traceback" not in err
    monkeypatch.setenv("NNFS_LOG_LEVEL", "debug")
    assert "Traceback" in say("train", "c.yaml", *rest, "--out", "other")[2]


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (MemoryError(), 1, "python -m nnfs_core summary: there is not enough memory\n"),
        (ConnectionError("no network"), 1, "python -m nnfs_core summary: no network\n"),
    ],
)
def test_what_fails_otherwise_is_one_line_too(say, monkeypatch, error, code, message):
    def fail(asked):
        raise error

    monkeypatch.setitem(cli.COMMANDS, "summary", fail)
    assert say("summary", "c.yaml") == (code, "", message)


def test_warnings_are_plain_lines(say, folder, monkeypatch):
    table = pd.read_csv(folder / "t.csv")
    table.loc[0, "a"] = np.nan
    table.to_csv(folder / "t.csv", index=False)
    code, _, err = say("train", "c.yaml", "--set", "data.gaps=drop")
    assert code == 0 and "\n1 of 60 rows have gaps; the first: row 1, column a" in err
    monkeypatch.setitem(cli.COMMANDS, "summary", lambda asked: warnings.warn("oh", stacklevel=1))
    assert say("summary", "c.yaml")[2] == "oh\n"


def test_help_has_examples_and_names_every_command(say):
    code, out, _ = say("--help")
    assert code == 0 and "examples:" in out and "NNFS_SEED" in out
    for name in cli.COMMANDS:
        assert name in out and say(name, "--help")[0] == 0


def test_examples_of_help_are_commands():
    for line in cli.EXAMPLES.splitlines():
        if line.startswith("  python -m nnfs_core "):
            cli.parser().parse_args(line.split()[3:])


# What README shows


@pytest.mark.parametrize("block", use.BLOCKS)
def test_readme_shows_commands_that_there_are(block):
    text = use.kept(block).read_text("utf-8")
    assert f"results use-{block}" in (ROOT / "README.md").read_text("utf-8")
    assert f"use-{block}" in readme.KINDS
    for command in use.BLOCKS[block]:
        assert f"$ {command}\n" in text  # else: python -m tools.use
        for line in command.replace("\\\n", " ").splitlines():
            if use.START in line:
                words = line.partition(use.START)[2].partition("|")[0]
                assert cli.parser().parse_args(shlex.split(words)).command in cli.COMMANDS


def test_readme_shows_what_quick_commands_print(say, folder, monkeypatch):
    monkeypatch.setenv("NNFS_LOG_LEVEL", "error")
    use.prepare(folder)
    shown = "".join(use.kept(block).read_text("utf-8") for block in use.BLOCKS)
    _, out, _ = say("summary", "energy.yaml")
    assert out in shown
    command = use.BLOCKS["mistakes"][0]
    code, _, err = say(*shlex.split(command)[3:])
    assert code == 2 and err in shown
    assert use.show("echo wrong >&2; exit 2", folder) == "$ echo wrong >&2; exit 2\nwrong\n"
    with pytest.raises(Refused, match="ended with 3"):
        use.show("exit 3", folder)


# As a process of its own


def test_ctrl_c_ends_with_130_keeps_the_checkpoint_and_says_how_to_go_on(folder):
    many = ["train", "c.yaml", "--set", "training.epochs=100000", "--out", "run"]
    with subprocess.Popen([*PROGRAM, *many], stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not list(folder.glob(".run.unfinished/network-1.npz")):
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()  # or it would be waited for, if it goes on
    assert process.returncode == 130 and "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("interrupted in network 1 of 1, after epoch ")
    hint = last.partition("go on: python -m nnfs_core ")[2].split()
    assert hint == [*many[:2], "--set", many[3], "--out", "run", "--resume"]
    with warnings.catch_warnings():  # Ctrl-C between two renames leaves the checkpoint of before
        warnings.filterwarnings("ignore", message=".*the one before it")
        state = load_checkpoint(folder / ".run.unfinished" / "network-1.npz")
    assert state.facts["history"]


def test_who_reads_may_leave(folder, say):
    say("train", "c.yaml", "--out", "run")
    pd.concat([pd.read_csv("t.csv")] * 300).to_csv("long.csv", index=False)
    command = f"{' '.join(PROGRAM)} predict run long.csv | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "id,prediction\n" and done.stderr == ""


def test_the_shipped_digits_are_trained(say, folder):
    few = ["--set", "training.epochs=1", "--set", "training.baselines=false", "--out", "run"]
    code, out, _ = say("train", ROOT / "configs" / "digits.yaml", *few)
    assert code == 0 and out.startswith("class, 360 test rows  accuracy  log-loss")
    assert (folder / "run" / "confusion.png").exists()


def test_predictions_go_into_no_file_of_the_run(say, folder):
    say("train", "c.yaml", "--out", "run")
    before = (folder / "run" / "model.npz").read_bytes()
    code, _, err = say("predict", "run", "t.csv", "--out", "run/model.npz")
    assert code == 2 and "is there, and is not predictions" in err
    assert (folder / "run" / "model.npz").read_bytes() == before
    code, _, err = say("predict", "run", "none.csv", "--out", "t.csv")
    assert code == 2 and "no file none.csv" in err
    assert say("predict", "run", "t.csv", "--out", "model.npz")[0] == 0  # elsewhere


def test_results_overwrite_results_of_their_kind_alone(say, folder):
    for seed in (0, 1):
        say("train", "c.yaml", "--out", f"{seed}", "--set", f"training.seed={seed}")
    compare, predict = ["compare", "0", "1", "--out"], ["predict", "0", "t.csv", "--out"]
    files = ["c.yaml", "0/curves.png", "0/predicted.png", "0/history.csv"]
    before = [(folder / name).read_bytes() for name in files]
    for name in files:
        for command, what in ((compare, "a comparison"), (predict, "predictions")):
            code, out, err = say(*command, name)
            assert (code, out) == (2, "") and f"--out {name} is there, and is not {what}" in err
    assert [(folder / name).read_bytes() for name in files] == before
    os.mkfifo(folder / "pipe")
    for command in (compare, predict):
        code, out, err = say(*command, "pipe")
        assert (code, out) == (2, "") and "pipe is a device or a pipe" in err
    assert (folder / "pipe").is_fifo()
    for _ in range(2):
        assert say(*compare, "c.png")[0] == say(*predict, "p.csv")[0] == 0
    assert say(*predict, "c.png")[0] == say(*compare, "p.csv")[0] == 2


def test_a_closed_stdout_is_refused_before_anything_runs(say, folder, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", None)
        code = cli.main(["train", "c.yaml"])
    assert code == 2 and not (folder / "runs").exists()
