"""Pareto: parents that are the best somewhere, after GEPA (Agrawal et al., 2025).

A program's mean hides what it is good at. Here a parent is drawn from the frontier over the train instances, in
proportion to the number of instances on which it is the best. A second parent is the one that wins most where the first
loses, so that a program with the better of both would have the lowest mean gap; inspirations are found likewise.

Further objectives each count as one more instance: the mean gap, the size, and the decision time. So that tiny or hasty
programs cannot flood the frontier, each has one winner alone, and only programs that keep nearly all of what the search
has gained so far (all but `NEAR` of it, from the first valid program to the best) may win by size or time. Times are
measured, and shake: a program is quicker only if it takes less than half the time.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies._frontier import Frontier
from evolve.strategies._population import Rank, gap_of
from evolve.strategies.base import View

NEAR = 0.05  # share of the gain in mean gap that a small or quick program may lack
QUICKER = 2.0  # times; smaller differences in decision time are none
INSPIRATIONS = 2


class Pareto:
    """`tell` keeps what was told; gaps by instance come with the view, so the frontier takes it in when it is asked."""

    def __init__(self) -> None:
        self._told = 0
        self._first: float | None = None
        self._near: dict[Rank, float | None] = {}  # programs near the best, and their decision times
        self._new: list[Rank] = []  # told, but not in the frontier yet
        self._frontier = Frontier()

    # --- asking -----------------------------------------------------------------------------------------------------

    def ask(self, view: View, rng: random.Random) -> Proposal:
        if not self._near:
            return _mix.first(view, rng)
        self._take_in(view)
        votes = self._votes()
        operator = _mix.draw(view, rng, _mix.weights(view.progress), alone=len(votes) < 2)
        parents = [rng.choices(list(votes), list(votes.values()))[0]]
        needed = max(1, view.operators[operator])
        others = self._complements(parents[0], list(votes), needed - 1 + INSPIRATIONS, view)
        parents += others[: needed - 1]
        shown = others[needed - 1 :]
        parents += parents[:1] * (needed - len(parents))
        ids = tuple(one[-1] for one in sorted(parents, reverse=True))
        return Proposal(operator, ids, tuple(one[-1] for one in shown), _mix.model(view, rng))

    def _take_in(self, view: View) -> None:
        """When this is done makes no difference: the frontier is that of all programs told, in their order."""
        for one in self._new:
            self._frontier.add(one, _gaps(one, view))
        self._new.clear()

    def _votes(self) -> dict[Rank, int]:
        """Candidates for parents, with the number of instances and further objectives that each is the best in."""
        votes = self._frontier.wins()
        for winner in (min(self._near), self._smallest(), self._quickest()):
            if winner is not None:
                votes[winner] = votes.get(winner, 0) + 1
        return votes

    def _smallest(self) -> Rank:
        return min(self._near, key=lambda one: (one[1], one))

    def _quickest(self) -> Rank | None:
        """The best of the quick programs; None where no time is known."""
        times = {one: seconds for one, seconds in self._near.items() if seconds is not None}
        limit = QUICKER * min(times.values(), default=0.0)
        return min((one for one, seconds in times.items() if seconds <= limit), default=None)

    def _complements(self, first: Rank, pool: list[Rank], count: int, view: View) -> list[Rank]:
        """One after the other, the programs that lower the mean of the best over all chosen so far the most."""
        best, chosen = _gaps(first, view), list[Rank]()
        pool = [one for one in pool if one != first]
        while pool and len(chosen) < count:
            joint = {one: [min(pair) for pair in zip(best, _gaps(one, view), strict=False)] for one in pool}
            one = min(pool, key=lambda one: (sum(joint[one]), one))
            best = joint[one]
            pool.remove(one)
            chosen.append(one)
        return chosen

    # --- telling ----------------------------------------------------------------------------------------------------

    def tell(self, candidate: Candidate) -> None:
        self._told += 1
        gap = gap_of(candidate)
        if gap is None:
            return
        if self._first is None:
            self._first = gap
        mine = (gap, candidate.size or 0, self._told, candidate.id)
        self._new.append(mine)
        self._near[mine] = candidate.decision_seconds
        best = min(self._near)[0]
        limit = best + NEAR * (self._first - best)
        self._near = {one: seconds for one, seconds in self._near.items() if one[0] <= limit}


def _gaps(one: Rank, view: View) -> Sequence[float]:
    """Its gaps by instance; the mean alone where none are kept."""
    return view.gaps(one[-1]) or [one[0]]


STRATEGY = Pareto
