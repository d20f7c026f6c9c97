"""What the website adds to pages while Sphinx builds them.

Terms of the glossary in the notebooks lead to their entries, each section asks whether something is
unclear, and each page says in a sentence what it is about.
"""

import re
from html import escape
from urllib.parse import urlencode

from docutils import nodes
from sphinx.application import Sphinx

from tools.lib.glossary import Entry, matcher, read_glossary
from tools.lib.layout import ROOT
from tools.lib.site_pages import anchor

NOTEBOOKS = "notebooks/"
FORM = "2_unclear.yml"  # of .github/ISSUE_TEMPLATE, with the fields notebook, heading, version
WORDS = 30  # characters of a cell that holds words rather than a number or a name
# No words of the author's, or words that lead somewhere already.
APART = (nodes.title, nodes.reference, nodes.literal, nodes.math, nodes.math_block)
APART += (nodes.literal_block, nodes.raw, nodes.image)


def plain(text: str) -> str:
    """Definition without the marks of Markdown and of formulas."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(text.split()))
    return re.sub(r"[`$\\*]", "", text)


class Terms:
    """Finds the terms of the glossary in a text."""

    def __init__(self, entries: list[Entry]):
        self.entries = {form.lower(): entry for entry in entries for form in entry.forms}
        forms = sorted(self.entries, key=len, reverse=True)
        self.pattern = re.compile("|".join(matcher(form).pattern for form in forms), re.IGNORECASE)

    def entry(self, found: str) -> Entry:
        """Entry of a term as it stands in a text."""
        text = " ".join(found.lower().split())
        forms = (text, text.removesuffix("s"), text.removesuffix("es"))
        return next(self.entries[form] for form in forms if form in self.entries)

    def link(self, document: nodes.document, glossary: str) -> None:
        """Link the first use of each term to its entry, whose text stands in the title."""
        linked = set()
        for text in list(document.findall(nodes.Text)):
            if not is_prose(text):
                continue
            parts, end = [], 0
            for match in self.pattern.finditer(text):
                entry = self.entry(match[0])
                if entry.forms[0] in linked:
                    continue
                linked.add(entry.forms[0])
                link = nodes.reference(
                    "",
                    match[0],
                    internal=True,
                    refuri=f"{glossary}#{anchor(entry.forms[0])}",
                    reftitle=plain(entry.text),
                    classes=["term"],
                )
                parts += [nodes.Text(text[end : match.start()]), link]
                end = match.end()
            if parts:
                text.parent.replace(text, [*parts, nodes.Text(text[end:])])


def is_prose(text: nodes.Text) -> bool:
    """Whether a text is the author's, in a paragraph and outside links, code and outputs."""
    node = text.parent
    while node is not None:
        if isinstance(node, APART) or "cell_output" in node.get("classes", []):
            return False
        node = node.parent
    return True


def question(address: str, version: str, page: str, heading: str) -> nodes.paragraph:
    """Link that opens an issue about a section: the form 2_unclear.yml, filled in."""
    query = urlencode(
        {
            "template": FORM,
            "title": f"Unclear: {page}, {heading}",
            "notebook": page,
            "heading": heading,
            "version": version,
        }
    )
    link = nodes.reference(
        "", "Something unclear here?", refuri=f"{address}/issues/new?{query}", internal=False
    )
    return nodes.paragraph("", "", link, classes=["unclear"])


def ask(document: nodes.document, address: str, version: str, page: str) -> None:
    """Put the question under each section of a page, before the next one begins."""
    for section in list(document.findall(nodes.section)):
        if isinstance(section.parent, nodes.document):
            continue
        heading = section.next_node(nodes.title).astext()
        places = [i for i, node in enumerate(section) if isinstance(node, nodes.section)]
        section.insert(
            places[0] if places else len(section), question(address, version, page, heading)
        )


def frame(document: nodes.document) -> None:
    """Put each picture of an output into a box of its own, which scrolls if it is narrow."""
    for picture in list(document.findall(nodes.image)):
        if "cell_output" in picture.parent.get("classes", []):
            box = nodes.container(classes=["picture"])
            picture.parent.replace(picture, box)
            box += picture


def hold(document: nodes.document) -> None:
    """Hold each formula in a line with what touches it: the comma behind it, the "(" before it.

    A browser may break the line on either side of a formula, even at a word joiner.
    """
    for formula in list(document.findall(nodes.math)):
        parent, place = formula.parent, formula.parent.index(formula)
        held = nodes.inline(classes=["held"])
        parent[place] = held
        if place and isinstance(before := parent[place - 1], nodes.Text):
            rest = re.sub(r"\S+\Z", "", before)
            parent[place - 1] = nodes.Text(rest)
            held += nodes.Text(before[len(rest) :])
        held += formula
        if place + 1 < len(parent) and isinstance(after := parent[place + 1], nodes.Text):
            touching = re.match(r"\S*", after)[0]
            held += nodes.Text(touching)
            parent[place + 1] = nodes.Text(after[len(touching) :])


def mark(document: nodes.document) -> None:
    """Mark the cells of pandas' tables that hold words: these may take several lines."""
    for output in list(document.findall(nodes.raw)):
        if output.get("format") == "html" and 'class="dataframe"' in output.astext():
            text = re.sub(rf"<td>(?=[^<]{{{WORDS},}}</td>)", '<td class="words">', output.astext())
            output.replace_self(nodes.raw("", text, format="html"))


def finish(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Add what a page gets, and what a notebook's page gets besides."""
    hold(document)
    if not docname.startswith(NOTEBOOKS):
        return
    frame(document)
    mark(document)
    app.course_terms.link(document, app.builder.get_relative_uri(docname, "GLOSSARY"))
    if address := app.config.course_address:
        ask(document, address, app.config.version, f"{docname}.ipynb")


def description(document: nodes.document | None) -> str:
    """What a page is about: the paragraph that announces it, or its first one of some length."""
    texts = [
        " ".join(node.astext().split())
        for node in (document.findall(nodes.paragraph) if document else [])
    ]
    announced = [text for text in texts if text.startswith("You will build:")]
    long = [text for text in texts if len(text) > 40 and not text.startswith("Previous:")]
    text = (announced + long + ["A neural network from scratch in NumPy: a course in notebooks."])[
        0
    ]
    return text if len(text) <= 160 else text[:160].rpartition(" ")[0] + " …"


def describe(app, pagename, templatename, context, doctree) -> None:  # as Sphinx calls it
    """Give each page a description."""
    about = escape(description(doctree), quote=True)
    context["metatags"] = (
        f'{context.get("metatags", "")}\n<meta name="description" content="{about}">'
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_config_value("course_address", "", "env", str)
    app.course_terms = Terms(read_glossary(ROOT))
    app.connect("doctree-resolved", finish)
    app.connect("html-page-context", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
