"""Write the slides of a lesson, build/slides/NN_stage.html: `python -m tools.slides 4`.

Each section of the notebook is a column. It shows the formulas that stand alone, with the words
that lead to them, the questions to predict, what the next cell printed, the functions that go into
the package, and the pictures; then come the exercises and the recap. A cell tagged `slide` is shown
whole. Nothing is fetched: reveal.js and MathJax lie beside the slides.
"""

import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tools.lib.exercises import PREDICT
from tools.lib.layout import ROOT, Notebook, Refused, read_notebooks, tags
from tools.lib.site_api import exported
from tools.lib.slide_page import PAGE
from tools.site import fetch, ship

REVEAL = ("reveal.js", "reveal.css", "theme/serif.css")
LINES = 26  # of code or output on a slide
COLOURS = HtmlFormatter(style="a11y-high-contrast-light", noclasses=True, nowrap=True)


class Slide(NamedTuple):
    """What a slide shows, and the headings that it stands under."""

    title: str
    part: str
    html: str


def formula(text: str, options: dict) -> str:
    """Formula as MathJax finds it."""
    begin, end = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return f"{begin}{escape(text)}{end}"


MARKDOWN = MarkdownIt().use(dollarmath_plugin, renderer=formula)


def pictures(cell: NotebookNode) -> Iterator[str]:
    """Pictures that a cell shows."""
    for output in cell.get("outputs", []):
        if png := output.get("data", {}).get("image/png"):
            alt = escape(cell.metadata.get("alt", ""), quote=True)
            yield f'<img alt="{alt}" src="data:image/png;base64,{"".join(png.split())}">'


def printed(cell: NotebookNode) -> str:
    """What a cell printed, as far as a slide has room."""
    text = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
    lines = [
        part
        for line in text.rstrip().split("\n")
        for part in ([line] if len(line) < 110 else textwrap.wrap(line, 90))
    ]
    return "\n".join(lines[:LINES] + ["…"] * (len(lines) > LINES))


def code(source: str) -> Iterator[str]:
    """Code as HTML, in pieces that end at a blank line and, if it can be, fit on a slide."""
    piece: list[str] = []
    for block in highlight(source, PythonLexer(), COLOURS).split("\n\n"):
        lines = ["", *block.split("\n")]
        if piece and len(piece) + len(lines) > LINES:
            yield "\n".join(piece[1:])
            piece = []
        piece += lines
    yield "\n".join(piece[1:])


def of_code(notebook: Notebook, cell: NotebookNode, asked: bool) -> Iterator[str]:
    """What of a cell of code is worth a slide, as HTML; asked: its output answers a question."""
    if "slide" in tags(cell) or exported(notebook, cell):
        for piece in code(cell.source):
            yield f"<pre><code>{piece}</code></pre>"
    if asked and (text := printed(cell)):
        yield f'<pre class="printed"><code>{escape(text)}</code></pre>'
    yield from pictures(cell)


def blocks(cell: NotebookNode) -> list[str]:
    """Paragraphs of a cell of text, without what is folded: answers."""
    text = re.sub(r"<details>.*?</details>\n?", "", cell.source, flags=re.DOTALL)
    return re.split(r"\n{2,}", text.strip())


def of_text(cell: NotebookNode) -> Iterator[tuple[str, str]]:
    """What of a cell of text is worth a slide: headings after their #, ## or ###, HTML after ""."""
    if "slide" in tags(cell):
        text = "\n\n".join(blocks(cell))
        yield from re.findall(r"^(#{2,3}) (.+)", text, re.MULTILINE)
        yield "", MARKDOWN.render(re.sub(r"^##.*", "", text, flags=re.MULTILINE))
        return
    words = formulas = ""
    for block in [*blocks(cell), ""]:
        if formulas and not block.startswith("$$"):
            yield "", MARKDOWN.render(words + formulas)
            words = formulas = ""
        if heading := re.match(r"(#{1,3}) (.+)", block):
            yield heading[1], heading[2]
            words = ""
        elif block.startswith("$$"):  # with the words that lead to it
            formulas += f"{block}\n\n"
        elif block.startswith(PREDICT):
            yield "", MARKDOWN.render(block)
            words = ""
        else:
            words = f"{block}\n\n"


def listed(notebook: Notebook) -> Iterator[Slide]:
    """The exercises as a list, and the recap."""
    text = "\n\n".join(cell.source for _, cell in notebook.cells() if cell.cell_type == "markdown")
    exercises = re.findall(r"^### (Exercise .+)\n+\*(.+)\*$", text, re.MULTILINE)
    items = "".join(f"- {title}\n  ({effort})\n" for title, effort in exercises)
    yield Slide("Your turn", "", MARKDOWN.render(items))
    recap = re.search(r"^## Recap\n+((?:[-*] .+\n?|  .+\n?)+)", text, re.MULTILINE)
    yield Slide("Recap", "", MARKDOWN.render(recap[1] if recap else ""))


def slides(notebook: Notebook) -> Iterator[Slide]:
    """The slides of a notebook in their order."""
    title, part, asked = notebook.title, "", False
    for _, cell in notebook.cells():
        if title == "Your turn":
            break
        if cell.cell_type == "code":
            asked |= title == "Scoreboard"
            for html in of_code(notebook, cell, asked):
                yield Slide(title, part, html)
            asked &= not printed(cell)
            continue
        for kind, words in of_text(cell):
            if kind == "##":
                title, part = words, ""
            elif kind == "###":
                part = words
            elif not kind:
                asked |= PREDICT.strip("*.") in words
                yield Slide(title, part, words)
    yield from (slide for slide in listed(notebook) if slide.html)


def deck(notebook: Notebook) -> str:
    """The slides as a page."""
    built = MARKDOWN.renderInline(f"You will build: {notebook.line('**You will build:**')}")
    stacks = [f"<section><h1>{escape(notebook.title)}</h1><p>{built}</p></section>"]
    for title, group in groupby(slides(notebook), key=lambda slide: slide.title):
        heading = f"<h2>{MARKDOWN.renderInline(title)}</h2>"
        shown = (
            f"<section>{heading}{f'<h3>{MARKDOWN.renderInline(part)}</h3>' if part else ''}"
            f"{html}</section>"
            for _, part, html in group
        )
        stacks.append("<section>" + "\n".join(shown) + "</section>")
    return PAGE.format(title=escape(notebook.title), slides="\n".join(stacks))


def write(number: int, root: Path = ROOT) -> Path:
    """Write the slides of a stage, and what they load; return their path."""
    notebook = next((nb for nb in read_notebooks(root) if nb.path.name[:2] == f"{number:02}"), None)
    if notebook is None:
        raise Refused(f"there is no stage {number}: give the number of a notebook, as in STAGE=4")
    packages, folder = root / "build/site-npm", root / "build/slides"
    fetch(root, packages)
    ship(root, packages / "node_modules", folder / "_static")
    for name in REVEAL:
        target = folder / "_static/reveal" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(packages / "node_modules/reveal.js/dist" / name, target)
    path = folder / f"{notebook.path.stem}.html"
    path.write_text(deck(notebook), "utf-8")
    return path


def main() -> None:
    """Run the command."""
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        raise Refused("expected the number of a stage: python -m tools.slides 4")
    print(write(int(sys.argv[1])).relative_to(ROOT))


if __name__ == "__main__":
    main()
