"""Every derivative that a notebook shows as a formula is held against finite differences."""

import ast

import nbformat
import numpy as np
import pytest

from tests.derivations import ASSUMED, STAGES, TWINS, formulas, holds, unknown
from tools.lib.layout import Notebook, read_notebooks

NOTEBOOKS = {notebook.stage: notebook for notebook in read_notebooks() if notebook.stage in STAGES}
ALL = [
    pytest.param(system, twin, id=f"{stage} {number}")
    for stage, twins in TWINS.items()
    for number, (system, _, twin) in enumerate(twins, start=1)
]


@pytest.mark.parametrize(("system", "twin"), ALL)
def test_a_formula_agrees_with_differences(system, twin):
    assert holds(system, twin), twin


@pytest.mark.parametrize(("system", "twin"), ALL)
def test_a_wrong_sign_in_any_term_is_seen(system, twin):
    for place, chain in enumerate(twin.split(";")):
        terms = chain.split("==")
        for number in range(1, len(terms)):
            wrong = [*terms[:number], f"-({terms[number].strip()})", *terms[number + 1 :]]
            chains = [*twin.split(";")]
            chains[place] = "==".join(wrong)
            assert not holds(system, ";".join(chains)), wrong


def flipped(term, system):
    """A term with each of its + and - turned around; not where what follows is 0 anyway."""
    for node in ast.walk(tree := ast.parse(term, mode="eval")):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            right = eval(ast.unparse(node.right), system.names)
            before, node.op = node.op, ast.Add() if isinstance(node.op, ast.Sub) else ast.Sub()
            if not np.allclose(right, 0):
                yield ast.unparse(tree)
            node.op = before
        elif isinstance(node, ast.UnaryOp):
            before, node.op = node.op, ast.UAdd()
            yield ast.unparse(tree)
            node.op = before


def test_each_other_sign_inside_a_term_is_seen():
    seen = 0
    for system, twin in (one.values for one in ALL):
        chains = [chain.split("==") for chain in twin.split(";")]
        for terms in chains:
            for term in terms[1:]:
                for wrong in flipped(term.strip(), system):
                    assert not holds(system, "==".join([terms[0], wrong])), wrong
                    seen += 1
    assert seen > 60


@pytest.mark.parametrize(
    ("stage", "before", "after"),
    [
        ("backpropagation", "a - y", "y - a"),
        ("backpropagation", "+ lam / m * W", "- lam / m * W"),
        ("backpropagation", "* drelu(Z)", "* drelu(-Z)"),
        ("layers", "1 - tanh(z) ** 2", "1 + tanh(z) ** 2"),
        ("layers", "-exp(-z)", "exp(-z)"),
        ("classification", "p * dp - p * (p * dp).sum()", "p * dp + p * (p * dp).sum()"),
        ("classification", "-Y + p", "Y - p"),
        ("batch_normalization", "dA - dbeta / m - X_hat", "dA - dbeta / m + X_hat"),
        ("batch_normalization", "dA - dbeta / m", "dA + dbeta / m"),
        ("batch_normalization", "dr / (2 * r) * 2 * C / m", "dr / r * 2 * C / m"),
        ("autograd", "1 - tanh(a) ** 2", "1 - tanh(a)"),
    ],
)
def test_a_wrong_sign_inside_a_term_is_seen(stage, before, after):
    changed = [(system, twin) for system, _, twin in TWINS[stage] if before in twin]
    assert changed
    assert not any(holds(system, twin.replace(before, after)) for system, twin in changed)


@pytest.mark.parametrize("stage", STAGES)
def test_every_formula_has_a_twin_and_every_twin_a_formula(stage):
    assert not unknown(NOTEBOOKS[stage])
    shown = [*formulas(NOTEBOOKS[stage])]
    assert len(shown) > 5
    known = [formula for _, formula, _ in TWINS[stage]] + ASSUMED.get(stage, [])
    assert not [formula for formula in known if formula not in shown]
    assert len(set(known)) == len(known)


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        ("$$dZ = P + Y$$", True),
        (r"$$d\hat X = \gamma\, dA$$ and so on", True),
        (r"$$\frac{\partial J}{\partial w}$$", True),
        (r"so $f'(x) = 2x$", True),
        (r"the slope $\sigma' = \sigma$", True),
        ("the gradient $dZ$ has its shape", False),
        ("The slope of $2^z$, about $1 + z$, is\n$2^z / 1.44$ there.", True),
        ("$-z$ has the derivative $-1$.", True),
        ("The gradient by $w$ has a shape. It is $w - 1$ long.", False),
        (r"$$a_k = \gamma x_k + \beta$$", False),
        (r"$$\mathrm{model} = 3, \quad d = 2$$", False),
        ("```python\n$dZ = 1$\n```", False),
    ],
)
def test_a_formula_without_a_twin_is_found(formula, found):
    cell = nbformat.v4.new_markdown_cell(formula)
    content = nbformat.v4.new_notebook(cells=[cell])
    notebook = NOTEBOOKS["layers"]._replace(content=content)
    assert isinstance(notebook, Notebook)
    assert bool(unknown(notebook)) == found


def test_a_sign_changed_in_a_notebook_is_found():
    notebook = NOTEBOOKS["classification"]
    content = nbformat.from_dict(notebook.content)
    for cell in content.cells:
        cell.source = cell.source.replace(r"dZ = \frac{P - Y}{m}", r"dZ = \frac{Y - P}{m}")
    assert unknown(notebook._replace(content=content)) == [r"dZ = \frac{Y - P}{m}"]
