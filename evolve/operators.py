"""Operators that have nothing to work on: a call for them would bring back what was there."""

from __future__ import annotations

from evolve.syntax import size

INSTEAD = "mutate"
WORK = ("tune", "simplify")  # operators that need something to weigh, or to leave out
LEAST = 4  # size of a program that has it; a value is 2, its negative 3


def worthwhile(operator: str, source: str | None) -> str:
    """The operator, or the one to ask for instead: a single value has no constants that matter, and no parts."""
    if operator not in WORK or source is None:
        return operator
    try:
        return operator if size(source) >= LEAST else INSTEAD
    except SyntaxError:
        return operator
