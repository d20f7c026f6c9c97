"""Say which results that a command wrote anew are no longer those of the last commit.

Compares docs/results-*.txt, and ends with exit code 1 if one differs. Words and whole numbers have
to be the same. Numbers with decimals may be off by UNITS of their last digit or by a SHARE, since
another processor rounds otherwise; a count of splits, "3 of 5", by one; seconds by anything. The
ratios of docs/results-bench.txt have a check of their own, `python -m tools.bench --check`.
"""

import re
import subprocess
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from tools.lib.layout import ROOT, Refused

UNITS, SHARE = 5, 0.01
APART = "results-bench.txt"
NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?: of \d+)?")


def lines(text: str) -> Iterator[str]:
    """Lines without the seconds at the end of the rows of a table that has them."""
    timed = False
    for line in text.splitlines():
        timed = (timed or line.endswith(" seconds")) and bool(line)
        yield re.sub(r" +[\d.]+$", "", line) if timed else line


def near(kept: str, now: str) -> bool:
    """Whether a number is as good as another."""
    if " of " in kept and " of " in now:
        (some, every), (other, all_now) = (text.split(" of ") for text in (kept, now))
        return every == all_now and abs(int(some) - int(other)) <= 1
    if "." not in kept or "." not in now:
        return kept == now
    one, other = (float(text.replace(",", "")) for text in (kept, now))
    unit = 10.0 ** -len(kept.partition(".")[2])
    return abs(one - other) <= max((UNITS + 0.5) * unit, SHARE * abs(one))


def same(kept: str, now: str) -> bool:
    """Whether two lines say the same."""
    words = [NUMBER.sub("#", line).split() for line in (kept, now)]
    pairs = zip_longest(NUMBER.findall(kept), NUMBER.findall(now), fillvalue="")
    return words[0] == words[1] and all(near(*pair) for pair in pairs)


def differences(kept: str, now: str) -> Iterator[str]:
    """Each line that differs, as it was and as it is."""
    for one, other in zip_longest(lines(kept), lines(now), fillvalue=""):
        if not same(one, other):
            yield f"-{one}\n+{other}"


def main(root: Path = ROOT) -> None:
    """Run the command."""
    found = []
    for path in sorted((root / "docs").glob("results-*.txt")):
        if path.name == APART:
            continue
        command = ["git", "show", f"HEAD:docs/{path.name}"]
        done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8")
        if done.returncode:
            raise Refused(f"docs/{path.name}: git does not know it: commit it first")
        told = list(differences(done.stdout, path.read_text("utf-8")))
        print(f"docs/{path.name}: {len(told) or 'no'} lines are different")
        found += [f"docs/{path.name}", *told] if told else []
    if found:
        raise Refused("\n".join(found))


if __name__ == "__main__":
    main()
