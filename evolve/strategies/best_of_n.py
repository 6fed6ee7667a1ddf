"""Best of N: every candidate starts from the initial program. The control that any search must beat."""

from __future__ import annotations

import random

from evolve.records import Candidate, Proposal
from evolve.strategies.base import View


class BestOfN:
    """Asks for "explore" from the initial program each time; keeps nothing."""

    def ask(self, view: View, rng: random.Random) -> Proposal:
        operator = (
            "explore" if "explore" in view.operators else min(view.operators, key=lambda n: (view.operators[n], n))
        )
        model = rng.choice(list(view.models)) if view.models else None
        return Proposal(operator, (view.initial.id,) * max(1, view.operators[operator]), (), model)

    def tell(self, candidate: Candidate) -> None:
        """Nothing is learnt."""


STRATEGY = BestOfN
