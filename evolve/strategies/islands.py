"""Islands, after FunSearch (Romera-Paredes et al., Nature 625, 2024): several populations that meet rarely.

In an island, programs that differ in constants only form a cluster, so that tuned copies of one idea do not crowd out
the others. A cluster is drawn by its rank, more greedily as the budget is used up, and within it the best programs;
of programs that score the same the smaller is better. At fixed shares of the budget the weaker half of the islands
is replaced by offspring of the better half. The last part of the budget tunes and simplifies the best few.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies._population import Population, member_of
from evolve.strategies.base import View

RESETS = (0.25, 0.5, 0.7)  # shares of the budget after which the weaker islands start again
HOT, COLD = 7.0, 1.2  # temperature over ranks: first, and last
ELITE = 12  # clusters remembered over all islands


class Islands:
    """The strategy. Its state is what `tell` has put into the islands."""

    def __init__(self, islands: int = 6) -> None:
        self._islands = [Population() for _ in range(islands)]
        self._elite = Population(limit=ELITE)
        self._resets = 0
        self._told = 0

    def ask(self, view: View, rng: random.Random) -> Proposal:
        model = _mix.model(view, rng)
        number = rng.randrange(len(self._islands))
        note = {"island": number, "resets": sum(view.progress >= share for share in RESETS)}
        polishing = view.progress >= _mix.POLISH and self._elite.best is not None
        source = self._elite if polishing else self._islands[number]
        temperature = COLD if polishing else COLD + (HOT - COLD) * (1 - view.progress)
        parent = source.draw(rng, temperature)
        if parent is None:
            return replace(_mix.first(view, rng), model=model, note=note)
        alone = len(self._elite.clusters) < 2  # then nothing can be combined
        operator = _mix.draw(view, rng, _mix.weights(view.progress), alone)
        needed = view.operators[operator]
        parents = [parent]
        while len(parents) < needed:
            other = source.draw(rng, temperature, parents[-1]) or self._elite.draw(rng, temperature, parents[-1])
            parents.append(other or parent)
        parents.sort(key=lambda one: one.rank, reverse=True)
        taken = {one.id for one in parents}
        inspirations = self._inspirations(rng, taken)
        return Proposal(operator, tuple(one.id for one in parents), inspirations, model, note)

    def tell(self, candidate: Candidate) -> None:
        self._told += 1
        resets = int(candidate.note.get("resets", 0))
        while self._resets < resets:
            self._reset()
        member = member_of(candidate, self._told)
        if member is None:
            return
        self._elite.add(member)
        if candidate.number <= 0 or "island" not in candidate.note:
            for island in self._islands:
                island.add(member)
        else:
            self._islands[int(candidate.note["island"]) % len(self._islands)].add(member)

    def _reset(self) -> None:
        """Each island of the weaker half starts again from the best program of one of the better half."""
        self._resets += 1
        order = sorted(self._islands, key=lambda one: one.best.rank if one.best else (math.inf, 0, 0))
        half = len(order) // 2
        for place, island in enumerate(order[len(order) - half :]):
            founder = order[place % (len(order) - half)].best
            island.clusters = []
            if founder:
                island.add(founder)

    def _inspirations(self, rng: random.Random, taken: set[str]) -> tuple[str, ...]:
        """Up to two more programs for prompts: other ideas, one good and one from further down."""
        others = [one[0] for one in self._elite.clusters if one[0].id not in taken]
        if len(others) <= 2:
            return tuple(one.id for one in others)
        return (others[0].id, rng.choice(others[1:]).id)


STRATEGY = Islands
