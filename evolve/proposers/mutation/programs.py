"""Changes to programs that are more than one expression: modest, so that most offspring still run."""

from __future__ import annotations

import ast
import builtins
import copy
import math
import random
from collections.abc import Callable, Iterator
from typing import TypeVar

from evolve.proposers.mutation.inputs import Inputs, joined
from evolve.proposers.mutation.rules import jittered
from evolve.syntax.literals import constants, with_constants

Change = tuple[ast.Module, str]
Slot = tuple[ast.AST, str, int | None]  # a parent, its field, and the position if the field is a list

_ARITHMETIC = ast.Add | ast.Sub | ast.Mult | ast.Div
_NUMERIC_CALLS = ("max", "min", "abs", "len", "float", "sum")
_ORDER: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
}
_SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip


def tune(source: str, rng: random.Random) -> tuple[str, str] | None:
    """The program with other constants, its text otherwise untouched; integers stay integers unless the program is a
    rule."""
    found = constants(source)
    if not found:
        return None
    values = jittered([item.value for item in found], rng)
    for index, item in enumerate(found):
        if item.integer and "def priorit" not in source:
            step = round(values[index])
            if step == item.value and values[index] != item.value:
                step = int(item.value) + rng.choice((-1, 1))
            values[index] = float(max(step, 1))
    changed = [
        f"{item.name + ' ' if item.name else ''}{item.value:g} -> {value:g}"
        for item, value in zip(found, values, strict=True)
        if item.value != value
    ]
    return (with_constants(source, values), "Changes constants: " + ", ".join(changed)) if changed else None


class Programs:
    """Edits of a module's functions. `donor` is another program whose expressions may be taken."""

    def __init__(self, rng: random.Random, donor: ast.Module | None = None) -> None:
        self.rng = rng
        self.donor = donor

    def structural(self, tree: ast.Module) -> Change | None:
        """One change of its logic."""
        kinds: list[Callable[[ast.Module], Change | None]] = [self.replace, self.replace, self.weigh, self.operator]
        return self._one([*kinds, self.exchange, self.grow, self.grow, self.comparison, self.extreme, self.drop], tree)

    def reduction(self, tree: ast.Module) -> Change | None:
        """One change that leaves less of it."""
        return self._one([self.drop, self.operand], tree)

    def borrow(self, tree: ast.Module) -> Change | None:
        """An expression of the other program for one of this."""
        return self._one([self.replace, self.replace, self.replace], tree)

    def _one(self, kinds: list[Callable[[ast.Module], Change | None]], tree: ast.Module) -> Change | None:
        self.rng.shuffle(kinds)
        # a kind that finds nothing to change leaves the tree as it was
        for kind in kinds:
            if (changed := kind(tree)) is not None:
                return changed
        return None

    def replace(self, tree: ast.Module) -> Change | None:
        """a number for another one that is in scope"""
        slots = [(slot, function) for function in _functions(tree) for slot in _numbers(function)]
        if not slots:
            return None
        slot, function = self.rng.choice(slots)
        old = _get(slot)
        scope = _scope(function, old)
        sources = _functions(self.donor) if self.donor else [function]
        donors = [_get(other) for one in sources for other in _numbers(one)]
        shown = ast.unparse(old)
        fitting = [d for d in donors if _names(d) <= scope and ast.unparse(d) != shown and d not in list(ast.walk(old))]
        if not fitting:
            return None
        new = self.rng.choice(fitting)
        _set(slot, copy.deepcopy(new))
        return tree, f"Takes {ast.unparse(new)} for {shown}"

    def exchange(self, tree: ast.Module) -> Change | None:
        """one input for another"""
        slots = [(slot, function) for function in _functions(tree) for slot in _numbers(function)]
        self.rng.shuffle(slots)
        for slot, function in slots:
            old = _get(slot)
            if (new := Inputs(function, getattr(old, "lineno", 0)).instead(old, self.rng)) is not None:
                _set(slot, new)
                return tree, f"Takes {ast.unparse(new)} for {ast.unparse(old)}"
        return None

    def grow(self, tree: ast.Module) -> Change | None:
        """x + c * y for x, with an input y"""
        slots = [(slot, function) for function in _functions(tree) for slot in _numbers(function) if _real(slot)]
        if not slots:
            return None
        slot, function = self.rng.choice(slots)
        old = _get(slot)
        term = Inputs(function, getattr(old, "lineno", 0)).term(old, self.rng)
        if term is None:
            return None
        new = joined(old, term, self.rng)
        _set(slot, new)
        return tree, f"Takes {ast.unparse(new)} for {ast.unparse(old)}"

    def weigh(self, tree: ast.Module) -> Change | None:
        """c * x for a number x"""
        slots = [slot for function in _functions(tree) for slot in _numbers(function) if _real(slot)]
        slots = [slot for slot in slots if not isinstance(_get(slot), ast.Constant)]
        if not slots:
            return None
        slot = self.rng.choice(slots)
        factor = float(f"{math.exp(self.rng.gauss(0, 0.4)):.2g}")
        old = _get(slot)
        _set(slot, ast.BinOp(ast.Constant(factor), ast.Mult(), old))
        return tree, f"Weighs {ast.unparse(old)} by {factor:g}"

    def operator(self, tree: ast.Module) -> Change | None:
        """- for +, and so on"""
        places = [node for node in _inside(tree, ast.BinOp) if type(node.op) in _SWAPPED and _arithmetic(node)]
        if not places:
            return None
        node = self.rng.choice(places)
        before = ast.unparse(node)
        kind = type(node.op)
        node.op = (
            _SWAPPED[kind]()
            if kind in (ast.Add, ast.Sub)
            else _SWAPPED[ast.Add if self.rng.random() < 0.5 else ast.Sub]()
        )
        return tree, f"Takes {ast.unparse(node)} for {before}"

    def comparison(self, tree: ast.Module) -> Change | None:
        """<= for <, and so on"""
        places = [node for node in _inside(tree, ast.Compare) if type(node.ops[0]) in _ORDER]
        if not places:
            return None
        node = self.rng.choice(places)
        before = ast.unparse(node)
        node.ops[0] = self.rng.choice(_ORDER[type(node.ops[0])])()
        return tree, f"Takes {ast.unparse(node)} for {before}"

    def extreme(self, tree: ast.Module) -> Change | None:
        """max for min"""
        other = {"max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum", "argmin": "argmax"}
        places = [
            node
            for node in _inside(tree, ast.Call)
            if (isinstance(node.func, ast.Name) and node.func.id in other)
            or (isinstance(node.func, ast.Attribute) and node.func.attr in other)
        ]
        if not places:
            return None
        node = self.rng.choice(places)
        before = ast.unparse(node)
        if isinstance(node.func, ast.Name):
            node.func.id = other[node.func.id]
        elif isinstance(node.func, ast.Attribute):
            node.func.attr = other[node.func.attr]
        return tree, f"Takes {ast.unparse(node)} for {before}"

    def operand(self, tree: ast.Module) -> Change | None:
        """x for x + y"""
        slots = [
            s for f in _functions(tree) for s in _numbers(f) if isinstance(_get(s), ast.BinOp) and _arithmetic(_get(s))
        ]
        if not slots:
            return None
        slot = self.rng.choice(slots)
        old = _get(slot)
        assert isinstance(old, ast.BinOp)
        kept, lost = self.rng.sample([old.left, old.right], 2)
        _set(slot, kept)
        return tree, f"Drops {ast.unparse(lost)}"

    def drop(self, tree: ast.Module) -> Change | None:
        """a statement, or the test of a branch"""
        places: list[tuple[list[ast.stmt], int]] = []
        for function in _functions(tree):
            stored = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
            for node in ast.walk(function):
                for part in ("body", "orelse"):
                    body = getattr(node, part, None)
                    if not isinstance(body, list):
                        continue
                    for index, one in enumerate(body):
                        bound = {
                            n.id for n in ast.walk(one) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                        }
                        again = all(stored.count(name) > 1 for name in bound)
                        kinds = ast.Assign | ast.AugAssign | ast.If | ast.Expr | ast.For
                        if (
                            isinstance(one, kinds)
                            and again
                            and not isinstance(getattr(one, "value", None), ast.Constant)
                        ):
                            places.append((body, index))
        if not places:
            return None
        body, index = self.rng.choice(places)
        node = body[index]
        first = ast.unparse(node).splitlines()[0]
        choices = [part for part in (node.body, node.orelse) if part] if isinstance(node, ast.If) else []
        body[index : index + 1] = self.rng.choice([*choices, []])
        if not body:
            body.append(ast.Pass())
        return tree, f"Drops {first}"


def _functions(tree: ast.Module | None) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)] if tree else []


T = TypeVar("T", bound=ast.AST)


def _inside(tree: ast.Module, kind: type[T]) -> list[T]:
    return [node for function in _functions(tree) for node in ast.walk(function) if isinstance(node, kind)]


def _slots(node: ast.AST) -> Iterator[Slot]:
    """Every place below `node` that holds an expression; not those of functions inside, and no annotations."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "args") and not isinstance(node, ast.Call):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.expr):
                yield node, field, index
            if isinstance(child, ast.AST) and not isinstance(child, ast.FunctionDef | ast.JoinedStr | ast.ClassDef):
                yield from _slots(child)


def _numbers(function: ast.FunctionDef) -> list[Slot]:
    """Places that hold a number, as far as the text can tell: arithmetic and what it is made of."""
    return [slot for slot in _slots(function) if _numeric(slot)]


def _real(slot: Slot) -> bool:
    """Whether a fraction would do there: the operands of arithmetic and comparisons, not counts and indices."""
    parent = slot[0]
    return isinstance(parent, ast.Compare | ast.Lambda | ast.UnaryOp) or (
        isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mult | ast.Div)
    )


def _numeric(slot: Slot) -> bool:
    parent, node = slot[0], _get(slot)
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float) and isinstance(parent, ast.BinOp | ast.Compare) and _arithmetic(parent)
    if isinstance(node, ast.BinOp):
        return _arithmetic(node)
    if isinstance(node, ast.Name | ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Load):
        # the body of a lambda is the key of an order, mostly
        return isinstance(parent, ast.UnaryOp | ast.Lambda) or (isinstance(parent, ast.BinOp) and _arithmetic(parent))
    if isinstance(node, ast.Call):
        return (
            isinstance(node.func, ast.Name)
            and node.func.id in _NUMERIC_CALLS
            and isinstance(parent, ast.BinOp | ast.Compare)
        )
    return False


def _arithmetic(node: ast.AST) -> bool:
    """Whether an operation is one of numbers, not the joining of lists or strings."""
    if isinstance(node, ast.BinOp):
        parts = (node.left, node.right)
        listy = ast.List | ast.Tuple | ast.ListComp | ast.JoinedStr | ast.Set | ast.Dict
        plain = all(
            not isinstance(p, listy) and not (isinstance(p, ast.Constant) and isinstance(p.value, str)) for p in parts
        )
        return isinstance(node.op, _ARITHMETIC) and plain
    return isinstance(node, ast.Compare) and all(type(op) in _ORDER for op in node.ops)


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _scope(function: ast.FunctionDef, place: ast.expr) -> set[str]:
    """Names that have surely a value at a place: parameters, and what the function bound in lines before."""
    arguments = function.args
    scope = {argument.arg for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    line = getattr(place, "lineno", 0)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.For) and node.lineno < line:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            scope |= {
                n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
    # names of a comprehension around the place are not looked for: what uses them is left alone
    return scope | (set(dir(builtins)) & {"max", "min", "abs", "len", "sum", "float"}) | _names(place)


def _get(slot: Slot) -> ast.expr:
    node, field, index = slot
    value = getattr(node, field)
    found: ast.expr = value if index is None else value[index]
    return found


def _set(slot: Slot, new: ast.expr) -> None:
    node, field, index = slot
    if index is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[index] = new
