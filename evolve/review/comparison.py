"""The page that sets a candidate against the baselines: tests, classes, instances, and other instances than train's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evolve.archive import Archive
from evolve.figures import against
from evolve.insight import ClassFigures, classes
from evolve.records import Candidate
from evolve.review.charts.instances import instances
from evolve.review.charts.splits import splits as splits_chart
from evolve.review.measured import Measured, baselines, measured, problem_of, ranked, scale_of, splits_of, verdict
from evolve.review.run import nav_of
from evolve.review.site import Page

SHADES = 5
ORDER = ("test", "ood", "validation", "train")  # what says most comes first
COLUMNS = 30  # classes in a table


@dataclass(frozen=True)
class Cell:
    """A program on a class: mean gap, half of its interval (None of a single instance), and how far from the best."""

    mean: float | None
    half: float | None
    shade: int
    best: bool


def comparison_page(archive: Archive, candidate: Candidate) -> Page:
    """A candidate against the humans' programs of its run."""
    run = archive.run(candidate.run)
    humans = [one for one in baselines(archive, run.id) if one.id != candidate.id]
    mine = measured(archive, candidate, mine=True)
    shown = splits_of([mine])
    problem = problem_of(run)
    paper = None if isinstance(problem, str) else problem.spec.paper_rule
    context = {
        "candidate": candidate,
        "verdict": verdict(mine, humans),
        "scale": scale_of(run),
        "generalisation": _generalisation(mine, humans, paper, shown),
        "parts": [_part(mine, humans, split) for split in ORDER if split in shown],
    }
    path = f"/candidates/{candidate.id}/comparison"
    return Page(path, f"{mine.name} against the baselines", "comparison.html", context, nav_of(run))


def _generalisation(
    mine: Measured, humans: Sequence[Measured], paper: str | None, shown: Sequence[str]
) -> dict[str, Any] | None:
    rules = [one for one in ranked([mine, *humans]) if not one.mine and one.name != "initial"]
    chosen = [*rules[:1], *(one for one in rules[1:] if one.name == paper)]
    if len(shown) < 2:
        return None
    return splits_chart({one.name: one.figures for one in (mine, *chosen)}, shown)


def _part(mine: Measured, humans: Sequence[Measured], split: str) -> dict[str, Any]:
    own = mine.results[split]
    order = [one for one in ranked([*humans]) if mine.meets(one, split)]
    order.sort(key=lambda one: one.figures[split].gap_mean)
    tests = [(against(split, own, one.name, one.results[split]), one.figures[split].gap_mean) for one in order]
    names = list(dict.fromkeys(result.group for result in own))
    shown = names if 1 < len(names) <= COLUMNS else []
    rows = sorted([mine, *order], key=lambda one: one.figures[split].gap_mean)
    spec = instances(own, {one.name: one.results[split] for one in order}) if order and len(own) > 1 else None
    return {
        "split": split,
        "instances": len(own),
        "tests": tests,
        "classes": shown,
        "rows": _heat(rows, shown, split),
        "unclassed": "" if shown else _unclassed(names, spec is not None),
        "spec": spec,
    }


def _unclassed(names: Sequence[str], by_instance: bool) -> str:
    """Why there is no table of classes."""
    if len(names) == 1:
        return f"All instances are of one class, {names[0]}."
    below = "; by instance below" if by_instance else ""
    return f"{len(names)} classes, more than a table can show{below}."


def _heat(rows: Sequence[Measured], names: Sequence[str], split: str) -> list[Mapping[str, Any]]:
    figures = [{one.name: one for one in classes(row.results[split])} for row in rows]
    known = {name: sorted(found[name].mean for found in figures if name in found) for name in names}
    return [
        {"name": row.name, "mine": row.mine, "cells": [_cell(found.get(name), known[name]) for name in names]}
        for row, found in zip(rows, figures, strict=True)
    ]


def _cell(one: ClassFigures | None, known: Sequence[float]) -> Cell:
    """known: the means of all programs on the class, the best first."""
    if one is None:
        return Cell(None, None, 0, False)
    # The worst rules are no yardstick: shades end at the median's distance, twice.
    span = 2 * (known[len(known) // 2] - known[0])
    shade = min(SHADES, round(SHADES * (one.mean - known[0]) / span)) if span > 0 else 0
    low, high = one.interval
    return Cell(one.mean, (high - low) / 2 if one.instances > 1 else None, shade, one.mean == known[0])
