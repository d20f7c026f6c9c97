"""What data/README.md says of the two shipped files, counted now (tools.lib.counted tells how)."""

import re
from pathlib import Path

import pandas as pd

from tools.lib.counted import WORDS, look, percent

TEXTS = ("id", "name", "artists", "id_artists", "release_date")
AS_TEXT = {"keep_default_na": False, "dtype": str}


def tracks(root: Path) -> dict[str, str]:
    """Counted in data/tracks.csv."""
    path = root / "data/tracks.csv"
    table = pd.read_csv(path, **AS_TEXT)
    kept = table.drop_duplicates()
    numbers = kept.drop(columns=list(TEXTS)).apply(pd.to_numeric, errors="coerce")
    dates = table["release_date"]
    shaped = dates.where(dates.str.fullmatch(r"[12]\d{3}(-\d\d){0,2}"))
    possible = pd.to_datetime(shaped, errors="coerce", format="ISO8601").notna()
    clean = numbers.notna().all(axis=1) & possible[kept.index]
    whole = clean & (kept["name"] != "")
    return {
        "tracks": f"{table['id'].nunique():,}",
        "rows": f"{len(table):,}",
        "columns": f"{table.shape[1]}",
        "megabytes": f"{path.stat().st_size / 1e6:.1f}",
        "repeated": f"{len(table) - len(kept)}",
        "no_date": f"{(~possible).sum()}",
        "clean": f"{clean.sum():,}",
        "whole": f"{whole.sum():,}",
        "dirty": f"{len(table) - whole.sum():,}",
    }


def genres(root: Path) -> dict[str, str]:
    """Counted in data/genres.csv."""
    path = root / "data/genres.csv"
    table = pd.read_csv(path, **AS_TEXT)
    of_id = table.groupby("track_id")["genre"].agg(lambda found: " and ".join(sorted(set(found))))
    shared = of_id[of_id.str.contains(" and ")]
    pairs = shared.value_counts()
    pairs.index = ["ids are both " * (not place) + name for place, name in enumerate(pairs.index)]
    twice = table[table["track_id"].isin(shared.index)].drop_duplicates()
    single = table[~table["track_id"].isin(shared.index)].drop_duplicates("track_id")
    audio = list(table.columns[table.columns.get_loc("duration_ms") :])
    alike = single.duplicated(audio, keep=False)
    zero = single["popularity"] == "0"
    none = table[table["popularity"] == "0"]
    first = single["track_artist"].str.partition(";")[0]
    each = single["genre"].value_counts()
    songs = single.groupby(["track_name", first]).size()
    return {
        "genre_columns": f"{table.shape[1]}",
        "genre_megabytes": f"{path.stat().st_size / 1e6:.2f}",
        "all_genre_rows": f"{len(table):,}",
        "genres_there": WORDS[table["genre"].nunique()],
        "of_each": f"{table['genre'].value_counts().min():,}",
        "single": f"{len(single):,}",
        "shared": f"{len(shared)}",
        "shared_rows": f"{len(table[table['track_id'].isin(shared.index)])}",
        "other_popularity": f"{(twice.groupby('track_id')['popularity'].nunique() > 1).sum()}",
        "same_rows": f"{len(table) - len(table.drop_duplicates())}",
        "each": ", ".join(f"{each[name]} {name}" for name in sorted(each.index)),
        "pairs": ", ".join(f"{n} {name}" for name, n in pairs.items()),
        "alike": f"{alike.sum():,}",
        "alike_zero": percent(zero[alike].mean()),
        "other_zero": percent(zero[~alike].mean()),
        "zero": f"{len(none):,}",
        "zero_country": f"{(none['genre'] == 'country').sum()}",
        "artists": f"{single['track_artist'].str.split(';').explode().nunique():,}",
        "first_artists": f"{first.nunique():,}",
        "most_often": f"{songs.max()}",
    }


def fidelity(root: Path) -> dict[str, str]:
    """Stored in docs/results-fidelity.txt by `python data/make_tracks.py REAL.csv --fidelity`."""
    name = "docs/results-fidelity.txt"
    said = look(root, name, r"^R², (.+) rows to train on, (.+) to test on, (\d+) splits")
    dates = look(root, name, r"^real: (.+ full dates of (.+)); (.+) are 1 January")
    found = {
        "trained_on": said[1],
        "tested_on": said[2],
        "fidelity_splits": WORDS[int(said[3])],
        "real_dates": dates[1],
        "kaggle_rows": dates[2],
        "real_first": dates[3],
        "early": look(root, name, "^(.+) tracks up to")[1],
        "late": look(root, name, "up to .+, (.+) later ones")[1],
        "last_year": look(root, name, r"up to (\d+), ")[1],
    }
    text = (root / name).read_text("utf-8")
    for model in ("LinearRegression", "MLPRegressor", "HistGradientBoostingRegressor"):
        found[model] = " | ".join(re.findall(rf"^{model} .+ (\S+ ± \S+)$", text, re.MULTILINE))
    for kind, features in (
        ("alone", "the year alone"),
        ("all", "all fourteen"),
        ("rest", "all but"),
    ):
        scores = re.findall(r"\S+ / \S+", look(root, name, f"^{features}.+")[0])
        found[f"year_{kind}"] = " | ".join(scores)
    parts = "mean zeros old new year_popularity explicit_year explicit_popularity".split()
    for kind in ("real", "shipped"):
        numbers = re.findall(r"\d+\.\d%?\d*", look(root, name, f"^{kind}: popularity .+")[0])
        found |= {f"{kind}_{part}": said for part, said in zip(parts, numbers, strict=True)}
    for part in parts[:2]:
        one, other = (
            found[f"{kind}_{part}"].replace("%", " % zeros") for kind in ("real", "shipped")
        )
        found[f"both_{part}"] = f"{one} in both" if one == other else f"{one} and {other}"
    return found
