"""The search: keeps n lives in flight, tells the strategy in order, and ends at the budget with a champion."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem
from evolve.allocation import Allocation
from evolve.archive import Archive
from evolve.asking import StrategyError
from evolve.baselines import measure_baselines, measure_program, refuse_failing_evaluator
from evolve.budget import Budget
from evolve.evaluation import EvaluationPool
from evolve.feedback.teller import Teller, Told
from evolve.lanes import Lanes
from evolve.life import Surroundings, build_life
from evolve.measuring import Measuring
from evolve.operators import operator_of
from evolve.prompting import Prompts
from evolve.proposers.base import GivenUp, Proposer, ProposerError, hurry
from evolve.records import Candidate, Completion, Proposal, Run
from evolve.strategies.base import Strategy, View

GRACE = 30.0  # seconds that lives in flight may go on when the time is up
FAILED_CALLS = 10  # in a row: then the endpoint is taken for broken, and the budget is kept for later


class Listener(Protocol):
    """Is told what happens, for a display."""

    def phase(self, text: str) -> None:
        """What the run is doing now."""

    def baselines(self, candidates: Sequence[Candidate]) -> None:
        """The baselines are measured on train and validation."""

    def called(self, candidate: Candidate, completion: Completion) -> None:
        """A completion came back."""

    def told(self, candidate: Candidate) -> None:
        """A candidate's life is over."""


@dataclass(frozen=True)
class Recording:
    """What a replay takes over from the run that it plays again, by number of the candidate. order: in which they were
    told; times: their decision seconds; progress: the share of the budget that was used when each was asked for."""

    order: Sequence[int] = ()
    times: Mapping[int, float] = field(default_factory=dict)
    progress: Mapping[int, float] = field(default_factory=dict)


@dataclass
class Engine:
    """One session of a run, new or resumed. `search` returns when the budget is used up or `stop` was called."""

    run: Run
    problem: Problem
    archive: Archive
    proposers: Mapping[str, Proposer]  # by name
    lanes: Lanes
    strategy: Strategy
    prompts: Prompts
    pool: EvaluationPool
    budget: Budget
    listener: Listener
    models: Sequence[str]
    allocation: Allocation
    staged: bool = False
    racing: bool = False
    recording: Recording = field(default_factory=Recording)

    initial: Candidate = field(init=False)
    baselines: list[Candidate] = field(default_factory=list)
    candidates: dict[str, Candidate] = field(default_factory=dict)
    results: dict[str, Sequence[InstanceResult]] = field(default_factory=dict)
    reason: str | None = None

    def __post_init__(self) -> None:
        self.measuring = Measuring(self.problem, self.pool, self.staged)
        self.teller = Teller(self.problem, self.pool, self.prompts, self.run.seed)
        self._told = 0
        self._asked = 0
        self._finished: dict[int, dict[str, Any]] = {}
        self._failure: BaseException | None = None
        self._failed_calls = 0
        self._seen: dict[str, str] = {}
        self._life = build_life(
            Surroundings(
                run=self.run.id,
                seed=self.run.seed,
                problem=self.problem,
                archive=self.archive,
                proposers=self.proposers,
                prompts=self.prompts,
                pool=self.pool,
                measuring=self.measuring,
                budget=self.budget,
                racing=self.racing,
                teller=self.teller,
                program=lambda identifier: (self.candidates[identifier], self._results_of(identifier)),
                called=self._called,
            )
        )

    @property
    def busy(self) -> bool:
        """Whether lives are under way."""
        return self._asked > self._told

    def stop(self, reason: str = "stopped") -> None:
        """Start nothing more; what is in flight still ends and is recorded, unless it only waits to ask."""
        self.budget.closed = reason
        hurry(self.proposers.values())

    # --- a session, top to bottom -----------------------------------------------------------------------------------

    async def search(self) -> None:
        """Measure what is known, go on with what earlier sessions left in flight, and search until the budget ends."""
        self.listener.phase("measuring the baselines")
        await self._prepare()
        self.listener.phase("searching")
        flights = {self._launch(candidate) for candidate in self._restore()}
        self._fill(flights)
        try:
            while flights:
                done, flights = await asyncio.wait(
                    flights, return_when=asyncio.FIRST_COMPLETED, timeout=self.budget.seconds_to_deadline(GRACE)
                )
                if not done:
                    await self._abandon(flights)
                    flights = set()
                for task in done:
                    self._land(task)
                while (number := self._next()) is not None:
                    self._tell(self._finished.pop(number))
                    self._fill(flights)
        finally:
            for task in flights:
                task.cancel()
            await asyncio.gather(*flights, return_exceptions=True)
        if self._failure is not None:
            raise self._failure

    def _land(self, task: asyncio.Task[Any]) -> None:
        """A life has ended. One that could not end properly stops the run, once the others, paid for, are recorded."""
        error = task.exception()
        if error is not None:
            self._fail(error)
        else:
            state = task.result()
            self._finished[state["candidate"].number] = state

    def _fail(self, error: BaseException) -> None:
        if self._failure is None and not isinstance(error, GivenUp):
            self._failure = error
            self.stop("a failure")

    async def _prepare(self) -> None:
        """The initial program and the baselines, as candidates 0 and -1, -2, … of the run."""
        known, splits = {one.number: one for one in self.archive.candidates_of(self.run.id)}, ("train", "validation")
        initial = known.get(0)
        if initial is None:
            initial, results = await measure_program(self.pool, self.run, 0, "initial", self.problem.initial, splits)
            self.archive.save_candidate(initial, results)
        self.initial = initial
        self._keep(initial)
        self._time(initial)
        self.strategy.tell(initial)
        self.baselines = await measure_baselines(self.pool, self.problem, self.archive, self.run, splits, known)
        refuse_failing_evaluator(self.problem, [initial, *self.baselines])
        self.listener.baselines([initial, *self.baselines])
        if self.measuring.staged:
            self.measuring.begin([self._results_of(one.id) for one in (initial, *self.baselines)])
        if self._prompted:
            self.teller.begin([(one, self._results_of(one.id)) for one in self.baselines])
            self.teller.tell(initial)

    def _restore(self) -> list[Candidate]:
        """Tell the strategy again what earlier sessions told it; returns the candidates that they left in flight."""
        proposed = [c for c in self.archive.candidates_of(self.run.id) if c.number > 0]
        searched = [c for c in proposed if c.proposed]  # what the end of an earlier session made is told, and is free
        told = sorted((c for c in proposed if c.told is not None), key=lambda c: c.told or 0)
        for candidate in told:
            self._note(candidate)
            if candidate.status == "valid" and candidate.train is not None:
                self.measuring.among_best(candidate.train)
            if candidate.status in ("valid", "outraced"):
                self.measuring.remember(candidate, partial(self._recalled, candidate))
        self._told = len(told)
        self._asked = max((c.number for c in proposed), default=0)
        self.budget.candidates = sum(c.proposer == self.lanes.main for c in searched)
        for candidate in searched:
            self.lanes.asked(candidate.proposer)
        for candidate in searched:
            if candidate.told is not None:
                self.lanes.told(candidate.proposer)
        self.budget.evaluations = sum(candidate.evaluations for candidate in searched if candidate.told is not None)
        pending = [c for c in proposed if c.told is None]
        self.budget.in_flight = sum(self.proposers[c.proposer].reads_prompts for c in pending)
        return [self._renewed(candidate) for candidate in pending]

    # --- asking and telling -----------------------------------------------------------------------------------------

    def _fill(self, flights: set[asyncio.Task[Any]]) -> None:
        """Ask the strategy until every lane is full or the budget is used up."""
        try:
            while (proposer := self._lane()) is not None:
                flights.add(self._launch(self._ask(proposer)))
        except StrategyError as error:
            self._fail(error)

    def _lane(self) -> str | None:
        """Who writes another candidate now."""
        if self.lanes.free():
            self.reason = self.budget.exhausted()
            if self.reason is None:
                return self.lanes.main
        return self.lanes.beside if self.lanes.due() and not self.budget.over else None

    def _ask(self, proposer: str) -> Candidate:
        number, main = self._asked + 1, proposer == self.lanes.main
        view = View(
            initial=self.initial,
            progress=self.recording.progress.get(number, self.budget.progress),
            operators=self.prompts.offered(self.proposers[proposer].operators),
            models=self.models if main else (),
            weights=self.prompts.weights,
            number=number,
            gaps=self._gaps_of,
            assisted=main and self.lanes.beside is not None,
        )
        proposal = self.strategy.ask(view, random.Random(f"{self.run.seed}|{number}|ask"))
        allowed = self.allocation.share(proposal.model) if main else {}
        candidate = Candidate(
            id=f"{self.run.id}-{number}",
            run=self.run.id,
            number=number,
            operator=operator_of(proposal, self.proposers[proposer].reads_prompts, self.candidates),
            proposer=proposer,
            model=proposal.model,
            parents=proposal.parents,
            inspirations=self._examples(proposal, proposer, view.progress),
            note={**proposal.note, **allowed, "progress": view.progress, "after": self._told},
            created=time.time(),
        )
        self.archive.save_candidate(candidate)
        self._asked = number
        self.lanes.asked(proposer)
        self.budget.candidates += main
        self.budget.in_flight += self.proposers[proposer].reads_prompts
        return candidate

    def _examples(self, proposal: Proposal, proposer: str, progress: float) -> tuple[str, ...]:
        if self._independent or not self.proposers[proposer].reads_prompts:
            return proposal.inspirations
        return self.teller.examples(proposal, progress)

    @property
    def _prompted(self) -> bool:
        """Whether anybody reads prompts in this run."""
        return self.proposers[self.lanes.main].reads_prompts

    @property
    def _independent(self) -> bool:
        """Whether a candidate is told nothing of the others."""
        return getattr(self.strategy, "independent", False)

    def _launch(self, candidate: Candidate) -> asyncio.Task[Any]:
        told = Told() if self._independent else self.teller.told
        return asyncio.create_task(self._life.ainvoke({"candidate": candidate, "told": told}))

    def _next(self) -> int | None:
        """The candidate that the strategy is told of next. As they end, where a model's speed decides the order;
        in order of their numbers, where nothing else should; in the recorded order, in a replay."""
        if not self._finished:
            return None
        expected = next(iter(self._finished))
        if self._told < len(self.recording.order):
            expected = self.recording.order[self._told]
        elif not self.proposers[self.lanes.main].reads_prompts:
            expected = self._told + 1
        return expected if expected in self._finished else None

    def _called(self, candidate: Candidate, completion: Completion) -> None:
        self.listener.called(candidate, completion)
        self._failed_calls = self._failed_calls + 1 if completion.reply is None else 0
        if self._failed_calls >= max(FAILED_CALLS, 2 * self.lanes.parallel):
            last = f"the last one with: {completion.error}"
            self._fail(ProposerError(f"{self._failed_calls} calls in a row failed, {last}"))

    def _tell(self, state: dict[str, Any]) -> None:
        """Record a life that is over, and tell the strategy."""
        candidate: Candidate = state["candidate"]
        evaluations = {
            split: evaluation.results
            for split in ("train", "validation")
            if (evaluation := _evaluation(state, split)) is not None and evaluation.valid
        }
        candidate.told = self._told + 1
        candidate.duplicate_of = self._original(candidate, _evaluation(state, "train"))
        if candidate.duplicate_of is not None:
            if (untuned := state.get("untuned")) is not None:  # whether it was tuned depends on what was in flight
                candidate.source, candidate.syntax, candidate.note = untuned.source, untuned.syntax, untuned.note
                candidate.size, candidate.thought = untuned.size, untuned.thought
            candidate.status = "duplicate"
            evaluations = {}
            original = self.candidates[candidate.duplicate_of]
            candidate.gaps = {} if original.train is None else {"train": original.train}
        elif (train := _evaluation(state, "train")) is not None:
            self.measuring.remember(candidate, lambda: train)
            self.results[candidate.id] = evaluations.get("train", ())
        self._time(candidate)
        candidate.finished = time.time()
        self.budget.evaluations += candidate.evaluations
        self.archive.save_candidate(candidate, evaluations)
        self._told += 1
        self.lanes.told(candidate.proposer)
        self._note(candidate)
        self.listener.told(candidate)

    def _original(self, candidate: Candidate, train: Evaluation | None) -> str | None:
        """The earlier candidate that this one repeats: the same program, or one that behaves the same. A smaller
        program that behaves the same is no repetition: it is how a rule is simplified."""
        if train is not None and train.stopped == "repeats":
            return self.measuring.probed(train.probe or "")
        for mark in (candidate.syntax, candidate.note.get("proposed")):
            if mark in self._seen:
                return self._seen[mark]
        alike = self._seen.get(candidate.behaviour or "")
        smaller = alike is not None and (candidate.size or 0) < (self.candidates[alike].size or 0)
        return None if smaller else alike

    def _note(self, candidate: Candidate) -> None:
        """What follows from a told candidate, in this session or an earlier one."""
        self._keep(candidate)
        self.allocation.tell(candidate)
        if self._prompted:
            self.teller.tell(candidate)
        try:
            self.strategy.tell(candidate)
        except StrategyError as error:
            self._fail(error)

    def _results_of(self, identifier: str) -> Sequence[InstanceResult]:
        """Train results, read from the archive when they are first wanted: a resumed run may have thousands."""
        if identifier not in self.results:
            self.results[identifier] = self.archive.results(identifier, "train")
        return self.results[identifier]

    def _gaps_of(self, identifier: str) -> list[float]:
        return [result.gap for result in self._results_of(identifier)]

    def _time(self, candidate: Candidate) -> None:
        """In a replay, times are those that were measured then: strategies may weigh them."""
        candidate.decision_seconds = self.recording.times.get(candidate.number, candidate.decision_seconds)

    def _recalled(self, candidate: Candidate) -> Evaluation:
        return self.measuring.recalled(candidate, self._results_of(candidate.id))

    def _keep(self, candidate: Candidate) -> None:
        self.candidates[candidate.id] = candidate
        if candidate.status != "duplicate":
            behaviour = candidate.behaviour if candidate.status == "valid" else None
            for mark in (candidate.syntax, behaviour, candidate.note.get("proposed")):
                if mark:
                    self._seen[mark] = candidate.id

    def _renewed(self, candidate: Candidate) -> Candidate:
        """A candidate that was in flight, as it was when it was asked for."""
        return replace(
            candidate, status="pending", source=None, failure_kind=None, failure_message=None, price=0.0, evaluations=0
        )

    async def _abandon(self, flights: set[asyncio.Task[Any]]) -> None:
        """Time is up, and so is the grace: what is still in flight is recorded as failed."""
        for task in flights:
            task.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        for candidate in self.archive.candidates_of(self.run.id):
            if candidate.number > 0 and candidate.told is None and candidate.number not in self._finished:
                candidate.status, candidate.failure_kind = "failed", "call"
                candidate.failure_message = "the run's time was over before the reply came"
                self._finished[candidate.number] = {"candidate": candidate}


def _evaluation(state: dict[str, Any], split: str) -> Evaluation | None:
    return state.get("evaluation" if split == "train" else split)
