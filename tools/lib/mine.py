"""Your functions, from the cells tagged `export` of your notebooks: `from mine import relu`.

It reads the notebooks as they were saved. What such a cell needs, helpers too, has to stand in one.
"""

import linecache
import re
from pathlib import Path

import nbformat

_STAGES: dict = {}  # of each notebook, by path: when it was saved, and what its export cells define
_RUNNING: list = []  # notebooks whose cells are being run


def _stage(path):
    saved = path.stat().st_mtime_ns
    if _STAGES.get(path, (None,))[0] != saved:
        names = {"__name__": path.stem}
        _RUNNING.append(path)
        try:
            for number, cell in enumerate(nbformat.read(path, as_version=4).cells, start=1):
                if "export" in cell.metadata.get("tags", []):
                    first = cell.source.strip().partition("\n")[0]
                    file = f"{path.name}, cell {number} ({first[:40]!r})"
                    lines = cell.source.splitlines(keepends=True)
                    linecache.cache[file] = (len(cell.source), None, lines, file)
                    exec(compile(cell.source, file, "exec"), names)
        except ImportError:
            raise
        except Exception as error:
            raise ImportError(
                f"{path.name} cannot be used: {type(error).__name__}: {error}"
            ) from error
        finally:
            _RUNNING.pop()
        _STAGES[path] = saved, names  # only a whole one
    return _STAGES[path][1]


def __getattr__(name):
    """Return what the first notebook that defines it calls so; a notebook sees those before it."""
    if name.startswith("__"):
        raise AttributeError(name)
    for path in sorted(Path(__file__).parent.glob("[0-9]*.ipynb")):
        if _RUNNING and path >= _RUNNING[-1]:
            break
        if re.fullmatch(r"\d\d_[a-z_]+", path.stem) and name in _stage(path):  # no -Copy1, no (old)
            found = _stage(path)[name]
            if str(getattr(found, "__module__", "")).startswith("nnfs_core"):
                continue  # the package's, imported there: never pass it on
            return found
    raise ImportError(f"no cell tagged export in your notebooks before this one defines {name}")
