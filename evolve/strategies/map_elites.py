"""MAP-Elites (Mouret and Clune, 2015): the best program of every kind, kinds by size and by how many inputs are used.

What makes a kind here is what reviewers ask of a rule: how long is it, and how much does it look at. Any kept program
may be a parent, so that small and plain ones stay in the race.
"""

from __future__ import annotations

import ast
import math
import random

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies.base import View

FOCUS = 0.5  # share of draws, growing to 1, that prefer good cells


class MapElites:
    """A grid of cells; a cell keeps its best program."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], tuple[float, int, int, str]] = {}  # gap, size, order of arrival, id
        self._told = 0

    def ask(self, view: View, rng: random.Random) -> Proposal:
        if not self._cells:
            return _mix.first(view, rng)
        elites = sorted(self._cells.values())
        operator = _mix.draw(view, rng, _mix.weights(view.progress), alone=len(elites) < 2)
        parents: list[tuple[float, int, int, str]] = []
        while len(parents) < max(1, view.operators[operator]):
            left = [one for one in elites if one not in parents] or elites
            parents.append(self._draw(left, view.progress, rng))
        ids = tuple(one[-1] for one in sorted(parents, reverse=True))
        others = [one[-1] for one in elites if one[-1] not in ids]
        return Proposal(operator, ids, tuple(others[:2]), _mix.model(view, rng))

    def _draw(
        self, elites: list[tuple[float, int, int, str]], progress: float, rng: random.Random
    ) -> tuple[float, int, int, str]:
        if rng.random() < FOCUS + (1 - FOCUS) * progress:
            return rng.choices(elites, [math.exp(-rank / 2) for rank in range(len(elites))])[0]
        return rng.choice(elites)

    def tell(self, candidate: Candidate) -> None:
        self._told += 1
        if candidate.status != "valid" or candidate.train is None or not math.isfinite(candidate.train):
            return
        mine = (candidate.train, candidate.size or 0, self._told, candidate.id)
        cell = (int(2 * math.log2(1 + (candidate.size or 0))), inputs(candidate.source or ""))
        self._cells[cell] = min(mine, self._cells.get(cell, mine))


def inputs(source: str) -> int:
    """How many inputs a program uses: parameters of its functions, and entries of an observation or instance."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return 0
    parameters = {argument.arg for node in ast.walk(tree) if isinstance(node, ast.arguments) for argument in node.args}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & parameters
    entries = {
        node.slice.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    }
    return len(used) + len(entries)


STRATEGY = MapElites
