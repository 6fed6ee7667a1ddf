"""Random arithmetic over a problem's features. Knows nothing of scheduling: columns differ between items, scalars do
not, and a quotient of two features has no unit."""

from __future__ import annotations

import random
from collections.abc import Sequence

from evaluators.protocol import Feature
from evolve.syntax.algebra import round_to
from evolve.syntax.expression import Expression, make, minus, name, number

# how often each kind of term is drawn
KINDS = {
    "feature": 0.3,
    "sum": 0.42,
    "difference": 0.1,
    "scaled": 0.1,
    "product": 0.01,
    "extreme": 0.03,
    "positive part": 0.04,
}


class Terms:
    """Draws terms. `safe` holds names that the parents already divide by without protection."""

    def __init__(self, features: Sequence[Feature], rng: random.Random, safe: frozenset[str] = frozenset()) -> None:
        self.rng = rng
        self.columns = [feature.name for feature in features if not feature.scalar]
        self.scalars = [feature.name for feature in features if feature.scalar]
        self.integers = {feature.name for feature in features if feature.integer}
        self.safe = safe

    def feature(self, column: float = 0.6) -> Expression:
        """A feature; a column with probability `column`, where there are both."""
        pools = [pool for pool in (self.columns, self.scalars) if pool]
        if not pools:
            return number(1)
        pool = pools[0] if len(pools) == 1 or self.rng.random() < column else pools[1]
        return name(self.rng.choice(pool))

    def factor(self, low: float = 0.02, high: float = 3.0) -> Expression:
        """A positive number, log-uniform."""
        return number(round_to(low * (high / low) ** self.rng.random(), 2))

    def quotient(self, top: Expression, bottom: Expression) -> Expression:
        """top / bottom, protected where the bottom may be 0."""
        return make("/", top, self.positive(bottom))

    def positive(self, expression: Expression) -> Expression:
        if expression.op == "number" and expression.value > 0:
            return expression
        if expression.op == "max" and any(arg.op == "number" and arg.value > 0 for arg in expression.args):
            return expression
        if expression.op == "name" and expression.name in self.safe:
            return expression
        return make("max", expression, number(1 if expression.names <= self.integers else 1e-9))

    def protected(self, rule: Expression) -> Expression:
        """The rule with protected denominators, where a change has left one that may be 0."""
        args = tuple(self.protected(arg) for arg in rule.args)
        if rule.op in ("/", "//", "%"):
            args = (args[0], self.positive(args[1]))
        elif rule.op in ("sqrt", "log"):
            args = (self.positive(args[0]),)
        elif rule.op == "exp" and not (args[0].op == "min" and any(arg.op == "number" for arg in args[0].args)):
            args = (make("min", args[0], number(100)),) if not _negative(args[0]) else args
        return Expression(rule.op, args, rule.value, rule.name)

    def ratio(self) -> Expression:
        """A quotient of two features, or of sums of them."""
        top, bottom = self.feature(0.8), self.feature(0.2)
        if self.rng.random() < 0.3:
            bottom = make("+", bottom, self.feature(0.5))
        if self.rng.random() < 0.2:
            top = make("+", top, minus(self.feature(0.5)))
        return self.quotient(top, bottom)

    def term(self, column: float = 0.6) -> Expression:
        """A small expression of one to three features."""
        kind = self.rng.choices(list(KINDS), list(KINDS.values()))[0]
        if kind == "feature":
            return self.feature(column)
        if kind == "sum":
            return make("+", self.feature(0.8), self.feature(0.2))
        if kind == "difference":
            return make("+", self.feature(0.5), minus(self.feature(0.5)))
        if kind == "scaled":
            return make("*", self.feature(0.7), self.ratio())
        if kind == "product":
            return make("*", self.feature(0.7), self.feature(0.4))
        if kind == "extreme":
            return make(self.rng.choice(("max", "min")), self.feature(0.7), self.term(0.3))
        return make("max", make("+", self.feature(0.5), minus(self.term(0.6))), number(0))

    def condition(self) -> Expression:
        """A comparison of two terms."""
        return make("<", self.term(0.6), self.term(0.4))

    def whole(self) -> Expression:
        """An expression to start from: a weighted sum, or an extreme, of two or three terms."""
        parts = [self.feature(0.9) if self.rng.random() < 0.6 else self.term(0.9)]
        for _ in range(self.rng.choice((1, 1, 1, 2))):
            other = self.term(0.7)
            draw = self.rng.random()
            if draw < 0.4:
                sign = self.rng.choice((1, 1, -1))
                parts = [make("+", *parts, make("*", number(sign), self.factor(0.1, 3), other))]
            elif draw < 0.9:
                parts = [make(self.rng.choice(("max", "min")), *parts, other)]
            else:
                parts = [self.quotient(parts[0], self.feature(0.5))]
        return parts[0]


def _negative(expression: Expression) -> bool:
    """Whether the expression is -x or -x / y for an x that is at least 0."""
    if expression.op == "/":
        return _negative(expression.args[0])
    if expression.op == "number":
        return expression.value < 100
    if expression.op == "*" and expression.args[0].op == "number" and expression.args[0].value < 0:
        return all(
            arg.op == "max" and any(a.op == "number" and a.value >= 0 for a in arg.args) for arg in expression.args[1:]
        )
    return False
