"""Stage 2: He initialization.

Generated from notebooks/02_initialization.ipynb by `make export`: edit that, not this.
"""

import numpy as np

from nnfs_core.validation import Arrays, guard_layer_sizes


def initialize_parameters(layer_sizes: list[int], seed: int = 0) -> Arrays:
    """Return He-initialised weights W1, W2, ... and zero biases b1, b2, ... in a dict.

    layer_sizes: [n_0, ..., n_L], the features and then the units of each layer. W_l has the shape
    (n_l, n_(l-1)), drawn with mean 0 and variance 2 / n_(l-1); b_l is (n_l, 1). The same seed
    gives the same numbers. Raises ValueError for bad sizes.
    Source: He et al. 2015, arXiv:1502.01852, eq. 10.
    """
    guard_layer_sizes(layer_sizes, seed)
    rng = np.random.default_rng(seed)
    parameters = {}
    for layer in range(1, len(layer_sizes)):
        n_in = layer_sizes[layer - 1]
        n_out = layer_sizes[layer]
        parameters[f"W{layer}"] = rng.standard_normal((n_out, n_in)) * np.sqrt(2 / n_in)
        parameters[f"b{layer}"] = np.zeros((n_out, 1))
    return parameters
