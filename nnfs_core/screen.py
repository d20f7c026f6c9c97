"""Whether somebody looks: for progress bars, and for figures that a reader can move.

Written by hand, like the guards: it is not the lesson.
"""

import os
import sys

# What Jupyter and Colab set for the kernel of a notebook that somebody has open.
LIVE = ("JPY_SESSION_NAME", "COLAB_RELEASE_TAG")


def in_open_notebook() -> bool:
    """Return whether this runs for a notebook that somebody has open, VS Code's included."""
    in_vs_code = hasattr(sys.modules["__main__"], "__vsc_ipynb_file__")
    return in_vs_code or any(os.environ.get(name) for name in LIVE)


def is_watched() -> bool:
    """Return whether a progress bar is worth drawing: in an open notebook, or on a terminal."""
    return in_open_notebook() or sys.stderr.isatty()
