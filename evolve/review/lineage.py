"""The page that shows how a champion came about."""

from __future__ import annotations

from dataclasses import dataclass

from evolve.archive import Archive
from evolve.insight import ancestry
from evolve.records import Candidate, Run
from evolve.review.charts.base import Link
from evolve.review.charts.lineage import MOST, lineage
from evolve.review.measured import scale_of
from evolve.review.run import nav_of
from evolve.review.site import Page


@dataclass(frozen=True)
class Step:
    """A candidate of the champion's line, and what it changed on train."""

    candidate: Candidate
    by: str
    change: float | None


def lineage_page(archive: Archive, run: Run, link: Link) -> Page:
    """The candidates of a run by when they came and how good they are."""
    candidates, parents = archive.glimpses(run.id), archive.parents(run.id)
    valid = [one for one in candidates if one.status == "valid" and one.number > 0 and one.gap_train is not None]
    end = run.champion or next((one.id for one in sorted(valid, key=lambda one: one.gap_train or 0.0)), None)
    line = [] if end is None else [one.candidate for one in ancestry(archive.candidate(end), archive.candidate)]
    steps: list[Step] = []
    for one in map(archive.candidate, line):
        before = steps[-1].candidate.train if steps else None
        change = one.train - before if one.train is not None and before is not None else None
        steps.append(Step(one, one.model or one.proposer, change))
    shown = [one for one in candidates if one.number >= 0 and one.status != "pending"]
    context = {
        "spec": lineage(candidates, parents, line, link),
        "left_out": max(0, len(shown) - MOST),
        "steps": steps,
        "scale": scale_of(run),
    }
    return Page(f"/runs/{run.id}/lineage", f"lineage of {run.id}", "lineage.html", context, nav_of(run))
