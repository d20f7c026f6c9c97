"""The package nnfs_core, made from the cells tagged `export`."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.lib.layout import (
    APART,
    COURSE,
    EXERCISES,
    HANDWRITTEN,
    NEED_DASK,
    PACKAGE,
    ROOT,
    Notebook,
    Refused,
    read_notebooks,
)

MODULE = '''"""{}.

Generated from notebooks/{} by `make export`: edit that, not this.
"""

'''
INIT = '''"""A neural network from scratch in NumPy: what the notebooks built, one module a stage.

A module is loaded when one of its names is asked for, so that the network needs NumPy alone.
Generated from notebooks/ by `make export`: edit the notebooks, not this file.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={modules},
    submod_attrs={names},
)
# What needs Dask is left out of `import *`, which would fail where it is not installed.
__all__ = [name for name in __all__ if name not in {dask}]
'''


def read_exports(notebook: Notebook) -> tuple[list[tuple[str, str]], str]:
    """Names that the export cells define, each with its cell, and the module's text."""
    names, imports, body = [], [], []
    for where, cell in notebook.cells("export"):
        lines = cell.source.splitlines()
        try:
            statements = ast.parse(cell.source).body
        except SyntaxError as error:
            raise Refused(f"{where}: {error.msg}: expected plain Python, no magics") from None
        for statement in statements:
            match statement:
                case ast.Import() | ast.ImportFrom():
                    span = slice(statement.lineno - 1, statement.end_lineno)
                    imports += lines[span]
                    lines[span] = [""] * len(lines[span])
                case ast.FunctionDef(name) | ast.ClassDef(name):
                    names.append((name, where))
                case ast.Assign([ast.Name(name)]) if name.isupper():
                    names.append((name, where))
                case ast.Expr(ast.Constant(str())) | ast.If(ast.Compare(ast.Name("__name__"))):
                    pass
                case _:
                    raise Refused(
                        f"{where}: a demonstration in line {statement.lineno}: expected imports, "
                        "functions, classes, UPPER_CASE constants and if __name__ alone: move it"
                    )
        body += [*lines, ""]
    title = MODULE.format(notebook.title.rstrip("."), notebook.path.name)
    return names, title + "\n".join([*imports, "", *body])


def public_names(notebook: Notebook) -> list[str]:
    """Names that a notebook adds to the package, in order."""
    return [name for name, _ in read_exports(notebook)[0] if not name.startswith("_")]


def imports(source: str) -> Iterator[str]:
    """Dotted names of our packages that a source imports."""
    try:
        nodes = list(ast.walk(ast.parse(re.sub(r"^%+\w+", "", source, flags=re.MULTILINE).strip())))
    except SyntaxError:  # words
        return
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for name in [module + alias.name for alias in node.names]:
                if name.partition(".")[0] in (PACKAGE, COURSE):
                    yield name


def check_imports(notebook: Notebook, earlier: set[str]) -> None:
    """Refuse an import, in any cell, of what no earlier stage exports, or of another's judges."""
    for where, cell in notebook.cells():
        for name in imports(cell.source):
            package, *rest = name.split(".")
            if package == COURSE:
                fits = rest[:1] != [EXERCISES] or rest[1:2] == [notebook.stage]
            else:
                fits = bool(earlier.intersection(rest[:1]))
            if not fits:
                raise Refused(f"{where}: {name} is not from an earlier stage: define it")


def formatted(name: str, text: str, root: Path) -> str:
    """Text of a module, checked and formatted by Ruff."""
    for step in ("check --fix --select I,F401,F821 --unfixable F401", "format"):
        command = [sys.executable, "-m", "ruff", *step.split(), "-q", "--stdin-filename", name, "-"]
        done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", cwd=root)
        if done.returncode:
            raise Refused(f"{done.stderr}mend the cells tagged export")
        text = done.stdout
    return text


def generate(root: Path = ROOT) -> dict[Path, bytes]:
    """Text of each module of the package, by path."""
    modules, flat, owners = {}, dict(HANDWRITTEN), {}
    notebooks = read_notebooks(root)
    stages = {notebook.stage for notebook in notebooks}
    for notebook in notebooks:
        everything = [name for names in flat.values() for name in names]
        check_imports(notebook, {*flat, *everything})
        definitions, text = read_exports(notebook)
        for name, where in definitions:
            if name in owners:
                raise Refused(f"{where}: exports {name!r} again, after {owners[name]}: rename one")
            if name in stages:
                raise Refused(f"{where}: exports {name!r}, the name of a stage: rename it")
            owners[name] = where
        if names := public_names(notebook):
            modules[notebook.stage] = text
            flat[notebook.stage] = [] if notebook.stage in APART else names
    names = {stage: names for stage, names in flat.items() if names}
    dask = [name for module in NEED_DASK for name in (module, *HANDWRITTEN[module])]
    modules["__init__"] = INIT.format(modules=[*flat], names=names, dask=dask)
    for path in (root / PACKAGE).glob("*.py"):
        if path.stem not in {"__main__", *HANDWRITTEN, *modules}:
            raise Refused(f"{PACKAGE}/{path.name}: no notebook exports this module: delete it")
    for path in (root / PACKAGE).glob("*/__init__.py"):
        if path.parent.name not in HANDWRITTEN:
            raise Refused(f"{PACKAGE}/{path.parent.name}: not in layout.HANDWRITTEN: delete it")
    files = {f"{PACKAGE}/{stage}.py": text for stage, text in modules.items()}
    return {root / name: formatted(name, text, root).encode() for name, text in files.items()}
