"""What a run measures: on train in two blocks, less what equal programs have shown, and who meets validation."""

from __future__ import annotations

import bisect
import dataclasses
import random
from collections.abc import Sequence

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem
from evolve.evaluation import EvaluationPool
from evolve.records import Candidate
from sandbox.session import Report

PROBES = 0.25  # share of the train instances that a program meets first


class Measuring:
    """Measures programs on train in two blocks. A program that has the syntax tree of one that the strategy was told
    of takes over its evaluation, and so does one that decides as a told one does on every instance of the first block
    and is no smaller. Both end as duplicates: what counts as valid was measured itself. That only told programs lend
    theirs makes it the same whatever is in flight, in a resumed run, and in a replay."""

    def __init__(self, problem: Problem, pool: EvaluationPool) -> None:
        self.problem, self.pool = problem, pool
        self._by_syntax: dict[str, Evaluation] = {}
        self._by_behaviour: dict[str, tuple[int, Evaluation]] = {}  # with the size of the smallest
        self._best: list[float] = []
        self.probe, self.rest = blocks(problem)

    async def train(self, source: str, syntax: str, size: int) -> Evaluation:
        """The program's evaluation on train, its own or that of an equal program."""
        known = self._by_syntax.get(syntax)
        if known is not None:
            return known
        first = await self.pool.evaluate(source, "train", self.probe)
        if not first.valid or not self.rest:
            return first
        smallest, lent = self._by_behaviour.get(first.behaviour or "", (size + 1, first))
        if smallest <= size:
            return lent
        second = await self.pool.evaluate(source, "train", self.rest)
        return merged(first, second, self.problem)

    def remember(self, candidate: Candidate, evaluation: Evaluation) -> None:
        """Lend the evaluation of a told candidate that is no duplicate."""
        if candidate.syntax is not None:
            self._by_syntax[candidate.syntax] = evaluation
        if evaluation.valid and candidate.behaviour is not None:
            size = candidate.size or 0
            if size < self._by_behaviour.get(candidate.behaviour, (size + 1, None))[0]:
                self._by_behaviour[candidate.behaviour] = (size, evaluation)

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


def blocks(problem: Problem) -> tuple[list[int], list[int]]:
    """Positions of the train instances in two blocks, the same for all programs, every class in both if it can be."""
    instances = problem.instances("train")
    groups: dict[str, list[int]] = {}
    for position, instance in enumerate(instances):
        groups.setdefault(instance.group, []).append(position)
    rng = random.Random(f"blocks|{problem.name}")
    probe: set[int] = set()
    wanted = max(2, round(PROBES * len(instances)))
    order = [position for members in groups.values() for position in rng.sample(members, len(members))]
    if len(instances) <= 4:
        return list(range(len(instances))), []
    step = len(order) / wanted
    probe = {order[int(k * step)] for k in range(wanted)}
    return sorted(probe), [position for position in range(len(instances)) if position not in probe]


def merged(first: Evaluation, second: Evaluation, problem: Problem) -> Evaluation:
    """Two evaluations of one program on disjoint blocks of train as one. Its behaviour is that on the first block."""
    place = {instance.key: position for position, instance in enumerate(problem.instances("train"))}
    results = sorted([*first.results, *second.results], key=lambda result: place[result.instance])
    report = dataclasses.replace(
        second.report,
        stdout=first.report.stdout + second.report.stdout,
        stderr=first.report.stderr + second.report.stderr,
        cpu_seconds=first.report.cpu_seconds + second.report.cpu_seconds,
        peak_memory_mb=max(first.report.peak_memory_mb, second.report.peak_memory_mb),
    )
    return dataclasses.replace(
        second,
        results=results,
        behaviour=first.behaviour,
        seconds=first.seconds + second.seconds,
        decision_seconds=first.decision_seconds + second.decision_seconds,
        calls=first.calls + second.calls,
        report=report,
    )
