"""All that is fuzzed, by name; the loader of tracks among it."""

from pathlib import Path

import numpy as np
import pandas as pd

from nnfs_core import clean_tracks, load_tracks
from tools.lib import changing, hostile
from tools.lib.target import Target, check, tracks, written
from tools.lib.target_checkpoint import checkpoint
from tools.lib.target_command import command, prediction
from tools.lib.target_config import config


def loader(place: Path) -> Target:
    """load_tracks and clean_tracks."""
    good = tracks()

    def run(content):
        tracks = load_tracks(written(place, content))
        check(isinstance(tracks, pd.DataFrame) and len(tracks) > 0, "no tracks")
        check({"id", "popularity", "release_date"} <= set(tracks), "a column is missing")
        check(not tracks["id"].dropna().duplicated().any(), "a track stands twice")
        clean = clean_tracks(tracks)
        numbers = clean.drop(columns=[c for c in clean if clean[c].dtype.kind not in "iuf"])
        wanted = [name for name in ("popularity", "year") if name in clean]
        check(np.isfinite(clean[wanted].to_numpy(float)).all(), "a gap in clean tracks")
        check(clean["popularity"].between(0, 100).all() and len(numbers) > 0, "out of range")

    by_hand = hostile.table_files(good) | hostile.odd_paths(place)
    changed = changing.changed([good, good[: good.index(b"\n", 2000)]]) | changing.tables()
    return Target(run, by_hand, changed | changing.other_cells(good))


TARGETS = {f.__name__: f for f in (loader, checkpoint, config, command, prediction)}
