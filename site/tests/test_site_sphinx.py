"""What is added to pages while Sphinx builds them."""

from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from docutils import nodes
from docutils.core import publish_doctree

from tools.lib.glossary import Entry, read_glossary
from tools.lib.layout import ROOT
from tools.lib.site_pages import anchor
from tools.lib.site_sphinx import FORM, Terms, ask, description, hold, mark, question

TERMS = Terms(
    [
        Entry(["unit", "neuron"], "a.ipynb", "Adds up $x$ and `b`, see [a](b)."),
        Entry(["hidden unit"], "a.ipynb", "A unit\nthat is hidden."),
        Entry(["loss"], "a.ipynb", "How wrong."),
    ]
)
PAGE = """\
Units of a loss
===============

First text.

One unit
--------

A ``unit``, a hidden unit and three neurons. A `unit <x.html>`_ and units have losses.
The loss.

Two
---

A loss and a unit.

.. container:: cell_output

   A unit.

Deep
~~~~

More.
"""


def parsed(page):
    """Document as Sphinx has it: its title heads a section, and MyST-NB names its outputs."""
    document = publish_doctree(page, settings_overrides={"doctitle_xform": False})
    for box in document.findall(nodes.container):
        box["classes"] = [name.replace("-", "_") for name in box["classes"]]
    return document


def linked(page):
    """Words that became links to the glossary, where to, and what is shown."""
    document = parsed(page)
    TERMS.link(document, "../G.html")
    return [
        (link.astext(), link["refuri"], link["reftitle"])
        for link in document.findall(nodes.reference)
        if "term" in link["classes"]
    ], document


def test_the_first_use_of_each_term_is_linked():
    links, document = linked(PAGE)
    assert links == [
        ("hidden unit", "../G.html#term-hidden-unit", "A unit that is hidden."),
        ("neurons", "../G.html#term-unit", "Adds up x and b, see a."),
        ("losses", "../G.html#term-loss", "How wrong."),
    ]
    assert document.astext() == parsed(PAGE).astext()


@pytest.mark.parametrize(
    "page", ["``loss``", "Loss\n====\n\nText.", ".. container:: cell_output\n\n   A loss."]
)
def test_code_headings_and_outputs_are_left_as_they_are(page):
    assert linked(page)[0] == []


def test_each_entry_of_the_glossary_has_its_own_place():
    places = [anchor(entry.forms[0]) for entry in read_glossary(ROOT)]
    assert len(places) > 100
    assert len(set(places)) == len(places)


def test_each_section_asks_whether_something_is_unclear():
    document = parsed(PAGE.replace("Deep\n~~~~", "Deep & more\n~~~~~~~~~~~"))
    ask(document, "https://github.com/a/b", "0.1.0", "notebooks/x.ipynb")
    asked = [node for node in document.findall(nodes.paragraph) if "unclear" in node["classes"]]
    queries = [parse_qs(urlsplit(node.children[0]["refuri"]).query) for node in asked]
    assert [query["heading"][0] for query in queries] == ["One unit", "Two", "Deep & more"]
    assert queries[2] == {
        "template": [FORM],
        "title": ["Unclear: notebooks/x.ipynb, Deep & more"],
        "notebook": ["notebooks/x.ipynb"],
        "heading": ["Deep & more"],
        "version": ["0.1.0"],
    }
    assert asked[0].children[0]["refuri"].startswith("https://github.com/a/b/issues/new?")
    # Under its own section, before the next one begins.
    assert all(isinstance(node.parent, nodes.section) for node in asked)
    two = asked[1].parent
    assert two.index(asked[1]) < next(i for i, n in enumerate(two) if isinstance(n, nodes.section))


def lost(query, form):
    """Fields of a query that a form does not have: GitHub drops what was filled in for them."""
    body = yaml.safe_load(form)["body"]
    filled = {part["id"] for part in body if part["type"] in ("input", "textarea") and "id" in part}
    return query.keys() - filled - {"template", "title"}  # these are GitHub's own


def test_the_form_that_a_page_fills_in_has_its_fields():
    (link,) = question("https://github.com/a/b", "0.1.0", "notebooks/x.ipynb", "Two").children
    query = parse_qs(urlsplit(link["refuri"]).query)
    form = (ROOT / ".github/ISSUE_TEMPLATE" / query["template"][0]).read_text("utf-8")
    assert lost(query, form) == set()
    assert len(query) > 4
    for name in query.keys() - {"template", "title"}:
        assert lost(query, form.replace(f"id: {name}\n", "id: other\n")) == {name}
    assert lost(query, form.replace("input", "dropdown")) == {"notebook", "heading", "version"}


def test_a_page_is_described_by_what_one_builds_or_by_its_first_words():
    long = "This is a paragraph of some length, " + "and more words " * 20
    assert description(parsed(f"Short.\n\n{long}"))[:35] == long[:35]
    assert len(description(parsed(long))) <= 162
    page = f"{long}\n\n**You will build:** a layer."
    assert description(parsed(page)) == "You will build: a layer."
    assert "course" in description(None)


def test_a_formula_is_held_beside_what_touches_it():
    document = parsed("So it is (:math:`a`), then :math:`b` or\n:math:`c`? :math:`d` *e*")
    hold(document)
    line = document.next_node(nodes.paragraph)
    assert line.astext() == "So it is (a), then b or\nc? d e"
    assert [part.astext() for part in line.findall(nodes.inline)] == ["(a),", "b", "c?", "d"]


def test_cells_of_words_are_marked_in_tables_of_pandas_alone():
    row = "<td>0.5</td><td>a sentence of some length, not a number</td>"
    for kind, found in (('class="dataframe"', 1), ("", 0)):
        document = nodes.container("", nodes.raw("", f"<table {kind}>{row}", format="html"))
        mark(document)
        assert document.astext().count('<td class="words">a sentence') == found
        assert document.astext().count("<td>0.5</td>") == 1
