"""Tidying expressions: constants folded, like terms collected, what cancels cancelled. Equal up to rounding."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from evolve.syntax.expression import COMPARISONS, UNARY, Expression, make, number

_UNARY: dict[str, Callable[[float], float]] = {op: getattr(math, op) for op in UNARY if op != "abs"} | {"abs": abs}
_ZERO, _ONE = number(0), number(1)


@lru_cache(maxsize=20_000)
def tidy(expression: Expression) -> Expression:
    """The expression without what has no effect. Never larger, and tidy(tidy(x)) is tidy(x)."""
    for _ in range(8):
        better = _node(expression.op, tuple(tidy(arg) for arg in expression.args), expression)
        if better == expression or better.size > expression.size:
            return expression
        expression = better
    return expression


def rounded(expression: Expression, digits: int = 3) -> Expression:
    """Every number with `digits` significant digits."""
    if expression.op == "number":
        return number(round_to(expression.value, digits))
    return Expression(expression.op, tuple(rounded(arg, digits) for arg in expression.args), name=expression.name)


def round_to(value: float, digits: int = 3) -> float:
    return float(f"{value:.{digits}g}") if math.isfinite(value) else value


def ordered(expression: Expression) -> Expression:
    """Operands whose order does not matter, sorted: one form for `a + b` and `b + a`."""
    args = tuple(ordered(arg) for arg in expression.args)
    if expression.op in ("+", "*", "max", "min", "and", "or", "==", "!="):
        args = tuple(sorted(args, key=lambda arg: (arg.op != "number", str(arg))))
    return Expression(expression.op, args, expression.value, expression.name)


def _node(op: str, args: tuple[Expression, ...], old: Expression) -> Expression:
    if op in ("number", "name", "true", "false"):
        return old
    if op == "+":
        return _sum(args)
    if op in ("*", "/"):
        return _product(op, args)
    if op in ("max", "min"):
        return _extreme(op, args)
    if op == "if":
        return _branch(*args)
    if op in ("and", "or"):
        return _logic(op, args)
    if op == "not":
        return _not(args[0])
    values = [arg.value for arg in args if arg.op == "number"]
    if op in COMPARISONS:
        if args[0] == args[1]:
            return make("true" if op in ("<=", "==") else "false")
        if len(values) == 2:
            a, b = values
            return make("true" if {"<": a < b, "<=": a <= b, "==": a == b, "!=": a != b}[op] else "false")
        return make(op, *args)
    return _function(op, args, values)


def _function(op: str, args: tuple[Expression, ...], values: list[float]) -> Expression:
    if op == "abs":
        factor, rest = split(args[0])
        if args[0].op in ("abs", "exp", "sqrt"):
            return args[0]
        if factor != 1 and args[0].op != "number":
            return _product("*", (number(abs(factor)), make("abs", rest)))
    if op == "**" and args[1] == _ONE:
        return args[0]
    if op == "//" and args[0] == _ZERO:
        return _ZERO
    if len(values) == len(args):
        try:
            result = (
                {"//": _floor_div, "%": _modulo, "**": _power}[op](*values) if len(args) == 2 else _UNARY[op](*values)
            )
        except (ArithmeticError, ValueError):
            return make(op, *args)
        if isinstance(result, int | float) and math.isfinite(result):
            return number(result)
    return make(op, *args)


def _floor_div(a: float, b: float) -> float:
    return a // b


def _modulo(a: float, b: float) -> float:
    return a % b


def _power(a: float, b: float) -> float:
    result = a**b
    if isinstance(result, complex):
        raise ValueError("complex")
    return float(result)


def split(expression: Expression) -> tuple[float, Expression]:
    """An expression as factor times rest; the rest of a number is 1."""
    if expression.op == "number":
        return expression.value, _ONE
    if expression.op == "*" and expression.args[0].op == "number":
        rest = expression.args[1:]
        return expression.args[0].value, rest[0] if len(rest) == 1 else make("*", *rest)
    if expression.op == "/":
        factor, top = split(expression.args[0])
        return factor, make("/", top, expression.args[1])
    return 1.0, expression


def _scaled(factor: float, rest: Expression) -> Expression:
    if factor == 0 or rest == _ONE:
        return number(factor)
    if factor == 1:
        return rest
    if rest.op == "/":
        return make("/", _scaled(factor, rest.args[0]), rest.args[1])
    factors = rest.args if rest.op == "*" else (rest,)
    return make("*", number(factor), *factors)


def _sum(args: tuple[Expression, ...]) -> Expression:
    flat = [term for arg in args for term in (arg.args if arg.op == "+" else (arg,))]
    found: dict[Expression, float] = {}
    for term in flat:
        factor, rest = split(term)
        found[rest] = found.get(rest, 0.0) + factor
    constant = found.pop(_ONE, 0.0)
    kept = [_scaled(factor, rest) for rest, factor in found.items() if factor != 0]
    if constant != 0 or not kept:
        kept.append(number(constant))
    return kept[0] if len(kept) == 1 else make("+", *kept)


def _product(op: str, args: tuple[Expression, ...]) -> Expression:
    above: list[Expression] = []
    below: list[Expression] = []
    todo = [(args[0], True), *((arg, op == "*") for arg in args[1:])]
    while todo:
        node, up = todo.pop(0)
        if node.op == "*":
            todo = [(arg, up) for arg in node.args] + todo
        elif node.op == "/":
            todo = [(node.args[0], up), (node.args[1], not up), *todo]
        else:
            (above if up else below).append(node)
    factor = 1.0
    for node in above:
        factor *= node.value if node.op == "number" else 1.0
    tops = [node for node in above if node.op != "number"]
    bottoms: list[Expression] = []
    for node in below:
        if node.op == "number" and node.value != 0:
            factor /= node.value
        elif node in tops:
            tops.remove(node)
        else:
            bottoms.append(node)
    if factor == 0 and not any(node.op == "number" for node in bottoms):
        return _ZERO
    if not math.isfinite(factor):
        return make(op, *args)
    top = [*([number(factor)] if factor != 1 or not tops else []), *tops]
    upper = top[0] if len(top) == 1 else make("*", *top)
    if not bottoms:
        # c * (a + b) stays as it is: distributing makes an expression longer
        return upper
    return make("/", upper, bottoms[0] if len(bottoms) == 1 else make("*", *bottoms))


def _extreme(op: str, args: tuple[Expression, ...]) -> Expression:
    flat = list(dict.fromkeys(term for arg in args for term in (arg.args if arg.op == op else (arg,))))
    numbers = [term.value for term in flat if term.op == "number"]
    if numbers:
        best = max(numbers) if op == "max" else min(numbers)
        first = next(term for term in flat if term.op == "number")
        flat = [number(best) if term is first else term for term in flat if term.op != "number" or term is first]
        if op == "max" and best <= 0 and any(term.op in ("exp", "abs", "sqrt") for term in flat):
            flat = [term for term in flat if term.op != "number"]
    other = "min" if op == "max" else "max"
    flat = [term for term in flat if not (term.op == other and set(term.args) & set(flat))]  # max(a, min(a, b))
    return flat[0] if len(flat) == 1 else make(op, *flat)


def _branch(condition: Expression, then: Expression, other: Expression) -> Expression:
    if condition.op == "true" or then == other:
        return then
    if condition.op == "false":
        return other
    if condition.op == "not":
        condition, then, other = condition.args[0], other, then
    if condition.op in ("<", "<=") and {then, other} == set(condition.args):
        return make("min" if then == condition.args[0] else "max", *condition.args)
    # a branch on what the outer branch has decided
    if then.op == "if" and then.args[0] == condition:
        then = then.args[1]
    if other.op == "if" and other.args[0] == condition:
        other = other.args[2]
    return make("if", condition, then, other)


def _logic(op: str, args: tuple[Expression, ...]) -> Expression:
    neutral, fixed = ("true", "false") if op == "and" else ("false", "true")
    flat = list(dict.fromkeys(term for arg in args for term in (arg.args if arg.op == op else (arg,))))
    if any(term.op == fixed for term in flat):
        return make(fixed)
    flat = [term for term in flat if term.op != neutral]
    if not flat:
        return make(neutral)
    return flat[0] if len(flat) == 1 else make(op, *flat)


def _not(arg: Expression) -> Expression:
    if arg.op == "not":
        return arg.args[0]
    if arg.op in ("true", "false"):
        return make("false" if arg.op == "true" else "true")
    if arg.op in ("<", "<="):
        return make("<=" if arg.op == "<" else "<", arg.args[1], arg.args[0])
    if arg.op in ("==", "!="):
        return make("!=" if arg.op == "==" else "==", *arg.args)
    return make("not", arg)
