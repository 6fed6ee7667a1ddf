"""What the champion achieves: on test and ood, measured once, and on validation with other labels."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from evolve.baselines import measure_baselines, measure_splits
from evolve.evaluation import EvaluationPool
from evolve.records import Candidate
from evolve.winner.stage import Stage

RELABELLINGS = (1, 2, 3, 4)


async def measure_test(
    stage: Stage, champion: Candidate | None, initial: Candidate, baselines: Sequence[Candidate]
) -> list[Candidate]:
    """Measure the champion, the initial program and the baselines on test and ood. Returns them all, champion first."""
    splits = [split for split in stage.problem.splits if split in ("test", "ood")]
    shown = list({c.id: c for c in (champion, initial) if c is not None}.values())
    for candidate in shown:
        missing = [split for split in splits if split not in candidate.gaps]
        if missing and candidate.status == "valid":
            stage.archive.save_candidate(candidate, await measure_splits(stage.pool, candidate, missing))
    known = {candidate.number: candidate for candidate in baselines}
    return [*shown, *await measure_baselines(stage.pool, stage.problem, stage.archive, stage.run, splits, known)]


async def relabelled(pool: EvaluationPool, source: str, relabellings: Sequence[int]) -> list[float | None]:
    """A program's mean gap on validation with its jobs, machines and nodes named otherwise; None where it fails."""
    made = await asyncio.gather(*(pool.evaluate(source, "validation", relabelling=one) for one in relabellings))
    return [evaluation.gap_mean for evaluation in made]
