"""The end of a run: validation picks the champion among the best on train, test is measured once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from evaluators.problem import Problem
from evolve.archive import Archive
from evolve.baselines import measure_baselines, measure_splits
from evolve.evaluation import EvaluationPool
from evolve.records import Candidate, Run

FINALISTS = 10
TOLERANCE = 0.002  # of the best validation gap: within it the smaller program wins


async def choose_champion(pool: EvaluationPool, archive: Archive, candidates: Sequence[Candidate]) -> Candidate | None:
    """The best on validation among the finalists and all that were measured on it before; None if nothing is valid."""
    valid = [candidate for candidate in candidates if candidate.status == "valid" and candidate.train is not None]
    finalists = sorted(valid, key=lambda candidate: (candidate.train or 0.0, candidate.number))[:FINALISTS]
    await asyncio.gather(*(_validate(pool, archive, candidate) for candidate in finalists))
    measured = [candidate for candidate in valid if "validation" in candidate.gaps]
    if not measured:
        return None
    best = min(candidate.gaps["validation"] for candidate in measured)
    close = [c for c in measured if c.gaps["validation"] <= best + TOLERANCE * abs(best)]
    return min(close, key=lambda candidate: (candidate.size or 0, candidate.gaps["validation"], candidate.number))


async def _validate(pool: EvaluationPool, archive: Archive, candidate: Candidate) -> None:
    if "validation" in candidate.gaps:
        return
    results = await measure_splits(pool, candidate, ["validation"])
    archive.save_candidate(candidate, results)


async def measure_test(
    pool: EvaluationPool,
    problem: Problem,
    archive: Archive,
    run: Run,
    champion: Candidate | None,
    initial: Candidate,
    baselines: Sequence[Candidate],
) -> list[Candidate]:
    """Measure the champion, the initial program and the baselines on test and ood. Returns them all, champion first."""
    splits = [split for split in problem.splits if split in ("test", "ood")]
    shown = list({c.id: c for c in (champion, initial) if c is not None}.values())
    for candidate in shown:
        missing = [split for split in splits if split not in candidate.gaps]
        if missing and candidate.status == "valid":
            archive.save_candidate(candidate, await measure_splits(pool, candidate, missing))
    known = {candidate.number: candidate for candidate in baselines}
    return [*shown, *await measure_baselines(pool, problem, archive, run, splits, known)]
