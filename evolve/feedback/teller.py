"""What the prompts of a run say: gathers what was told so far, and what the simulator shows of a parent."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.parting import Inspection
from evaluators.problem import Problem
from evolve.evaluation import EvaluationPool
from evolve.feedback import contrast, failures, hotlines
from evolve.feedback.assignments import assignment
from evolve.feedback.cutting import to_length
from evolve.feedback.failures import Failed
from evolve.feedback.fitting import CHARACTERS, REPAIR, REPLY, Brief, fit
from evolve.feedback.hotlines import HotLine
from evolve.feedback.parents import shown
from evolve.feedback.parts import ELITES, shared_parts
from evolve.feedback.plan import goal
from evolve.feedback.values import line
from evolve.feedback.worst import Case, levels, worst_cases
from evolve.feedback.yardsticks import Yardsticks, yardsticks
from evolve.prompting import Prompts
from evolve.records import Candidate, Message, Proposal
from evolve.strategies._population import shape

PROFILED = 3  # instances on which a program is profiled
PRINTED, LINES = 600, 8  # characters of what a program printed, and lines of a text, that a repair is told

Program = tuple[Candidate, Sequence[InstanceResult]]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Told:
    """What was told when a candidate was asked for: recent failures, and the best programs of different shape."""

    failures: tuple[Failed, ...] = ()
    elites: tuple[tuple[float, str, str], ...] = ()  # gap, source, shape; best first

    @property
    def best(self) -> float:
        """The least gap on train; infinite before the first valid program."""
        return self.elites[0][0] if self.elites else math.inf


class Teller:
    """One for a run. Its state is what `begin` and `tell` have made of the candidates; what it measures itself is kept
    by program and instance, and is the same whenever it is asked for."""

    def __init__(self, problem: Problem, pool: EvaluationPool, prompts: Prompts, seed: int) -> None:
        self.problem, self._pool, self._prompts, self._seed = problem, pool, prompts, seed
        self._known = Yardsticks()
        self._standings: Sequence[tuple[str, float]] = ()
        self._told = Told()
        self._valid: list[contrast.Known] = []
        self._measured: dict[tuple[object, ...], asyncio.Task[Any]] = {}

    # --- what is told of the run --------------------------------------------------------------------------------------

    def begin(self, baselines: Sequence[Program]) -> None:
        """The baselines with their results on train, before anything is asked for."""
        self._known = yardsticks(baselines, self.problem.interface)
        gaps = [(one.name or one.id, one.gaps["train"]) for one, _ in baselines if "train" in one.gaps]
        self._standings = sorted(gaps, key=lambda item: item[1])

    def tell(self, candidate: Candidate) -> None:
        """A candidate's life is over."""
        told = self._told
        if (failed := failures.failed(candidate)) is not None:
            self._told = Told(failures.note(told.failures, failed), told.elites)
        elif candidate.status == "valid" and candidate.train is not None and math.isfinite(candidate.train):
            mark = shape(candidate)
            self._valid.append(contrast.Known(candidate.id, candidate.train, mark))
            mine = (candidate.train, candidate.source or "", mark)
            best: dict[str, tuple[float, str, str]] = {}
            for one in sorted([*told.elites, mine]):
                best.setdefault(one[2], one)
            self._told = Told(told.failures, tuple(best.values())[:ELITES])

    @property
    def told(self) -> Told:
        """What was told so far, as a value that stays as it is."""
        return self._told

    def examples(self, proposal: Proposal, progress: float) -> tuple[str, ...]:
        """The programs that stand beside the parents, worse one first."""
        return contrast.examples(self._valid, proposal.parents, proposal.inspirations, progress)

    # --- prompts ------------------------------------------------------------------------------------------------------

    async def prompt(
        self,
        candidate: Candidate,
        parents: Sequence[Program],
        examples: Sequence[Program],
        told: Told,
        reflection: str | None = None,
    ) -> list[Message]:
        """The first turn, within the budget of tokens: the template of the candidate's operator, or that of its
        reflection, whose answer the operator's template finds in the candidate's note."""
        limits, operator = self.problem.limits, reflection or candidate.operator
        programs = [shown(*one, self._known, limits) for one in parents]
        others = [shown(*one, self._known, limits) for one in examples]
        aim = goal(programs[-1].groups) if programs else None
        slow = bool(programs) and programs[-1].slow
        told_worst = bool(parents) and self._prompts.tells(operator, "worst")
        cases = await self._cases(*parents[-1]) if told_worst else []
        brief = Brief(
            parents=programs,
            inspirations=others,
            cases=cases,
            hot=await self._hot(programs[-1].source) if slow and self._prompts.tells(operator, "hot") else (),
            failures=failures.recent(told.failures),
            parts=shared_parts([elite[1] for elite in told.elites]) if self._prompts.tells(operator, "parts") else (),
            plan=str(aim) if aim else None,
            assignment=assignment(
                operator,
                self.problem,
                [one.source for one in programs],
                [one.source for one in others],
                f"{self._seed}|{candidate.number}|0",
                behind=told.best > self._known.least,
                levels=levels(cases),
            ),
            hint=candidate.note.get("hint"),
            hints=candidate.note.get("hints", ()),
        )
        shared = {"standings": self._standings}

        def render(brief: Brief) -> list[Message]:
            return self._prompts.messages(
                operator, self.problem, {**brief.context(), **shared}, program=reflection is None
            )

        return fit(render, brief)

    async def repair(
        self, candidate: Candidate, messages: Sequence[Message], reply: str, evaluation: Evaluation | None
    ) -> list[Message]:
        """A further turn: what kind of failure it is, what to do, what the program printed, where its time went."""
        kind = candidate.failure_kind or ""
        printed = ""
        if evaluation is not None:
            printed = (evaluation.report.stdout + evaluation.report.stderr).strip()[-PRINTED:]
        hot = await self._hot(candidate.source or "") if kind == "timeout" else []
        context = {
            "kind": failures.kind_line(kind),
            "message": _lines(candidate.failure_message or ""),
            "advice": failures.ADVICE.get(kind, ""),
            "printed": _lines(printed),
            "hot": ", ".join(map(str, hot)),
        }
        question = self._prompts.follow_up("repair", context)
        question = Message("user", to_length(question.content, REPAIR * CHARACTERS))
        return [*messages, Message("assistant", to_length(reply, REPLY * CHARACTERS)), question]

    # --- what the simulator shows -------------------------------------------------------------------------------------

    async def _cases(self, parent: Candidate, results: Sequence[InstanceResult]) -> list[Case]:
        cases = worst_cases(results, self._known)
        found = await asyncio.gather(*(self._inspected(parent, case) for case in cases))
        return [case.inspected(inspection) for case, inspection in zip(cases, found, strict=True)]

    async def _inspected(self, parent: Candidate, case: Case) -> Inspection:
        source, rival = parent.source or "", self._known.sources[case.rival]

        def measure() -> Coroutine[Any, Any, Inspection]:
            return self._pool.inspect(source, rival, "train", case.position)

        return await self._once(("inspect", parent.syntax or source, case.position), measure)

    async def _hot(self, source: str) -> list[HotLine]:
        if self.problem.interface == "program":
            return []
        count = max((len(results) for results in self._known.results.values()), default=1)
        positions = sorted({count * k // PROFILED for k in range(PROFILED)})

        async def measure() -> list[HotLine]:
            evaluation = await self._pool.evaluate(hotlines.sampled(source), "train", positions)
            return hotlines.hot_lines(source, evaluation.report.stdout)

        return await self._once(("hot", source), measure)

    async def _once(self, key: tuple[object, ...], measure: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """A measurement, made once however many lives wait for it; one that was broken off is made again."""
        task = self._measured.get(key)
        if task is None or task.cancelled():
            task = self._measured[key] = asyncio.create_task(measure())
        found: Result = await task
        return found


def _lines(text: str) -> str:
    return "\n".join(line(one, 200) for one in text.splitlines()[:LINES])
