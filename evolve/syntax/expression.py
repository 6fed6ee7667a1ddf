"""Arithmetic of a priority rule as an immutable tree, with sums and products of any number of operands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

COMPARISONS = ("<", "<=", "==", "!=")
CONDITIONS = (*COMPARISONS, "and", "or", "not", "true", "false")
UNARY = ("abs", "exp", "log", "sqrt", "floor", "ceil", "tanh")  # functions of one number

Path = tuple[int, ...]


@dataclass(frozen=True)
class Expression:
    """`op` is "number", "name", an arithmetic operator ("+" "*" n-ary; "/" "//" "%" "**" binary), "max", "min", "if"
    (condition, then, else), one of UNARY or of CONDITIONS. There is no subtraction: a - b is a + (-1 * b)."""

    op: str
    args: tuple[Expression, ...] = ()
    value: float = 0.0
    name: str = ""

    @cached_property
    def _hash(self) -> int:
        return hash((self.op, self.args, self.value, self.name))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def size(self) -> int:
        """Number of nodes."""
        return 1 + sum(arg.size for arg in self.args)

    @cached_property
    def depth(self) -> int:
        """Number of levels."""
        return 1 + max((arg.depth for arg in self.args), default=0)

    @cached_property
    def names(self) -> frozenset[str]:
        """The features that occur."""
        own = frozenset([self.name]) if self.op == "name" else frozenset()
        return own.union(*(arg.names for arg in self.args))

    @property
    def condition(self) -> bool:
        """Whether this is a truth value rather than a number."""
        return self.op in CONDITIONS

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, Expression]]:
        """Every node with its path from the root, parents first."""
        yield path, self
        for index, arg in enumerate(self.args):
            yield from arg.walk((*path, index))

    def replace(self, path: Path, new: Expression) -> Expression:
        """The same tree with the node at `path` replaced."""
        if not path:
            return new
        args = list(self.args)
        args[path[0]] = args[path[0]].replace(path[1:], new)
        return Expression(self.op, tuple(args))

    def __str__(self) -> str:
        return text(self)


def number(value: float) -> Expression:
    return Expression("number", value=float(value))


def name(identifier: str) -> Expression:
    return Expression("name", name=identifier)


def make(op: str, *args: Expression) -> Expression:
    return Expression(op, args)


def minus(expression: Expression) -> Expression:
    return make("*", number(-1), expression)


# --- text ------------------------------------------------------------------------------------------------------------

_LOOSEST, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)


def literal(value: float) -> str:
    """A number as a person would write it: 2 for 2.0."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def text(expression: Expression) -> str:
    """Python for the expression."""
    return _text(expression, _LOOSEST)


def _text(node: Expression, outer: int) -> str:
    written, level = _written(node)
    return f"({written})" if level < outer else written


def _written(node: Expression) -> tuple[str, int]:
    op, args = node.op, node.args
    if op == "number":
        if not math.isfinite(node.value):
            return f'float("{node.value}")', _ATOM
        return literal(node.value), _SIGN if node.value < 0 or math.copysign(1, node.value) < 0 else _ATOM
    if op == "name":
        return node.name, _ATOM
    if op == "+":
        return _sum(args), _SUM
    if op in ("*", "/"):
        return _product(node)
    if op in ("//", "%"):
        return f"{_text(args[0], _PRODUCT)} {op} {_text(args[1], _SIGN)}", _PRODUCT
    if op == "**":
        return f"{_text(args[0], _ATOM)} ** {_text(args[1], _POWER)}", _POWER
    if op == "if":
        return f"{_text(args[1], _OR)} if {_text(args[0], _OR)} else {_text(args[2], _LOOSEST)}", _LOOSEST
    if op in COMPARISONS:
        return f"{_text(args[0], _SUM)} {op} {_text(args[1], _SUM)}", _COMPARE
    if op in ("and", "or"):
        level = _AND if op == "and" else _OR
        return f" {op} ".join(_text(arg, level + 1) for arg in args), level
    if op == "not":
        return f"not {_text(args[0], _NOT)}", _NOT
    if op in ("true", "false"):
        return op.capitalize(), _ATOM
    inner = ", ".join(text(arg) for arg in args)
    return f"{op if op in ('max', 'min', 'abs') else f'math.{op}'}({inner})", _ATOM


def terms(args: tuple[Expression, ...]) -> list[tuple[str, str]]:
    """The summands of a sum, each with its sign, a positive one first if there is one."""
    written = []
    for arg in args:
        sign, positive = "+", arg
        if arg.op == "number" and arg.value < 0:
            sign, positive = "-", number(-arg.value)
        elif arg.op == "*" and arg.args[0].op == "number" and arg.args[0].value < 0:
            rest = arg.args[1:]
            if arg.args[0].value != -1:
                positive = make("*", number(-arg.args[0].value), *rest)
            else:
                positive = rest[0] if len(rest) == 1 else make("*", *rest)
            sign = "-"
        elif arg.op == "/" and (flipped := _negated(arg)) is not None:
            sign, positive = "-", flipped
        written.append((sign, _text(positive, _PRODUCT)))
    first = next((i for i, (sign, _) in enumerate(written) if sign == "+"), 0)
    return [written[first], *written[:first], *written[first + 1 :]]


def _negated(quotient: Expression) -> Expression | None:
    """-(a / b) for an a with a negative factor."""
    top = quotient.args[0]
    if top.op == "number" and top.value < 0:
        return make("/", number(-top.value), quotient.args[1])
    if top.op == "*" and top.args[0].op == "number" and top.args[0].value < 0:
        rest = top.args[1:]
        factor = () if top.args[0].value == -1 else (number(-top.args[0].value),)
        both = (*factor, *rest)
        return make("/", both[0] if len(both) == 1 else make("*", *both), quotient.args[1])
    return None


def _sum(args: tuple[Expression, ...]) -> str:
    written = terms(args)
    sign, first = written[0]
    return ("-" if sign == "-" else "") + first + "".join(f" {sign} {term}" for sign, term in written[1:])


def _product(node: Expression) -> tuple[str, int]:
    if node.op == "/":
        return f"{_text(node.args[0], _PRODUCT)} / {_text(node.args[1], _SIGN)}", _PRODUCT
    if node.args[0].op == "number" and node.args[0].value == -1 and len(node.args) > 1:
        rest = node.args[1] if len(node.args) == 2 else make("*", *node.args[1:])
        return f"-{_text(rest, _PRODUCT)}", _PRODUCT
    written = [_text(node.args[0], _PRODUCT)]
    for factor in node.args[1:]:
        # a * b / c needs no brackets only where the quotient stands first
        written.append(_text(factor, _SIGN))
    return " * ".join(written), _PRODUCT
