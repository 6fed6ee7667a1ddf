"""Parts that good programs share: sub-expressions of rules, and helper functions, by how much more often they occur in
the better half of the elites than in the worse half."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evolve.syntax import constants, fingerprint, with_constants
from evolve.syntax.algebra import ordered, rounded, tidy
from evolve.syntax.expression import Expression, number
from evolve.syntax.inline import rule
from evolve.syntax.literals import GUARD
from evolve.syntax.tree import entry

ELITES = 24  # programs that are mined
FEWEST = 6
TOLD = 3
LIFT = 2.0
SMALLEST, LARGEST = 3, 20  # nodes of a sub-expression
LONGEST = 15  # lines of a helper


@dataclass(frozen=True)
class Part:
    """What recurs, as the best program that has it writes it, and in how many of the better and the worse half."""

    text: str
    better: int
    worse: int
    lift: float

    @property
    def helper(self) -> bool:
        """Whether it is a function rather than an expression."""
        return self.text.startswith("def ")


def shared_parts(sources: Sequence[str]) -> list[Part]:
    """The parts with the largest lift; `sources` are elites, best first, no two of one shape."""
    if len(sources) < FEWEST:
        return []
    half = len(sources) // 2
    found = [parts_of(source) for source in sources]
    scored = []
    for key in dict.fromkeys(key for one in found[:half] for key in one):
        better = sum(key in one for one in found[:half])
        worse = sum(key in one for one in found[half:])
        # with half an occurrence added, so that what never occurs has a ratio, too
        lift = (better + 0.5) / (half + 1) / ((worse + 0.5) / (len(sources) - half + 1))
        if better >= 2 and lift >= LIFT:
            text = next(one[key] for one in found if key in one)
            scored.append(Part(text, better, worse, lift))
    scored.sort(key=lambda part: (-part.lift, -part.better, -len(part.text), part.text))
    chosen: list[Part] = []
    for part in scored:
        if not any(part.text in one.text or one.text in part.text for one in chosen):
            chosen.append(part)
    return chosen[:TOLD]


@lru_cache(maxsize=2000)
def parts_of(source: str) -> dict[str, str]:
    """The parts of a program: a key that is the same for other constants, and the text."""
    try:
        tree = ast.parse(source)
        found = rule(tree)
        if found is not None:
            return {str(_plain(node)): str(node) for node in _nodes(rounded(tidy(found.expression)))}
        return {key: text for text, key in _helpers(tree)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def _nodes(expression: Expression) -> Iterable[Expression]:
    for _, node in expression.walk():
        if not node.condition and SMALLEST <= node.size <= LARGEST and node.names and len(node.args) > 1:
            yield node


def _plain(expression: Expression) -> Expression:
    """The expression with its constants replaced by one number, operands in order."""

    def plain(node: Expression) -> Expression:
        if node.op == "number":
            return node if abs(node.value) in (0, 1) or abs(node.value) < GUARD else number(2)
        return Expression(node.op, tuple(plain(arg) for arg in node.args), node.value, node.name)

    return ordered(plain(expression))


def _helpers(tree: ast.Module) -> Iterable[tuple[str, str]]:
    main = entry(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node is not main:
            text = ast.unparse(node)
            if text.startswith("def ") and text.count("\n") < LONGEST:
                yield text, fingerprint(with_constants(text, [2.0] * len(constants(text))))
