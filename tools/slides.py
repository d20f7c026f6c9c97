"""Write the slides of a lesson, build/slides/NN_stage.html: `python -m tools.slides 4`.

Each section of the notebook is a column: its heading, and below it the questions to predict, the
formulas that stand alone, and the pictures. A cell tagged `slide` is shown whole. Nothing is
fetched: reveal.js and MathJax lie beside the slides.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode

from tools.lib.exercises import PREDICT
from tools.lib.layout import ROOT, Notebook, Refused, read_notebooks, tags
from tools.site import fetch, ship

REVEAL = ("reveal.js", "reveal.css", "theme/serif.css")
PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="_static/reveal/reveal.css">
<link rel="stylesheet" href="_static/reveal/theme/serif.css">
<style>
.reveal {{ font-size: 30px }}
.reveal pre {{ font-size: 0.55em }}
.reveal img {{ max-height: 600px }}
</style>
<link rel="icon" href="data:,">
<script>window.MathJax = {{
  loader: {{load: ["a11y/assistive-mml"]}}, output: {{fontPath: "[mathjax]/font"}},
  options: {{
    enableMenu: false, enableEnrichment: false, enableSpeech: false, enableBraille: false,
    menuOptions: {{settings: {{enrich: false, speech: false, braille: false}}}},
  }},
}}</script>
<script defer src="_static/mathjax/tex-chtml.js"></script>
</head><body><div class="reveal"><div class="slides">
{slides}
</div></div>
<script src="_static/reveal/reveal.js"></script>
<script>Reveal.initialize({{hash: true, width: 1100, height: 700}})</script>
</body></html>
"""


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


def pieces(cell: NotebookNode) -> Iterator[str]:
    """What of a cell is worth a slide, as HTML."""
    whole = "slide" in tags(cell)
    if cell.cell_type == "code":
        yield from [f"<pre><code>{escape(cell.source)}</code></pre>"] * whole
        yield from pictures(cell)
        return
    text = re.sub(r"<details>.*?</details>\n?", "", cell.source, flags=re.DOTALL)  # no answers
    text = re.sub(r"^##? .*\n?", "", text, flags=re.MULTILINE)
    blocks = [text] if whole else re.split(r"\n{2,}", text.strip())
    for before, block in zip(["", *blocks], blocks, strict=False):
        if block.startswith("$$"):  # with the words that lead to it
            yield MARKDOWN.render(f"{before}\n\n{block}")
        elif whole or block.startswith((PREDICT, "### ")):
            yield MARKDOWN.render(block)


def columns(notebook: Notebook) -> Iterator[tuple[str, list[str]]]:
    """Heading of each section and its slides; of the recap all of it, of the exercises none."""
    title, found = notebook.title, [f"<p>{escape(notebook.line('**You will build:**'))}</p>"]
    for cell in notebook.content.cells:
        heading = re.search(r"^## (.+)", cell.source, re.MULTILINE)
        if heading and cell.cell_type == "markdown":
            yield title, found
            title, found = heading[1], []
            if title == "Recap":
                found.append(MARKDOWN.render(cell.source.partition("\n")[2]))
        if title not in ("Recap", "Your turn"):
            found += pieces(cell)
    yield title, found


def deck(notebook: Notebook) -> str:
    """The slides as a page."""
    parts = []
    for title, found in columns(notebook):
        if found:
            heading = MARKDOWN.renderInline(title)
            rest = "".join(f"<section>{piece}</section>\n" for piece in found)
            parts.append(f"<section><section><h2>{heading}</h2></section>\n{rest}</section>\n")
    return PAGE.format(title=escape(notebook.title), slides="".join(parts))


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
