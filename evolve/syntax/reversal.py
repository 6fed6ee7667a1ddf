"""A rule that points the wrong way, turned round: what it put last comes first."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from evolve.syntax.tree import entry, parse


def reversed_rule(source: str) -> str | None:
    """The program whose entry function returns the negative of all that it returned, and the rest of its text as it
    was; None if it returns nothing. Raises SyntaxError for a program that does not parse."""
    function = entry(parse(source))
    values = [] if function is None else sorted(_returned(function), key=lambda node: (node.lineno, node.col_offset))
    if not values:
        return None
    text = source.encode()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def place(line: int, column: int | None) -> int:
        return starts[line - 1] + (column or 0)

    for value in reversed(values):
        start, end = place(value.lineno, value.col_offset), place(value.end_lineno or 0, value.end_col_offset)
        inner = text[start:end]
        minus = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub)
        turned = inner[1:].lstrip() if minus else b"-(" + inner + b")"
        gap = b" " if text[start - 1 : start].isalpha() else b""  # return-x
        text = text[:start] + gap + turned + text[end:]
    return text.decode()


def _returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """What the function itself returns, not what functions in it do."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            todo += ast.iter_child_nodes(node)
