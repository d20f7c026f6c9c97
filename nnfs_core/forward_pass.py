"""Stage 4: the forward pass.

Generated from notebooks/04_forward_pass.ipynb by `make export`: edit that, not this.
"""

from nnfs_core.activation import relu
from nnfs_core.validation import Array, Arrays, guard_network


def feed_forward(X: Array, parameters: Arrays) -> tuple[Array, Arrays]:
    """Return the network's output A_L and the cache {"Z1", "A1", ..., "ZL", "AL"}, which holds it.

    X: (n_features, m), a sample a column; parameters as initialize_parameters returns them.
    Z_l and A_l are (n_l, m). Raises ValueError or TypeError for shapes or values that do not fit.
    """
    guard_network(X, parameters)
    A = X
    cache = {}
    for layer in range(1, len(parameters) // 2 + 1):
        Z = parameters[f"W{layer}"] @ A + parameters[f"b{layer}"]
        A = relu(Z)
        cache[f"Z{layer}"] = Z
        cache[f"A{layer}"] = A
    return A, cache
