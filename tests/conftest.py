"""What several test files share."""

import os
from pathlib import Path

import hypothesis
import numpy as np
import pooch
import pytest

from nnfs_core import initialize_parameters, load_tracks

# No deadline: on a busy machine an example takes longer, and that is no fault of the code.
hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")

# Tests mean the shipped tracks, whatever the reader has set: the fixtures of a whole file, too.
# Those of real tracks take the file, which make hands on as NNFS_REAL.
REAL = os.environ.pop("NNFS_DATA", "") or os.environ.get("NNFS_REAL", "")


def real_file(name, rows):
    """Return the path of a file of real tracks, told by its rows: the reader's, or a download."""
    for path in (Path(REAL).expanduser(), pooch.os_cache("nnfs_core") / name):
        if path.is_file() and f": {rows} rows" in load_tracks(path).attrs["source"]:
            return path
    pytest.skip(f"needs real tracks: {name} in NNFS_DATA, or by download_tracks")


@pytest.fixture
def kaggle_sample():
    """Return the path of the sample of Kaggle's tracks."""
    return real_file("kaggle_tracks_19828.csv", "19,828")


@pytest.fixture
def tidytuesday():
    """Return the path of TidyTuesday's tracks."""
    return real_file("spotify_songs.csv", "32,833")


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
