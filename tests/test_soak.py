"""The soak, on a run that takes a moment; and that it sees a run which loses something."""

import random
import subprocess
import sys

import pytest

from tools import soak
from tools.lib.layout import ROOT

# A run like that of the command, with two checkpointed networks and a result of four files.
RUN = """
import os, sys
from pathlib import Path
import numpy as np
sys.path.insert(0, {root!r})
from nnfs_core.checkpoints import load_checkpoint, save_checkpoint
from nnfs_core.files import flush_folder, hold_folder, write_whole
from nnfs_core.generalization import Dropout
from nnfs_core.layers import Linear, Model, Sequential, Tanh
from nnfs_core.solver import Adam, Solver, TrainingState

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((3, 40)), rng.standard_normal((1, 40))


def train(folder, work, epochs):
    work.mkdir(exist_ok=True)
    with hold_folder(work), open(work / "log.txt", "a") as log:
        print("begins", file=sys.stderr, flush=True)
        learnt, rows = {{}}, ""
        for number in (1, 2):
            path = work / f"network-{{number}}.npz"
            there = [path, path.with_name(path.name + ".previous")]
            state = load_checkpoint(path) if any(map(Path.exists, there)) else None

            def keep(history, take):
                save_checkpoint(path, take())
                epoch = len(history.train_loss) - 1
                print(f"network {{number}} of 2, epoch {{epoch}}: saved", file=log, flush=True)

            layers = Linear(3, 8, number), Tanh(), Dropout(0.2, number), Linear(8, 1, number)
            solver = Solver(Model(Sequential(*layers)), Adam())
            settings = {{"epochs": epochs, "batch_size": 8, "callback": keep, "state": state}}
            rows += str(solver.fit((X, Y), **settings).train_loss)
            learnt |= {{f"{{number}}/{{n}}": a for n, a in solver.model.network.state().items()}}
        save_checkpoint(work / "model.npz", TrainingState(learnt, {{}}))
        for name in ("history.csv", "data.json", "config.yaml"):
            write_whole(work / name, rows.encode())
    os.rename(work, folder)


def main(arguments):
    folder = Path(arguments[3])
    work = folder.with_name(f".{{folder.name}}.unfinished")
    try:
        if not folder.exists():
            train(folder, work, {epochs})
        flush_folder(folder.parent)
        for path in [*folder.glob("network*"), *folder.glob("*.pr*"), *folder.glob("*.part")]:
            path.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def light(place, epochs, fault=("", "")):
    """A soak of that run, with a fault in it."""
    text = RUN.format(root=str(ROOT), epochs=epochs)
    assert fault[0] in text
    script = place / "run.py"
    script.write_text(text.replace(*fault) if fault[0] else text)

    class Light(soak.Soak):
        def command(self, folder=None):
            return [sys.executable, str(script), *self.arguments(folder)]

    names = {"__name__": "run"}
    exec(compile(script.read_text(), str(script), "exec"), names)
    Light.main = staticmethod(names["main"])
    return Light(place / "soak", rows=60, epochs=1, networks=1)


def test_kills_at_random_moments_lose_nothing(tmp_path):
    found = soak.kills(light(tmp_path, 60), 3, random.Random(0))
    assert found["kills"] == 3
    assert found["runs that came to their end"] >= 1


def test_kills_and_failures_at_each_call_lose_nothing(tmp_path):
    found = soak.steps(light(tmp_path, 2), 16)
    assert found["calls"] > 60
    assert sum(found[way] for way in soak.STEPS) == 16
    assert min(found["full"], found["dies"]) > 2


FAULTS = {
    "it begins anew": ('"state": state', '"state": None'),
    "a checkpoint is written in place": (
        "save_checkpoint(path, take())",
        "from nnfs_core.checkpoints import encode; data = encode(take()); f = os.open(path, "
        "os.O_CREAT | os.O_WRONLY | os.O_TRUNC); os.write(f, data[:99]); os.write(f, data[99:]); "
        "os.close(f)",
    ),
    "it says too soon that it is saved": (
        "save_checkpoint(path, take())\n",
        "print(f'network {number} of 2, epoch {len(history.train_loss) - 1}: ', file=log, "
        "flush=True)\n                save_checkpoint(path, take())\n",
    ),
    "the generator of dropout is another one": (
        "Dropout(0.2, number)",
        "Dropout(0.2, os.getpid())",
    ),
    "a result is taken as it is there": (
        "write_whole(work / name, rows.encode())",
        "(work / name).exists() or os.write(os.open(work / name, 65), rows.encode())",
    ),
    "it stops with a traceback": ("except (OSError, ValueError)", "except ZeroDivisionError"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_run_that_loses_something_is_seen(name, tmp_path):
    with pytest.raises(soak.Lost):
        soak.steps(light(tmp_path, 2, FAULTS[name]))


def test_full_and_read_only_disks_lose_nothing(tmp_path):
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a disk")
    found = soak.full_disks(light(tmp_path, 2), [8])
    assert found == {"full disks": 1, "read-only folders": 1}


def test_a_second_run_is_refused(tmp_path):
    assert soak.twins(light(tmp_path, 20)) == {"second runs refused": 1}
    open_door = light(tmp_path / "soak", 20, ("with hold_folder(work), open", "with open"))
    with pytest.raises(soak.Lost):
        soak.twins(open_door)


def test_the_command_says_what_was_lost(monkeypatch, capsys):
    def parts(place, count, seed):
        def lost():
            raise soak.Lost("an epoch")

        yield "one", lambda: {"kills": count + seed}
        yield "two", lost

    monkeypatch.setattr(soak, "parts", parts)
    with pytest.raises(SystemExit, match="True"):
        soak.main(["--kills", "3", "--seed", "4"])
    told = capsys.readouterr().out
    assert "one: kills 7 (" in told and "two: LOST: an epoch (" in told and "losses: 1" in told
