"""Writing a changed program down: the statements that changed anew, the rest of the text, comments too, as it was."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from evolve.syntax.canonical import loaded, pure
from evolve.syntax.tree import ENTRIES, docstring

WIDTH = 100  # characters of a line


@dataclass(frozen=True)
class Change:
    """A statement of the old tree, with its place in the text, and the statements of the new tree in its stead."""

    old: ast.stmt
    new: Sequence[ast.stmt]


def without(source: str, edited: ast.Module, change: Change) -> str:
    """The text of `edited`, a tree of `source` after one change. Raises SyntaxError for a tree that is no program."""
    ast.fix_missing_locations(edited)
    wanted = ast.dump(edited)
    try:
        text = _spliced(source, change).lstrip("\n")
        if ast.dump(ast.parse(text)) == wanted:
            return text
    except SyntaxError:
        pass
    text = ast.unparse(edited) + "\n"
    compile(text, "candidate.py", "exec", dont_inherit=True)
    return text


def _spliced(source: str, change: Change) -> str:
    """The text with the lines of the old statement replaced. It may come out wrong where a line holds more."""
    lines = source.splitlines(keepends=True)
    old = change.old
    first, last = old.lineno - 1, old.end_lineno or old.lineno
    indent = " " * old.col_offset
    if change.new == [old] and not hasattr(old, "body"):
        lines[first:last] = [indent + line + "\n" for line in _written(old, WIDTH - len(indent))]
    elif change.new == [old]:  # the head of a branch or a loop: its body stays
        end = _body(old)[0].lineno - 1
        head = ast.unparse(old).splitlines()[0]
        lines[first:end] = [indent + head + "\n"]
    elif change.new:  # a branch instead of the whole
        kept = lines[change.new[0].lineno - 1 : change.new[-1].end_lineno]
        shift = change.new[0].col_offset - old.col_offset
        lines[first:last] = [line[shift:] if line[:shift].isspace() else line for line in kept]
    else:
        lines[first:last] = []
    return "".join(lines)


def _body(node: ast.AST) -> list[ast.stmt]:
    found: list[ast.stmt] = getattr(node, "body", [])
    return found


def _written(statement: ast.stmt, width: int) -> list[str]:
    """A simple statement; a sum or an extreme that is too long for a line has a line for each operand."""
    text = ast.unparse(statement)
    value = getattr(statement, "value", None)
    if len(text) <= width or not isinstance(value, ast.BinOp | ast.Call):
        return text.splitlines()
    head = text[: len(text) - len(ast.unparse(value))]
    if isinstance(value, ast.Call) and not value.keywords:
        return [f"{head}{ast.unparse(value.func)}(", *(f"    {ast.unparse(arg)}," for arg in value.args), ")"]
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub):
        return [f"{head}(", *(f"    {term}" for term in _terms(value)), ")"]
    return text.splitlines()


def _terms(value: ast.expr) -> list[str]:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub):
        nested = isinstance(value.right, ast.BinOp) and isinstance(value.right.op, ast.Add | ast.Sub)
        right = f"({ast.unparse(value.right)})" if nested else ast.unparse(value.right)
        return [*_terms(value.left), f"{'+' if isinstance(value.op, ast.Add) else '-'} {right}"]
    return [ast.unparse(value)]


def without_unused(source: str) -> str:
    """The program without the locals, helpers, imports and features that nothing reads."""
    while True:
        tree = ast.parse(source)
        if (found := _unused(tree)) is not None:
            body, statement = found
            body[body.index(statement) : body.index(statement) + 1] = [] if len(body) > 1 else [ast.Pass()]
            source = without(source, tree, Change(statement, []))
        elif (shorter := _signed(source, tree)) is not None:
            source = shorter
        else:
            return source


def _unused(tree: ast.Module) -> tuple[list[ast.stmt], ast.stmt] | None:
    """A statement that only binds names which nothing reads, and the block it is in."""
    read = loaded(tree) | {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    if any(isinstance(node, ast.Global | ast.Nonlocal) for node in ast.walk(tree)):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            continue
        for part in ("body", "orelse", "finalbody"):
            block: list[ast.stmt] = getattr(node, part, None) or []
            for one in block if isinstance(block, list) else ():
                if _droppable(one, node is tree) and not _bound(one) & read:
                    return block, one
    return None


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}


def _droppable(node: ast.stmt, top: bool) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return not any(alias.name == "*" for alias in node.names)
    if isinstance(node, ast.FunctionDef):
        return top and node.name not in ENTRIES and not node.decorator_list
    simple = isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets)
    return simple and pure(node) and not (top and _bound(node) & set(ENTRIES))


def _signed(source: str, tree: ast.Module) -> str | None:
    """The program with fewer features in the signature of `priority`; None if it reads them all."""
    for node in tree.body:
        if not (isinstance(node, ast.FunctionDef) and node.name == "priority"):
            continue
        arguments = node.args
        read = loaded(node)
        kept = [argument for argument in arguments.args if argument.arg in read]
        plain = not (arguments.defaults or arguments.vararg or arguments.kwarg or arguments.kwonlyargs)
        start = docstring(node) or node.body[0]
        if len(kept) == len(arguments.args) or not plain or arguments.posonlyargs or node.decorator_list:
            return None
        arguments.args = kept
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        lines = source.splitlines(keepends=True)
        lines[node.lineno - 1 : start.lineno - 1] = [f"def priority({ast.unparse(arguments)}){returns}:\n"]
        text = "".join(lines)
        try:
            return text if ast.dump(ast.parse(text)) == ast.dump(tree) else None
        except SyntaxError:
            return None
    return None
