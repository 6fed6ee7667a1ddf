"""Validation picks the champion, and says whether it can be told from the next best."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from evolve.baselines import measure_splits
from evolve.figures import against
from evolve.records import Candidate
from evolve.winner.stage import OPERATOR, Stage

TOLERANCE = 0.002  # of the best validation gap: within it the smaller program wins


async def validate(stage: Stage, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Measure on validation who was not yet. Returns those that did not fail there."""

    async def one(candidate: Candidate) -> None:
        if "validation" not in candidate.gaps:
            stage.archive.save_candidate(candidate, await measure_splits(stage.pool, candidate, ["validation"]))

    await asyncio.gather(*(one(candidate) for candidate in candidates))
    return [candidate for candidate in candidates if "validation" in candidate.gaps]


def choose(measured: Sequence[Candidate]) -> Candidate:
    """The best on validation; the smallest of those that are as good."""
    best = min(candidate.gaps["validation"] for candidate in measured)
    close = [c for c in measured if c.gaps["validation"] <= best + TOLERANCE * abs(best)]
    return min(close, key=lambda candidate: (candidate.size or 0, candidate.gaps["validation"], candidate.number))


def runner_up(stage: Stage, champion: Candidate, measured: Sequence[Candidate]) -> dict[str, Any] | None:
    """The next best on validation that decides otherwise and was not made of the same program; with a paired test of
    the champion against it."""
    origin = _origin(stage, champion)
    others = [c for c in measured if c.behaviour != champion.behaviour and _origin(stage, c) != origin]
    if not others:
        return None
    other = min(others, key=lambda candidate: (candidate.gaps["validation"], candidate.number))
    mine, theirs = (stage.archive.results(one.id, "validation") for one in (champion, other))
    return against("validation", mine, other.id, theirs).as_json()


def _origin(stage: Stage, candidate: Candidate) -> str:
    """The candidate of the search that a refined one was made of; any other is its own."""
    while candidate.operator == OPERATOR and candidate.parents:
        candidate = stage.candidates[candidate.parents[-1]]
    return candidate.id
