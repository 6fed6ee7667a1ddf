"""What a run has measured: train evaluations lent to equal programs, and who is measured on validation."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem
from evaluators.staging import DIGEST, Gate, representative
from evolve.evaluation import EvaluationPool
from evolve.records import Candidate
from sandbox.session import Report


class Measuring:
    """Measures programs on train. A program that has the syntax tree of one that the strategy was told of is not
    measured again, but takes over its evaluation; one that does on the probe what such a program did, which was told
    before it was asked for, is not measured any further. So it is the same whatever is in flight, in a resumed run, and
    in a replay.

    staged: whether an evaluation may stop early at all; where it is short, stages would cost more than they save.
    """

    def __init__(self, problem: Problem, pool: EvaluationPool, staged: bool = False) -> None:
        self.problem, self.pool, self.staged = problem, pool, staged
        self._by_syntax: dict[str, Callable[[], Evaluation]] = {}
        self._by_probe: dict[str, str] = {}  # what a program did on the probe -> the candidate
        self._probes: dict[int, tuple[list[int], bytearray]] = {}  # the same by size, with the order of telling
        self._best: list[float] = []
        self._order: list[int] | None = None

    def begin(self, known: Sequence[Sequence[InstanceResult]]) -> None:
        """Put the train instances in an order whose first few rank these programs, the initial one and the baselines,
        as all of them do."""
        valid = [results for results in known if results]
        if valid:
            groups = [result.group for result in valid[0]]
            self._order = representative(groups, [[result.gap for result in results] for results in valid])

    async def train(
        self, source: str, syntax: str, size: int, after: int = 0, bar: Sequence[float] | None = None
    ) -> Evaluation:
        """The program's evaluation on train, its own or that of an equal program. after: how many had been told when it
        was asked for; later ones do not count. bar: see `Gate`."""
        known = self._by_syntax.get(syntax)
        if known is not None:
            return known()
        gate = Gate(self._probed(size, after), bar, self._order) if self.staged else None
        return await self.pool.evaluate(source, "train", gate=gate)

    def _probed(self, size: int, after: int) -> bytes:
        """What the first so many told programs did on the probe. A smaller program that behaves the same is no
        repetition: it is how a rule is simplified."""
        found = bytearray()
        for other, (told, digests) in self._probes.items():
            if other <= size:
                found += digests[: DIGEST * bisect.bisect_right(told, after)]
        return bytes(found)

    def knows(self, syntax: str) -> bool:
        """Whether a told program with this syntax tree was measured."""
        return syntax in self._by_syntax

    def probed(self, probe: str) -> str | None:
        """The told candidate that did this on the probe."""
        return self._by_probe.get(probe)

    def remember(self, candidate: Candidate, evaluation: Callable[[], Evaluation]) -> None:
        """Lend the evaluation of a told candidate that is no duplicate, also to what it was before it was tuned: such a
        program is a duplicate, and takes over its gap."""
        for mark in (candidate.syntax, candidate.note.get("proposed")):
            if mark is not None:
                self._by_syntax[mark] = evaluation
        probe = candidate.note.get("probe")
        if probe is not None and candidate.status == "valid" and probe not in self._by_probe:
            self._by_probe[probe] = candidate.id
            told, digests = self._probes.setdefault(candidate.size or 0, ([], bytearray()))
            told.append(candidate.told or 0)
            digests.extend(bytes.fromhex(probe))

    def recalled(self, candidate: Candidate, results: Sequence[InstanceResult]) -> Evaluation:
        """What an earlier session of the run measured of a candidate that ran."""
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
            probe=candidate.note.get("probe"),
            stopped="outraced" if candidate.status == "outraced" else None,
        )

    def among_best(self, gap: float, places: int = 3) -> bool:
        """Whether a train gap is among the best so far; those are measured on validation while the run goes on."""
        place = bisect.bisect_left(self._best, gap)
        self._best.insert(place, gap)
        del self._best[places:]
        return place < places
