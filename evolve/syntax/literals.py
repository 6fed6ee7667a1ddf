"""The tunable numbers of a program, and rewriting them in its text without touching anything else."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evolve.syntax.splicing import Place, spliced
from evolve.syntax.tree import parse

GUARD = 1e-5  # smaller numbers are guards against division by zero, not parameters


@dataclass(frozen=True)
class Literal:
    """One tunable number: where it stands (line from 1, columns in bytes), and the constant's name if it has one.

    integer: written as an integer, so it may have to stay one."""

    value: float
    line: int
    start: int
    end: int
    integer: bool
    name: str | None = None


def constants(source: str) -> list[Literal]:
    """The tunable numbers in the order of the text: those in expressions and named ones, except where only an integer
    or that very number makes sense (0, indices, axes, ranges, exponents, modulus, digits to round to, tiny guards).

    Raises SyntaxError for a program that does not parse.
    """
    found = {(item.line, item.start): item for item in _literals(parse(source))}
    return [found[place] for place in sorted(found)]


def with_constants(source: str, values: Sequence[float]) -> str:
    """The program with the numbers of `constants(source)` replaced, and the rest of its text as it was."""
    places = constants(source)
    if len(places) != len(values):
        raise ValueError(f"the program has {len(places)} constants, not {len(values)}")
    pieces = [
        (Place(place.line, place.start), Place(place.line, place.end), _written(place, value))
        for place, value in zip(places, values, strict=True)
        if value != place.value
    ]
    return spliced(source, pieces)


def _written(place: Literal, value: float) -> str:
    text = (
        str(int(value)) if float(value).is_integer() and (place.integer or abs(value) >= 1e15) else repr(float(value))
    )
    return text if value >= 0 else f"({text})"


def _literals(tree: ast.Module) -> Iterator[Literal]:
    todo: list[tuple[ast.AST, str | None]] = [(tree, None)]
    while todo:
        node, name = todo.pop()
        if isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, int | float) and not isinstance(value, bool) and GUARD <= value < 1e12:
                integer = isinstance(value, int)
                yield Literal(float(value), node.lineno, node.col_offset, node.end_col_offset or 0, integer, name)
            continue
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _called(node.right) == "max":
            # x / max(y, 1): a guard
            todo += [(arg, None) for arg in ast.iter_child_nodes(node.right) if not isinstance(arg, ast.Constant)]
            todo.append((node.left, None))
            continue
        todo += [(child, _named(node, child)) for child in ast.iter_child_nodes(node) if _tunable(node, child)]


def _called(node: ast.AST) -> str:
    """The last part of the name of what is called; nothing if it is no call."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _named(node: ast.AST, child: ast.AST) -> str | None:
    """X for the number of `X = 1.5` and of a parameter's default."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name) and child is node.value:
        return target.id
    if isinstance(node, ast.arguments):
        positional = [*node.posonlyargs, *node.args]
        defaulted = positional[len(positional) - len(node.defaults) :]
        pairs = [*zip(defaulted, node.defaults, strict=True), *zip(node.kwonlyargs, node.kw_defaults, strict=True)]
        return next((argument.arg for argument, default in pairs if default is child), None)
    return None


_COUNTS = ("range", "round", "len", "int", "islice", "combinations", "permutations", "seed", "Random", "default_rng")


def _tunable(node: ast.AST, child: ast.AST) -> bool:
    """Whether numbers under `child` may be changed."""
    if isinstance(node, ast.JoinedStr | ast.Subscript | ast.Slice | ast.match_case):
        return isinstance(node, ast.Subscript) and child is node.value
    if isinstance(node, ast.BinOp | ast.AugAssign):
        if isinstance(node.op, ast.FloorDiv | ast.Mod | ast.LShift | ast.RShift | ast.BitAnd | ast.BitOr | ast.BitXor):
            return not isinstance(child, ast.Constant)
        if isinstance(node.op, ast.Pow) and isinstance(child, ast.Constant):
            return type(child.value) is float
    if isinstance(node, ast.Call):
        return _called(node) not in _COUNTS
    if isinstance(node, ast.keyword):
        return node.arg != "axis"
    if isinstance(node, ast.AnnAssign | ast.arg):
        return child is not node.annotation
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return child is not node.returns
    return True
