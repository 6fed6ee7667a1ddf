"""Evolution of heuristics (Liu et al., ICML 2024): one population, five operators in turn, parents by rank.

The paper's operators and ours: I1, from scratch: explore from the initial program, for as many candidates as the
population holds; E1, totally different from its parents: explore; E2, the parents' common idea and something new on it:
common_idea; M1, a modified version: mutate; M2, other parameters: tune; M3, what overfits left out: simplify.
Generations overlap here, as lives end at different times: the population is the best N at any moment, one program a
gap.
"""

from __future__ import annotations

import random

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies._population import Best
from evolve.strategies.base import View

POPULATION = 10
PARENTS = 5  # of E1 and E2
# an operator and what stands in for it where the proposer does not know it, with how many parents it is shown
TURN = (
    (("explore",), PARENTS),
    (("common_idea", "combine"), PARENTS),
    (("mutate",), 1),
    (("tune",), 1),
    (("simplify",), 1),
)


class EoH:
    """A parent of rank r (from 1) is drawn with a probability in proportion to 1 / (r + N)."""

    def __init__(self) -> None:
        self._population = Best(POPULATION)
        self._told = 0

    def ask(self, view: View, rng: random.Random) -> Proposal:
        if not self._population.ranked or view.number <= POPULATION:
            return _mix.first(view, rng)
        turn = [(operator, count) for names, count in TURN if (operator := _mix.nearest(view, *names))]
        operator, count = turn[view.number % len(turn)] if turn else (_mix.easiest(view), 1)
        needed = max(count, view.operators[operator])
        parents = self._population.draw(needed, rng)
        parents = [parents[-1]] * (view.operators[operator] - len(parents)) + parents
        return Proposal(operator, tuple(parents), (), _mix.model(view, rng))

    def tell(self, candidate: Candidate) -> None:
        self._told += 1
        self._population.add(candidate, self._told)


STRATEGY = EoH
