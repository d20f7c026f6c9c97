"""What several test files share."""

import os
import signal
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

# Who starts the tests in the background of a script (`make test &`) has them ignore Ctrl-C, and
# what they start would inherit that: no test of an interrupt could pass.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What Windows has not: forks, POSIX signals, pipes with names, limits of a process, sh and make.
ON_WINDOWS = os.name == "nt"
collect_ignore = ["test_fuzz.py", "test_mutants.py", "test_soak.py"] if ON_WINDOWS else []
NOT_ON_WINDOWS = {
    "test_what_is_no_file_is_refused",
    "test_a_file_that_may_not_grow_is_told",
    "test_a_second_process_is_refused_and_a_killed_one_leaves_no_lock",
    "test_an_interrupt_ends_the_kernels_and_says_so_in_a_line",
    "test_make_hands_any_name_of_a_file_over_as_it_is",
    "test_what_cannot_be_installed_is_said_to_need_the_network",
    "test_ctrl_c_ends_with_130_keeps_the_checkpoint_and_says_how_to_go_on",
    "test_who_reads_may_leave",
    "test_readme_shows_what_quick_commands_print",
}


def pytest_collection_modifyitems(items):
    """Leave out, on Windows, the tests of what it has not."""
    for item in items:
        if ON_WINDOWS and item.originalname in NOT_ON_WINDOWS:
            item.add_marker(pytest.mark.skip(reason="needs a POSIX system"))


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
