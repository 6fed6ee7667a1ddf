"""Evaluate one program on one split of a problem, in a sandbox."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluators.driver import Clock, Played, play
from evaluators.mistakes import MISTAKES, placed
from evaluators.problem import Problem
from evaluators.protocol import EvaluatorBug, Instance, ProblemError
from evaluators.staging import Gate, Stopped, stages
from sandbox.session import CandidateError, Report, Sandbox, Session

SLACK = 1e-9  # relative: a cost this far below a proven bound is rounding, not a bug


@dataclass(frozen=True)
class InstanceResult:
    """How a program did on one instance. `gap` is on the problem's scale."""

    instance: str
    group: str
    cost: float
    reference: float
    gap: float
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why a program is invalid: a kind of `sandbox.session.KINDS`, what happened, and on which instance."""

    kind: str
    message: str
    instance: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """A program on a split. `results` are complete, and in the split's order, exactly when `valid`.

    decision_seconds is wall time spent in the candidate, calls the number of messages; behaviour is a digest of
    all that the program decided and achieved: programs that share it are equivalent on these instances. probe: the
    same of the first stage, where there are stages; stopped: why a later one was not played; share: of the instances
    that were.
    """

    problem: str
    split: str
    results: Sequence[InstanceResult]
    failure: Failure | None
    function: str | None
    behaviour: str | None
    seconds: float
    decision_seconds: float
    calls: int
    report: Report
    probe: str | None = None
    stopped: Stopped | None = None
    share: float = 1.0

    @property
    def valid(self) -> bool:
        return self.failure is None and self.stopped is None

    @property
    def gaps(self) -> list[float]:
        return [result.gap for result in self.results]

    @property
    def gap_mean(self) -> float | None:
        """Mean gap over the instances, None for an invalid program."""
        return sum(self.gaps) / len(self.results) if self.valid and self.results else None


def evaluate(
    problem: Problem,
    source: str,
    split: str,
    sandbox: Sandbox,
    positions: Sequence[int] | None = None,
    relabelling: int = 0,
    gate: Gate | None = None,
) -> Evaluation:
    """Evaluate `source` on a split, or on the instances at `positions` of it. With a gate it is played in stages, and
    may stop between two of them.

    Whatever a program does wrong is in the result, and so is an evaluator that fails on its answer. Raises SandboxError
    when the sandbox fails, and EvaluatorBug when a cost lies below a proven bound or the evaluator fails unasked.
    """
    every = problem.instances(split)
    chosen = every if positions is None else [every[position] for position in positions]
    start = time.perf_counter()
    clock = Clock(problem.limits, len(chosen))
    session = sandbox.open(problem.limits)
    done: dict[int, Played] = {}
    results: dict[int, InstanceResult] = {}
    failure: Failure | None = None
    function: str | None = None
    probe: str | None = None
    stopped: Stopped | None = None
    try:
        function, parameters = load(problem, source, session, clock)
        for stage in stages([one.group for one in chosen], gate.order) if gate else [range(len(chosen))]:
            part = [chosen[index] for index in stage]
            for played in play(problem.evaluator, part, session, function, parameters, clock, relabelling, stage):
                done[played.index] = played
                results[played.index] = _result(problem, chosen[played.index], played)
            if gate is not None and len(done) < len(chosen):
                probe = probe or _digest(done)
                stopped = gate.stops(probe, {index: result.gap for index, result in results.items()})
            if stopped:
                break
    except CandidateError as error:
        known = type(error.episode) is int and 0 <= error.episode < len(chosen)  # it may come from the candidate
        place = chosen[error.episode].key if known and error.episode is not None else None
        failure = Failure(error.kind, error.message, place)
    finally:
        report = session.close()
    return Evaluation(
        problem=problem.name,
        split=split,
        results=[results[index] for index in sorted(results)],
        failure=failure,
        function=function,
        behaviour=_digest(done) if failure is None and stopped is None else None,
        seconds=time.perf_counter() - start,
        decision_seconds=clock.spent,
        calls=clock.calls,
        report=report,
        probe=probe,
        stopped=stopped,
        share=len(done) / len(chosen) if stopped or failure else 1.0,
    )


def _digest(done: Mapping[int, Played]) -> str:
    """Of all that was decided and achieved."""
    joined = "|".join(done[index].behaviour for index in sorted(done))
    return hashlib.blake2b(joined.encode(), digest_size=12).hexdigest()


def load(problem: Problem, source: str, session: Session, clock: Clock) -> tuple[str, list[str]]:
    """Load the program: its entry function and the features that it takes. What comes back is not to be trusted."""
    source = problem.evaluator.program(source)
    features = [feature.name for feature in problem.evaluator.features]
    message = {"op": "load", "source": source, "functions": problem.functions, "features": features}
    answer = clock.call(session, message)
    known = [*problem.functions, *(["priorities"] if "priority" in problem.functions else [])]
    if type(answer) is dict:
        function, parameters = answer.get("function"), answer.get("parameters")
        if type(function) is str and function in known and _are_features(parameters, features):
            return function, list(parameters or [])
    raise CandidateError("protocol", "the program answered its loading with something else")


def _are_features(parameters: object, features: list[str]) -> bool:
    return (
        type(parameters) is list
        and all(type(name) is str and name in features for name in parameters)
        and len(set(parameters)) == len(parameters)
    )


def _result(problem: Problem, instance: Instance, played: Played) -> InstanceResult:
    """Raises CandidateError where the evaluator fails on what the candidate did, and EvaluatorBug."""
    try:
        return _judged(problem, instance, played)
    except (CandidateError, EvaluatorBug, ProblemError):
        raise
    except MISTAKES as error:
        raise CandidateError("evaluator", placed(error), played.index) from None


def _judged(problem: Problem, instance: Instance, played: Played) -> InstanceResult:
    reference = problem.reference(instance)
    cost = float(played.outcome.cost)
    floor = reference.floor
    if floor is not None and cost < floor - SLACK * max(1.0, abs(floor)):
        raise EvaluatorBug(
            f"{problem.name}, instance {instance.key}: cost {cost} is below the proven "
            f"{reference.kind if reference.proven else 'bound'} {floor}: the evaluator or the reference is wrong"
        )
    gap = float(problem.evaluator.gap(instance, cost, reference))
    if not math.isfinite(gap):
        raise CandidateError("evaluator", f"the gap is {gap}; it must be finite", played.index)
    figures = problem.evaluator.figures(instance, played.outcome, reference)
    metrics = {name: float(value) for name, value in {**played.outcome.metrics, **figures}.items()}
    return InstanceResult(instance.key, instance.group, cost, reference.value, gap, metrics)
