"""Write REFERENCE.md, one page of symbols and formulas."""

import re
from pathlib import Path

from nnfs_course.ledger import SYMBOLS
from tools.lib.layout import ROOT, Refused, read_notebooks
from tools.lib.package import public_names

HEAD = """\
# Reference

The symbols of the network and of its training, in the order of one iteration. A sample is a column;
layers count from 1. $\\odot$ multiplies entry by entry, and a gradient has the shape of what it is
the gradient of. The words are in the [glossary](GLOSSARY.md).

Generated from `nnfs_course/ledger.py` by `make export`. The notebooks check their arrays against
the same table.

| symbol | shape | what it is | formula | function | notebook |
| --- | --- | --- | --- | --- | --- |
"""


def latex(symbol: str) -> str:
    """Symbol or shape as a formula: n_(l-1) becomes n_{l-1}."""
    text = re.sub(r"_\(([^)]*)\)|_(\w)", lambda m: f"_{{{m[1] or m[2]}}}", symbol)
    return f"${text}$" if re.fullmatch(r"(d?[A-Za-z])(_.+)?|\(.*\)", symbol) else symbol


def bars(formula: str) -> str:
    """Formula without |, which would end a cell of the table: |z| becomes \\lvert z\\rvert."""
    return re.sub(r"\|([^|]*)\|", r"\\lvert \1\\rvert", formula)


def generate(root: Path = ROOT) -> dict[Path, bytes]:
    """REFERENCE.md; raises Refused at a function that no notebook exports."""
    owners = {
        name: notebook for notebook in read_notebooks(root) for name in public_names(notebook)
    }
    rows = []
    for symbol, row in SYMBOLS.items():
        if row.function and row.function not in owners:
            raise Refused(f"nnfs_course/ledger.py, {symbol}: no notebook exports {row.function!r}")
        owner = owners.get(row.function)
        cells = [
            latex(symbol),
            latex(row.shape) if row.shape else "number",
            row.meaning,
            f"${bars(row.formula)}$" if row.formula else "",
            f"`{row.function}`" if owner else "",
            f"[{owner.number}](notebooks/{owner.path.name})" if owner else "",
        ]
        rows.append(f"| {' | '.join(cells)} |\n")
    return {root / "REFERENCE.md": (HEAD + "".join(rows)).encode()}
