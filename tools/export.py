"""Write nnfs_core from the cells tagged `export`: `python -m tools.export [--check]`."""

import ast
import subprocess
import sys
from pathlib import Path

from tools.generation import write_or_check
from tools.layout import EXERCISES, HANDWRITTEN, PACKAGE, ROOT, Notebook, Refused, read_notebooks

MODULE = '''"""{}.

Generated from notebooks/{} by `make export`: edit that, not this.
"""

'''
INIT = '''"""A neural network from scratch in NumPy: what the notebooks built, one module a stage.

Generated from notebooks/ by `make export`: edit the notebooks, not this file.
"""

import warnings

# In reading order.
# isort: off
'''
QUIET = """
# `python -m nnfs_core.layers` would warn that this file has imported that module already.
warnings.filterwarnings("ignore", "'nnfs_core.* found in sys.modules", RuntimeWarning)
"""


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


def check_imports(notebook: Notebook, earlier: set[str]) -> None:
    """Refuse an import from the package, in any cell, of what no earlier stage exports.

    A notebook may import its own checks.
    """
    for where, cell in notebook.cells():
        try:
            nodes = list(ast.walk(ast.parse(cell.source)))
        except SyntaxError:  # words, or a magic
            continue
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                for name in [module + alias.name for alias in node.names]:
                    package, *rest = name.split(".")
                    own = rest == [EXERCISES, notebook.stage]
                    if package == PACKAGE and not (own or earlier.intersection(rest[:1])):
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
    modules, init, everything, owners = {}, INIT, [], {}
    for notebook in read_notebooks(root):
        check_imports(notebook, {*HANDWRITTEN, *modules, *everything})
        definitions, text = read_exports(notebook)
        for name, where in definitions:
            if name in owners:
                raise Refused(f"{where}: exports {name!r} again, after {owners[name]}: rename one")
            owners[name] = where
        if names := public_names(notebook):
            everything += names
            modules[notebook.stage] = text
            init += f"\nfrom {PACKAGE}.{notebook.stage} import {', '.join(names)}"
    modules["__init__"] = f"{init}\n\n__all__ = {everything}\n{QUIET}"
    for path in (root / PACKAGE).glob("*.py"):
        if path.stem not in {"__main__", *HANDWRITTEN, *modules}:
            raise Refused(f"{PACKAGE}/{path.name}: no notebook exports this module: delete it")
    files = {f"{PACKAGE}/{stage}.py": text for stage, text in modules.items()}
    return {root / name: formatted(name, text, root).encode() for name, text in files.items()}


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """Write the package, or check it."""
    write_or_check(generate, root, arguments)


if __name__ == "__main__":
    main()
