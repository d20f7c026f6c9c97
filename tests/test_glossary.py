"""Terms stand in the glossary, in bold where they are introduced, and nowhere before."""

import pytest

from tests.notebook_helpers import add_notebook, text, toy_project
from tools.lib import glossary
from tools.lib.layout import Refused

RELU = "- **ReLU / rectifier**: It bends. [Stage 1](notebooks/01_activation.ipynb)\n"
UNIT = "- **unit**: A part\n  of a layer. [Stage 2](notebooks/02_layer.ipynb)\n"
INTRODUCED = "The **ReLU** or **rectifier**; `unit` and $unit$ are no words."


def project(tmp_path, entries, first=INTRODUCED, second="A layer has **units**."):
    root = toy_project(tmp_path, text(first))
    add_notebook(root, "02_layer.ipynb", text(second))
    (root / "GLOSSARY.md").write_text(f"# Glossary\n\n{entries}", "utf-8")
    return root


def test_the_glossary_of_the_course():
    assert list(glossary.faults()) == []


@pytest.mark.parametrize(
    ("entries", "words", "fault"),
    [
        (RELU + UNIT, INTRODUCED, None),
        (RELU + UNIT, f"{INTRODUCED}\n\n**Predict before you run.** And **so on:**", None),
        (UNIT, INTRODUCED, "'ReLU' is in bold and has no entry"),
        (RELU + UNIT, "The **ReLU**.", "'rectifier' is nowhere in bold in 01_activation.ipynb"),
        (RELU + UNIT, f"{INTRODUCED} Units come later.", "'Units' is used before 02_layer.ipynb"),
        (RELU + UNIT, f"The ReLU. {INTRODUCED}", "'ReLU' is used before 01_activation.ipynb"),
        (RELU + UNIT, f"## ReLU\n\n{INTRODUCED}", None),
        (RELU + UNIT.replace("02_layer", "09_none"), INTRODUCED, "there is no notebooks/09_none"),
    ],
)
def test_the_faults_that_are_found(tmp_path, entries, words, fault):
    found = list(glossary.faults(project(tmp_path, entries, words)))
    assert (not found) if fault is None else any(fault in one for one in found), found


def test_a_form_has_one_entry(tmp_path):
    with pytest.raises(Refused, match="'unit' has two entries"):
        list(glossary.faults(project(tmp_path, RELU + UNIT + UNIT)))


@pytest.mark.parametrize("entries", [UNIT + RELU, "- ReLU: It bends.\n", "- **ReLU**: It bends.\n"])
def test_entries_have_one_form_and_are_sorted(tmp_path, entries):
    with pytest.raises(Refused, match="expected - |sort the entries"):
        list(glossary.faults(project(tmp_path, entries)))
