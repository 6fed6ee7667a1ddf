"""What a run has measured: train evaluations lent to equal programs, and who is measured on validation."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem
from evolve.evaluation import EvaluationPool
from evolve.records import Candidate
from sandbox.session import Report


class Measuring:
    """Measures programs on train. A program that has the syntax tree of one that the strategy was told of is not
    measured again, but takes over its evaluation. That only told programs lend theirs makes it the same whatever is in
    flight, in a resumed run, and in a replay."""

    def __init__(self, problem: Problem, pool: EvaluationPool) -> None:
        self.problem, self.pool = problem, pool
        self._by_syntax: dict[str, Callable[[], Evaluation]] = {}
        self._best: list[float] = []

    async def train(self, source: str, syntax: str) -> Evaluation:
        """The program's evaluation on train, its own or that of an equal program."""
        known = self._by_syntax.get(syntax)
        return known() if known is not None else await self.pool.evaluate(source, "train")

    def knows(self, syntax: str) -> bool:
        """Whether a told program with this syntax tree was measured."""
        return syntax in self._by_syntax

    def remember(self, candidate: Candidate, evaluation: Callable[[], Evaluation]) -> None:
        """Lend the evaluation of a told candidate that is no duplicate, also to what it was before it was tuned: such a
        program is a duplicate, and takes over its gap."""
        for mark in (candidate.syntax, candidate.note.get("proposed")):
            if mark is not None:
                self._by_syntax[mark] = evaluation

    def recalled(self, candidate: Candidate, results: Sequence[InstanceResult]) -> Evaluation:
        """What an earlier session of the run measured of a valid candidate."""
        return Evaluation(
            problem=self.problem.name,
            split="train",
            results=results,
            failure=None,
            function=None,
            behaviour=candidate.behaviour,
            seconds=candidate.seconds or 0.0,
            decision_seconds=candidate.decision_seconds or 0.0,
            calls=0,
            report=Report(candidate.stdout, candidate.stderr),
        )

    def among_best(self, gap: float, places: int = 3) -> bool:
        """Whether a train gap is among the best so far; those are measured on validation while the run goes on."""
        place = bisect.bisect_left(self._best, gap)
        self._best.insert(place, gap)
        del self._best[places:]
        return place < places
