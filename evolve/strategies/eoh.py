"""Evolution of heuristics (Liu et al., ICML 2024): one population, five operators in turn, parents by rank.

The paper's operators and ours: E1, a totally different form: explore; E2, the parents' common idea: combine; M1, a
modified version: mutate; M2, other parameters: tune; M3, what overfits left out: simplify. Generations overlap here, as
lives end at different times: the population is the best N at any moment.
"""

from __future__ import annotations

import math
import random

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies.base import View

POPULATION = 10
TURN = ("explore", "combine", "mutate", "tune", "simplify")


class EoH:
    """A parent of rank r (from 1) is drawn with a probability in proportion to 1 / (r + N)."""

    def __init__(self) -> None:
        self._population: list[tuple[float, int, str]] = []  # gap, order of arrival, id
        self._told = 0

    def ask(self, view: View, rng: random.Random) -> Proposal:
        if not self._population:
            return _mix.first(view, rng)
        offered = [name for name in TURN if name in view.operators] or sorted(view.operators)
        operator = offered[view.number % len(offered)]
        parents = self._parents(max(1, view.operators[operator]), rng)
        others = [one for *_, one in self._population if one not in parents]
        return Proposal(operator, tuple(parents), tuple(others[:2]), _mix.model(view, rng))

    def _parents(self, count: int, rng: random.Random) -> list[str]:
        """Different programs as long as there are enough, the best last."""
        pool = list(enumerate(self._population, 1))
        chosen = []
        for _ in range(count):
            one = rng.choices(pool, [1 / (rank + POPULATION) for rank, _ in pool])[0]
            chosen.append(one)
            if len(pool) > 1:
                pool.remove(one)
        return [identifier for _, (*_, identifier) in sorted(chosen, reverse=True)]

    def tell(self, candidate: Candidate) -> None:
        self._told += 1
        if candidate.status == "valid" and candidate.train is not None and math.isfinite(candidate.train):
            self._population.append((candidate.train, self._told, candidate.id))
            self._population.sort()
            del self._population[POPULATION:]


STRATEGY = EoH
