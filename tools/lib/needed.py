"""What a cell needs of the cells before it, so that it can run without all of them."""

import ast
import dis
from collections.abc import Iterable
from types import CodeType

SURE = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign


def loaded(code: CodeType) -> set[str]:
    """Names that a piece of code takes from outside, functions within it included."""
    steps = dis.get_instructions(code)
    names = {step.argval for step in steps if step.opname in ("LOAD_NAME", "LOAD_GLOBAL")}
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    return names.union(*map(loaded, inner))


def names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Names that a statement binds or writes into, and those that it takes."""
    code = compile(ast.Module([statement], []), "cell", "exec")
    bound = {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_NAME"}
    for node in ast.walk(statement):  # `tracks["year"] = ...` changes tracks
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            bound |= {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
    return bound, loaded(code)


def needed(cells: Iterable[str], source: str) -> str:
    """Top-level statements of cells, in their order, that a source after them builds on.

    Found from the last one backwards, by name: a list that a loop only appends to is not followed.
    """
    statements = []
    for cell in cells:
        try:
            statements += ast.parse(cell).body
        except SyntaxError:  # a magic, or unfinished: it cannot have run
            continue
    last = ast.parse(source).body
    known = [(statement, *names(statement)) for statement in [*statements, *last]]
    start, before = set(), None
    while before != start:  # again, where a function needs what stands after it
        before, wanted, chosen = start, set(start), []
        for statement, bound, taken in reversed(known):
            if statement in last or bound & wanted:
                chosen.append(statement)
                wanted = (wanted - bound if isinstance(statement, SURE) else wanted) | taken
        start = before | wanted
    return "\n".join(ast.unparse(part) for part in reversed(chosen) if part not in last)
