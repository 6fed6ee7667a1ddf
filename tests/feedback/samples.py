"""Hand-made candidates, results and baselines."""

from __future__ import annotations

from typing import Any

from evaluators.evaluate import InstanceResult
from evolve.records import Candidate

EDD = "def priority(d):\n    return d\n"
MDD = "def priority(p, d, t):\n    return max(t + p, d)\n"


def candidate(number: int, gap: float | None = None, source: str = MDD, **more: Any) -> Candidate:
    """A candidate that is valid where it has a gap."""
    return Candidate(
        id=f"r-{number}",
        run="r",
        number=number,
        operator="mutate",
        proposer="openai",
        status="pending" if gap is None else "valid",
        source=source,
        gaps={} if gap is None else {"train": gap},
        **more,
    )


def failing(kind: str, message: str) -> Candidate:
    made = candidate(1, failure_kind=kind, failure_message=message)
    made.status = "invalid"
    return made


def results(**gaps: list[float]) -> list[InstanceResult]:
    """One result for each gap, by class."""
    return [
        InstanceResult(f"key|{group}|{place}", group, 100 + gap, 100.0, gap, {"late": gap})
        for group, found in gaps.items()
        for place, gap in enumerate(found)
    ]
