"""Pictures of a run, as the bytes of a PNG: curves, and predictions against what was right."""

import io
import warnings

import numpy as np
from matplotlib.figure import Figure

from nnfs_core.solver import History
from nnfs_core.validation import Array

BLUE, ORANGE = "#0072b2", "#d55e00"  # Okabe and Ito's, told apart by everybody


def as_png(figure: Figure, title: str) -> bytes:
    """Return a figure as the bytes of a PNG that says what it shows."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # names may be of any script
        figure.savefig(buffer, format="png", dpi=144, metadata={"Software": None, "Title": title})
    return buffer.getvalue()


def as_label(text: str, longest: int = 40) -> str:
    """Return a name as it may stand in a picture: cut, and $ is a dollar, not mathematics."""
    return text[:longest].replace("$", r"\$")


def curves(histories: list[History], metric: str) -> bytes:
    """Draw losses and metric of each network by epoch; a dot where the kept parameters are."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    panels = figure.subplots(1, 2)
    for place, history in enumerate(histories):
        kinds = {"train": ("training", BLUE, "-"), "validation": ("validation", ORANGE, "--")}
        for kind, (label, color, dash) in kinds.items():
            for axes, what in zip(panels, ("loss", "metric"), strict=True):
                values = getattr(history, f"{kind}_{what}")
                if values:
                    axes.plot(values, color=color, linestyle=dash, linewidth=1.2, label=label)
                    axes.plot(history.kept, values[history.kept], "o", color=color, markersize=4)
        for axes in panels:
            axes.xaxis.get_major_locator().set_params(integer=True)
        if place == 0:
            panels[0].legend(frameon=False)
    panels[0].set(xlabel="epoch", ylabel="loss", title="Loss, without the penalty")
    panels[1].set(xlabel="epoch", ylabel=metric, title=f"{metric}; a dot: what was kept")
    return as_png(figure, "curves")


def predicted(Y: Array, predictions: Array, target: str) -> bytes:
    """Draw predictions against targets, (1, m) each, with the line of perfect ones."""
    figure = Figure(figsize=(5, 4.4), layout="constrained")
    axes = figure.subplots()
    shade = min(1.0, max(0.05, 300 / Y.shape[1]))
    axes.plot(Y[0], predictions[0], ".", color=BLUE, markersize=3, alpha=shade)
    ends = [min(Y.min(), predictions.min()), max(Y.max(), predictions.max())]
    axes.plot(ends, ends, "--", color=ORANGE, linewidth=1, label="perfect")
    axes.set(
        xlabel=f"{as_label(target)}, test rows", ylabel="predicted", title="On the line: right"
    )
    axes.legend(frameon=False)
    return as_png(figure, "predicted")


def confusion(Y: Array, P: Array, classes: list[str]) -> bytes:
    """Draw how many test samples of each class (rows) were taken for which (columns)."""
    count = np.zeros((len(classes), len(classes)), int)
    np.add.at(count, (Y.argmax(axis=0), P.argmax(axis=0)), 1)
    size = min(12, 3 + 0.45 * len(classes))
    figure = Figure(figsize=(size + 0.6, size), layout="constrained")
    axes = figure.subplots()
    shares = count / np.maximum(count.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    places = range(len(classes))
    if len(classes) <= 20:
        for row, column in np.ndindex(count.shape):
            color = "white" if shares[row, column] < 0.5 else "black"
            text = {"ha": "center", "va": "center", "fontsize": 8, "color": color}
            axes.text(column, row, str(count[row, column]), **text)
        axes.set_xticks(places, [as_label(name, 14) for name in classes], rotation=60, ha="right")
        axes.set_yticks(places, [as_label(name, 14) for name in classes])
    axes.set(xlabel="predicted", ylabel="right class", title="On the diagonal: right")
    return as_png(figure, "confusion")
