"""Stage 3: ReLU.

Generated from notebooks/03_activation.ipynb by `make export`: edit that, not this.
"""

import numpy as np

from nnfs_core.validation import Array, guard_values


def relu(Z: Array) -> Array:
    """Return max(0, Z), entry by entry: an array of the shape of Z (or a number)."""
    guard_values("Z", Z)
    return np.maximum(Z, 0)


def drelu(Z: Array) -> Array:
    """Return the derivative of relu at Z as a mask: True where Z > 0, False elsewhere and at 0."""
    guard_values("Z", Z)
    return Z > 0
