"""What is said of a champion beside its figures: stored as an event of its run, shown, and written into its card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evolve.archive import Archive
from evolve.records import Candidate

STEP = "champion found"


def report_of(archive: Archive, candidate: Candidate) -> dict[str, Any] | None:
    """The latest report of a candidate that was a run's champion; None for any other.

    runner_up: paired test against the next best on validation. simplified: what it was made of, and what that changed.
    ablation: for each term the growth of the mean gaps without it (None: fails). relabelled: mean gaps on validation
    with other labels. evaluations: of programs, that all this took, by split.
    """
    for event in reversed(archive.events(candidate.run)):
        if event.kind == STEP and event.data["champion"] == candidate.id:
            return {key: value for key, value in event.data.items() if key not in ("after", "champion")}
    return None


def simplification(before: Candidate, after: Candidate, removed: Mapping[str, Any]) -> dict[str, Any]:
    """A champion beside the program that it was made of."""
    return {
        "from": before.id,
        "size": [before.size, after.size],
        "train": [before.train, after.train],
        "validation": [before.gaps["validation"], after.gaps["validation"]],
        **removed,
    }
