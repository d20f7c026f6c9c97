"""Run all notebooks in order on your tracks: `python -m tools.run [DATA]`.

DATA is a file of tracks; without it NNFS_DATA names one, else the shipped tracks are taken. What
was run is written to build/; the stored notebooks stay as they are.
"""

import argparse
import os
import sys
from pathlib import Path

import nbformat

from tools.lib.execution import execute
from tools.lib.layout import DATA, ROOT, Notebook, read_notebooks


def scoreboard(notebooks: list[Notebook]) -> str:
    """Text that the last cell tagged scoreboard shows."""
    cells = [cell for notebook in notebooks for _, cell in notebook.cells("scoreboard")]
    texts = []
    for output in cells[-1].outputs if cells else []:
        data = output.get("data", {})
        if output.get("name") == "stdout":
            texts.append(output.text)
        elif "text/plain" in data and "image/png" not in data:
            texts.append(data["text/plain"])
    return "\n".join(text.rstrip("\n") for text in texts)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run all notebooks; the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="?", metavar="DATA", help="CSV file of tracks")
    given = parser.parse_args(arguments).data or os.environ.get("NNFS_DATA") or root / DATA
    # Absolute before a kernel starts, since that has another working folder.
    tracks = Path(given).expanduser().absolute()
    if not tracks.is_file():
        print(
            f"no file {str(tracks)!r}: give in DATA or NNFS_DATA the path of a CSV file of tracks, "
            "or neither for the shipped ones",
            file=sys.stderr,
        )
        return 2
    notebooks = read_notebooks(root)
    build = root / "build"
    build.mkdir(exist_ok=True)
    for notebook in notebooks:
        try:
            execute(notebook, tracks)
        finally:  # what was run so far shows where it failed
            nbformat.write(notebook.content, build / notebook.path.name)
    print(scoreboard(notebooks))
    for notebook in notebooks:
        print(os.path.relpath(build / notebook.path.name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
