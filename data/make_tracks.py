"""Make data/tracks.csv: synthetic tracks, drawn from a mixture fitted to real ones, then soiled.

python data/make_tracks.py REAL.csv [--out data/tracks.csv] [--seed 42]    writes the tracks
python data/make_tracks.py REAL.csv --fidelity                             measures the method

REAL.csv is a Kaggle `tracks.csv`. The same file, seed, library versions and kind of processor give
the same bytes: see data/README.md.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, StandardScaler
from threadpoolctl import threadpool_limits

TRACKS, COMPONENTS, QUANTILES = 20_000, 30, 200
LAST_YEAR = 2010  # of the tracks to learn from, where the split is by time
COLUMNS = (
    "id name popularity duration_ms explicit artists id_artists release_date danceability energy "
    "key loudness mode speechiness acousticness instrumentalness liveness valence tempo "
    "time_signature"
).split()
TEXTS = ["id", "name", "artists", "id_artists", "release_date"]
DISCRETE = ["popularity", "explicit", "key", "mode", "time_signature", "year"]
DECIMALS = {"duration_ms": 0, "loudness": 3, "tempo": 3}
DIGITS = "danceability energy speechiness acousticness instrumentalness liveness valence".split()
FITTED = [*DISCRETE, *DECIMALS, *DIGITS]
FEATURES = [c for c in FITTED if c not in ("popularity", "time_signature")]

# How the real file writes its dates: year, year and month, full date, full date of 1 January.
DATE_FORMS = {"YYYY": 4_525, "YYYY-MM": 83, "YYYY-MM-DD": 15_220 - 3_891, "YYYY-01-01": 3_891}

# The dirt: how many cells of each column, and what stands in them. No row gets two.
MISSING = {"name": 10, "popularity": 20, "duration_ms": 10, "release_date": 15, "danceability": 10}
MISSING |= {"energy": 10, "loudness": 10, "instrumentalness": 5, "tempo": 10}
TEXT = {"popularity": 20, "duration_ms": 15, "loudness": 15, "tempo": 15, "energy": 10, "key": 5}
WORDS = {
    "popularity": ["unknown", "high", "57 %"],
    "duration_ms": ["3:45", "215,000", "4 min"],
    "loudness": ["-14.2 dB", "loud", "unknown"],
    "tempo": ["fast", "120 BPM", "?"],
    "energy": ["0,61", "low"],
    "key": ["A minor", "C#"],
}
IMPOSSIBLE_DATES = 60
DATES = (
    "0000 1985-13-01 1999-02-30 2003-00-10 2011-04-31 unknown 19.05.1998 1974-6-00 199x 20".split()
)
REPEATED = 60


def read_real(path):
    """Return the fitted columns of a Kaggle file; the year is the start of `release_date`."""
    real = pd.read_csv(path)
    return round_off(real.assign(year=real["release_date"].str[:4].astype(int))[FITTED])


def round_off(table):
    """Return the fitted columns in the originals' precision, without float noise."""
    table = table.assign(**table[DIGITS].map(lambda value: float(f"{value:.3g}")))
    return table.round(DECIMALS).astype(dict.fromkeys([*DISCRETE, "duration_ms"], int))


def draw(real, count, seed):
    """Fit the mixture to `real` and draw `count` clean rows in the originals' precision."""
    spread = real.astype(float)
    spread[DISCRETE] += np.random.default_rng(seed).random((len(real), len(DISCRETE)))
    normal = QuantileTransformer(
        n_quantiles=QUANTILES, output_distribution="normal", subsample=None
    ).fit_transform(spread.to_numpy())
    mixture = GaussianMixture(COMPONENTS, max_iter=500, random_state=seed)
    with threadpool_limits(1):  # more threads add in another order, and the bits differ
        drawn = pd.DataFrame(mixture.fit(normal).sample(count)[0], columns=FITTED)
    drawn = drawn.sample(frac=1, random_state=seed, ignore_index=True)  # they come by component
    for column in FITTED:  # back by rank: the k-th smallest value drawn is the real k-th smallest
        method = "inverted_cdf" if column in DISCRETE else "linear"
        share = (drawn[column].rank(method="first") - 0.5) / count
        drawn[column] = np.quantile(real[column], share, method=method)
    return round_off(drawn)


def write_dates(years, rng):
    """Give each year one of the four forms of a date, in the real shares, at random."""
    ends = np.cumsum(list(DATE_FORMS.values())) / sum(DATE_FORMS.values())
    counts = np.diff(np.round(ends * len(years)).astype(int), prepend=0)
    forms = rng.permutation(np.repeat(list(DATE_FORMS), counts))
    first = years.astype(str).to_numpy().astype("datetime64[Y]")
    month = first + rng.integers(0, 12, len(years)).astype("timedelta64[M]")
    day = first + rng.integers(1, 365, len(years)).astype("timedelta64[D]")  # never 1 January
    choices = {"YYYY": first, "YYYY-MM": month, "YYYY-MM-DD": day}
    choices["YYYY-01-01"] = first.astype("datetime64[D]")
    return [str(choices[form][i]) for i, form in enumerate(forms)]


def soil(tracks, rng):
    """Return the tracks with the dirt in them; all dirty and repeated rows are different ones."""
    cells = [(column, None) for column, count in MISSING.items() for _ in range(count)]
    for column, count in TEXT.items():
        cells += [(column, WORDS[column][i % len(WORDS[column])]) for i in range(count)]
    cells += [("release_date", DATES[i % len(DATES)]) for i in range(IMPOSSIBLE_DATES)]
    rows = rng.choice(len(tracks), len(cells) + REPEATED, replace=False)
    tracks = tracks.astype(object)
    for row, (column, value) in zip(rows, cells, strict=False):
        tracks.at[row, column] = value
    places = np.append(np.arange(len(tracks)), rng.uniform(0, len(tracks), REPEATED))
    everything = pd.concat([tracks, tracks.loc[rows[len(cells) :]]])
    return everything.iloc[np.argsort(places, kind="stable")]


def make_tracks(real, seed=42):
    """Return the table that is shipped, from the fitted columns of a real file."""
    rng = np.random.default_rng(seed)
    tracks = draw(real, TRACKS, seed)
    if len(tracks.merge(real, on=[*DECIMALS, *DIGITS])):  # the columns with many values
        raise ValueError("a synthetic row equals a real one: try another --seed")
    number, artist = range(1, TRACKS + 1), rng.integers(1, 5_001, TRACKS)
    tracks["id"] = [f"synthetic-{i:05d}" for i in number]
    tracks["name"] = [f"Synthetic track {i}" for i in number]
    tracks["artists"] = [f"['Synthetic artist {i}']" for i in artist]
    tracks["id_artists"] = [f"['s{i}']" for i in artist]
    tracks["release_date"] = write_dates(tracks["year"], rng)
    return soil(tracks[COLUMNS], rng)


def fidelity(real, seeds=(42, 0, 1, 2, 3)):
    """Return the lines of a table: R² on held-out rows of models trained on real and drawn rows.

    The mixture sees the real training rows only; as many rows are drawn as the real file has,
    and split alike.
    """
    scores = []
    for seed in seeds:
        train, test = train_test_split(real, test_size=0.2, random_state=seed)
        drawn = draw(train, len(real), seed)
        drawn, drawn_test = drawn[: len(train)], drawn[len(train) :]
        mlp = MLPRegressor(hidden_layer_sizes=(64, 32, 16), early_stopping=True, random_state=seed)
        for name, model in {
            "LinearRegression": make_pipeline(MinMaxScaler(), LinearRegression()),
            "MLPRegressor": make_pipeline(StandardScaler(), mlp),
            "HistGradientBoostingRegressor": HistGradientBoostingRegressor(random_state=seed),
        }.items():
            for source, rows, tests in (
                ("real", train, [("real", test)]),
                ("synthetic", drawn, [("real", test), ("synthetic", drawn_test)]),
            ):
                model.fit(rows[FEATURES], rows["popularity"])
                for target, held in tests:
                    score = model.score(held[FEATURES], held["popularity"])
                    scores.append((name, f"{source} → {target}", score))
    table = pd.DataFrame(scores, columns=["model", "case", "r2"])
    yield f"R², {len(train):,} rows to train on, {len(test):,} to test on, {len(seeds)} splits"
    for (name, case), r2 in table.groupby(["model", "case"], sort=False)["r2"]:
        yield f"{name:30} {case:22} {r2.mean():.3f} ± {r2.std():.3f}"


def year_alone(real, seeds=(42, 0, 1, 2, 3)):
    """Return the lines of a table: R² of linear regression / boosting, by features and splits."""
    splits = [(*train_test_split(real, test_size=0.2, random_state=seed), seed) for seed in seeds]
    early, late = real[real["year"] <= LAST_YEAR], real[real["year"] > LAST_YEAR]
    yield f"{len(early):,} tracks up to {LAST_YEAR}, {len(late):,} later ones"
    others = [column for column in FEATURES if column != "year"]
    kinds = {"the year alone": ["year"], "all fourteen": FEATURES, "all but the year": others}
    for name, columns in kinds.items():
        line = f"{name:17}"
        for parts in (splits, [(early, late, 0)]):
            found = []
            for train, test, seed in parts:
                linear = make_pipeline(MinMaxScaler(), LinearRegression())
                for model in (linear, HistGradientBoostingRegressor(random_state=seed)):
                    model.fit(train[columns], train["popularity"])
                    found.append(model.score(test[columns], test["popularity"]))
            means = np.reshape(found, (-1, 2)).mean(axis=0)
            line += f"   {means[0]:.3f} / {means[1]:.3f}"
        yield line


def shipped(path):
    """Return the clean tracks of the file that was made."""
    tracks = pd.read_csv(path, low_memory=False).drop_duplicates()
    tracks["year"] = tracks["release_date"].str.extract(r"^([12]\d{3})(?:-|$)")[0]
    numbers = tracks.drop(columns=TEXTS).apply(pd.to_numeric, errors="coerce").dropna()
    dates = tracks.loc[numbers.index, "release_date"]
    return numbers[~dates.isin(DATES)]


def portrait(table):
    """Return what a table of tracks is like, in a line; table: popularity, year, explicit."""
    popularity, year, explicit = (table[name] for name in ("popularity", "year", "explicit"))
    old, new = popularity[year.between(1920, 1929)], popularity[year >= 2020]
    return (
        f"popularity {popularity.mean():.1f}, {np.mean(popularity == 0):.1%} zeros, "
        f"{old.mean():.1f} in the 1920s, {new.mean():.1f} in the 2020s; correlations: year and "
        f"popularity {year.corr(popularity):.3f}, explicit and year {explicit.corr(year):.3f}, "
        f"explicit and popularity {explicit.corr(popularity):.3f}"
    )


def forms(dates):
    """Return how many dates of a real file have which form, in a line."""
    lengths, first = dates.str.len().value_counts(), dates.str.fullmatch(r"\d{4}-01-01").sum()
    return (
        f"{lengths[4]:,} years, {lengths[7]} months and {lengths[10]:,} full dates of "
        f"{len(dates):,}; {first:,} are 1 January"
    )


def main(arguments=None):
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path, help="a Kaggle tracks.csv")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("tracks.csv"))
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--fidelity", action="store_true", help="measure; write nothing")
    options = parser.parse_args(arguments)
    real = read_real(options.real)
    if options.fidelity:
        print(*fidelity(real), *year_alone(real), sep="\n")
        print("real:", forms(pd.read_csv(options.real)["release_date"]))
        print("real:", portrait(real))
        print("shipped:", portrait(shipped(options.out)))
        return
    tracks = make_tracks(real, options.seed)
    data = tracks.to_csv(index=False, lineterminator="\n").encode()
    options.out.write_bytes(data)
    print(f"{options.out.name}: {len(tracks):,} rows, {len(data):,} bytes")
    print(f"missing {sum(MISSING.values())} {MISSING}")
    print(f"text {sum(TEXT.values())} {TEXT}")
    print(f"impossible dates {IMPOSSIBLE_DATES}, repeated rows {REPEATED}")
    print(f"SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
