"""Run the commands that README's section "Use it" shows, and keep what they print.

They run in a folder of their own, which sees the shipped data and configurations, and take two
minutes or three on two cores. `make export` takes docs/results-use-*.txt into README.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.lib.layout import ROOT, Refused

ENERGY = """\
data:
  path: data/genres.csv
  target: energy
  features: [danceability, loudness, acousticness, valence, tempo, duration_ms]
  group: track_artist
network:
  hidden: [64, 32]
training:
  epochs: 30
"""
START = "python -m nnfs_core"
LOOP = f"""\
for seed in 1 2 3; do
  for rate in 0.0 0.2; do
    {START} train energy.yaml --out runs/$rate-$seed \\
      --set network.dropout=$rate --set data.seed=$seed
  done
done >scores.txt"""
WRONG = "--set training.epoch=3 --set 'network.hidden=[64, 0]'"
# Commands of a shell, by the part of README that shows them.
BLOCKS = {
    "popularity": [f"{START} train configs/popularity.yaml"],
    "predictions": [f"{START} predict runs/popularity data/tracks.csv | head -n 4"],
    "table": ["cat energy.yaml", f"{START} summary energy.yaml", f"{START} train energy.yaml"],
    "compare": [LOOP, f"{START} compare runs/0.0-* runs/0.2-*"],
    "mistakes": [
        f"{START} train energy.yaml --set training.epoch=3 --set 'network.hidden=[64, 0]'"
    ],
}


def kept(block: str, root: Path = ROOT) -> Path:
    """Return the file that keeps what a block prints."""
    return root / "docs" / f"results-use-{block}.txt"


def show(command: str, folder: Path) -> str:
    """Run a command of a shell; return it with what it prints, mistakes included."""
    environment = {name: value for name, value in os.environ.items() if name[:5] != "NNFS_"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment |= {"PYTHONPATH": str(ROOT), "NNFS_LOG_LEVEL": "error"}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode not in (0, 2):
        raise Refused(f"{command} ended with {done.returncode}: {done.stderr}")
    return f"$ {command}\n{done.stdout}{done.stderr}"


def prepare(folder: Path) -> None:
    """Put into a folder what the commands need."""
    for name in ("data", "configs"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "energy.yaml").write_text(ENERGY)


def main() -> None:
    """Run the command."""
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        for block, commands in BLOCKS.items():
            text = "\n".join(show(command, Path(name)) for command in commands)
            kept(block).write_text(text, "utf-8", newline="\n")
            print(text)


if __name__ == "__main__":
    main()
