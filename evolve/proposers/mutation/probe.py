"""How expressions order random items: tells changes that matter from those that cannot.

Only `Expression` trees are evaluated, never a candidate's code. The tables are random and know nothing of the
problem, so a difference here need not show there, but no difference here (a term that is the same for all items, a
monotone transformation) is almost surely none there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluators.protocol import Feature
from evolve.syntax.algebra import tidy
from evolve.syntax.expression import UNARY, Expression, make

TABLES, ROWS = 40, 6

Array = np.ndarray[Any, np.dtype[Any]]
_BINARY = {"/": np.divide, "//": np.floor_divide, "%": np.mod, "**": np.power, "<": np.less, "<=": np.less_equal,
           "==": np.equal, "!=": np.not_equal}  # fmt: skip
_NARY = {"+": np.add, "*": np.multiply, "max": np.maximum, "min": np.minimum, "and": np.logical_and,
         "or": np.logical_or}  # fmt: skip
_UNARY = {"abs": np.abs, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "floor": np.floor, "ceil": np.ceil,
          "tanh": np.tanh, "not": np.logical_not}  # fmt: skip


class Probe:
    """Random tables of items with a problem's features, the same for the same features."""

    def __init__(self, features: Sequence[Feature]) -> None:
        key = "|".join(f"{feature.name}{feature.scalar:d}" for feature in features)
        rng = np.random.default_rng(int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big"))
        self.values: dict[str, Array] = {}
        for feature in features:
            # magnitudes differ by feature and table, as times, counts and totals do
            scale = 10.0 ** rng.uniform(0.5, 3, (TABLES, 1))
            spread = rng.uniform(0.01, 2.0, (TABLES, 1 if feature.scalar else ROWS))
            made = np.broadcast_to(np.ceil(scale * spread), (TABLES, ROWS))
            if "negative" in feature.description:
                made = made - scale * rng.uniform(0, 2, (TABLES, 1))
            self.values[feature.name] = made

    def prune(self, expression: Expression) -> Expression:
        """The expression without the parts that change no order here, such as bounds that are never met."""
        order = self.order(expression)
        smaller = True
        while order is not None and smaller:
            smaller = False
            for path, node in expression.walk():
                for new in _less(node):
                    shorter = tidy(expression.replace(path, new))
                    if shorter.size < expression.size and self.order(shorter) == order:
                        expression, smaller = shorter, True
                        break
                if smaller:
                    break
        return expression

    def order(self, expression: Expression) -> bytes | None:
        """A digest of how the expression orders the items of each table; None where it prefers none in any, or where
        its values are no numbers."""
        with np.errstate(all="ignore"):
            found = np.broadcast_to(np.asarray(evaluate(expression, self.values), dtype=float), (TABLES, ROWS))
        if not np.isfinite(found).all():
            return None
        scale = np.maximum(np.abs(found).max(axis=1, keepdims=True), 1e-300)
        steps = np.round(found / scale, 9)
        if not (steps != steps[:, :1]).any():
            return None
        ranks = (steps[:, :, None] > steps[:, None, :]).sum(axis=2, dtype=np.int8)
        return hashlib.blake2b(ranks.tobytes(), digest_size=8).digest()


def _less(node: Expression) -> list[Expression]:
    """What could stand in for a node: itself without one operand, or one of its operands."""
    if node.op in ("+", "*", "max", "min"):
        rests = [node.args[:i] + node.args[i + 1 :] for i in range(len(node.args))]
        return [rest[0] if len(rest) == 1 else make(node.op, *rest) for rest in rests]
    if node.op == "if":
        return list(node.args[1:])
    return [node.args[0]] if node.op in ("/", *UNARY) else []


def evaluate(node: Expression, values: Mapping[str, Array]) -> Array | np.generic | float | bool:
    """The expression for whole arrays."""
    op = node.op
    if op == "number":
        return node.value
    if op == "name":
        return values[node.name]
    if op in ("true", "false"):
        return op == "true"
    args = [evaluate(arg, values) for arg in node.args]
    if op == "if":
        condition, then, otherwise = args
        return np.where(condition, then, otherwise)
    if op in _NARY:
        result = args[0]
        for arg in args[1:]:
            result = _NARY[op](result, arg)
        return result
    function: Any = _BINARY[op] if op in _BINARY else _UNARY[op]
    numbers = args if op == "not" else [np.asarray(arg, dtype=float) for arg in args]
    found: Array = function(*numbers)
    return found
