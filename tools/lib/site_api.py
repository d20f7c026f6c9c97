"""The website's pages on nnfs_core: what each module has, from its source and docstrings.

A function that grew in a notebook is linked to the cell that it comes from.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from tools.lib.layout import APART, HANDWRITTEN, PACKAGE, ROOT, Notebook, read_notebooks, tags

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign
INDEX = """\
# The package nnfs_core

What the notebooks built, a module a stage, each function with the cell that it grew in. After
`from nnfs_core import relu` it is yours to use. The modules at the end were written by hand: they
check input, read and write files, and run experiments.
"""


def module_page(module: str) -> str:
    """Where a module's page is staged."""
    return f"api/{module}.md"


def full_name(notebook: Notebook, name: str) -> str:
    """Name by which one asks for what a notebook exports."""
    stage = f"{notebook.stage}." if notebook.stage in APART else ""
    return f"{PACKAGE}.{stage}{name}"


def defined(node: ast.stmt) -> str:
    """Public name that a statement defines; "" if none."""
    match node:
        case ast.FunctionDef(name) | ast.ClassDef(name):
            return "" if name.startswith("_") else name
        case ast.Assign([ast.Name(name)]) if name.isupper() and not name.startswith("_"):
            return name
    return ""


def exported(notebook: Notebook, cell: NotebookNode) -> list[str]:
    """Full names that a cell adds to the package."""
    if "export" not in tags(cell):
        return []
    return [
        full_name(notebook, name) for node in ast.parse(cell.source).body if (name := defined(node))
    ]


def target(name: str) -> str:
    """Name of the place of an exported cell; Sphinx does not tell capital letters from small."""
    return "cell-" + re.sub(r"([A-Z])", r"_\1", name.rpartition(".")[2]).lower()


def words(docstring: str | None) -> str:
    """Docstring as Markdown that says the same, letter by letter, but for `code` and *weight*."""
    parts = re.split(r"(`[^`\n]+`|(?<![\w*])\*[a-z]+\*(?![\w*]))", docstring or "")
    parts[::2] = [re.sub(r"([\\*_\[\]<>${}|#~^])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def signature(node: ast.FunctionDef, method: bool = False) -> str:
    """Arguments and result of a function; a method's without self."""
    arguments = node.args
    static = any(getattr(item, "id", "") == "staticmethod" for item in node.decorator_list)
    if method and not static:
        place = arguments.posonlyargs or arguments.args
        del place[:1]
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"({ast.unparse(arguments)}){result}"


def fields(node: ast.ClassDef) -> str:
    """Arguments of a class: those of __init__, or the fields that it lists."""
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            return signature(part, method=True).partition(" ->")[0]
    listed = [ast.unparse(part) for part in node.body if isinstance(part, ast.AnnAssign)]
    return f"({', '.join(listed)})" if listed else ""


def directive(kind: str, head: str, options: dict[str, str], body: str) -> str:
    """Directive of Sphinx; what stands in it may hold others of fewer colons."""
    lines = [f":{key}: {value}".rstrip() for key, value in options.items()]
    fence = ":" * (max(map(len, re.findall(r"^:+(?=\{)", body, re.MULTILINE)), default=2) + 1)
    return "\n".join([f"{fence}{{py:{kind}}} {head}", *lines, "", body, fence, ""])


def entry(node: Definition, code: str, scope: str, link: str) -> str:
    """Entry of a function, class or constant; scope is the module by which one asks for it."""
    options = {"module": scope}
    if isinstance(node, ast.Assign):
        return directive("data", defined(node), options, f"```python\n{code}\n```\n\n{link}")
    text = words(ast.get_docstring(node))
    if isinstance(node, ast.FunctionDef):
        return directive("function", node.name + signature(node), options, f"{text}\n\n{link}")
    methods = []
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
            decorators = {ast.unparse(item) for item in part.decorator_list}
            kind = "property" if "property" in decorators else "method"
            head = part.name + ("" if kind == "property" else signature(part, method=True))
            flags = {name: "" for name in ("classmethod", "staticmethod") if name in decorators}
            methods.append(directive(kind, head, flags, words(ast.get_docstring(part))))
    bases = [ast.unparse(base) for base in node.bases]
    kind = f"A kind of {', '.join(f'`{base}`' for base in bases)}." if bases else ""
    body = "\n\n".join([text, kind, link, *methods])
    return directive("class", node.name + fields(node), options, body)


def definitions(path: Path) -> Iterator[tuple[Definition, str]]:
    """Public functions, classes and constants of a module's file, each with its code."""
    text = path.read_text("utf-8")
    for node in ast.parse(text).body:
        if defined(node):
            yield node, ast.get_source_segment(text, node)


def stage_module(root: Path, notebook: Notebook) -> str:
    """Page of a module that a notebook exports."""
    path = root / PACKAGE / f"{notebook.stage}.py"
    scope = full_name(notebook, "").rstrip(".")
    entries = [
        entry(node, code, scope, f"[The cell in which it grew](project:#{target(defined(node))})")
        for node, code in definitions(path)
    ]
    link = f"[{notebook.title}](../notebooks/{notebook.path.name})"
    return f"# {notebook.stage}\n\nFrom {link}.\n\n" + "\n".join(entries)


def own_module(root: Path, module: str) -> str:
    """Page of a module that was written by hand; of a package, what it offers."""
    path, offered = root / PACKAGE / f"{module}.py", HANDWRITTEN[module]
    paths = [path] if path.exists() else sorted((root / PACKAGE / module).glob("[a-z]*.py"))
    intro = path if path.exists() else root / PACKAGE / module / "__init__.py"
    entries = [
        entry(node, code, PACKAGE if defined(node) in offered else f"{PACKAGE}.{module}", "")
        for path in paths
        for node, code in definitions(path)
        if defined(node) in offered or len(paths) == 1 and not isinstance(node, ast.Assign)
    ]
    docstring = ast.get_docstring(ast.parse(intro.read_text("utf-8")))
    return f"# {module}\n\n{words(docstring)}\n\n" + "\n".join(entries)


def generate(root: Path = ROOT) -> dict[str, bytes]:
    """Pages by their path in the staging folder."""
    grown = [nb for nb in read_notebooks(root) if (root / PACKAGE / f"{nb.stage}.py").exists()]
    pages = {notebook.stage: stage_module(root, notebook) for notebook in grown}
    pages |= {module: own_module(root, module) for module in HANDWRITTEN}
    tree = "\n".join(["", "```{toctree}", ":maxdepth: 2", "", *pages, "```", ""])
    files = {module_page(module): text.encode() for module, text in pages.items()}
    return files | {"api/index.md": (INDEX + tree).encode()}
