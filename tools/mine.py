"""Your functions, from the cells tagged `export` of your notebooks: `from mine import relu`.

It reads the notebooks as they were saved. What such a cell needs, helpers too, has to stand in one.
"""

import linecache
from pathlib import Path

import nbformat

_STAGES: dict = {}  # what the export cells of each notebook define, by path


def _stage(path):
    if path not in _STAGES:
        names = _STAGES[path] = {"__name__": path.stem}
        for cell in nbformat.read(path, as_version=4).cells:
            if "export" in cell.metadata.get("tags", []):
                file = f"{path.name}, cell {cell.id}"
                lines = cell.source.splitlines(keepends=True)
                linecache.cache[file] = (len(cell.source), None, lines, file)  # for tracebacks
                exec(compile(cell.source, file, "exec"), names)
    return _STAGES[path]


def __getattr__(name):
    """Return what the first notebook that defines it calls so."""
    if not name.startswith("__"):
        for path in sorted(Path(__file__).parent.glob("[0-9]*.ipynb")):
            if name in _stage(path):
                return _stage(path)[name]
    raise AttributeError(f"no cell tagged export in your notebooks defines {name}")
