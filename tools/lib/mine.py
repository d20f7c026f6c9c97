"""Your functions, from the cells tagged `export` of your notebooks: `from mine import relu`.

It reads the notebooks as they were saved. What such a cell needs, helpers too, has to stand in one.
A notebook is read again at the next import when it, or one before it, was saved meanwhile.
"""

import builtins
import dis
import inspect
import json
import linecache
import re
import sys
from pathlib import Path
from types import CodeType, ModuleType

from nnfs_core import checkpoints, datasets, runs, tracks
from nnfs_course.judge import Verdict

_BY_HAND = (tracks, datasets, checkpoints, runs)  # modules that no notebook makes

# What a cell defines for others: functions, classes, constants; also of a cell with a syntax error.
_DEFINED = re.compile(r"^(?:def|class) +(\w+)|^([A-Z_][A-Z0-9_]*)\b[^=\n]*=(?!=)", re.MULTILINE)
_STAGES: dict = {}  # of each notebook, by path: when it and those before it were saved, its module
_RUNNING: list = []  # notebooks whose cells are being run


def _notebooks():
    """Paths of the stages in order: no -Copy1, no (old)."""
    paths = sorted(Path(__file__).parent.glob("[0-9]*.ipynb"))
    return [path for path in paths if re.fullmatch(r"\d\d_[a-z_]+", path.stem)]


def _read(path):
    """Kind, source and tags of each cell of a saved notebook; None if the file is damaged."""
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        parts = [
            (one["cell_type"], one["source"], one["metadata"].get("tags", [])) for one in cells
        ]
        return [(kind, "".join(source), [*tags]) for kind, source, tags in parts]
    except Exception:  # whatever half a notebook makes of json
        return None


def _damaged():
    """Say which notebook cannot be read: what is asked for may stand in it; or ""."""
    names = [path.name for path in _notebooks() if _read(path) is None]
    said = "; {} cannot be read: save again, or move away and run `make learner` for a new copy"
    return said.format(" and ".join(names)) if names else ""


def _cells(path):
    """Code cells of a saved notebook: of each a name for messages, its source, whether exported."""
    for number, (kind, source, tags) in enumerate(_read(path) or [], start=1):
        if kind == "code":
            first = source.strip().partition("\n")[0]
            label = f"{path.name}, cell {number} ({first[:40]!r})"
            yield label, source, "export" in tags


def _exports(path):
    """Names and sources of the cells tagged `export`."""
    return {label: source for label, source, exported in _cells(path) if exported}


def _defined(source):
    return [one or other for one, other in _DEFINED.findall(source)]


def _home(name):
    """Path of the first notebook with a cell tagged `export` that defines a name, or None."""
    for path in _notebooks():
        if any(name in _defined(source) for source in _exports(path).values()):
            return path
    return None


def _defined_twice(path):
    """Say which name of a notebook stands in two of its cells, or is another's, too; or ""."""
    own = {name for source in _exports(path).values() for name in _defined(source)}
    places: dict = {}
    for other in _notebooks():
        for label, source in _exports(other).items():
            for name in own.intersection(_defined(source)):
                if other == path or not name.startswith("_"):  # a helper's name stays at home
                    places.setdefault(name, []).append(label)
    for name, labels in places.items():
        if len(labels) > 1:
            return f"{name} is defined twice, in {' and in '.join(labels)}: rename or delete one"
    return ""


def _run(path, cells):
    """Module that cells, by their names for messages, make in a namespace of their own."""
    module = sys.modules[path.stem] = ModuleType(path.stem)  # where pickle looks for its classes
    _RUNNING.append(path)
    try:
        for label, source in cells.items():
            linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
            exec(compile(source, label, "exec"), vars(module))
    except ImportError:
        raise
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}"
        if isinstance(error, NameError):
            said = f"it uses {error.name}, which is in no cell tagged export: move it there"
        raise ImportError(f"{label} cannot be used: {said}") from error
    finally:
        _RUNNING.pop()
    return module


def _stage(path):
    """Module of a saved notebook."""
    saved = [(other, other.stat().st_mtime_ns) for other in _notebooks() if other <= path]
    if _STAGES.get(path, (None,))[0] != saved:
        if twice := _defined_twice(path):
            raise ImportError(twice)
        _STAGES[path] = saved, _run(path, _exports(path))
    return _STAGES[path][1]


def __getattr__(name):
    """Return what a notebook defines as this name; a notebook sees those before it."""
    if name.startswith("__"):
        raise AttributeError(name)
    path = _home(name)
    if path and not (_RUNNING and path >= _RUNNING[-1]):
        return getattr(_stage(path), name)
    for module in _BY_HAND:
        given = getattr(module, name, None)
        home = getattr(given, "__module__", "")  # where it was defined, not imported
        if not path and f"{home}.".startswith(f"{module.__name__}."):
            return given
    said = f"no cell tagged export in your notebooks before this one defines {name}"
    raise ImportError(said + _damaged())


def verdict(judge, answer=None):
    """Return what a judge says to a function as later notebooks import it.

    It runs alone, with the cells tagged `export` of its saved notebook. An answer that is not
    saved yet is judged in place of the saved one, and is right once it is saved.
    """
    name = judge.__name__
    path = _home(name)
    if not path:
        said = f"{name} is in no cell tagged export: a new copy has its stub"
        return Verdict(name, False, said + _damaged())
    if twice := _defined_twice(path):
        return Verdict(name, False, twice)
    cells, run = _exports(path), _source(answer).strip()
    saved = not run or run in [source.strip() for source in cells.values()]
    if not saved:
        if run in [source.strip() for _, source, _ in _cells(path)]:
            message = f"{name} is in a cell not tagged export: write it in the cell of the stub"
            return Verdict(name, False, message)
        label = next(label for label, source in cells.items() if name in _defined(source))
        cells[label] = run
    try:
        module = _run(path, cells)
    except ImportError as error:
        return Verdict(name, False, str(error))
    if missing := _missing(name, module, {name}):
        return Verdict(
            name, False, f"uses {missing}, which is in no cell tagged export: move it there"
        )
    said = judge(getattr(module, name))
    if said.right and not saved:
        message = (
            "right as you ran it, but what is saved differs, and later notebooks import that: "
            "save the notebook (Ctrl+S), then run this cell again"
        )
        return said._replace(right=False, message=message)
    return said


def _codes(thing):
    """Code of a function, or of the methods of a class."""
    thing = getattr(thing, "fget", getattr(thing, "__func__", thing))  # property, classmethod
    if inspect.isclass(thing):
        return [code for part in vars(thing).values() for code in _codes(part)]
    code = getattr(inspect.unwrap(thing) if callable(thing) else thing, "__code__", None)
    return [code] if code else []


def _source(answer):
    """Source of the cell that made a function or class; "" if there was none."""
    name = getattr(answer, "__qualname__", "")  # a class may hold functions of other cells, too
    codes = [code for code in _codes(answer) if code.co_qualname.startswith(name)]
    return "".join(linecache.getlines(codes[0].co_filename)) if codes else ""


def _globals(code):
    """Names that a function takes from outside, inner functions included."""
    names = [step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"]
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    return names + [name for part in inner for name in _globals(part)]


def _missing(name, module, seen):
    """First name that a function, or one that it calls, uses and that nothing defines; or ""."""
    cells = f"{module.__name__}.ipynb, "  # Python writes some methods of a class itself
    for code in _codes(vars(module)[name]):
        for used in _globals(code) if code.co_filename.startswith(cells) else []:
            if not hasattr(module, used) and not hasattr(builtins, used):
                return used
            own = getattr(vars(module).get(used), "__module__", "") == module.__name__
            if own and used not in seen:
                seen.add(used)
                if missing := _missing(used, module, seen):
                    return missing
    return ""
