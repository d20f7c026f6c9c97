"""Write what README.md shows of the notebooks: `python -m tools.readme [--check]`.

That is the table of stages, and the picture of the last cell tagged `picture`.
"""

import base64
from pathlib import Path

from tools.generation import write_or_check
from tools.layout import ROOT, Refused, colab_badge, read_notebooks, reading_minutes

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


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """Write the table, or check it."""
    write_or_check(generate, root, arguments)


if __name__ == "__main__":
    main()
