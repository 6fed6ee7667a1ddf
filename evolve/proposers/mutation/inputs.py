"""The values that a function takes out of its argument, and terms made of those that its formulas leave out.

A problem hands a program one instance or observation, and programs unpack it by `x = instance["x"]`. What is unpacked
and never used is what a mutation should try.
"""

from __future__ import annotations

import ast
import random

from evolve.syntax.algebra import round_to


class Inputs:
    """The names that a function binds to entries of its parameters, before a line; told apart by how they are used."""

    def __init__(self, function: ast.FunctionDef, line: int) -> None:
        arguments = {argument.arg for argument in function.args.args}
        names = {
            target.id
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and node.lineno < line
            for target, value in _bindings(node)
            if isinstance(target, ast.Name) and _entry(value, arguments)
        }
        indexed = {
            node.value.id
            for node in ast.walk(function)
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in names
        }
        counted = {
            inner.id
            for node in ast.walk(function)
            if isinstance(node, ast.BinOp | ast.Compare)
            for inner in ast.iter_child_nodes(node)
            if isinstance(inner, ast.Name) and inner.id in names - indexed
        }
        unknown = names - indexed - counted
        self.sequences, self.numbers = sorted(indexed | unknown), sorted(counted | unknown)

    def instead(self, old: ast.expr, rng: random.Random) -> ast.expr | None:
        """Another input for one: `b[i]` for `a[i]`, `y` for `x`."""
        if isinstance(old, ast.Subscript) and isinstance(old.value, ast.Name) and old.value.id in self.sequences:
            others = [name for name in self.sequences if name != old.value.id]
            return ast.Subscript(_load(rng.choice(others)), old.slice, ast.Load()) if others else None
        if isinstance(old, ast.Name) and old.id in self.numbers:
            others = [name for name in self.numbers if name != old.id]
            return _load(rng.choice(others)) if others else None
        return None

    def term(self, near: ast.expr, rng: random.Random) -> ast.expr | None:
        """An input that can stand beside an expression: of the same item where that is about one item."""
        places = [
            node.slice
            for node in ast.walk(near)
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in self.sequences
        ]
        items: list[ast.expr] = [
            ast.Subscript(_load(name), place, ast.Load()) for place in places[:1] for name in self.sequences
        ]
        pool = items if items and rng.random() < 0.7 else [_load(name) for name in self.numbers]
        return rng.choice(pool) if pool else None


def joined(old: ast.expr, term: ast.expr, rng: random.Random) -> ast.expr:
    """`old` with a term: added, taken away, as a factor or a divisor, or as a bound."""
    kind = rng.choice(("+", "+", "-", "-", "*", "/", "max", "min"))
    if kind in ("max", "min"):
        return ast.Call(_load(kind), [old, term], [])
    if kind == "*":
        return ast.BinOp(old, ast.Mult(), term)
    if kind == "/":
        return ast.BinOp(old, ast.Div(), ast.Call(_load("max"), [term, ast.Constant(1e-9)], []))
    weight = ast.Constant(round_to(0.02 * 150.0 ** rng.random(), 2))
    return ast.BinOp(old, ast.Add() if kind == "+" else ast.Sub(), ast.BinOp(weight, ast.Mult(), term))


def _bindings(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    """Each target with its value, where both sides are tuples of one length too."""
    found: list[tuple[ast.expr, ast.expr]] = []
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            found += zip(target.elts, node.value.elts, strict=False)
        else:
            found.append((target, node.value))
    return found


def _entry(value: ast.expr, arguments: set[str]) -> bool:
    """Whether a value is `argument["name"]`."""
    return isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) and value.value.id in arguments


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())
