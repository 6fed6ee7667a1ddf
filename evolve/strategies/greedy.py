"""Greedy: every candidate starts from the best program so far. The control that shows what a population adds."""

from __future__ import annotations

import math
import random

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies.base import View

KEPT = 5  # the best few, for operators that need two parents and as inspirations


class Greedy:
    """The best on train is the parent; the smaller one of those that score the same."""

    def __init__(self) -> None:
        self._best: list[tuple[float, int, int, str]] = []  # gap, size, order of arrival, id
        self._told = 0

    def ask(self, view: View, rng: random.Random) -> Proposal:
        if not self._best:
            return _mix.first(view, rng)
        operator = _mix.draw(view, rng, _mix.weights(view.progress), alone=len(self._best) < 2)
        needed = max(1, view.operators[operator])
        parents = [identifier for *_, identifier in self._best[:needed]][::-1]
        parents = parents[-1:] * (needed - len(parents)) + parents
        others = [identifier for *_, identifier in self._best if identifier not in parents]
        return Proposal(operator, tuple(parents), tuple(others[:2]), _mix.model(view, rng))

    def tell(self, candidate: Candidate) -> None:
        self._told += 1
        if candidate.status == "valid" and candidate.train is not None and math.isfinite(candidate.train):
            self._best.append((candidate.train, candidate.size or 0, self._told, candidate.id))
            self._best.sort()
            del self._best[KEPT:]


STRATEGY = Greedy
