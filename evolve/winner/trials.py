"""Measuring variants of a program that need not become candidates: each once, and counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from evaluators.evaluate import Evaluation
from evolve.evaluation import EvaluationPool
from evolve.syntax import fingerprint


class Trials:
    """Programs with the same normal form are one."""

    def __init__(self, pool: EvaluationPool) -> None:
        self._pool = pool
        self._known: dict[tuple[str, str], asyncio.Task[Evaluation]] = {}

    async def gaps(self, source: str, split: str) -> Sequence[float] | None:
        """The program's gap on each instance of a split; None if it fails."""
        key = (fingerprint(source), split)
        if key not in self._known:
            self._known[key] = asyncio.create_task(self._pool.evaluate(source, split))
        evaluation = await self._known[key]
        return evaluation.gaps if evaluation.valid else None

    async def gap(self, source: str) -> float | None:
        """Its mean gap on train; None if it fails."""
        gaps = await self.gaps(source, "train")
        return None if gaps is None else sum(gaps) / len(gaps)

    def spent(self) -> dict[str, int]:
        """Evaluations by split."""
        return dict(Counter(split for _, split in self._known))
