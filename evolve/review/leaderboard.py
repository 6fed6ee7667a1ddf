"""The pages over runs: all runs of an archive, and the best programs of a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from evolve.archive import Archive, ArchiveError
from evolve.archive.browsing import Glimpse, Summary, Wanted
from evolve.insight import OBJECTIVES, pareto
from evolve.records import Run
from evolve.review.charts.base import Link
from evolve.review.charts.trade_off import trade_off
from evolve.review.measured import scale_of, title_of
from evolve.review.site import Page, known

RUNS = 200  # on the first page
PROGRAMS = 100  # of a problem
MOST_HUMANS = 5000  # of all runs
FILTERS = {"strategy": "strategy", "by": "author", "operator": "operator"}


def home_page(archive: Archive) -> Page:
    """Problems and runs of an archive."""
    stamp = archive.stamp()  # first: what comes while the rest is read is then asked for again
    summaries = archive.summaries()
    context = {
        "archive": archive.url.removeprefix("sqlite:///"),
        "runs": summaries[:RUNS],
        "more": max(0, len(summaries) - RUNS),
        "problems": _problems(summaries),
        "stamp": stamp,
    }
    return Page("/", "runs", "home.html", context)


def _problems(summaries: Sequence[Summary]) -> list[dict[str, Any]]:
    by_name: dict[str, list[Summary]] = {}
    for one in summaries:
        by_name.setdefault(one.run.problem, []).append(one)
    rows = []
    for name, found in sorted(by_name.items()):
        current = [one for one in found if one.run.fingerprint == found[0].run.fingerprint]
        kept = [one.champion for one in current if one.champion and one.champion.gap_validation is not None]
        best = min(kept, key=lambda one: one.gap_validation or 0.0, default=None)
        rows.append({"name": name, "runs": len(found), "champion": best})
    return rows


@dataclass(frozen=True)
class Row:
    """A program of a leaderboard. best: Pareto-optimal among them in gap, time and length."""

    id: str
    program: str
    by: str
    strategy: str
    run: str
    human: bool
    gaps: dict[str, float]
    size: int | None
    seconds: float | None
    best: bool


def problem_page(archive: Archive, problem: str, asked: Mapping[str, str], link: Link) -> Page:
    """The best programs of a problem over all runs. Raises ArchiveError if it has none, and BadAddress.

    asked: `text`, `strategy`, `by` and `operator` that must hold; humans' programs are of no strategy.
    """
    runs = {one.id: one for one in archive.runs() if one.problem == problem}
    if not runs:
        raise ArchiveError(f"the archive holds no run of {problem!r}")
    latest = max(runs.values(), key=lambda run: (run.created, run.id))
    same = {id for id, run in runs.items() if run.fingerprint == latest.fingerprint}
    strategies = {id: str(runs[id].config.get("strategy", "–")) for id in same}
    choices = {"strategy": sorted(set(strategies.values())), **archive.choices(problem=problem)}
    filters = [
        (name, choices[name], known(asked.get(name) or None, choices[name], f"no program here has the {words}") or "")
        for name, words in FILTERS.items()
    ]
    wanted = Wanted(
        problem=problem,
        fingerprint=latest.fingerprint,
        status="valid",
        operator=asked.get("operator") or None,
        by=asked.get("by") or None,
        text=asked.get("text", ""),
        limit=PROGRAMS,
        humans=False,
    )
    listing = archive.listing(replace(wanted, runs=_runs_of(strategies, asked.get("strategy"))))
    humans = _once(archive.listing(replace(wanted, humans=True, limit=MOST_HUMANS)).rows, runs)
    found = sorted([*listing.rows, *humans], key=_rank)[:PROGRAMS]
    best = _optimal(found)
    rows = [
        Row(
            one.id,
            one.name or one.id,
            one.by,
            "–" if one.number <= 0 else strategies[one.run],
            one.run,
            one.number <= 0,
            one.gaps,
            one.size,
            one.decision_seconds,
            one.id in best,
        )
        for one in found
    ]
    context = {
        "name": problem,
        "title": title_of(latest),
        "scale": scale_of(latest),
        "base": f"/problems/{problem}",
        "text_wanted": asked.get("text", ""),
        "filters": filters,
        "rows": rows,
        "total": listing.total + len(humans),
        "splits": [split for split in ("train", "validation", "test") if any(split in row.gaps for row in rows)],
        "spec": _picture(rows, link),
    }
    return Page(f"/problems/{problem}", problem, "problem.html", context, ((problem, f"/problems/{problem}"),))


def _runs_of(strategies: dict[str, str], strategy: str | None) -> tuple[str, ...] | None:
    return tuple(id for id, name in strategies.items() if name == strategy) if strategy else None


def _once(found: Sequence[Glimpse], runs: Mapping[str, Run]) -> list[Glimpse]:
    """Humans' programs are the same in every run: the latest run's stands for all."""
    kept: dict[object, Glimpse] = {}
    for one in sorted(found, key=lambda one: runs[one.run].created):
        kept[one.name, one.size, one.gap_train] = one
    return list(kept.values())


def _rank(one: Glimpse) -> tuple[object, ...]:
    """As `Archive.leaderboard` orders them: by validation, then train, then length; what is not known last."""
    return tuple((value is None, value or 0) for value in (one.gap_validation, one.gap_train, one.size))


def _optimal(found: Sequence[Glimpse]) -> set[str]:
    """The ids of those that are Pareto-optimal in gap, time and length."""
    frame = pd.DataFrame([{name: getattr(one, name) for name in OBJECTIVES} for one in found], columns=list(OBJECTIVES))
    return {one.id for one, best in zip(found, pareto(frame), strict=True) if best}


def _picture(rows: Sequence[Row], link: Link) -> dict[str, Any] | None:
    points = [
        {
            "program": row.program,
            "by": row.by,
            "gap": row.gaps["validation"],
            "ms": 1e3 * row.seconds,
            "size": row.size,
            "best": "Pareto-optimal" if row.best else "dominated",
            "href": link(f"/candidates/{row.id}"),
        }
        for row in rows
        if row.seconds and "validation" in row.gaps and row.size
    ]
    return trade_off(points) if len(points) > 1 else None
