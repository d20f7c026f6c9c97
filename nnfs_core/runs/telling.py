"""What the command line says of a configuration or a run, as lines of text."""

from collections.abc import Iterator

import numpy as np

from nnfs_core.classification import SoftmaxCrossEntropyLoss
from nnfs_core.layers import Model, MSELoss, Sequential, check_gradients
from nnfs_core.runs.building import ACTIVATIONS, build_network, guard_size
from nnfs_core.runs.config import NetworkConfig
from nnfs_core.runs.encoding import fit_inputs
from nnfs_core.runs.loading import load_samples, split
from nnfs_core.runs.scores import FORMATS, SHOWN

LARGEST_ERROR = 1e-7
SMALL, DEEPEST = 6, 5  # a gradient check: features, samples, units of a layer; hidden layers
ALL_PARTS = NetworkConfig(hidden=[6, 5, 4, 5, 6], activation=[*ACTIVATIONS], batch_norm=True)


def score_table(metrics: dict) -> str:
    """Return the scores of a run's metrics as a table, ours last."""
    scores, networks = metrics["scores"], metrics["networks"]
    ours = "ours" if networks == 1 else f"ours, {networks} networks averaged"
    names = [name for name in SHOWN if name in scores["ours"]]
    rows = [[f"{metrics['target']}, {metrics['test_rows']:,} test rows"]]
    rows[0] += [*(SHOWN[name] for name in names), "seconds"]
    for model, found in scores.items():
        row = [ours if model == "ours" else model]
        row += [f"{found[name]:{FORMATS[name]}}" for name in names]
        rows.append([*row, f"{found['seconds']:.1f}"])
    return columns(rows)


def columns(rows: list[list[str]]) -> str:
    """Return rows of texts as lines: the first column to the left, the others to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for first, *rest in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join([f"{first:<{widths[0]}}", *cells]).rstrip())
    return "\n".join(lines)


def summary(config) -> Iterator[str]:
    """Yield what a configuration would train, on how many rows; nothing is trained."""
    samples = load_samples(config.data)
    cut = split(samples, config.data)
    what = f"{len(samples.classes)} classes" if samples.classes else "a number"
    yield f"data      {samples.facts['source']}"
    sizes = ", ".join(f"{name} {len(places):,}" for name, places in cut._asdict().items())
    yield f"rows      {sizes}"
    yield f"target    {samples.target}: {what}"
    inputs = fit_inputs(config.data, samples.X[:, cut.train], samples.features)
    guard_size(config.network, inputs, len(samples.features), len(samples.Y))
    n_in, n_out = inputs.rows(len(samples.features)), len(samples.Y)
    yield f"inputs    {n_in}, from {len(samples.features)} features: {config.data.encoding}"
    network = build_network(config.network, n_in, n_out, config.training.seed)
    yield ""
    yield from layer_lines(network, n_in)
    count = sum(array.size for array in network.parameters.values())
    steps = -(-len(cut.train) // config.training.batch_size)
    networks, epochs = config.training.networks, config.training.epochs
    yield ""
    yield f"{count:,} parameters; networks {networks}, epochs {epochs}, steps an epoch {steps:,}"


def layer_lines(network: Sequential, n_in: int) -> Iterator[str]:
    """Yield a line for each layer: its units, the shapes and the number of its parameters."""
    rows, units = [["layer", "units", "arrays", "parameters"]], n_in
    for layer in network.layers:
        arrays = layer.parameters
        if "W" in arrays:
            units = len(arrays["W"])
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        count = sum(array.size for array in arrays.values())
        name = repr(layer) if "rate" in repr(layer) else type(layer).__name__
        rows.append([name, str(units), shapes, f"{count:,}"])
    yield from columns(rows).splitlines()


def gradient_lines(config=None) -> Iterator[tuple[str, bool]]:
    """Yield, for each loss, the largest error of a network's gradients, and whether it is small.

    The network is that of a configuration, made small; without one, one of all activations.
    Dropout is left out, since it draws a new mask each time, and so are the biases in front of
    batch normalization, whose gradients are 0 (stage 12).
    """
    settings, l2 = (config.network, config.training.l2) if config else (ALL_PARTS, 0.1)
    hidden = [min(units, SMALL) for units in settings.hidden[:DEEPEST]]
    kinds = settings.activation
    kinds = kinds if isinstance(kinds, str) else kinds[:DEEPEST]
    changes = {"hidden": hidden, "activation": kinds, "dropout": 0.0}
    settings = settings.model_copy(update=changes)
    losses = {"numbers": (1, MSELoss()), "classes": (3, SoftmaxCrossEntropyLoss())}
    for name, (n_out, loss) in losses.items():
        if n_out > 1 and settings.output != "identity":
            continue
        errors = [_errors(settings, n_out, loss, l2, seed) for seed in range(3)]
        # Near a corner of ReLU a right gradient may seem wrong, but not in three networks.
        largest = min(max(found.values()) for found in errors)
        small = largest < LARGEST_ERROR
        told = "< 1e-7" if small else f"{largest:.0e}, expected below 1e-7"
        yield f"{name}: {len(errors[0])} gradients, largest error {told}", small


def _errors(settings, n_out, loss, l2, seed):
    """Return the errors of the gradients of a small network, by name."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((SMALL, SMALL))
    Y = np.eye(n_out)[:, np.arange(SMALL) % n_out] if n_out > 1 else rng.uniform(0, 1, (1, SMALL))
    network = build_network(settings, SMALL, n_out, seed)
    for array in network.parameters.values():  # biases and last weights are 0 at first
        array += 0.3 * rng.standard_normal(array.shape)
    errors = check_gradients(Model(network, loss, l2=l2, m=SMALL), X, Y)
    if settings.batch_norm:
        for layer in range(1, len(settings.hidden) + 1):
            zero = np.abs(network.gradients[f"db{layer}"]).max()
            errors[f"b{layer}"] = 0.0 if zero < 1e-12 else 1.0
    return errors
