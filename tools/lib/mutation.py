"""Small changes of a function, one at a time: what a judge has to tell from the right one."""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

SWAPS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
}
PAIRS = (
    "sum mean, maximum minimum, max min, zeros ones, zeros_like ones_like, argmin argmax, any all"
)
NAMES = dict(pair.split() for pair in PAIRS.split(", "))
NAMES |= {second: first for first, second in NAMES.items()}
GUARDS = ("guard_", "_guard_", "_check_")  # functions that refuse bad input
# Functions that change the form of what they are given, not its value.
FORMS = {"float", "int", "list", "tuple", "dict", "set", "str", "range", "type", "isinstance"}


class Mutant(NamedTuple):
    """A changed source, what was changed, and the line as it reads then."""

    what: str
    line: str
    source: str

    def __str__(self):
        """Return what identifies it."""
        return plain(f"{self.what}: {self.line}")


def plain(line: str) -> str:
    """Line with one kind of quotes: versions of Python differ in those that ast.unparse writes."""
    return line.replace('"', "'")


def mutants(source: str) -> Iterator[Mutant]:
    """Each source that differs from the given one in one small way, none twice.

    Annotations, texts and calls of guards stay: what a guard refuses, and what repr shows, is a
    matter of the tests, not of the judges.
    """
    tree = ast.parse(source)
    before = ast.unparse(tree).splitlines()
    seen = {"\n".join(before)}
    for path, node in _places(tree, ()):
        for what, changed in [*_expressions(node), *_statements(node, tree)]:
            other = copy.deepcopy(tree)
            _replace(other, path, changed)
            text = ast.unparse(ast.fix_missing_locations(other))
            if text not in seen:
                seen.add(text)
                pairs = zip(before, text.splitlines(), strict=False)
                old, new = next(pair for pair in pairs if pair[0] != pair[1])
                yield Mutant(what, (old if what == "left out" else new).strip(), text)


def _expressions(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What an expression may become, each with what was done."""
    match node:
        case ast.BinOp(left, op, right):
            for other in SWAPS.get(type(op), []):
                yield "operator", ast.BinOp(left, other(), right)
            if isinstance(op, ast.MatMult):
                yield "order of a product", ast.BinOp(right, op, left)
                yield "transpose", ast.BinOp(ast.Attribute(left, "T", ast.Load()), op, right)
            else:
                yield "a term or factor less", left
                if isinstance(op, ast.Add | ast.Mult | ast.BitOr):
                    yield "a term or factor less", right
        case ast.Compare(left, [op], [right]):
            for other in SWAPS.get(type(op), []):
                yield "comparison", ast.Compare(left, [other()], [right])
        case ast.BoolOp(op, values):
            yield "and, or", ast.BoolOp(SWAPS[type(op)][0](), values)
            for value in values:
                yield "a condition alone", value
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield "sign", operand
        case ast.IfExp(_, body, orelse):
            yield "a case alone", body
            yield "a case alone", orelse
        case ast.Constant(bool(value)):
            yield "true, false", ast.Constant(not value)
        case ast.Constant(int(value)):
            for other in (value + 1, value - 1):
                yield "number", ast.Constant(other)
        case ast.Constant(float(value)):
            for other in (value * 2, value + 1, 0.0):
                yield "number", ast.Constant(other)
        case ast.Attribute(value, "T"):
            yield "transpose", value
        case ast.Attribute(value, name, context) if name in NAMES:
            yield "function", ast.Attribute(value, NAMES[name], context)
        case ast.Name(name, context) if name in NAMES:
            yield "function", ast.Name(NAMES[name], context)
        case ast.Call(function, arguments, named):
            for place in range(len(named)):
                yield "argument", ast.Call(function, arguments, named[:place] + named[place + 1 :])
            if len(arguments) > 1:
                yield "argument", ast.Call(function, arguments[:-1], named)
            match function, arguments:
                case ast.Name(name) | ast.Attribute(_, name), [_, _] if name not in NAMES:
                    yield "order of arguments", ast.Call(function, arguments[::-1], named)
            match function, arguments:
                case ast.Attribute(value, "copy" | "astype"), _:
                    yield "function left out", value
                case ast.Name(name) | ast.Attribute(_, name), [argument] if name not in FORMS:
                    yield "function left out", argument


def _statements(node: ast.AST, tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What a statement may become."""
    match node:
        case ast.Expr(ast.Constant()):  # a docstring
            pass
        case ast.If(orelse=[]) | ast.AugAssign() | ast.Expr() | ast.Raise() | ast.Return():
            yield "left out", ast.Pass()
        case ast.Continue() | ast.Break():
            yield "left out", ast.Pass()
        case ast.Assign([ast.Name(name)]):
            bound = Counter(
                part.arg if isinstance(part, ast.arg) else part.id
                for part in ast.walk(tree)
                if isinstance(part, ast.arg)
                or (isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
            )
            if bound[name] > 1:  # else it is a NameError
                yield "left out", ast.Pass()
        case ast.Assign():
            yield "left out", ast.Pass()
    match node:
        case ast.Return(ast.BinOp() | ast.Call() | ast.Name() as value):
            yield "sign", ast.Return(ast.UnaryOp(ast.USub(), value))
        case ast.If(test, body, orelse) if not isinstance(test, ast.Compare):
            yield "condition", ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)


def _places(node: ast.AST, path: tuple) -> Iterator[tuple[tuple, ast.AST]]:
    """All nodes of a tree that compute, each with its path."""
    for field, value in ast.iter_fields(node):
        parts = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for place, part in parts:
            if isinstance(part, ast.AST) and not _stays(field, part):
                here = (*path, (field, place))
                yield here, part
                yield from _places(part, here)


def _stays(field: str, node: ast.AST) -> bool:
    """Whether a part of a source is left as it is."""
    if field in ("annotation", "returns", "decorator_list", "exc", "cause"):
        return True
    match node:
        case (
            ast.Expr(ast.Call(ast.Name(name)))
            | ast.Assign(value=ast.Call(ast.Name(name)))
            | ast.Call(ast.Name(name))
        ):
            return name.startswith(GUARDS)
        case ast.Call(ast.Attribute(ast.Name("guard"))):  # the module of stage 15's guards
            return True
        case ast.JoinedStr() | ast.FunctionDef("__repr__"):
            return True
    return False


def _replace(tree: ast.AST, path: tuple, new: ast.AST) -> None:
    """Put a new node where a path leads."""
    for field, place in path[:-1]:
        value = getattr(tree, field)
        tree = value if place is None else value[place]
    field, place = path[-1]
    if place is None:
        setattr(tree, field, copy.deepcopy(new))
    else:
        getattr(tree, field)[place] = copy.deepcopy(new)
