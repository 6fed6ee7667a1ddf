"""What a run has measured: train evaluations shared by equal programs, and who is measured on validation."""

from __future__ import annotations

import asyncio
import bisect
import dataclasses
import hashlib
import random
from collections.abc import Sequence

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem
from evolve.evaluation import EvaluationPool
from evolve.records import Candidate
from sandbox.session import Report

PROBES = 0.25  # share of the train instances that a program meets first


class Measuring:
    """Measures programs on train in two blocks. No program is evaluated twice: one that has the syntax tree of an
    earlier one, or that behaves as an earlier one on every instance of the first block, takes over its evaluation."""

    def __init__(self, problem: Problem, pool: EvaluationPool) -> None:
        self.problem, self.pool = problem, pool
        self._by_syntax: dict[str, asyncio.Future[Evaluation]] = {}
        self._by_behaviour: dict[str, asyncio.Future[Evaluation]] = {}
        self._best: list[float] = []
        self.probe, self.rest = blocks(problem)

    async def train(self, source: str, syntax: str) -> Evaluation:
        """The program's evaluation on train, its own or that of an equal program."""
        known = self._by_syntax.get(syntax)
        if known is None:
            known = asyncio.ensure_future(self._train(source))
            self._by_syntax[syntax] = known
        return await asyncio.shield(known)

    def remember(self, candidate: Candidate, results: Sequence[InstanceResult]) -> None:
        """Take over what an earlier session of the run measured of a valid candidate."""
        evaluation = Evaluation(
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
        future: asyncio.Future[Evaluation] = asyncio.get_running_loop().create_future()
        future.set_result(evaluation)
        self._by_syntax.setdefault(candidate.syntax or "", future)

    async def _train(self, source: str) -> Evaluation:
        first = await self.pool.evaluate(source, "train", self.probe)
        if not first.valid or not self.rest:
            return first
        assert first.behaviour is not None
        equal = self._by_behaviour.get(first.behaviour)
        if equal is not None:
            return await asyncio.shield(equal)
        whole: asyncio.Future[Evaluation] = asyncio.ensure_future(self._complete(source, first))
        self._by_behaviour[first.behaviour] = whole
        return await asyncio.shield(whole)

    async def _complete(self, source: str, first: Evaluation) -> Evaluation:
        second = await self.pool.evaluate(source, "train", self.rest)
        return merged(first, second, self.problem)

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
    """Two evaluations of one program on disjoint blocks of train as one."""
    place = {instance.key: position for position, instance in enumerate(problem.instances("train"))}
    results = sorted([*first.results, *second.results], key=lambda result: place[result.instance])
    behaviour = None
    if second.valid:
        behaviour = hashlib.blake2b(f"{first.behaviour}|{second.behaviour}".encode(), digest_size=12).hexdigest()
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
        behaviour=behaviour,
        seconds=first.seconds + second.seconds,
        decision_seconds=first.decision_seconds + second.decision_seconds,
        calls=first.calls + second.calls,
        report=report,
    )
