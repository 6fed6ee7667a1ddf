"""A rule that reads a feature without taking it: the parameter is added, instead of a question to whoever wrote it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection

from evolve.syntax.splicing import Place, spliced
from evolve.syntax.tree import entry, parse


def with_inputs(source: str, features: Collection[str]) -> str:
    """The program with parameters for the features that its entry function reads and nothing else defines; as it is
    where there is none, or where its signature is more than a list of names."""
    try:
        tree = parse(source)
    except SyntaxError:
        return source
    function = entry(tree)
    if function is None:
        return source
    arguments = function.args
    fancy = arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg or arguments.defaults
    missing = _missing(tree, function, features)
    if fancy or not arguments.args or not missing:
        return source
    last = arguments.args[-1]
    assert last.end_lineno is not None
    assert last.end_col_offset is not None
    end = Place(last.end_lineno, last.end_col_offset)
    return spliced(source, [(end, end, f", {', '.join(missing)}")])


def _missing(tree: ast.Module, function: ast.FunctionDef, features: Collection[str]) -> list[str]:
    """In the order of the features."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    defined = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    defined |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    defined |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return [name for name in features if name in read - defined and not hasattr(builtins, name)]
