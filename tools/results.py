"""Make the README's results: `python -m tools.results [DATA]`. Takes some ten minutes.

Runs the last notebook that has a cell tagged `parameters` at full size, and shows its scoreboard.
"""

import argparse
import os
from pathlib import Path

from tools.lib.execution import execute
from tools.lib.layout import DATA, ROOT, read_notebooks
from tools.run import scoreboard

FULL_SIZE = "n_tracks, iterations = len(tracks), 2000"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default=os.environ.get("NNFS_DATA") or ROOT / DATA)
    data = Path(parser.parse_args().data).absolute()
    sized = [(nb, list(nb.cells("parameters"))) for nb in read_notebooks()]
    notebook, [(_, cell)] = [(nb, cells) for nb, cells in sized if cells][-1]
    cell.source = FULL_SIZE
    execute(notebook, data)
    print(scoreboard([notebook]))


if __name__ == "__main__":
    main()
