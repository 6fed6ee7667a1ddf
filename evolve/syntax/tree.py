"""Parsing that fails in one way only, and what is measured on a syntax tree without recursion."""

from __future__ import annotations

import ast
import warnings

ENTRIES = ("priority", "priorities", "decide", "solve")
DEEPEST = 120  # levels; deeper trees are legal Python, but recursive passes over them may not end well

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def parse(source: str) -> ast.Module:
    """The syntax tree of a program. Raises SyntaxError, and nothing else, for what Python cannot compile."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            compile(source, "candidate.py", "exec", dont_inherit=True)
    except SyntaxError:
        raise
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise SyntaxError(f"the program cannot be parsed: {type(error).__name__}: {error}") from None
    return tree


def deep(tree: ast.AST) -> bool:
    """Whether the tree is nested more deeply than recursive passes should follow."""
    level = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def entry(tree: ast.Module) -> ast.FunctionDef | None:
    """The function that the simulator calls: the last definition of the first name of ENTRIES that there is."""
    for name in ENTRIES:
        for node in reversed(tree.body):
            if isinstance(node, ast.FunctionDef) and node.name == name:
                return node
    return None


def docstring(node: Documented) -> ast.Constant | None:
    """The docstring's literal, if there is one."""
    if node.body and isinstance(node.body[0], ast.Expr):
        value = node.body[0].value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value
    return None


def size(source: str) -> int:
    """Number of statements and expressions of a program; signatures, docstrings and imports do not count."""
    count = 0
    todo: list[ast.AST] = [parse(source)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            body: list[ast.AST] = list(node.body)
            todo += body[1:] if docstring(node) else body
            continue
        if isinstance(node, ast.expr | ast.stmt):
            count += 1
        if not isinstance(node, ast.arguments):
            todo += ast.iter_child_nodes(node)
    return count
