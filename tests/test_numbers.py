"""The numbers of pages: a wrong one is seen, in every page and kind of place, and a new one."""

import re
import shutil

import pandas as pd
import pytest

from tests.test_data import script  # noqa: F401
from tools.lib import counted, counted_data, held, numbers
from tools.lib.layout import ROOT, Refused


@pytest.fixture(scope="module")
def facts():
    """Return all numbers by name, and the source of each."""
    return numbers.counts(ROOT)


def test_no_name_stands_for_two_numbers():
    names = [name for source in numbers.SOURCES for name in source(ROOT)]
    assert len(set(names)) == len(names)
    used = {name for page in held.HELD.values() for name in re.findall(r"{(\w+)}", " ".join(page))}
    assert used == set(names) - {"real_mean", "real_zeros", "shipped_mean", "shipped_zeros"}


def faults(page, text, facts):
    return list(numbers.page_faults(page, text, *facts))


@pytest.mark.parametrize("page", held.HELD)
def test_what_is_held_stands_in_the_page_and_is_seen_if_its_number_is_another(page, facts):
    text = (ROOT / page).read_text("utf-8")
    assert faults(page, text, facts) == []
    found, told = facts
    for name in sorted(set(re.findall(r"{(\w+)}", " ".join(held.HELD[page])))):
        digit = found[name][0].isdigit()
        wrong = f"9{found[name]}" if digit else f"{found[name]}x"
        (first, *_) = faults(page, text, (found | {name: wrong}, told))
        assert first.startswith(f"{page}: says ") and wrong in first
        assert told[name] in first and first.endswith("Mend the number")


@pytest.mark.parametrize(
    ("page", "right", "wrong", "message"),
    [
        ("README.md", "fifteen notebooks", "nine notebooks", "says 'nine notebooks, read in order"),
        ("README.md", "645 of these", "646 of these", "says '646 of these 6,000', expected the"),
        ("README.md", "0.885", "0.895", "Counted in the files, or a constant there."),
        ("README.md", "took 0.", "took 1.", "Stored in docs/results-bench.txt by `python -m tools"),
        ("README.md", "Three splits", "Four splits", "expected the words 'three splits are few'"),
        ("data/README.md", "3.2 MB", "3.3 MB", "says 'Size: 20,060 rows, 20 columns, 3.3 MB'"),
        (
            "data/README.md",
            "| 0.364 ± 0.010 |",
            "| 0.464 ± 0.010 |",
            "py REAL.csv --fid",
        ),
        ("data/README.md", "39 country", "38 country", "expected the words '89 ids are both"),
        ("benchmarks/README.md", "takes 1.5", "takes 1.2", "Stored in benchmarks/results.csv by"),
        ("CONTRIBUTING.md", "twelve rules", "ten rules", "says 'a page of ten rules'"),
        ("CHANGELOG.md", "eleven bugs", "ten bugs", "says 'ten bugs to recognise'"),
        ("docs/TEACHING.md", "99 minutes", "98 minutes", "98 minutes in all, from two for"),
        ("docs/STYLE.md", "Twelve rules", "Ten rules", "says 'Ten rules for the words'"),
        ("docs/EXAM.md", "# Twenty", "# Thirty", "says '# Thirty questions for an exam'"),
        ("site/index.md", "asks ten", "asks nine", "says 'asks nine short questions'"),
        ("site/pages/compose_a_track.md", "by 11.2", "by 10.2", "by `python -m tools.weights`"),
        ("site/pages/draw_a_digit.md", "98.6 %", "99.6 %", "expected the words 'Of 360 pictures"),
        ("site/pages/playground.md", "200 points", "300 points", "says 'learns 300 points'"),
    ],
)
def test_a_wrong_number_is_seen(page, right, wrong, message, facts):
    text = (ROOT / page).read_text("utf-8")
    assert right in text
    found = faults(page, text.replace(right, wrong, 1), facts)
    assert any(message in fault for fault in found), found


@pytest.mark.parametrize("page", held.GIVEN)
@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("It takes 7 minutes.", "7"),
        ("It is seventeen times as fast.", "seventeen"),
        ("R² is 0.93 on ours.", "0.93"),
        ("| new | 1,234 |", "1,234"),
        ("- about a third, 31 %", "31"),
        ("at -3 dB, and **40** tracks", "-3"),
    ],
)
def test_a_new_number_that_nothing_holds_is_seen(page, words, number, facts):
    text = (ROOT / page).read_text("utf-8")
    for place in (f"{text}\n{words}\n", text.replace("\n\n", f"\n\n{words}\n\n", 1)):
        found = faults(page, place, facts)
        assert f"{page}: nothing holds the number {number!r}" in found[0]


@pytest.mark.parametrize(
    "words",
    [
        "Stage 7, stages 2 to 4, and exhibit 3, in UTF-8 and float32",
        "`--seed 42` and [a page](09_solver.ipynb)",
        "1. first\n2. second",
        "```\n$ count 17\n17\n```",
        "<!-- results new -->\n0.5\n<!-- /results new -->",
    ],
)
def test_names_code_and_generated_parts_are_no_numbers(words, facts):
    assert faults("README.md", (ROOT / "README.md").read_text("utf-8") + words, facts) == []


def test_what_needs_no_command_still_stands_there(facts):
    page = "README.md"
    text = (ROOT / page).read_text("utf-8").replace("(0 to 100)", "(a share)")
    (fault,) = faults(page, text, facts)
    assert "no longer says '(0 to 100)': take it out of GIVEN" in fault


def test_a_page_that_is_not_read_is_said():
    """Each page of words is held, or stands here with what holds it in another way."""
    elsewhere = {
        *("GLOSSARY.md", "REFERENCE.md"),  # definitions; tests/test_reference.py computes
        *("SECURITY.md", "benchmarks/CLUSTER.md"),
    }
    pages = {
        str(path.relative_to(ROOT))
        for folder in (".", "data", "benchmarks", "docs", "site", "site/pages")
        for path in (ROOT / folder).glob("*.md")
    }
    assert pages == held.HELD.keys() | elsewhere
    assert held.GIVEN.keys() < held.HELD.keys()


def test_a_source_without_its_number_is_refused(tmp_path):
    (tmp_path / "a.py").write_text("MOVES = 20\n")
    assert counted.number(tmp_path, "a.py", "^MOVES = #") == 20
    with pytest.raises(Refused, match=r"a.py: nothing matches \^MOVED = "):
        counted.number(tmp_path, "a.py", "^MOVED = #")


def test_another_file_of_tracks_has_other_counts(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("tracks.csv", "genres.csv"):
        shutil.copy(ROOT / "data" / name, tmp_path / "data")
    before = counted_data.tracks(ROOT), counted_data.genres(ROOT)
    for name, end in (("tracks.csv", -2), ("genres.csv", -3)):
        path = tmp_path / "data" / name
        path.write_bytes(b"\n".join(path.read_bytes().split(b"\n")[:end]) + b"\n")
    after = counted_data.tracks(tmp_path), counted_data.genres(tmp_path)
    assert (before[0]["rows"], after[0]["rows"]) == ("20,060", "20,059")
    assert (before[1]["all_genre_rows"], after[1]["all_genre_rows"]) == ("6,000", "5,998")
    assert after[1]["each"] != before[1]["each"]


# What README says of the results in words


def ahead(kind, one, other):
    """Return a paired difference of docs/results-KIND.txt, its error, and in how many of 5."""
    text = (ROOT / "docs" / f"results-{kind}.txt").read_text("utf-8")
    line = re.search(rf"^{one} minus {other}: (\S+) ± (\S+), above 0 in (\d) of 5", text, re.M)
    return float(line[1]), float(line[2]), int(line[3])


def test_what_readme_says_of_the_real_tracks():
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    text = (ROOT / "docs" / "results-real.txt").read_text("utf-8")
    assert "level with gradient boosting in R², and slightly behind it in MAE" in readme
    mean, error, _ = ahead("real", "average of 5", "gradient boosting")
    assert abs(mean) < 2 * error
    ours, theirs = (
        float(re.search(rf"^{name} .+MAE (\S+)", text, re.M)[1])
        for name in ("average of 5", "gradient boosting")
    )
    assert theirs < ours < theirs * 1.02
    assert "The largest step is that to encoded inputs" in readme
    steps = [("64-32-16, encoded", "64-32-16, standardised")]
    steps += [("average of 5", "256-128-64, dropout")]
    assert ahead("real", *steps[0])[0] > 5 * ahead("real", *steps[1])[0] > 0
    assert "The network of stage 9 is ahead of scikit-learn's in each split" in readme
    assert ahead("real", "64-32-16, as in stage 9", "scikit-learn MLPRegressor")[2] == 5


def test_what_readme_says_of_the_classifiers():
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    text = (ROOT / "docs" / "results-classes.txt").read_text("utf-8")
    found = {}
    for name in ("gradient boosting", "gradient boosting, tuned"):
        told = re.search(rf"^{name} +\S+ +\S+ +(\S+) ± (\S+), (\S+) ± (\S+)$", text, re.M)
        accuracy, error, loss, loss_error = map(float, told.groups())
        found[name] = [abs(accuracy) < 2 * error, abs(loss) < 2 * loss_error, loss > 0]
    said = "level with our networks in accuracy, and behind in log-loss. With tuned settings it is "
    assert f"{said}level in both" in readme
    assert found["gradient boosting"] == [True, False, True]
    assert found["gradient boosting, tuned"][:2] == [True, True]


# What docs/results-fidelity.txt keeps of the real tracks, as far as it takes seconds


def kept():
    """Return the lines of the file."""
    return (ROOT / "docs" / "results-fidelity.txt").read_text("utf-8").splitlines()


def test_the_shipped_tracks_are_as_kept(script):  # noqa: F811
    assert "shipped: " + script.portrait(script.shipped(ROOT / "data" / "tracks.csv")) in kept()


def test_the_real_tracks_are_as_kept(script, kaggle_sample):  # noqa: F811
    assert "real: " + script.portrait(script.read_real(kaggle_sample)) in kept()
    assert "real: " + script.forms(pd.read_csv(kaggle_sample)["release_date"]) in kept()


def test_linear_regression_on_real_tracks_is_as_kept(script, kaggle_sample, monkeypatch):  # noqa: F811
    """Boosting takes minutes: another model stands in for it here."""
    monkeypatch.setattr(
        script, "HistGradientBoostingRegressor", lambda **_: script.LinearRegression()
    )
    first, *lines = script.year_alone(script.read_real(kaggle_sample))
    assert first in kept()
    for line in lines:
        told = next(one for one in kept() if one.startswith(line[:17]))
        assert [score.split(" / ")[0] for score in line[17:].split("   ")] == [
            score.split(" / ")[0] for score in told[17:].split("   ")
        ]
