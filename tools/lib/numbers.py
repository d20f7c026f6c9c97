"""The numbers in what people read: each is counted, stored by a command, or given with a reason.

HELD, GIVEN and TABLES in tools/lib/held.py say which. A page that is in GIVEN has no other numbers.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tools.lib import counted, counted_data
from tools.lib.held import GIVEN, HELD, TABLES
from tools.lib.layout import ROOT

SOURCES = (
    *(counted.notebooks, counted.files, counted.results, counted.races, counted.bench),
    counted.networks,
    *(counted_data.tracks, counted_data.genres, counted_data.fidelity),
)
BLOCK = re.compile(r"<!-- (\w[^>]*) -->\n.*?<!-- /\1 -->|```.*?```", re.DOTALL)
# No numbers: names of notebooks and exhibits, of formats, of items in a list, and what is code.
NAMES = re.compile(
    r"\bstages? \d+\b(?:(?:,| and| to) \d+\b)*|\bexhibit \d+\b|UTF-8|SHA-256|float(?:32|64)|AVX-512"
    r"|`[^`]*`|\]\([^)]*\)",
    re.IGNORECASE,
)
ITEM = re.compile(r"^ *\d+\. ", re.MULTILINE)
WORD = (
    "three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand|million|half|tenth"
    "|fifth|quarters?|(?:thir|four|fif|six|seven|eigh|nine)teen"
    "|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
)
NUMBER = re.compile(rf"(?<![\w.])-?\d+(?:[.,]\d+)*\w*|\b(?:{WORD})\b", re.IGNORECASE)


def prose(page: str, text: str) -> str:
    """Text of a page in one line, without what is generated, shown or held as a whole."""
    for heading in TABLES.get(page, []):
        table = rf"(^#+ {re.escape(heading)}\n(?:(?![#|]).*\n)*)(?:\|.*\n)+"
        text = re.sub(table, r"\1", text, flags=re.MULTILINE)
    return " ".join(ITEM.sub("", BLOCK.sub(" ", text)).split())


def without(text: str, words: str) -> str:
    """Text without these words, wherever they stand."""
    return re.sub(re.escape(words), " … ", text, flags=re.IGNORECASE)


def instead(template: str, numbers: dict[str, str], shown: str) -> str:
    """What a page says where it should say these words: others in the place of the numbers."""
    like = re.escape(template)
    for name in re.findall(r"{(\w+)}", template):
        there = numbers[name].split()  # as many words, with digits where these have some
        other = [r"\S*\d\S*?" if re.search(r"\d", word) else r"\S+" for word in there]
        like = like.replace(re.escape(f"{{{name}}}"), " ".join(other))
    found = re.search(like, shown, re.IGNORECASE)
    return found[0] if found else ""


def page_faults(page: str, text: str, numbers: dict[str, str], told: dict) -> Iterator[str]:
    """Words of a page that are not as counted, and numbers that nothing holds."""
    rest = shown = prose(page, text)
    held = {template.format_map(numbers): template for template in HELD[page]}
    for words, template in held.items():
        if words.lower() not in shown.lower():
            says = instead(template, numbers, shown)
            names = re.findall(r"{(\w+)}", template)
            sources = " ".join(dict.fromkeys(told[name] for name in names))
            begin = f"says {says!r}, " if says else ""
            yield f"{page}: {begin}expected the words {words!r}. {sources} Mend the number"
            rest = without(rest, says) if says else rest
    given = [words for reason in GIVEN.get(page, {}).values() for words in reason]
    for words in sorted([*held, *given], key=len, reverse=True):
        if words in given and words not in shown:
            yield f"{page}: no longer says {words!r}: take it out of GIVEN in tools/lib/held.py"
        rest = without(rest, words)
    rest = NAMES.sub(" ", rest)
    for number in NUMBER.finditer(rest) if page in GIVEN else []:
        around = rest[max(number.start() - 30, 0) : number.end() + 20]
        yield (
            f"{page}: nothing holds the number {number[0]!r} in {around!r}: say in "
            "tools/lib/held.py which command makes it, or why it needs none"
        )


def counts(root: Path = ROOT) -> tuple[dict[str, str], dict[str, str]]:
    """All numbers by name, and what a message calls the source of each."""
    found, told = {}, {}
    for source in SOURCES:
        own = source(root)
        found |= own
        told |= dict.fromkeys(own, source.__doc__)
    return found, told


def faults(root: Path = ROOT) -> Iterator[str]:
    """All of them."""
    found, told = counts(root)
    for page in HELD:
        yield from page_faults(page, (root / page).read_text("utf-8"), found, told)
