"""python -m nnfs_core: train, evaluate, predict, compare."""

import sys

from nnfs_core.runs.cli import main

if __name__ == "__main__":
    sys.exit(main())
