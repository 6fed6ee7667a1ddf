"""Operators that have nothing to work on: a call for them would bring back what was there."""

from __future__ import annotations

from collections.abc import Mapping

from evolve.records import Candidate, Proposal
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


def operator_of(proposal: Proposal, prompted: bool, candidates: Mapping[str, Candidate]) -> str:
    """The operator of a proposal, as it is asked for. prompted: whether by text; `candidates` has its parents."""
    if not prompted or not proposal.parents:
        return proposal.operator
    return worthwhile(proposal.operator, candidates[proposal.parents[-1]].source)
