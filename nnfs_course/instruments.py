"""What one can measure on a patient of the bug zoo. It does not know which bug to look for.

Each instrument makes a fresh copy of the patient, prints what it measures, and may draw. "In mean
predictors" means: divided by the loss of predicting the mean target of the training samples.
"""

import copy
import inspect

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.ticker import LogFormatter

from nnfs_core import central_differences, gradient_error

SIZE = (5.4, 2.4)  # of a picture: there are many of them


def examine(patient, instrument):
    """Measure one thing on a patient; instrument: one of INSTRUMENTS."""
    if instrument not in INSTRUMENTS:
        known = ", ".join(f'"{name}"' for name in INSTRUMENTS)
        raise ValueError(f"there is no instrument {instrument!r}; expected one of {known}")
    with np.errstate(all="ignore"):  # some patients overflow
        INSTRUMENTS[instrument](patient)


def loss_curve(patient):
    """Draw the training loss in mean predictors, beside that of least squares."""
    network = patient.fresh()
    X, Y = network.parts["training"]
    losses = in_mean_predictors(network.train(), Y)
    ones = np.vstack([X, np.ones(X.shape[1])]).T
    targets = np.reshape(Y, (-1, len(ones))).T
    residuals = targets - ones @ np.linalg.lstsq(ones, targets, rcond=None)[0]
    best = in_mean_predictors(np.sum(residuals**2) / (2 * len(ones)), Y)
    print(f"in mean predictors: {losses[0]:.4g} at the start, {losses[-1]:.4g} at the end")
    plt.figure(figsize=SIZE)
    plt.plot(losses, color="C0", label="training loss")
    plt.axhline(1, color="C3", linestyle=":", label="mean predictor")
    plt.axhline(best, color="C1", linestyle="--", label="least squares")
    title = f"{type(patient).__name__}: the training loss"
    _finish(title, min(best, losses.min()), losses.max())


def gradient_check(patient):
    """Print the error of each gradient at the start, and its largest entry after training."""
    columns = []
    for count in (10, 20):
        network = patient.fresh().only(count)
        X, Y = network.parts["training"]
        network.parameters = {key: array.astype(float) for key, array in network.parameters.items()}
        gradients = network.gradients(X, Y)
        columns.append({})
        for key, array in network.parameters.items():
            numerical = central_differences(lambda: network.loss(X, Y), array)  # noqa: B023
            columns[-1][key] = _error(gradients[f"d{key}"], numerical)
    network = patient.fresh()
    network.train()
    print("         error with    error with      largest entry")
    print("         10 samples    20 samples      after training")
    for key, gradient in network.gradients(*network.parts["training"]).items():
        errors = [column[key[1:]] for column in columns]
        largest = np.abs(gradient).max()
        told = f"{largest:.2g}" if largest == 0 or largest > 1e-6 else "< 1e-6"
        print(f"{key:5}{errors[0]:>14}{errors[1]:>14}{told:>20}")


def _error(gradient, numerical):
    """Return the error of stage 5 in words."""
    if gradient.shape != numerical.shape:
        return "shape {}".format("x".join(map(str, gradient.shape)))
    error = gradient_error({"": gradient}, {"": numerical})
    return f"{error:.4f}" if error > 1e-6 else "< 1e-6"


def zeros_by_layer(patient):
    """Print how much of each layer's output is 0, and how many units are 0 for all samples."""
    network = patient.fresh()
    X, Y = network.parts["training"]
    print("                    zeros   units that are always 0")
    for when in ("at the start", "at the end"):
        cache = network.forward(X)[1]
        for layer in range(1, len(network.parameters) // 2 + 1):
            zero = cache[f"A{layer}"] == 0
            dead = f"{zero.all(axis=1).sum()} of {len(zero)}"
            print(f"{when:13} A{layer}  {zero.mean():6.0%}   {dead}")
        if when == "at the start":
            network.train()


def one_batch_by_heart(patient):
    """Train on 10 samples alone, and print the loss on them."""
    network = patient.fresh()
    X, Y = network.parts["training"]
    places = slice(0, 10 * (X.shape[1] // 10), X.shape[1] // 10)
    X, Y = X[:, places], Y[:, places]
    losses = []
    for _ in range(1001):
        losses.append(network.loss(X, Y))
        network.update(network.gradients(X, Y))
    losses = in_mean_predictors(losses, Y)
    print("loss on 10 samples, in mean predictors, after so many steps on them alone:")
    print(", ".join(f"{step}: {losses[step]:.3g}" for step in (0, 1, 10, 100, 1000)))


def shapes_and_dtypes(patient):
    """Print shape, dtype and range of all arrays."""
    network = patient.fresh()
    X, Y = network.parts["training"]
    A = network.forward(X)[0]
    arrays = {"X": X, "Y": Y, "A at the start": A, "A - Y": A - Y} | network.parameters
    network.parameters = {key: array.copy() for key, array in network.parameters.items()}
    network.train()
    arrays |= {f"{key} at the end": array for key, array in network.parameters.items()}
    for name, array in arrays.items():
        values = f"{array.min():10.3g} to {array.max():.3g}"
        print(f"{name:14} {array.shape!s:12} {array.dtype!s:8} {values}")


def predictions_against_targets(patient):
    """Draw the trained patient's predictions for the training samples against the targets."""
    network = patient.fresh()
    network.train()
    A, Y = network.predictions("training")
    plt.figure(figsize=SIZE)
    some = slice(None, None, max(1, max(Y.shape) // 200))  # 200 dots are enough to see
    for row, (a, y) in enumerate(zip(*np.broadcast_arrays(A, Y), strict=True)):
        if row < network.outputs:
            print(
                f"output {row + 1}: predictions {a.min():.3g} to {a.max():.3g}, mean {a.mean():.4g}"
            )
            print(f"          targets     {y.min():.3g} to {y.max():.3g}, mean {y.mean():.4g}")
        label = f"output {row + 1}" if row < network.outputs else None
        plt.plot(y[some], a[some], ".", color=f"C{row % 2}", label=label)
    ends = [Y.min(), Y.max()]
    name = type(patient).__name__
    plt.plot(ends, ends, color="C3", linestyle=":", label="right predictions")
    plt.gca().set(xlabel="target", ylabel="prediction", title=f"{name}: after training")
    plt.gcf().legend(loc="outside right upper")
    plt.show()


def the_split(patient):
    """Print the loss on each part, what the test set has to do with it, and who shares a batch."""
    rows = {}
    for seed in range(patient.seed, patient.seed + patient.splits):
        network = patient.fresh(seed)
        network.train()
        for part in network.parts:
            rows.setdefault(part, []).append(_score(network, part))
    print("loss in mean predictors on")
    for part, scores in rows.items():
        print(f"  {part:34}{np.mean(scores):.4g}")
    if patient.splits > 1:
        paired = np.subtract(rows["later"], rows["test"])
        error = paired.std(ddof=1) / len(paired) ** 0.5
        print(f"  later minus test                  {paired.mean():.2f} ± {error:.2f}")
        print(f"means of {patient.splits} splits, the difference split by split")
    elif network.tables:
        print(f"correlation with test targets that were shuffled first: {_shuffled(patient):.2f}")
    places = [set(table.index) for table in network.tables.values()]
    if places:
        shared = sum(map(len, places)) - len(set.union(*places))
        print("tracks that are in two parts:", shared)
    network = patient.fresh()
    Y = network.parts["training"][1]
    batches, again = [network.batches(Y.shape[1]) for _ in range(2)]
    if len(batches) > 1:
        means = ", ".join(f"{Y[:, batch].mean():.2f}" for batch in batches[:6])
        print(f"mean targets of the first batches: {means}, ...")
        met = max(len(np.intersect1d(batches[0], batch)) for batch in again)
        print(f"of the {len(batches[0])} samples of a batch, {met} meet again in the next epoch")


def one_at_a_time(patient):
    """Print the predictions for test samples: all at once, and each alone."""
    network = patient.fresh()
    network.train()
    X = network.parts["test"][0]
    together = network.forward(X)[0]
    alone = np.hstack([network.forward(X[:, k : k + 1])[0] for k in range(X.shape[1])])
    print("test sample   predicted with all the others   predicted alone")
    for k in range(5):
        print(f"{k + 1:>11}{together[0, k]:34.3f}{alone[0, k]:18.3f}")
    furthest = np.abs(together - alone).max()
    told = f"{furthest:.2g}" if furthest > 1e-6 else "< 1e-6"
    print(f"of {X.shape[1]} samples, the furthest apart: {told}")


def _shuffled(patient):
    """Return how predictions go with test targets shuffled before all else: 0, unless they leak."""
    network = patient.fresh()
    test = network.tables["test"]
    shuffled = network.rng.permutation(test["popularity"].to_numpy())
    network.tables = network.tables | {"test": test.assign(popularity=shuffled)}
    network.prepare()
    network.initialize()
    network.train()
    A, Y = network.predictions("test")
    a, y = A[0], np.ravel(Y)[: A.shape[1]]
    return np.corrcoef(a, y)[0, 1] if np.ptp(a) > 0 else 0.0


def _score(network, part):
    """Return the loss on a part, in mean predictors; NaN for shapes that do not fit."""
    A, Y = network.predictions(part)
    if A.shape != Y.shape:
        print(f"  {part}: predictions {A.shape}, targets {Y.shape}: no score")
        return np.nan
    return in_mean_predictors(
        np.sum((A - Y) ** 2) / (2 * A.shape[1]), network.predictions("training")[1]
    )


def in_mean_predictors(losses, Y):
    """Return losses divided by that of predicting the mean of the targets Y."""
    rows = Y.T if Y.shape[1] == 1 else Y
    return np.divide(losses, rows.var(axis=1).sum() / 2)


INSTRUMENTS = {
    "loss curve": loss_curve,
    "gradient check": gradient_check,
    "zeros by layer": zeros_by_layer,
    "one batch by heart": one_batch_by_heart,
    "shapes and dtypes": shapes_and_dtypes,
    "predictions": predictions_against_targets,
    "the split": the_split,
    "one at a time": one_at_a_time,
}


def compare(patients, title, **style):
    """Train copies of patients, {label: patient}; draw and return their losses, in mean predictors.

    style: one for all curves, as color="0.4"; without it each has its own, and a legend.
    """
    curves = {}
    plt.figure(figsize=SIZE)
    for label, patient in patients.items():
        with np.errstate(all="ignore"):
            losses = copy.deepcopy(patient).train()
        curves[label] = in_mean_predictors(losses, patient.parts["training"][1])
        plt.plot(curves[label], **{"label": label, **style})
    plt.axhline(1, color="0.6", linewidth=1, linestyle="-", zorder=0)
    finite = np.concatenate(list(curves.values()))
    _finish(title, finite.min(), min(finite.max(), 100), legend=not style)
    return curves


class _Plain(LogFormatter):
    """Labels some of the ticks between two powers of ten, as 0.6."""

    def __call__(self, x, pos=None):
        """Return the label, or nothing where labels would be too many."""
        return super().__call__(x, pos) and f"{x:g}"


def _finish(title, least, largest, legend=True):
    """Label a picture of losses on a logarithmic axis, and show it."""
    axis = plt.gca()
    axis.set(yscale="log", ylim=(0.8 * min(least, 1), 1.25 * largest), title=title)
    axis.set(xlabel="epoch", ylabel="loss in mean predictors")
    last = max(len(line.get_xdata()) for line in axis.lines) - 1
    if last > 500:  # on a plain axis a fall in the first epochs would be a vertical stroke
        axis.set_xscale("symlog", linthresh=1)  # epoch 0 has its place, too
        axis.set(xlim=(-0.1, 1.3 * last), xlabel="epoch, logarithmic from 1 on")
        axis.xaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter(_Plain(minor_thresholds=(1.5, 0.5)))
    if legend:
        plt.gcf().legend(loc="outside right upper")
    plt.show()


def reveal(patient):
    """Show what a patient differs in from a healthy network: its code, folded."""
    source = inspect.getsource(type(patient)).rstrip()
    name = type(patient).__name__
    folded = f"<details><summary>{name}</summary>\n\n```python\n{source}\n```\n\n</details>"
    display({"text/markdown": folded, "text/plain": source}, raw=True)
