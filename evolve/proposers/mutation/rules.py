"""Changes to a priority rule's expression. Each returns the new expression and says in words what it did."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from evolve.proposers.mutation.terms import Terms
from evolve.syntax.algebra import round_to
from evolve.syntax.expression import Expression, Path, make, minus, number
from evolve.syntax.literals import GUARD

Change = tuple[Expression, str]


def numbers(rule: Expression) -> list[tuple[Path, Expression]]:
    """The nodes that are numbers, not truth values."""
    return [(path, node) for path, node in rule.walk() if not node.condition]


def tunable(rule: Expression) -> list[tuple[Path, float]]:
    """The constants that may be changed freely."""
    return [
        (path, node.value)
        for path, node in rule.walk()
        if node.op == "number" and abs(node.value) >= GUARD and node.value != -1 and not _guards(rule, path)
    ]


def _guards(rule: Expression, path: Path) -> bool:
    """Whether the number at `path` only keeps a denominator from being 0, as in x / max(y, 1)."""
    nodes = [rule]
    for index in path:
        nodes.append(nodes[-1].args[index])
    return (
        len(nodes) > 2
        and nodes[-2].op == "max"
        and nodes[-3].op == "/"
        and path[-2] == 1
        and nodes[-1].value in (1, 1e-9)
    )


# how often each kind of change is tried
KINDS = {
    "add": 3.0,
    "bound": 4.0,
    "scale": 0.6,
    "weigh": 1.2,
    "swap": 2.0,
    "point": 1.0,
    "regrow": 1.5,
    "hoist": 0.6,
    "drop": 0.8,
    "branch": 0.4,
    "divide": 0.5,
    "jitter": 0.6,
}


class Mutations:
    """The changes, by the names of KINDS."""

    def __init__(self, terms: Terms, rng: random.Random) -> None:
        self.terms, self.rng = terms, rng

    def any(self, rule: Expression) -> Change | None:
        """One change of a kind drawn at random."""
        kind: Callable[[Expression], Change | None] = getattr(
            self, self.rng.choices(list(KINDS), list(KINDS.values()))[0]
        )
        return kind(rule)

    def place(self, rule: Expression, root: float = 0.35) -> tuple[Path, Expression]:
        """A node that is a number; the root more often than others."""
        places = numbers(rule)
        return places[0] if self.rng.random() < root else self.rng.choice(places)

    def add(self, rule: Expression) -> Change:
        """x + c * f"""
        path, node = self.place(rule, 0.5)
        draw = self.rng.random()
        term = self.terms.term(0.85)
        sign = -1 if self.rng.random() < 0.3 else 1
        factor = self.terms.factor(0.01, 2.0) if draw < 0.8 else number(1)
        new = make("*", number(sign * factor.value), term)
        return rule.replace(
            path, make("+", node, new)
        ), f"{'Adds' if sign > 0 else 'Subtracts'} {make('*', factor, term)}"

    def bound(self, rule: Expression) -> Change:
        """max(x, f) or min(x, f)"""
        path, node = self.place(rule, 0.4)
        term = self.terms.term(0.5)
        if self.rng.random() < 0.3:
            term = make("*", self.terms.factor(0.1, 3), term)
        op = self.rng.choice(("max", "max", "min"))
        return rule.replace(path, make(op, node, term)), f"Bounds {node} by {op} with {term}"

    def scale(self, rule: Expression) -> Change:
        """x * (1 + c * g)"""
        path, node = self.place(rule, 0.3)
        ratio = self.terms.ratio()
        sign = self.rng.choice((1, 1, -1))
        factor = make("+", number(1), make("*", number(sign), self.terms.factor(0.02, 1), ratio))
        return rule.replace(path, make("*", node, factor)), f"Scales {node} by {factor}"

    def weigh(self, rule: Expression) -> Change | None:
        """c * f for an f without a factor"""
        places = [(path, node) for path, node in numbers(rule) if path and node.op not in ("number", "+")]
        if not places:
            return None
        path, node = self.rng.choice(places)
        factor = number(round_to(math.exp(self.rng.gauss(0, 0.4))))
        return rule.replace(path, make("*", factor, node)), f"Weighs {node} by {factor}"

    def swap(self, rule: Expression) -> Change | None:
        """another feature"""
        places = [(path, node) for path, node in rule.walk() if node.op == "name"]
        if not places:
            return None
        path, node = self.rng.choice(places)
        scalar = node.name in self.terms.scalars
        new = self.terms.feature(0.25 if scalar else 0.75)
        return rule.replace(path, new), f"Takes {new} for {node}"

    def point(self, rule: Expression) -> Change | None:
        """another operator"""
        exchange = {
            "max": ("min",),
            "min": ("max",),
            "+": ("max", "min"),
            "<": ("<=",),
            "exp": ("sqrt",),
            "*": ("+",),
        }
        places = [(path, node) for path, node in rule.walk() if node.op in exchange and len(node.args) > 1]
        if not places:
            return None
        path, node = self.rng.choice(places)
        if node.op == "<":
            new = make("<", node.args[1], node.args[0])
        elif node.op == "+" and self.rng.random() < 0.5:
            index = self.rng.randrange(len(node.args))
            new = make("+", *(minus(arg) if i == index else arg for i, arg in enumerate(node.args)))
        else:
            new = make(self.rng.choice(exchange[node.op]), *node.args)
        return rule.replace(path, new), f"Takes {new} for {node}"

    def regrow(self, rule: Expression) -> Change:
        """a random term for a subtree"""
        places = [(path, node) for path, node in numbers(rule) if path] or numbers(rule)
        path, node = self.rng.choice(places)
        new = self.terms.term()
        return rule.replace(path, new), f"Takes {new} for {node}"

    def hoist(self, rule: Expression) -> Change | None:
        """one of its operands for a node"""
        places = [(path, node) for path, node in numbers(rule) if any(not arg.condition for arg in node.args)]
        if not places:
            return None
        path, node = self.rng.choice(places)
        new = self.rng.choice([arg for arg in node.args if not arg.condition])
        return rule.replace(path, new), f"Keeps {new} of {node}"

    def drop(self, rule: Expression) -> Change | None:
        """one operand less"""
        places = [(path, node) for path, node in rule.walk() if node.op in ("+", "*", "max", "min", "and", "or")]
        if not places:
            return None
        path, node = self.rng.choice(places)
        index = self.rng.randrange(len(node.args))
        rest = node.args[:index] + node.args[index + 1 :]
        new = rest[0] if len(rest) == 1 else make(node.op, *rest)
        return rule.replace(path, new), f"Drops {node.args[index]}"

    def branch(self, rule: Expression) -> Change:
        """x if f < g else h"""
        path, node = self.place(rule, 0.4)
        condition, other = self.terms.condition(), self.terms.term(0.8)
        if self.rng.random() < 0.5:
            other = make("+", node, make("*", self.terms.factor(0.05, 2), other))
        return rule.replace(path, make("if", condition, node, other)), f"Unless {condition}, takes {other} for {node}"

    def divide(self, rule: Expression) -> Change:
        """x / f, or x * exp(-f / g)"""
        path, node = self.place(rule, 0.3)
        if self.rng.random() < 0.7:
            bottom = self.terms.feature(0.5)
            return rule.replace(path, self.terms.quotient(node, bottom)), f"Divides {node} by {bottom}"
        depth = make("max", self.terms.term(0.8), number(0))
        decay = make("exp", minus(self.terms.quotient(depth, self.terms.feature(0.3))))
        return rule.replace(path, make("*", node, decay)), f"Lets {node} decay as {decay}"

    def jitter(self, rule: Expression) -> Change | None:
        """other constants"""
        places = tunable(rule)
        if not places:
            return None
        return change_constants(rule, jittered([value for _, value in places], self.rng))


def jittered(values: list[float], rng: random.Random) -> list[float]:
    """Log-normal steps of a random length, for one constant or for several."""
    step = 0.03 * (25 ** rng.random())
    chosen = (
        {rng.randrange(len(values))} if rng.random() < 0.4 else {i for i in range(len(values)) if rng.random() < 0.7}
    )
    chosen = chosen or set(range(len(values)))
    return [round_to(v * math.exp(rng.gauss(0, step))) if i in chosen else v for i, v in enumerate(values)]


def change_constants(rule: Expression, values: list[float]) -> Change:
    """The rule with the constants of `tunable` replaced."""
    changed = []
    for (path, old), new in zip(tunable(rule), values, strict=True):
        if old != new:
            rule = rule.replace(path, number(new))
            changed.append(f"{number(old)} -> {number(new)}")
    return rule, "Changes constants: " + ", ".join(changed)


def skeleton(rule: Expression) -> Expression:
    """The rule with every tunable constant replaced by 1: rules that share it differ in constants only."""
    for path, _ in tunable(rule):
        rule = rule.replace(path, number(2))
    return rule


def cross(one: Expression, two: Expression, rng: random.Random) -> Change:
    """A rule made of both, mostly of `two`."""
    if skeleton(one) == skeleton(two) and (shared := tunable(two)):
        # along the line through both: between them, or beyond the better one
        step = rng.uniform(-0.5, 1.0)
        pairs = zip((value for _, value in tunable(one)), (value for _, value in shared), strict=True)
        values = [
            round_to(math.copysign(abs(b) * abs(b / a) ** step, b)) if a * b > 0 else round_to(b + step * (b - a))
            for a, b in pairs
        ]
        return change_constants(two, values)
    draw = rng.random()
    parts = [node for _, node in numbers(one) if node.op != "number"] or [one]
    part = rng.choice(parts)
    if draw < 0.6:
        places = [(path, node) for path, node in numbers(two) if path] or numbers(two)
        path, node = rng.choice(places)
        return two.replace(path, part), f"Takes {part} of the other parent for {node}"
    if draw < 0.85:
        factor = number(round_to(0.05 * 40 ** rng.random(), 2))
        return make("+", two, make("*", factor, part)), f"Adds {make('*', factor, part)} of the other parent"
    op = rng.choice(("max", "min"))
    path, node = rng.choice(numbers(two))
    return two.replace(path, make(op, node, part)), f"Bounds {node} by {op} with {part} of the other parent"


def divisors(rule: Expression) -> frozenset[str]:
    """Features that the rule divides by as they are: they are never 0, or the rule would not have run."""
    found = [node.args[1] for _, node in rule.walk() if node.op == "/"]
    return frozenset(node.name for node in found if node.op == "name")
