"""Stage 3: ReLU.

Generated from notebooks/03_activation.ipynb by `make export`: edit that, not this.
"""

import numpy as np

from nnfs_core.validation import check_values, checked


@checked(lambda Z: check_values("Z", Z))
def relu(Z):
    """Return max(0, Z), entry by entry: an array of the shape of Z (or a number)."""
    return np.maximum(Z, 0)


@checked(lambda Z: check_values("Z", Z))
def drelu(Z):
    """Return the derivative of relu at Z as a mask: True where Z > 0, False elsewhere and at 0."""
    return Z > 0
