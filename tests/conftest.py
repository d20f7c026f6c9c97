"""What several test files share."""

import numpy as np
import pytest

from nnfs_core import initialize_parameters


@pytest.fixture(autouse=True)
def shipped_tracks(monkeypatch):
    """Tests mean the shipped tracks, whatever the reader has set."""
    monkeypatch.delenv("NNFS_DATA", raising=False)


def random_network(layer_sizes, m=7, seed=0):
    """Return X, Y, parameters of a random network whose biases are not 0."""
    rng = np.random.default_rng(seed)
    parameters = initialize_parameters(layer_sizes, seed)
    for key in parameters:
        if key.startswith("b"):
            parameters[key] = rng.uniform(-0.2, 0.6, parameters[key].shape)
    X, Y = rng.standard_normal((layer_sizes[0], m)), rng.uniform(0, 1, (layer_sizes[-1], m))
    return X, Y, parameters


@pytest.fixture
def network():
    """Return the function that makes a random network."""
    return random_network
