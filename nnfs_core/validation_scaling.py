"""Guards of stage 14, which trains block by block.

Written by hand, as validation.py is.
"""

import itertools

import numpy as np

from nnfs_core.validation import (
    _layers_in,
    guard_layer_sizes,
    guard_number,
    guard_shape,
    guard_training,
    guard_values,
)

SAMPLES = 65_536  # looked at together, so that data larger than the memory can be looked at


def guard_blocks(workers, block_size):
    """Refuse all but whole numbers of workers and samples, 1 or more, or None."""
    for name, value in {"workers": workers, "block_size": block_size}.items():
        if value is not None:
            guard_number(name, value, least=1, whole=True)


def guard_dtype(dtype):
    """Refuse all but float32 and float64, by type or by name."""
    named = isinstance(dtype, str | type | np.dtype)
    if not named or dtype not in (np.float32, np.float64, "float32", "float64"):
        raise ValueError(f"dtype is {dtype!r}; expected numpy.float32 or numpy.float64")


def guard_buffers(layer_sizes, block_size, dtype):
    """Refuse sizes and a dtype of which BlockGradient can make no buffers."""
    guard_layer_sizes(layer_sizes)
    guard_number("block_size", block_size, least=1, whole=True)
    guard_dtype(dtype)


def guard_batch(X, Y):
    """Refuse all but matrices with as many columns, one or more."""
    guard_shape("X", X)
    guard_shape("Y", Y, columns=X.shape[1])
    if X.shape[1] == 0:
        raise ValueError("X and Y have no samples; expected one or more")


def guard_fast(X, Y, layer_sizes, settings, dtype, workers, block_size):
    """Refuse what `train` refuses, and a dtype, workers or a block_size that make no sense.

    The values are looked at piece by piece: the data may be larger than the memory.
    """
    guard_shape("X", X)
    guard_shape("Y", Y, columns=X.shape[1])
    guard_training(X[:, :1], Y[:, :1], layer_sizes, *settings)
    guard_dtype(dtype)
    guard_blocks(workers, block_size)
    m = X.shape[1]
    for start in range(0, m, SAMPLES):
        stop = min(start + SAMPLES, m)
        where = f", samples {start:,} to {stop - 1:,}," if m > SAMPLES else ""
        for name, part in {"X": X, "Y": Y}.items():
            guard_values(f"{name}{where}", part[:, start:stop])


def guard_block(weights, X, Y, buffers):
    """Refuse matrices and samples that do not fit the buffers [A; 1] of BlockGradient."""
    (tiles, _, tile), sizes = buffers[0].shape, [array.shape[1] - 1 for array in buffers]
    given = [Wb.shape for Wb in weights]
    expected = [(n, k + 1) for k, n in itertools.pairwise(sizes)]
    if given != expected:
        raise ValueError(f"weights have the shapes {given}; expected {expected}: [W b] of each")
    guard_shape("X", X, rows=sizes[0])
    m = X.shape[1]
    guard_shape("Y", Y, rows=sizes[-1], columns=m)
    if m == 0 or m > tiles * tile or (m > tile and m % tile):
        fits = f"1 to {tile}" if tiles == 1 else f"1 to {tile}, or up to {tiles} times {tile}"
        raise ValueError(f"X has {m:,} samples; expected {fits}")


def guard_sums(parameters, sums, m):
    """Refuse all but a row as BlockGradient makes for these parameters, and a number of samples."""
    guard_number("m", m, least=1, whole=True)
    outputs = len(parameters[f"b{len(parameters) // 2}"])
    size = 1 + outputs + sum(array.size for array in parameters.values())
    if np.shape(sums) != (size,):
        raise ValueError(f"sums has the shape {np.shape(sums)}; expected ({size},) for these")


def guard_separable(network, layer_class, model="BlockModel"):
    """Refuse layers whose output for a sample depends on others, or on who computes first."""
    for layer in _layers_in(network, layer_class):
        if "buffers" in vars(layer) and layer.buffers:
            what = "its statistics are those of a whole batch, and a block is a part of one"
            raise ValueError(f"{layer!r} in a {model}: {what}; expected Model(network) for it")
        if any(isinstance(value, np.random.Generator) for value in vars(layer).values()):
            what = "it draws numbers, and which thread draws first is left to chance"
            raise ValueError(f"{layer!r} in a {model}: {what}; expected Model(network) for it")
