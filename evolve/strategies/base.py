"""A strategy decides who is a parent and who survives: ask and tell, one file each."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evolve.records import Candidate, Proposal


@dataclass(frozen=True)
class View:
    """What a strategy may look at when it is asked: the run so far. Nothing of validation, test or other runs.

    initial: the program that the search starts from, measured (it may be invalid: then only "explore" makes sense).
    progress: share of the budget that is used, 0 to 1. operators: the operators that the proposer can carry out.
    models: the models of the run, none for proposers without. gaps: train gaps of a told valid candidate, instance by
    instance in the split's order; read when they are asked for. assisted: whether the mutator works beside the models:
    then small changes and constants are left to it. weights: how often operators that are not shipped are to be asked
    for, beside the usual mix; also of shipped ones that a template of the user's weighs.
    """

    initial: Candidate
    progress: float
    operators: Mapping[str, int]  # name -> number of parents it takes at least
    models: Sequence[str]
    number: int
    gaps: Callable[[str], Sequence[float]] = lambda _: ()
    assisted: bool = False
    weights: Mapping[str, float] = field(default_factory=dict)


class Strategy(Protocol):
    """State changes in `tell` alone, so that a run is rebuilt by telling its candidates again in their order.

    `ask` must depend on nothing but that state, the view and `rng`, which is seeded by (run seed, candidate number).

    A strategy whose prompts are to tell nothing of the run's other candidates says so by `independent = True`.
    """

    def ask(self, view: View, rng: random.Random) -> Proposal:
        """What the next candidate should be."""

    def tell(self, candidate: Candidate) -> None:
        """A life is over: `candidate` is valid (with its train gap), or ended otherwise, as its status says.

        The first that it is told of is the initial program, number 0.
        """


def finalists(strategy: Strategy) -> Sequence[str]:
    """Programs that are to be measured on validation at the end of a run, beside the best on train: what a strategy's
    optional method `finalists()` names, best first."""
    named: Callable[[], Sequence[str]] = getattr(strategy, "finalists", tuple)
    return named()
