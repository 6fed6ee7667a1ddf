"""Other constants for the best few finalists, fitted on train; validation decides whether they are better ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from evolve.records import Candidate
from evolve.syntax import constants, shape
from evolve.tuning import MOST, tune
from evolve.winner.stage import Stage

FEW = 3  # finalists, of different shapes
EVALUATIONS = 100  # of each; five constants need no more (measured on mddc and augmddc)
STEP = "finalists tuned"


async def tune_best(stage: Stage, finalists: Sequence[Candidate]) -> list[Candidate]:
    """Tune the finalists that are best on validation, on train. Returns those of the results that are new."""
    data = stage.recall(STEP)
    if data is None:
        stage.phase("tuning the constants of the best")
        made = await asyncio.gather(*(_tuned(stage, candidate) for candidate in _few(finalists)))
        data = stage.record(STEP, {"tuned": made})
    found = []
    for one in data["tuned"]:
        if one["source"] is not None:
            parent = stage.candidates[one["candidate"]]
            found.append(await stage.admit(parent, one["source"], "tuned", one["evaluations"]))
    return [candidate for candidate in found if candidate.status == "valid"]


def _few(finalists: Sequence[Candidate]) -> list[Candidate]:
    shapes: dict[str, Candidate] = {}
    for candidate in sorted(finalists, key=lambda one: (one.gaps["validation"], one.number)):
        source = candidate.source or ""
        if 0 < len(constants(source)) <= MOST:
            shapes.setdefault(shape(source) or candidate.id, candidate)
    return list(shapes.values())[:FEW]


async def _tuned(stage: Stage, candidate: Candidate) -> dict[str, Any]:
    source, gap = candidate.source, candidate.train
    assert source is not None
    assert gap is not None

    async def measure(trial: str) -> float | None:
        return (await stage.pool.evaluate(trial, "train")).gap_mean

    made = await tune(source, gap, measure, stage.allowed(EVALUATIONS), f"{stage.run.seed}|{candidate.number}|winner")
    return {
        "candidate": candidate.id,
        "source": made.source if made.source != source else None,
        "train": [gap, made.gap],
        "evaluations": made.evaluations,
    }
