"""What people read in the repository: links that lead nowhere, a machine's paths, words that fill.

CHANGELOG.md has a heading for the version, and names each notebook.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tools.lib.layout import MACHINE_PATH, ROOT, project

FOLDERS = (".", ".github", ".github/ISSUE_TEMPLATE", "benchmarks", "data", "docs", "solutions")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|(?:src|href)=[\"']([^\"']+)")
CODE = re.compile(r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)
FILLER = re.compile(r"\b(simply|obviously|just|crucial|delve|robust(ly)?)\b", re.IGNORECASE)
QUOTES = {"STYLE.md"}  # the page that says which words fill


def prose(path: Path, content: str) -> str:
    """What people read in a markdown file or a notebook, without code and formulas."""
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(content)["cells"] if cell["cell_type"] == "markdown"]
        content = "\n\n".join("".join(cell["source"]) for cell in cells)
    return CODE.sub("", content)


def broken_links(path: Path, content: str) -> Iterator[str]:
    """Relative links that lead nowhere, with an anchor, or from the root of something."""
    for match in LINK.finditer(prose(path, content)):
        link = match[1] or match[2]
        if re.match(r"[a-z]+:|#", link):
            continue
        if link.startswith("/") or "#" in link or not (path.parent / link).exists():
            yield link


def faults(root: Path = ROOT) -> Iterator[str]:
    """All of them, of the notebooks, too."""
    pages = [root / "CITATION.cff", *(root / "notebooks").glob("*.ipynb")]
    for folder in FOLDERS:
        pages += [
            path for end in ("md", "yml") for path in sorted((root / folder).glob(f"*.{end}"))
        ]
    for path in filter(Path.exists, pages):
        name, content = path.relative_to(root), path.read_text("utf-8")
        for link in broken_links(path, content):
            yield f"{name}: the link {link} leads nowhere: mend it"
        words = prose(path, content)
        if path.name not in QUOTES and (filler := FILLER.search(words)):
            around = " ".join(words[max(filler.start() - 30, 0) : filler.end() + 30].split())
            yield f"{name}: {filler[0]!r} in {around!r}: leave it out (docs/STYLE.md, rule 12)"
        if path.suffix != ".ipynb" and (found := MACHINE_PATH.search(content)):
            yield f"{name}: a path of one machine ({found[0]}...): use a relative path"
    changes = root / "CHANGELOG.md"
    text = changes.read_text("utf-8") if changes.exists() else ""
    wanted = [f"\n## {project(root)['version']}\n"]
    wanted += [f"](notebooks/{path.name})" for path in (root / "notebooks").glob("*.ipynb")]
    for words in wanted:
        if words not in text:
            yield f"CHANGELOG.md: expected {words.strip()!r}: say what is new"
