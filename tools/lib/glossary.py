"""GLOSSARY.md against the notebooks.

A term stands in bold where it is introduced, in the notebook that its entry links, and in no text
before, but for the overview, 00, which shows everything in miniature. What else stands in bold has
an entry; phrases that end with a dot or a colon are headings.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.lib.layout import ROOT, Notebook, Refused, read_notebooks, tags

ENTRY = re.compile(r"\*\*(.+?)\*\*: (.+) \[(.+)\]\(notebooks/(.+)\)", re.DOTALL)
NO_PROSE = re.compile(r"```.*?```|\$\$.*?\$\$|`[^`\n]*`|\$[^$]*\$|!?\[[^]]*\]\([^)]*\)", re.DOTALL)
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


class Entry(NamedTuple):
    """A term in all its forms, the notebook that introduces it, and what it means."""

    forms: list[str]
    home: str
    text: str


def read_glossary(root: Path) -> list[Entry]:
    """Entries; raises Refused at one of another form, or out of order."""
    entries = []
    for text in re.split(r"^- ", (root / "GLOSSARY.md").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        match = ENTRY.fullmatch(text.strip())
        if not match:
            raise Refused(
                f"GLOSSARY.md, {text[:40]!r}: expected - **term**: text. [Stage N](notebooks/FILE)"
            )
        entries.append(Entry(match[1].split(" / "), match[4], match[2]))
    forms = [form.lower() for entry in entries for form in entry.forms]
    if twice := [form for form in forms if forms.count(form) > 1]:
        raise Refused(f"GLOSSARY.md: {twice[0]!r} has two entries: keep one")
    terms = [entry.forms[0].lower() for entry in entries]
    for before, after in zip(terms, terms[1:], strict=False):
        if before >= after:
            raise Refused(f"GLOSSARY.md: {after!r} stands after {before!r}: sort the entries")
    return entries


def matcher(form: str) -> re.Pattern:
    """Pattern of a term as a word, in any case, with or without a plural s."""
    words = r"\s+".join(map(re.escape, form.split()))
    return re.compile(rf"(?<![\w-]){words}(?:e?s)?(?!\w)", re.IGNORECASE)


def prose(notebook: Notebook) -> list[str]:
    """Markdown cells, but for the title, the links and what announces the contents."""
    announced = ("# ", "**You will build:**")
    return [
        cell.source
        for _, cell in notebook.cells()
        if cell.cell_type == "markdown"
        if "links" not in tags(cell) and not cell.source.startswith(announced)
    ]


def plain(phrase: str) -> str:
    """Phrase on one line."""
    return " ".join(phrase.split())


def bold(text: str) -> list[str]:
    """Terms in bold."""
    phrases = [plain(match[1]) for match in BOLD.finditer(text)]
    return [phrase for phrase in phrases if phrase[-1] not in ".:"]


def faults(root: Path = ROOT) -> Iterator[str]:
    """Terms without an entry, entries without a term, terms used too early."""
    entries = read_glossary(root)
    texts = {notebook.path.name: prose(notebook) for notebook in read_notebooks(root)}
    every_form = [matcher(form) for entry in entries for form in entry.forms]
    for name, cells in texts.items():
        for phrase in [phrase for text in cells for phrase in bold(text)]:
            if not any(form.fullmatch(phrase) for form in every_form):
                yield f"notebooks/{name}: {phrase!r} is in bold and has no entry in GLOSSARY.md"
    for entry in entries:
        if entry.home not in texts:
            yield f"GLOSSARY.md, {entry.forms[0]}: there is no notebooks/{entry.home}"
            continue
        names = list(texts)
        stages = [name for name in names[: names.index(entry.home)] if not name.startswith("00_")]
        before = [(name, text) for name in stages for text in texts[name]]
        for term in entry.forms:
            form, home = matcher(term), texts[entry.home]
            introduced = [i for i, text in enumerate(home) if any(map(form.fullmatch, bold(text)))]
            if not introduced:
                yield f"GLOSSARY.md: {term!r} is nowhere in bold in {entry.home}"
                continue
            # In the cell that introduces it the text before the bold term counts, too.
            cell = home[introduced[0]]
            first = next(match for match in BOLD.finditer(cell) if form.fullmatch(plain(match[1])))
            # but for headings and for other terms in bold.
            same_cell = re.sub(r"^#.*", "", BOLD.sub("", cell[: first.start()]), flags=re.MULTILINE)
            earlier = [*home[: introduced[0]], same_cell]
            for name, text in [*before, *((entry.home, text) for text in earlier)]:
                if early := form.search(NO_PROSE.sub("", text)):
                    yield f"notebooks/{name}: {early[0]!r} is used before {entry.home} explains it"
