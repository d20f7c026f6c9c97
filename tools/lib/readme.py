"""Write what README.md shows of the notebooks.

That is the table of stages, and the picture of the last cell tagged `picture`.
"""

import ast
import base64
from pathlib import Path

from tools.lib.layout import ROOT, Refused, colab_badge, read_notebooks, reading_minutes

BEGIN, END = "<!-- stages -->", "<!-- /stages -->"
PICTURE = "docs/picture.png"


def table(root: Path = ROOT) -> str:
    """Table of stages in markdown."""
    lines = ["| stage | what you build | minutes | open |", "| --- | --- | --- | --- |"]
    for notebook in read_notebooks(root):
        row = [
            f"[{notebook.title}](notebooks/{notebook.path.name})",
            notebook.line("**You will build:**").replace("|", r"\|"),
            str(reading_minutes(notebook.content)),
            colab_badge(root, notebook.path),
        ]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def picture(root: Path = ROOT) -> dict[Path, bytes]:
    """PNG that the last cell tagged picture shows, if there is one."""
    cells = [cell for notebook in read_notebooks(root) for _, cell in notebook.cells("picture")]
    outputs = [output.get("data", {}) for cell in cells for output in cell.outputs]
    pngs = [base64.b64decode(data["image/png"]) for data in outputs if "image/png" in data]
    return {root / PICTURE: pngs[-1]} if pngs else {}


def generate(root: Path = ROOT) -> dict[Path, bytes]:
    """README.md with the table between its marks, and its picture."""
    path = root / "README.md"
    before, begin, rest = path.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise Refused(f"README.md: expected a line '{BEGIN}' and after it a line '{END}': add them")
    text = f"{before}{BEGIN}\n{table(root)}\n{END}{after}"
    return {path: text.encode(), **picture(root)}



def commands(root: Path = ROOT) -> dict[str, str]:
    """Commands of tools/ and what each does: the first line of its docstring."""
    found = {}
    for path in sorted((root / "tools").glob("[a-z]*.py")):
        found[path.stem] = ast.get_docstring(ast.parse(path.read_text("utf-8"))).splitlines()[0]
    return found
