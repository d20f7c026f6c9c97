"""The numbers that the pages say, counted now or read from what a command stored.

Each function tells the numbers of one source by name, for the words in tools/lib/held.py; its
docstring says what a message calls the source.
"""

import ast
import csv
import re
from pathlib import Path

from nnfs_core.tracks import MINIMUM_FEATURES, MINIMUM_TRACKS
from tools.lib.layout import COURSE, Refused, project, read_notebooks
from tools.lib.readme import SHORT, reading
from tools.lib.teaching import SESSIONS
from tools.lib.weight_files import path_of
from tools.lib.weight_files import read as read_weights

WORDS = (
    "no one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
LONG = 120  # minutes to read for a session
FRACTIONS = {0.5: "half", 0.2: "a fifth", 0.25: "a quarter"}


def look(root: Path, name: str, pattern: str) -> re.Match:
    """What matches first in a file; raises Refused if nothing does."""
    match = re.search(pattern, (root / name).read_text("utf-8"), re.MULTILINE)
    if not match:
        raise Refused(f"{name}: nothing matches {pattern}, where tools/lib/counted.py looks")
    return match


def number(root: Path, name: str, pattern: str) -> float:
    """The number that stands in a file in the place of #."""
    return float(look(root, name, pattern.replace("#", r"([\d._,]+)"))[1].replace(",", ""))


def percent(share: float, digits: int = 0) -> str:
    """A share, as the pages write it."""
    return f"{share:.{digits}%}".replace("%", " %")


def count(root: Path, name: str, pattern: str) -> str:
    """How often something stands in a file, as a word."""
    return WORDS[len(re.findall(pattern, (root / name).read_text("utf-8"), re.MULTILINE))]


def notebooks(root: Path) -> dict[str, str]:
    """Counted in the notebooks."""
    found = read_notebooks(root)
    texts = {nb.stage: "\n".join(cell.source for _, cell in nb.cells()) for nb in found}
    overview = texts["overview"]
    hidden, targets = (
        ast.literal_eval(re.search(rf"^{name} = np\.array\((.+?\]\])", overview, re.MULTILINE)[1])
        for name in ("W1", "Y")
    )
    minutes = {nb.stage: reading(nb) for nb in found}
    long = [n for n, own in enumerate(SESSIONS, 1) if sum(minutes[stage] for stage in own) >= LONG]
    questions = overview.partition("are you ready?")[2].partition("<details>")[0]
    exhibits = re.findall("^## Exhibit ", texts["bug_zoo"], re.MULTILINE)
    return {
        "stages": WORDS[sum(nb.is_stage for nb in found)],
        "exhibits": WORDS[len(exhibits)],
        "hidden_units": WORDS[len(hidden)],
        "eight_tracks": WORDS[len(targets[0])],
        "questions": WORDS[len(re.findall(r"^\d+\. ", questions, re.MULTILINE))],
        "long_sessions": f"{', '.join(map(str, long[:-1]))} and {long[-1]}",
        "future": re.search(r"^## (\d+)\. The future", texts["generalization"], re.M)[1],
        "cluster": re.search(r"^## (\d+)\. Past one machine", texts["scaling"], re.M)[1],
        "limit": re.search(r"^## (\d+)\. How near is the limit", texts["scaling"], re.M)[1],
    }


def files(root: Path) -> dict[str, str]:
    """Counted in the files, or a constant there."""
    recipe = look(root, "tools/recipes.py", r'"fashion-mnist": Recipe\(\[(.+?)\], .+?, (0\.\d+)\)')
    rates = look(root, "tools/marks.py", r'^RATES = {"ours": ([\d.]+), "ours, BatchNorm": ([\d.]+)')
    steps = look(root, "benchmarks/__main__.py", r"^STEPS = {20_000: (\d+), 130_000: (\d+)}")
    sizes = look(root, "benchmarks/peers.py", r"^LAYER_SIZES, RATE = \[(.+?)\]")[1]
    exam = re.findall(r"· (\d+) minutes$", (root / "docs/EXAM.md").read_text("utf-8"), re.MULTILINE)
    speed = look(root, "tools/lib/layout.py", r"words / (\d+) \+ lines / (\d+)")
    game = "nnfs_course/game.py"
    settings = (root / "site/play/settings.js").read_text("utf-8")
    shown = sorted({int(number) for number in re.findall(r"\bexhibit: (\d+)", settings)})
    return {
        "milestones": WORDS[len(list((root / COURSE / "milestones").glob("[a-z]*.py")))],
        "sessions": WORDS[len(SESSIONS)],
        "exam": count(root, "docs/EXAM.md", r"^## \d+\. "),
        "exam_minutes": f"{sum(map(int, exam))}",
        "exam_least": WORDS[min(map(int, exam))],
        "exam_most": WORDS[max(map(int, exam))],
        "words": speed[1],
        "lines": speed[2],
        "rules": count(root, "docs/STYLE.md", r"^\*\*\d+\. "),
        "short_hours": WORDS[SHORT // 60],
        "version": project(root)["version"],
        "python": project(root)["requires-python"].removeprefix(">="),
        "least_tracks": f"{MINIMUM_TRACKS:,}",
        "least_features": WORDS[MINIMUM_FEATURES],
        "moves": WORDS[int(number(root, game, "^MOVES = #"))],
        "weights": WORDS[look(root, game, r"^START = (.+)")[1].count(",") + 1],
        "networks": WORDS[int(number(root, "configs/popularity.yaml", "networks: #"))],
        "digit_layers": look(root, "configs/digits.yaml", r"hidden: \[(\d+), (\d+)\]").expand(
            r"\1 units follows, and one of \2"
        ),
        "fashion": f"784-{recipe[1].replace(', ', '-')}-10",
        "mark": recipe[2],
        "rates": WORDS[round(float(rates[2]) / float(rates[1]))],
        "few_steps": WORDS[int(steps[2])],
        "many_steps": WORDS[int(steps[1])],
        "bench_sizes": sizes.replace(", ", "-"),
        "held_back": FRACTIONS[number(root, "tools/challenge.py", "^SHARE = #")],
        "play_points": look(root, "site/play/samples.js", r"const TRAIN = (\d+);")[1],
        "shown_exhibits": f"{shown[0]} to {shown[-2]} and {shown[-1]}",
        "drawn": f"{number(root, 'data/make_tracks.py', '^TRACKS, .+? = #,'):,.0f}",
        "components": look(root, "data/make_tracks.py", r"^TRACKS, COMPONENTS.+= \d+_\d+, (\d+)")[
            1
        ],
        "product_share": look(
            root, "notebooks/14_scaling.ipynb", r"tiles, where products are (.+?) of what is left"
        )[1],
    }


def results(root: Path) -> dict[str, str]:
    """Stored in docs/results-*.txt by the commands that README names."""
    real = look(root, "docs/results-real.txt", r"^real .+: ([\d,]+) rows")[1]
    splits = look(root, "docs/results-real.txt", r"tracks, (\d+) splits")[1]
    classes = "docs/results-classes.txt"
    plain, fast, normal = (
        number(root, classes, f"^5,000 of MNIST, ours{row} +#")
        for row in ("", ", rate 0.003", ", BatchNorm")
    )
    rows = look(root, "docs/results-use-table.txt", r"genres.csv: ([\d,]+) rows")[1]
    parts = look(root, "docs/results-use-table.txt", r"^rows .+ ([\d,]+), .+ ([\d,]+), .+ ([\d,]+)")
    counts = [int(text.replace(",", "")) for text in (rows, *parts.groups())]
    return {
        "real_rows": real,
        "mnist_fast": f"{fast:.3f}",
        "mnist_share": FRACTIONS[round((fast - plain) / (normal - plain) * 4) / 4],
        "splits": WORDS[int(splits)],
        "small_network": look(root, "docs/results-real.txt", r"^(\d+)-(\d+)-(\d+), enc").expand(
            r"\1, \2 and \3"
        ),
        "small_networks": count(root, "docs/results-real.txt", "^64-32-16, .+R²"),
        "averaged": WORDS[int(number(root, "docs/results-real.txt", "^average of # "))],
        "table_rows": rows,
        "left_out": f"{counts[0] - sum(counts[1:]):,}",
        "compared": WORDS[int(number(root, "docs/results-use-compare.txt", r"^dropout=\S+ +# "))],
        "mean_mae": f"{number(root, 'docs/results-use-popularity.txt', '^mean .+ # +0.0$'):.1f}",
    }


def races(root: Path) -> dict[str, str]:
    """Stored in benchmarks/results.csv by `python -m benchmarks --write`."""
    with (root / "benchmarks/results.csv").open(encoding="utf-8") as file:
        times = {
            (row["samples"], row["name"]): float(row["median"])
            for row in csv.DictReader(file)
            if row["dtype"] == "float32"
        }
    ratio = times["130000", "train_fast"] / times["130000", "matrix products alone"]
    return {"of_products": f"{ratio:.1f}"}


def bench(root: Path) -> dict[str, str]:
    """Stored in docs/results-bench.txt by `python -m tools.bench --write`."""
    text, found = (root / "docs/results-bench.txt").read_text("utf-8"), {}
    for name, line, places in (
        ("full", "4,000", (0, 1)),
        ("small", "32", (0, 1)),
        ("adam", "Adam", (1, 2)),
        ("sgd", "SGD", (1, 2)),
    ):
        ratios = re.findall(r"([\d.]+)x", re.search(rf"^ *{line} .+", text, re.MULTILINE)[0])
        said = [ratio if ratio < "1" else f"{float(ratio):.1f}" for ratio in ratios]
        found |= {f"{name}_one": said[places[0]], f"{name}_other": said[places[1]]}
    return found


def networks(root: Path) -> dict[str, str]:
    """Stored in site/play by `python -m tools.weights`."""
    found = {name: read_weights(path_of(root, name)) for name in ("digits", "popularity", "genres")}
    data = {name: facts["about"]["data"] for name, facts in found.items()}
    outer = float(look(root, "tools/weights.py", r"^OUTER = ([\d.]+)")[1])
    near = look(root, "tools/weights.py", r"^NEAR = (\S+)")
    scores = found["popularity"]["scores"]
    return {
        "sliders": WORDS[len(found["popularity"]["ranges"])],
        "outside": f"{1 / outer:.0f}",
        "play_mae": f"{scores['mae']:.1f}",
        "play_r2": f"{scores['r2']:.2f}",
        "unexplained": percent(1 - scores["r2"]),
        "genres": WORDS[len(found["genres"]["classes"])],
        "genre_rows": f"{data['genres']['train']:,}",
        "genre_right": percent(found["genres"]["scores"]["accuracy"]),
        "digit_right": percent(found["digits"]["scores"]["accuracy"], 1),
        "digit_test": f"{data['digits']['test']:,}",
        "digit_train": f"{data['digits']['train']:,}",
        "digit_all": f"{sum(data['digits'][part] for part in ('train', 'validation', 'test')):,}",
        "moved": f"{float(near[1]):g}",
    }
