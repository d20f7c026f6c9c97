"""Figures that a reader can move."""

import os

import ipywidgets
from IPython import get_ipython

# What Jupyter and Colab set for a kernel that somebody looks at. VS Code sets a variable in it.
LIVE = ("JPY_SESSION_NAME", "COLAB_RELEASE_TAG")


def interactive(draw, **sliders):
    """Draw a figure with sliders of ipywidgets, draw(name=value); a move draws it anew.

    Where nobody can move them (on GitHub, under nbval) the figure is drawn once, as they stand.
    """
    shell = get_ipython()
    live = any(os.environ.get(name) for name in LIVE)
    if shell and (live or "__vsc_ipynb_file__" in shell.user_ns):
        ipywidgets.interact(draw, **sliders)
    else:
        draw(**{name: slider.value for name, slider in sliders.items()})
