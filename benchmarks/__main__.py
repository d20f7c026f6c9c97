"""Race train_fast against others: `python -m benchmarks`, three minutes on two quiet cores.

All take the same steps: that is looked at first, by their losses. Then they take turns, and the
table has the median over the turns. With --write it stores results.csv and results.png, and the
table in README.md of this folder. With --check it ends with exit code 1 where a ratio misses its
target.
"""

import argparse
import csv
import gc
import os
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import describe
from benchmarks.peers import PRODUCTS, peers, problem

FOLDER = Path(__file__).parent
SIZES, PAUSE = (20_000, 130_000), 0.05
STEPS = {20_000: 15, 130_000: 3}  # in a turn
TARGETS = [  # samples, whose time, at most which share of it
    (130_000, "PyTorch", 0.6),
    (130_000, PRODUCTS, 1.5),
    (20_000, "PyTorch", 0.9),
]


def agree(runs: dict, dtype: str) -> list[str]:
    """Return a line for each peer: how far its losses are from those of the plain formulas."""
    lines, reference = [], None
    for name, run in runs.items():
        if name == PRODUCTS:
            continue
        losses = np.array(run(3)[0][:3])
        reference = losses if reference is None else reference
        gap = np.abs(losses / reference - 1).max()
        if gap > {"float32": 1e-5, "float64": 1e-12}[dtype]:
            raise SystemExit(f"{name} computes another loss, {losses}, than {reference}: a bug")
        lines.append(f"{name:24} {gap:.0e}")
    return lines


def race(runs: dict, steps: int, turns: int) -> dict[str, np.ndarray]:
    """Return the milliseconds of a step of each, one number a turn."""
    times = {name: [] for name in runs}
    gc.collect()
    for _ in range(turns):
        for name, run in runs.items():
            time.sleep(PAUSE)  # the threads of the one before go to sleep
            times[name].append(1000 * np.median(run(steps)[1]))
    return {name: np.array(values) for name, values in times.items()}


def table(rows: list[dict]) -> str:
    """Return the rows as text."""
    lines = [
        f"{'samples':>8} {'precision':9} {'':24} {'median ms':>9} {'quartiles':>15} {'least':>7}"
    ]
    for row in rows:
        spread = f"{row['low']:.2f} to {row['high']:.2f}"
        lines.append(
            f"{row['samples']:8,} {row['dtype']:9} {row['name']:24} "
            f"{row['median']:9.2f} {spread:>15} {row['least']:7.2f}"
        )
    return "\n".join(lines)


def ratios(rows: list[dict]) -> tuple[list[str], bool]:
    """Return a line for each target, and whether all are reached."""
    medians = {
        (row["samples"], row["name"]): row["median"] for row in rows if row["dtype"] == "float32"
    }
    lines, reached = [], True
    for samples, name, most in TARGETS:
        if (samples, name) not in medians:
            lines.append(f"{samples:8,} train_fast / {name:24} not installed: see README.md")
            continue
        ratio = medians[samples, "train_fast"] / medians[samples, name]
        said = f"at most {most}: {'reached' if ratio <= most else 'MISSED'}"
        if name == PRODUCTS and ratio < 0.95:  # a part takes longer than the whole
            said = "which cannot be: the machine was busy"
        reached = reached and said.endswith("reached")
        lines.append(f"{samples:8,} train_fast / {name:24} {ratio:.2f}, {said}")
    return lines, reached


def draw(rows: list[dict], machine: dict) -> None:
    """Write the picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.style.use("nnfs_course.course")
    figure, panels = plt.subplots(len(SIZES), 1, figsize=(6.4, 6.8))
    for panel, samples in zip(panels, SIZES, strict=True):
        shown = [row for row in rows if (row["samples"], row["dtype"]) == (samples, "float32")]
        shown.sort(key=lambda row: -row["median"])
        names, medians = [row["name"] for row in shown], [row["median"] for row in shown]
        ours = ["C0" if "train" in name or "Solver" in name else "0.6" for name in names]
        panel.barh(names, medians, color=ours)
        panel.bar_label(panel.containers[0], [f"{value:.3g}" for value in medians], padding=3)
        panel.set(title=f"{samples:,} samples")
        panel.set_xlim(right=1.15 * max(medians))
    panels[-1].set_xlabel("ms, one step")
    figure.suptitle(f"One step in float32, {machine['processor']}, {machine['cores']} cores")
    figure.savefig(FOLDER / "results.png", dpi=100, metadata={"Software": None})


def write(text: str, rows: list[dict]) -> None:
    """Store CSV and page."""
    with (FOLDER / "results.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    page = FOLDER / "README.md"
    before, begin, rest = page.read_text("utf-8").partition("<!-- results -->\n")
    _, end, after = rest.partition("<!-- /results -->")
    page.write_text(f"{before}{begin}```\n{text}\n```\n{end}{after}", "utf-8")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="exit code 1 where a target is missed")
    parser.add_argument("--turns", type=int, default=15, help="of each peer (default 15)")
    parser.add_argument("--write", action="store_true", help="store what was measured")
    arguments = parser.parse_args()
    if "OPENBLAS_CORETYPE" in os.environ:
        raise SystemExit("OPENBLAS_CORETYPE is set, which makes OpenBLAS slower: unset it")
    machine, rows, told = describe(), [], []
    for dtype in ("float32", "float64"):
        for samples in SIZES:
            given = problem(samples, dtype)
            runs = {name: peer(given) for name, peer in peers().items()}
            lines = agree(runs, dtype)
            if samples == SIZES[0]:
                told += [
                    f"Three losses in {dtype}, largest relative distance from the first:",
                    *lines,
                ]
            for name, values in race(runs, STEPS[samples], arguments.turns).items():
                low, median, high = np.percentile(values, (25, 50, 75)).round(3)
                row = {"samples": samples, "dtype": dtype, "name": name, "median": median}
                rows.append(row | {"low": low, "high": high, "least": values.min().round(3)})
    lines, reached = ratios(rows)
    figures = [f"{name:24} {value}" for name, value in machine.items()]
    text = "\n".join([*figures, "", *told, "", table(rows), "", *lines])
    print(text)
    if arguments.write:
        if "cannot be" in text:
            raise SystemExit("nothing is stored: measure again where nothing else runs")
        write(text, rows)
        draw(rows, machine)
    if arguments.check and not reached:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
