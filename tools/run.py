"""Run the notebooks on your tracks and compare what they trained.

DATA is a file of tracks; without it NNFS_DATA names one, else the shipped tracks are taken. What
was run and the scoreboard are written to build/; the stored notebooks stay as they are.
"""

import argparse
import json
import os
import re
import sys
import warnings
from datetime import datetime
from pathlib import Path

import nbformat
import pandas as pd
from matplotlib.figure import Figure

from nnfs_core import clean_tracks, guard_tracks, load_tracks
from tools.lib.execution import execute_all
from tools.lib.layout import DATA, ROOT, Notebook, Refused, read_notebooks

# They start first, so that two cores end together.
LONGEST = ["generalization", "solver", "training_loop", "layers"]
# Asked of each notebook with a scoreboard at its end, and not kept in it. No notebook shows
# boosting: its third digit differs between versions of scikit-learn.
HAND_OVER = """\
import json
full = scoreboard(data, boosting=True)
rows = board.T.to_dict() | full.T.to_dict()
print(json.dumps([board.index[-1], rows, full.attrs["seconds"]]))"""


def look_at(path: Path) -> str:
    """Say what a file of tracks holds; raises ValueError or OSError if it will not do."""
    tracks = clean_tracks(load_tracks(path))
    guard_tracks(tracks)
    return tracks.attrs["source"]


def seconds(notebook: Notebook) -> float:
    """Wall time of the cells tagged trains."""
    total = 0.0
    for _, cell in notebook.cells("trains"):
        times = cell.metadata["execution"]
        begin, end = times["iopub.execute_input"], times["shell.execute_reply"]
        total += (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
    return total


def ask_for_boards(notebooks: list[Notebook]) -> list[Notebook]:
    """Add a last cell to each notebook that has a scoreboard; return these notebooks."""
    asked = []
    for notebook in notebooks:
        cells = list(notebook.cells("scoreboard"))
        if not cells:
            continue
        if not any(re.search("^board = ", cell.source, re.MULTILINE) for _, cell in cells):
            raise Refused(
                f"{cells[-1][0]}: leaves no table named board: write "
                "board = scoreboard(data, {name: prediction}) and print it"
            )
        notebook.content.cells.append(nbformat.v4.new_code_cell(HAND_OVER))
        asked.append(notebook)
    return asked


def join_boards(asked: list[Notebook]) -> pd.DataFrame:
    """Return the baselines and the network of each notebook, best last: R², MAE, seconds, stage.

    Raises Refused if two notebooks had another split or other tracks: then they do not compare.
    """
    table, baselines = {}, {}
    for notebook in asked:
        name, rows, taken = json.loads(notebook.content.cells[-1].outputs[0].text)
        if name in taken:
            continue  # nothing of ours yet
        found = {baseline: rows[baseline] for baseline in taken}
        baselines = baselines or found
        if found != baselines:
            raise Refused(
                f"notebooks/{notebook.path.name}: its baselines differ from those of an earlier "
                f"notebook: expected {baselines}, found {found}: use the same tracks and split"
            )
        for baseline in taken:
            table.setdefault(baseline, {**found[baseline], "seconds": taken[baseline]})
        row = {**rows[name], "seconds": seconds(notebook), "stage": notebook.number}
        table[f"stage {notebook.number}: {name}"] = row
    columns = ["R²", "MAE", "seconds", "stage"]
    board = pd.DataFrame.from_dict(table, orient="index", columns=columns)
    return board.rename_axis("model").sort_values("R²", kind="stable")


def brief(time: float) -> str:
    """Seconds to a tenth."""
    return "<0.1" if 0 < time < 0.05 else f"{time:.1f}"


def draw(board: pd.DataFrame, source: str) -> Figure:
    """Draw the scoreboard: a bar a model, best on top, those of ours in blue."""
    figure = Figure(figsize=(10, 1.8 + 0.42 * len(board)), layout="constrained")
    axes = figure.subplots()
    least = -0.1  # what is far worse than the mean would press all others together
    right = max(board["R²"].max(), 0.1) * 1.12
    ours = board["stage"].notna()
    colors = ["#0072b2" if mine else "0.72" for mine in ours]
    axes.barh(range(len(board)), board["R²"].clip(lower=least), color=colors, height=0.66)
    for place, (r2, mae, time) in enumerate(board[["R²", "MAE", "seconds"]].to_numpy(float)):
        label, at, color = f"{r2:.3f}", max(r2, 0), "black"
        if r2 < least:  # the bar is cut: its label stands in it
            label, at, color = f"◂ {r2:.2f}", least, "white" if ours.iloc[place] else "black"
        offset = {"xytext": (4, 0), "textcoords": "offset points"}
        axes.annotate(label, (at, place), **offset, va="center", color=color)
        for x, text in [(1.12, f"{mae:.2f}"), (1.24, brief(time))]:
            axes.text(x, place, text, transform=axes.get_yaxis_transform(), ha="right", va="center")
    for x, text in [(1.12, "MAE"), (1.24, "seconds")]:
        axes.text(x, len(board) - 0.3, text, transform=axes.get_yaxis_transform(), ha="right")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlim=(least, right), ylim=(-0.6, len(board) - 0.4), xlabel="R² on the test tracks")
    axes.set_yticks(range(len(board)), board.index)
    axes.tick_params(left=False)
    axes.spines[["left", "right", "top"]].set_visible(False)
    best, best_of_ours = board.index[-1], board.index[ours][-1]
    stage, _, _ = best_of_ours.partition(":")
    title = f"How far a network from scratch gets: R² {board['R²'][best_of_ours]:.3f} ({stage})\n"
    if best == best_of_ours:
        title += "That is ahead of all others"
    else:
        title += f"Best of all: {best}, {board['R²'][best]:.3f}"
    figure.suptitle(title, x=0.01, ha="left", weight="bold")
    figure.supxlabel(f"blue: from scratch, grey: libraries · {source}", x=0.01, ha="left", size=9)
    return figure


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the notebooks; the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="?", metavar="DATA", help="file of tracks")
    parser.add_argument("--stage", type=int, help="number of the one notebook to run")
    given = parser.parse_args(arguments)
    # Absolute before a kernel starts, since that has another working folder.
    tracks = Path(given.data or os.environ.get("NNFS_DATA") or root / DATA).expanduser().absolute()
    warnings.formatwarning = lambda message, *_: f"warning: {message}\n"
    try:
        source = look_at(tracks)
    except (OSError, TypeError, ValueError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    notebooks = read_notebooks(root)
    if given.stage is not None:
        numbers = [notebook.number for notebook in notebooks]
        if given.stage not in numbers:
            parser.error(f"no stage {given.stage}: there are {numbers[0]} to {numbers[-1]}")
        notebooks = [notebook for notebook in notebooks if notebook.number == given.stage]
    asked = ask_for_boards(notebooks)
    build = root / "build"
    build.mkdir(exist_ok=True)
    for path in [*build.glob("*.ipynb"), *build.glob("scoreboard.*")]:
        path.unlink()
    for notebook in notebooks:
        for _, cell in notebook.cells():
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
    try:
        execute_all(sorted(notebooks, key=lambda notebook: notebook.stage not in LONGEST), tracks)
        board = join_boards(asked)
    except KeyboardInterrupt:
        print("\ninterrupted: what ran so far is in build/", file=sys.stderr)
        return 130
    finally:  # what was run so far shows where it failed
        for notebook in asked:
            notebook.content.cells.pop()
        for notebook in notebooks:
            if any(cell.get("execution_count") for _, cell in notebook.cells()):
                nbformat.write(notebook.content, build / notebook.path.name)
    print(source)
    if len(board):
        board.to_csv(build / "scoreboard.csv", columns=["R²", "MAE", "seconds"], encoding="utf-8")
        draw(board, source).savefig(build / "scoreboard.png", dpi=150, bbox_inches="tight")
        digits = {"R²": "{:.3f}".format, "MAE": "{:.2f}".format, "seconds": brief}
        print(board.drop(columns="stage").rename_axis(None).to_string(formatters=digits))
    print(f"{os.path.relpath(build)}/: {', '.join(sorted(path.name for path in build.iterdir()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
