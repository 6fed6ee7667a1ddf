"""The terms of a program: what can be taken out of it, one thing at a time.

In expressions an operand, a factor, a bound, a function around its argument or one side of a choice; in functions a
statement or a branch. What nothing reads any more goes with it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from evolve.syntax import size
from evolve.syntax.inline import rule
from evolve.syntax.tree import deep, docstring, parse
from evolve.winner.rewriting import Change, without, without_unused

LABEL = 60  # characters of a term in a table
EXTREMES = ("max", "min", "maximum", "minimum")
WRAPPERS = ("abs", "float", "int", "round")
DELICATE = ("log", "log2", "log10", "sqrt", "exp", "pow")  # fail for some arguments

Slot = tuple[ast.AST, str, int | None]  # a node, its field, and the position if the field is a list


@dataclass(frozen=True)
class Removal:
    """A program without one of its terms.

    safe: False where what is gone may have kept the program from failing on instances that are not at hand: a
    denominator's guard, an early return. bound: whether it has a part in a condition, so that it may be a margin or a
    case that these instances never come to.
    """

    term: str
    source: str
    size: int
    safe: bool
    bound: bool = False


def removals(source: str) -> list[Removal]:
    """Every term that can be removed, in the order of the text; each leaves a program that compiles and is smaller."""
    tree = parse(source)
    if deep(tree):
        return []
    before, known = size(source), {source}
    plain = rule(tree) is not None  # arithmetic and branches alone: an early return is no guard there
    divisors = {ast.unparse(node) for node in _delicate(tree)}
    found = []
    for term, edit, guards, bound in list(_edits(tree)):
        try:
            with edit as change:
                made = without_unused(without(source, tree, change))
        except (SyntaxError, ValueError, RecursionError):
            continue
        if made in known or (left := size(made)) >= before:
            continue
        known.add(made)
        safe = (plain or not guards) and all(
            ast.unparse(node) in divisors or _positive(node) for node in _delicate(ast.parse(made))
        )
        found.append(Removal(_label(term), made, left, safe, bound and not plain))
    return found


# the term, the tree without it, whether it may be a guard, whether it has a part in a condition
Edit = tuple[str, AbstractContextManager[Change], bool, bool]


def _edits(tree: ast.Module) -> Iterator[Edit]:
    """All edits of a tree, one to be made at a time."""
    helpers = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    conditions = set(_conditions(tree))
    deciding = _deciding(tree, conditions)
    ordering = set(_ordering(tree))
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        stored = Counter(_stored(function))
        for body in _bodies(function):
            for statement in body:
                if statement is function.body[0] and docstring(function):
                    continue
                yield from _statement_edits(body, statement, stored)
                answer = isinstance(statement, ast.Return) and function.name in deciding
                decides = answer or not deciding.isdisjoint(_assigned(statement))
                for slot in _expressions(statement):
                    bound = (decides and _at(slot) not in ordering) or _at(slot) in conditions
                    for term, new in _less(_at(slot), helpers):
                        yield term, _putting(statement, slot, new), False, bound


# --- statements -------------------------------------------------------------------------------------------------------


def _bodies(function: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    """Every block of a function, those of functions inside left out."""
    todo: list[ast.AST] = [function]
    while todo:
        node = todo.pop(0)
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                yield body
                todo += [one for one in body if not isinstance(one, ast.FunctionDef | ast.ClassDef)]


def _statement_edits(body: list[ast.stmt], statement: ast.stmt, stored: Counter[str]) -> Iterator[Edit]:
    first = ast.unparse(statement).splitlines()[0]
    leaves = any(isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue) for node in ast.walk(statement))
    if isinstance(statement, ast.If):
        yield f"{first} (always)", _replacing(body, statement, statement.body), False, True
        yield first, _replacing(body, statement, statement.orelse), leaves, True
        return
    # what it binds must have a value without it, but for a loop's own variables
    bound = Counter(_stored(statement))
    for name in _stored(statement.target) if isinstance(statement, ast.For) else ():
        bound.pop(name, None)
    again = isinstance(statement, ast.AugAssign) or all(stored[name] > bound[name] for name in bound)
    droppable = ast.Assign | ast.AugAssign | ast.Expr | ast.For | ast.While
    if isinstance(statement, droppable) and again:
        yield first, _replacing(body, statement, []), leaves, False


def _stored(node: ast.AST) -> list[str]:
    return [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)]


@contextmanager
def _replacing(body: list[ast.stmt], old: ast.stmt, new: list[ast.stmt]) -> Iterator[Change]:
    before = list(body)
    place = body.index(old)
    body[place : place + 1] = new or ([] if len(body) > 1 else [ast.Pass()])
    try:
        yield Change(old, new)
    finally:
        body[:] = before


# --- expressions ------------------------------------------------------------------------------------------------------


def _expressions(node: ast.AST) -> Iterator[Slot]:
    """Every place of a statement that holds an expression; not those of the statements inside it."""
    for field, value in ast.iter_fields(node):
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.expr) and not isinstance(child, ast.JoinedStr):
                yield node, field, index
            if isinstance(child, ast.AST) and not isinstance(child, ast.stmt | ast.JoinedStr):
                yield from _expressions(child)


def _at(slot: Slot) -> ast.expr:
    node, field, index = slot
    value = getattr(node, field)
    found: ast.expr = value if index is None else value[index]
    return found


def _put(slot: Slot, new: ast.expr) -> None:
    node, field, index = slot
    if index is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[index] = new


@contextmanager
def _putting(statement: ast.stmt, slot: Slot, new: ast.expr) -> Iterator[Change]:
    old = _at(slot)
    _put(slot, new)
    try:
        yield Change(statement, [statement])
    finally:
        _put(slot, old)


def _less(old: ast.expr, helpers: set[str]) -> Iterator[tuple[str, ast.expr]]:
    """What can stand for an expression, and the term that is gone then."""
    if isinstance(old, ast.BinOp):
        yield from _operand(old)
    elif isinstance(old, ast.IfExp):
        yield f"if {ast.unparse(old.test)}, else {ast.unparse(old.orelse)}", old.body
        yield f"{ast.unparse(old.body)} if {ast.unparse(old.test)}", old.orelse
    elif isinstance(old, ast.BoolOp):
        for value in old.values:
            rest = [other for other in old.values if other is not value]
            yield ast.unparse(value), rest[0] if len(rest) == 1 else ast.BoolOp(old.op, rest)
    elif isinstance(old, ast.Call) and not any(isinstance(arg, ast.Starred) for arg in old.args):
        yield from _argument(old, helpers)


def _operand(old: ast.BinOp) -> Iterator[tuple[str, ast.expr]]:
    left, right = old.left, old.right
    if isinstance(old.op, ast.Add):
        yield f"+ {_factor(right)}", left
        yield f"{ast.unparse(left)} +", right
    elif isinstance(old.op, ast.Sub):
        yield f"- {_factor(right)}", left
        yield f"{ast.unparse(left)} -", ast.UnaryOp(ast.USub(), right)
    elif isinstance(old.op, ast.Mult):
        yield f"* {_factor(right)}", left
        yield f"{_factor(left)} *", right
    elif isinstance(old.op, ast.Div):
        yield f"/ {_factor(right)}", left
        yield f"{_factor(left)} /", ast.BinOp(ast.Constant(1), ast.Div(), right)
    elif isinstance(old.op, ast.Pow):
        yield f"** {_factor(right)}", left


def _factor(node: ast.expr) -> str:
    """An expression as it stands beside an operator."""
    written = ast.unparse(node)
    return f"({written})" if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) else written


def _argument(old: ast.Call, helpers: set[str]) -> Iterator[tuple[str, ast.expr]]:
    function = old.func.attr if isinstance(old.func, ast.Attribute) else getattr(old.func, "id", "")
    if function in EXTREMES and len(old.args) > 1 and not old.keywords:
        for arg in old.args:
            rest = [other for other in old.args if other is not arg]
            single = rest[0] if len(rest) == 1 else ast.Call(old.func, rest, [])
            yield f"{function} with {ast.unparse(arg)}", single
    elif function in (*WRAPPERS, *helpers) or (
        isinstance(old.func, ast.Attribute) and len(old.args) == 1 and ast.unparse(old.func.value) in ("math", "np")
    ):
        for arg in old.args:
            yield f"{function} around {ast.unparse(arg)}", arg


# --- guards -----------------------------------------------------------------------------------------------------------


def _tests(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield node.test
        elif isinstance(node, ast.comprehension):
            yield from node.ifs


def _conditions(tree: ast.Module) -> Iterator[ast.AST]:
    """All nodes of conditions, and of what is given to a helper that has one."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    choosy = {node.name for node in functions if any(_tests(node))}
    for test in _tests(tree):
        yield from ast.walk(test)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in choosy:
            for given in (*node.args, *(keyword.value for keyword in node.keywords)):
                yield from ast.walk(given)


def _ordering(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes of keys to sort or to choose by: they say which comes first, and keep no margin."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "key":
            yield from ast.walk(node.value)


def _assigned(node: ast.AST) -> list[str]:
    """The names that a statement itself assigns to; not those of comprehensions and of statements in it."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [name for target in targets if target is not None for name in _stored(target)]


def _deciding(tree: ast.Module, conditions: set[ast.AST]) -> set[str]:
    """The names of values and helpers that have a part in a condition, through others as well."""
    names = {node.id for node in conditions if isinstance(node, ast.Name)}
    made = [(_assigned(node), source) for node in ast.walk(tree) if (source := _source(node)) is not None]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    made += [
        ([function.name], node.value)
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and node.value is not None
    ]
    before = -1
    while len(names) > before:
        before = len(names)
        for assigned, source in made:
            if not names.isdisjoint(assigned):
                names |= {node.id for node in ast.walk(source) if isinstance(node, ast.Name)}
    return names


def _source(node: ast.AST) -> ast.expr | None:
    """What the names that a node assigns to are made of."""
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr):
        return node.value
    return node.iter if isinstance(node, ast.For | ast.comprehension) else None


def _delicate(tree: ast.AST) -> Iterator[ast.expr]:
    """What a program divides by or gives to functions that fail for some arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod):
            yield node.right
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            yield node
        elif isinstance(node, ast.Call):
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if function in DELICATE:
                yield from node.args


def _positive(node: ast.expr) -> bool:
    """Whether an expression is above 0 by its text: a number, or a maximum with one."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and node.value > 0
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("max", "maximum"):
        return any(_positive(arg) for arg in node.args)
    return False


def _label(term: str) -> str:
    return term if len(term) <= LABEL else term[: LABEL - 1] + "…"
