"""A rule that points the wrong way, turned round: what it put last comes first."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from evolve.syntax.splicing import Place, spliced
from evolve.syntax.tree import entry, parse


def reversed_rule(source: str) -> str | None:
    """The program whose entry function returns the negative of all that it returned, and the rest of its text as it
    was; None if it returns nothing. Raises SyntaxError for a program that does not parse."""
    function = entry(parse(source))
    pieces = [] if function is None else [piece for node in _returns(function) for piece in _turned(node)]
    return spliced(source, pieces) if pieces else None


def _turned(node: ast.Return) -> Iterator[tuple[Place, Place, str]]:
    """The pieces that make its value the negative: without the minus in front of it, or with one."""
    value = node.value
    if value is None:
        return
    assert value.end_lineno is not None
    assert value.end_col_offset is not None
    start, end = Place(value.lineno, value.col_offset), Place(value.end_lineno, value.end_col_offset)
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        gap = " " if start.column == node.col_offset + len("return") else ""  # return-p
        yield start, Place(start.line, start.column + 1), gap
    else:
        yield start, start, "-("
        yield end, end, ")"


def _returns(function: ast.FunctionDef) -> Iterator[ast.Return]:
    """Those of the function itself, not of functions in it."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Return):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            todo += ast.iter_child_nodes(node)
