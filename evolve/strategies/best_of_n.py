"""Best of N: every candidate starts from the initial program. The control that any search must beat."""

from __future__ import annotations

import random

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies.base import View


class BestOfN:
    """Asks for "explore" from the initial program each time; keeps nothing, and no prompt tells of other candidates."""

    independent = True

    def ask(self, view: View, rng: random.Random) -> Proposal:
        operator = _mix.nearest(view, "explore") or _mix.easiest(view)
        parents = (view.initial.id,) * max(1, view.operators[operator])
        return Proposal(operator, parents, (), _mix.model(view, rng))

    def tell(self, candidate: Candidate) -> None:
        """Nothing is learnt."""


STRATEGY = BestOfN
