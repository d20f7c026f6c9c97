"""Make the README's results at full size, docs/results-*.txt.

Runs the last notebook that has a cell tagged `parameters` on all tracks, and keeps what its last
cell tagged `scoreboard` prints. That cell's comments say what full size is, each after the words
`# full size: `. Takes some ten minutes.
"""

import argparse
import os
import re
from pathlib import Path

from tools.lib.execution import execute
from tools.lib.layout import DATA, ROOT, Refused, read_notebooks

FULL_SIZE = re.compile(r"^# full size: (.+)$", re.MULTILINE)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default=os.environ.get("NNFS_DATA") or root / DATA)
    data = Path(parser.parse_args(arguments).data).expanduser().absolute()
    notebook = [nb for nb in read_notebooks(root) if any(nb.cells("parameters"))][-1]
    for where, cell in notebook.cells("parameters"):
        assignments = FULL_SIZE.findall(cell.source)
        if not assignments:
            raise Refused(f"{where}: no comment '# full size: n_tracks = None': add one")
        cell.source = "\n".join(assignments)
    execute(notebook, data)
    *_, (_, board) = notebook.cells("scoreboard")
    text = "".join(output.get("text", "") for output in board.outputs)
    # Its first word is the kind of the tracks.
    path = root / "docs" / f"results-{text.partition(' ')[0]}.txt"
    path.write_text(text, "utf-8", newline="\n")
    print(f"{text}written to {path.relative_to(root)}")


if __name__ == "__main__":
    main()
