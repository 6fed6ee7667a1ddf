"""Evaluate one program on one split of a problem, in a sandbox."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluators.driver import Clock, Played, play
from evaluators.problem import Problem
from evaluators.protocol import EvaluatorBug, Instance
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
    """A program on a split. `results` are complete, and in the split's order, exactly when `failure` is None.

    decision_seconds is wall time spent in the candidate, calls the number of messages; behaviour is a digest of
    all that the program decided and achieved: programs that share it are equivalent on these instances.
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

    @property
    def valid(self) -> bool:
        return self.failure is None

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
) -> Evaluation:
    """Evaluate `source` on a split, or on the instances at `positions` of it.

    Whatever a program does wrong is in the result. Raises SandboxError when the sandbox fails and EvaluatorBug when a
    cost lies below a proven bound.
    """
    every = problem.instances(split)
    chosen = every if positions is None else [every[position] for position in positions]
    start = time.perf_counter()
    clock = Clock(problem.limits, len(chosen))
    session = sandbox.open(problem.limits)
    done: dict[int, Played] = {}
    failure: Failure | None = None
    function: str | None = None
    try:
        function, parameters = _load(problem, source, session, clock)
        for played in play(problem.evaluator, chosen, session, function, parameters, clock, relabelling):
            done[played.index] = played
    except CandidateError as error:
        place = None if error.episode is None else chosen[error.episode].key
        failure = Failure(error.kind, error.message, place)
    finally:
        report = session.close()
    results = [_result(problem, chosen[index], done[index]) for index in sorted(done)]
    behaviour = None
    if failure is None:
        joined = "|".join(done[index].behaviour for index in sorted(done))
        behaviour = hashlib.blake2b(joined.encode(), digest_size=12).hexdigest()
    seconds = time.perf_counter() - start
    return Evaluation(
        problem.name, split, results, failure, function, behaviour, seconds, clock.spent, clock.calls, report
    )


def _load(problem: Problem, source: str, session: Session, clock: Clock) -> tuple[str, list[str]]:
    features = [feature.name for feature in problem.evaluator.features]
    answer = clock.call(
        session, {"op": "load", "source": source, "functions": problem.functions, "features": features}
    )
    function, parameters = answer.get("function"), answer.get("parameters") if type(answer) is dict else (None, None)
    known = [*problem.functions, *(["priorities"] if "priority" in problem.functions else [])]
    if function not in known or type(parameters) is not list or not set(parameters) <= set(features):
        raise CandidateError("protocol", "the program answered its loading with something else")
    return function, parameters


def _result(problem: Problem, instance: Instance, played: Played) -> InstanceResult:
    reference = problem.reference(instance)
    cost = played.outcome.cost
    if reference.proven and cost < reference.value - SLACK * max(1.0, abs(reference.value)):
        raise EvaluatorBug(
            f"{problem.name}, instance {instance.key}: cost {cost} is below the proven {reference.kind} "
            f"{reference.value}: the evaluator or the reference is wrong"
        )
    gap = problem.evaluator.gap(instance, cost, reference)
    return InstanceResult(instance.key, instance.group, cost, reference.value, gap, dict(played.outcome.metrics))
