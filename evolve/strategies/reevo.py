"""ReEvo (Ye et al., NeurIPS 2024): a population whose operators are preceded by reflections, short and long.

- Crossover: two programs that score differently. First the model says in a few words why the better one is better (the
  short reflection); then it sees both programs and that hint.
- Elitist mutation: the best program, with a long reflection that merges the one before with the new short hints.

The candidate's life asks for reflections, as the operators' templates say, and leaves them in the candidate's note as
`hint`; here they are kept, and handed back as `hints` to be merged. Until enough new ones have come together the long
reflection is used again, which costs no call. Generations overlap: the population is the best N at any moment.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies._population import Best
from evolve.strategies.base import View

POPULATION = 10
ELITIST_EVERY = 3  # candidates: one mutation of the best for two crossovers, as in the paper
MERGED_FROM = 5  # new short hints that are worth a new long reflection
HINTS = 10  # short ones kept for it, the latest


class ReEvo:
    """Its state is the population, the long reflection and the short hints that came after it."""

    def __init__(self) -> None:
        self._population = Best(POPULATION)
        self._told = 0
        self._long: str | None = None
        self._short: list[str] = []

    # --- asking -----------------------------------------------------------------------------------------------------

    def ask(self, view: View, rng: random.Random) -> Proposal:
        if not self._population.ranked or view.number <= POPULATION:
            return _mix.first(view, rng)
        if view.number % ELITIST_EVERY == 0 or len(self._population.ranked) < 2:
            return self._elitist(view, rng)
        return self._crossover(view, rng)

    def _crossover(self, view: View, rng: random.Random) -> Proposal:
        operator = _mix.nearest(view, "crossover", "combine", "mutate") or _mix.easiest(view)
        ranked = self._population.ranked  # no two score the same
        pair = sorted(rng.sample(ranked, 2), reverse=True)
        return _proposal(operator, [identifier for *_, identifier in pair], view, rng)

    def _elitist(self, view: View, rng: random.Random) -> Proposal:
        best = self._population.ids[0]
        if "elitist" not in view.operators or not (self._short or self._long):
            return _proposal(_mix.nearest(view, "mutate") or _mix.easiest(view), [best], view, rng)
        if self._long is None or len(self._short) >= MERGED_FROM:
            hints = [*([self._long] if self._long else []), *self._short]
            return _proposal("elitist", [best], view, rng, {"hints": hints})
        return _proposal("elitist", [best], view, rng, {"hint": self._long})

    # --- telling ----------------------------------------------------------------------------------------------------

    def tell(self, candidate: Candidate) -> None:
        self._told += 1
        self._population.add(candidate, self._told)
        hint, merged = candidate.note.get("hint"), candidate.note.get("hints")
        if not isinstance(hint, str):
            return
        if isinstance(merged, Sequence):
            self._long = hint
            self._short = [one for one in self._short if one not in merged]
        elif candidate.operator == "crossover":
            self._short = [*self._short, hint][-HINTS:]


def _proposal(
    operator: str, parents: list[str], view: View, rng: random.Random, note: dict[str, object] | None = None
) -> Proposal:
    missing = view.operators[operator] - len(parents)
    return Proposal(operator, tuple(parents[:1] * missing + parents), (), _mix.model(view, rng), note or {})


STRATEGY = ReEvo
