"""What pip installs works away from the clone: the package, its data, its command."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nnfs_core import load_config, load_dataset, load_tracks
from tools.lib.layout import COURSE, PACKAGE, ROOT

SMALL = ["network.hidden=[4]", "training.epochs=1", "training.networks=1", "data.rows=300"]
SMALL += ["training.baselines=false", "data.encoding=standard", "data.bins_of={}"]
SETS = [word for change in SMALL for word in ("--set", change)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without a network from a copy: setuptools keeps what it built before."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("made")
    for name in (PACKAGE, COURSE, "data", "configs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements.txt"):
        shutil.copy(ROOT / name, source)
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", made]
    command = [sys.executable, "-m", "pip", "wheel", *offline, source]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = made.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def place(wheel, tmp_path_factory):
    """A folder with site/, where the wheel is installed, and foreign/, to work in."""
    place = tmp_path_factory.mktemp("place")
    (place / "foreign").mkdir()
    options = ["--no-deps", "--no-index", "--no-compile", "-q", "--target", place / "site"]
    command = [sys.executable, "-m", "pip", "install", *options, wheel]
    subprocess.run(command, check=True, capture_output=True)
    return place


def run(place, *command):
    """What a command prints that sees the installed package, and no clone."""
    hidden = {"NNFS_DATA", "NNFS_SEED", "NNFS_LOG_LEVEL"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"PYTHONPATH": str(place / "site"), "OPENBLAS_NUM_THREADS": "1"}
    environment["PYTHONIOENCODING"] = "utf-8"
    done = subprocess.run(
        command, cwd=place / "foreign", env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_packages_the_data_and_the_configurations(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in {"data": "*.csv", "configs": "*.yaml", PACKAGE: "**/*.py"}.items():
        within = PACKAGE if folder == PACKAGE else f"{PACKAGE}/{folder}"
        for path in (ROOT / folder).glob(inside):
            assert f"{within}/{path.relative_to(ROOT / folder).as_posix()}" in names
    tops = {name.partition("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {PACKAGE, COURSE} and f"{COURSE}/course.mplstyle" in names


def test_tracks_genres_and_configurations_are_there_in_a_foreign_folder(place):
    program = """
import nnfs_core, nnfs_course.figures, nnfs_course.judge
print(nnfs_core.__file__)
print(len(nnfs_core.load_tracks()), nnfs_core.load_dataset("genres").X.shape)
print(nnfs_core.load_config("popularity").data.path)
"""
    home, found, path = run(place, sys.executable, "-c", program).splitlines()
    assert home == str(place / "site" / PACKAGE / "__init__.py")
    assert found == f"{len(load_tracks())} {load_dataset('genres').X.shape}"
    assert Path(path).resolve() == place / "site" / PACKAGE / "data" / "tracks.csv"


def test_the_command_trains_on_the_shipped_tracks(place):
    (program,) = place.glob("site/*/mlp-from-scratch-course*")
    header, ours = run(place, program, "train", "popularity", *SETS).splitlines()
    assert header.startswith("popularity, 60 test rows") and ours.startswith("ours")
    assert (place / "foreign" / "runs" / "popularity" / "model.npz").is_file()


def test_a_name_is_a_shipped_configuration_unless_there_is_a_file_of_this_name(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert load_config("digits").data.name == "digits"
    (tmp_path / "digits").write_text("data:\n  name: genres\n")
    assert load_config("digits").data.name == "genres"
    for name in ("no-such", "sub/digits"):
        with pytest.raises(FileNotFoundError, match="or a shipped one's name"):
            load_config(name)
