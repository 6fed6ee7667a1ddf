"""What strategies share: which operator is next, and what to do while nothing is valid."""

from __future__ import annotations

import random
from collections.abc import Mapping

from evolve.records import Proposal
from evolve.strategies.base import View

POLISH = 0.8  # share of the budget after which the best few are tuned and simplified

# operator -> weight at the start of a run and before polishing; what the proposer cannot do is left out
MIX = {
    "explore": (3.0, 0.5),
    "mutate": (5.0, 4.0),
    "combine": (1.0, 2.0),
    "tune": (0.7, 3.0),
    "simplify": (0.3, 1.0),
}
# the same for a model with the mutator at its side, which takes over constants, small changes and simplification
ASSISTED = {
    "explore": (4.0, 2.0),
    "mutate": (4.0, 4.0),
    "combine": (1.5, 3.0),
}
POLISHING = {"tune": 5.0, "simplify": 1.5, "mutate": 1.0, "combine": 1.0}


def weights(progress: float, assisted: bool = False) -> dict[str, float]:
    """Weights of the operators at a share of the budget: from ideas to tuning, then polishing."""
    if progress >= POLISH and not assisted:
        return POLISHING
    share = min(1.0, progress / POLISH)
    mix = ASSISTED if assisted else MIX
    return {name: early + (late - early) * share for name, (early, late) in mix.items()}


def possible(view: View, mix: Mapping[str, float], alone: bool) -> dict[str, float]:
    """Operators that the proposer can carry out, weighted, those of the user's own as he says; `alone`: those that need
    one parent, if there are any."""
    mix = {**mix, **view.weights}
    known = [name for name in sorted(view.operators) if mix.get(name, 0) > 0]
    if alone:
        known = [name for name in known if view.operators[name] <= 1] or known
    return {name: mix.get(name) or 1.0 for name in known or sorted(view.operators)}


def draw(view: View, rng: random.Random, mix: Mapping[str, float], alone: bool = False) -> str:
    """One of the possible operators."""
    found = possible(view, mix, alone)
    return rng.choices(list(found), list(found.values()))[0]


def model(view: View, rng: random.Random) -> str | None:
    """One of the run's models, each as likely as the others."""
    return rng.choice(list(view.models)) if view.models else None


def nearest(view: View, *names: str) -> str | None:
    """The first of these operators that the proposer can carry out."""
    return next((name for name in names if name in view.operators), None)


def easiest(view: View) -> str:
    """The operator that needs the fewest parents: where the proposer can carry out none that a strategy has in mind."""
    return min(view.operators, key=lambda name: (view.operators[name], name))


def first(view: View, rng: random.Random, note: Mapping[str, object] | None = None) -> Proposal:
    """Something new from the initial program, which may be invalid itself: while a strategy knows nothing valid."""
    operator = nearest(view, "explore") or easiest(view)
    needed = view.operators[operator]
    count = max(1, needed) if view.initial.status == "valid" else needed
    return Proposal(operator, (view.initial.id,) * count, (), model(view, rng), note or {})
