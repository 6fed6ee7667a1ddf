"""Baselines are ordinary programs: measured through the same sandbox, once for an archive and a problem's state."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence

from evaluators.evaluate import InstanceResult
from evaluators.problem import Problem
from evolve.archive import Archive
from evolve.evaluation import EvaluationError, EvaluationPool
from evolve.records import Candidate, Run
from evolve.replies import thought_of
from evolve.syntax import fingerprint, size

Results = dict[str, Sequence[InstanceResult]]


async def measure_program(
    pool: EvaluationPool, run: Run, number: int, name: str, source: str, splits: Sequence[str]
) -> tuple[Candidate, Results]:
    """A human's program as a candidate, measured on `splits`."""
    candidate = _human(run, number, name, source)
    results = await measure_splits(pool, candidate, splits)
    return candidate, results


async def measure_splits(pool: EvaluationPool, candidate: Candidate, splits: Sequence[str]) -> Results:
    """Measure a candidate's program on splits; notes the gaps, or how it failed, in the candidate."""
    results: Results = {}
    candidate.status = "valid"
    for split in splits:
        evaluation = await pool.evaluate(candidate.source or "", split)
        if evaluation.failure is not None:
            candidate.status = "invalid"
            candidate.failure_kind = evaluation.failure.kind
            candidate.failure_message = f"on {split}: {evaluation.failure.message}"
            candidate.failure_instance = evaluation.failure.instance
            break
        results[split] = evaluation.results
        candidate.gaps[split] = evaluation.gap_mean or 0.0
        if split == "train":
            candidate.behaviour = evaluation.behaviour
            candidate.seconds, candidate.decision_seconds = evaluation.seconds, evaluation.decision_seconds
    return results


async def measure_baselines(
    pool: EvaluationPool,
    problem: Problem,
    archive: Archive,
    run: Run,
    splits: Sequence[str],
    known: Mapping[int, Candidate],
) -> list[Candidate]:
    """All baselines of the problem on `splits`, as candidates -1, -2, … of the run. What the archive holds of the same
    program and the same state of the problem is not measured again."""

    async def one(number: int, name: str, source: str) -> Candidate:
        candidate = known.get(number) or _human(run, number, name, source)
        results = await measure_once(pool, problem, archive, candidate, [s for s in splits if s not in candidate.gaps])
        if results or number not in known:
            archive.save_candidate(candidate, results)
        return candidate

    programs = enumerate(problem.baselines.items(), start=1)
    return list(await asyncio.gather(*(one(-number, name, source) for number, (name, source) in programs)))


async def measure_once(
    pool: EvaluationPool, problem: Problem, archive: Archive, candidate: Candidate, splits: Sequence[str]
) -> Results:
    """As `measure_splits`, but what the archive holds of the same program and state of the problem is taken from it."""
    digest = hashlib.sha256((candidate.source or "").encode()).hexdigest()
    results: Results = {}
    for split in splits:
        stored = archive.measured(problem.fingerprint, digest, split)
        if stored is None:
            measured = await measure_splits(pool, candidate, [split])
            if candidate.status == "invalid":
                break
            stored = list(measured[split])
            archive.save_measured(problem.fingerprint, digest, split, stored)
        candidate.status = "valid"
        candidate.gaps[split] = sum(result.gap for result in stored) / len(stored)
        results[split] = stored
    return results


def refuse_failing_evaluator(problem: Problem, candidates: Sequence[Candidate]) -> None:
    """Raises EvaluationError where the evaluator failed on every program that the problem comes with: then it would
    fail on whatever is proposed."""
    if all(one.status == "invalid" and one.failure_kind == "evaluator" for one in candidates):
        raise EvaluationError(
            f"the evaluator fails on every program of the problem: {complaint(candidates[0])}; "
            f"mend it until this passes: evolve problems check {problem.folder}"
        )


def complaint(candidate: Candidate) -> str | None:
    """What is wrong with a program that the problem comes with, in a line; None if it is valid."""
    if candidate.status != "invalid":
        return None
    name = "the initial program" if candidate.number == 0 else f"the baseline {candidate.name}"
    where = f", instance {candidate.failure_instance}" if candidate.failure_instance else ""
    lines = (candidate.failure_message or "").splitlines() or [""]
    return f"{name} is invalid: {candidate.failure_kind}{where}: {lines[0]}"


def _human(run: Run, number: int, name: str, source: str) -> Candidate:
    return Candidate(
        id=f"{run.id}-{'b' + str(-number) if number < 0 else number}",
        run=run.id,
        number=number,
        operator="initial" if number == 0 else "baseline",
        proposer="human",
        name=name,
        source=source,
        thought=thought_of(source),
        syntax=fingerprint(source),
        size=size(source),
        created=time.time(),
        finished=time.time(),
    )
