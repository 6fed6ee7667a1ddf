"""Strategies against each other: the same problems, seeds and budgets, metered at the engine; resumable.

A cell is a problem, a strategy and a seed; its run is found again in the archive by its configuration, so that a bench
that was stopped goes on where it was, and one that grows (another strategy, more seeds) runs only what is new.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd

from evaluators.problem import load_problem
from evaluators.statistics import PairedTest, bootstrap_interval, paired_test
from evolve.archive import Archive
from evolve.config import RunConfig
from evolve.records import Candidate, Run

Gaps = dict[str, float]  # by instance, of a champion


@dataclass(frozen=True)
class Cell:
    """One run of a bench, and what it is called in tables."""

    problem: str
    strategy: str
    seed: int
    config: RunConfig


def cells(problems: Sequence[str], strategies: Sequence[str], seeds: int, base: RunConfig) -> Iterator[Cell]:
    """All runs, seeds outermost: what is there after each seed can be compared already."""
    for seed, problem, strategy in product(range(seeds), problems, strategies):
        changes = {"problem": problem, "strategy": strategy, "seed": seed}
        yield Cell(problem, strategy, seed, base.model_copy(update=changes))


def find_run(cell: Cell, archive: Archive) -> Run | None:
    """The cell's run, if the archive has one of this very configuration and state of the problem."""
    problem = load_problem(cell.problem)
    wanted = cell.config.model_dump(mode="json")
    for run in archive.runs():
        if run.fingerprint == problem.fingerprint and {**run.config, "problem": cell.problem} == wanted:
            return run
    return None


def champion_gaps(run: Run, archive: Archive) -> Gaps | None:
    """What a finished run's champion achieved on test, instance by instance."""
    if run.status != "finished" or run.champion is None:
        return None
    return {result.instance: result.gap for result in archive.results(run.champion, "test")}


def anytime(candidates: Sequence[Candidate]) -> list[float]:
    """The best train gap after each candidate, in order of their numbers; the initial program first."""
    best = math.inf
    curve = []
    for candidate in sorted((c for c in candidates if c.number >= 0), key=lambda c: c.number):
        if candidate.status == "valid" and candidate.train is not None:
            best = min(best, candidate.train)
        curve.append(best)
    return curve


def frame(found: Sequence[tuple[Cell, Run]], archive: Archive) -> pd.DataFrame:
    """One row a run: what it reached and what it took.

    test: mean gap of the champion; halfway: the best train gap after half of the candidates; calls, tokens, cost: of
    the proposer; evaluations: of programs on train, those for tuning included.
    """
    rows = []
    for cell, run in found:
        candidates = archive.candidates_of(run.id)
        curve, usage, counts = anytime(candidates), archive.usage(run.id), archive.counts(run.id)
        gaps = champion_gaps(run, archive) or {}
        rows.append(
            {
                "problem": cell.problem,
                "strategy": cell.strategy,
                "seed": cell.seed,
                "run": run.id,
                "test": sum(gaps.values()) / len(gaps) if gaps else math.nan,
                "train": curve[-1],
                "halfway": curve[len(curve) // 2],
                "valid": counts.get("valid", 0),
                "candidates": sum(counts.values()),
                "evaluations": _evaluations(candidates),
                "calls": usage.calls,
                "tokens": usage.input_tokens + usage.output_tokens,
                "cost": usage.cost,
                "seconds": (run.finished or math.nan) - run.created,
            }
        )
    return pd.DataFrame(rows)


def _evaluations(candidates: Sequence[Candidate]) -> int:
    """How often programs were measured on train. One whose syntax tree was there before borrowed its evaluation."""
    syntax = {candidate.id: candidate.syntax for candidate in candidates}
    measured = [
        candidate
        for candidate in candidates
        if candidate.number > 0
        and candidate.seconds is not None
        and (candidate.duplicate_of is None or syntax[candidate.duplicate_of] != candidate.syntax)
    ]
    return len(measured) + sum(int(candidate.note.get("tuning", 0)) for candidate in measured)


def compare(found: Sequence[tuple[Cell, Run]], archive: Archive, against: str) -> list[dict[str, Any]]:
    """Each strategy on each problem: mean test gap over seeds and instances, and a paired test against one of them.

    The gaps of an instance are averaged over the seeds that both have, so that the test is over instances.
    """
    gaps: dict[tuple[str, str], dict[int, Gaps]] = {}
    for cell, run in found:
        one = champion_gaps(run, archive)
        if one is not None:
            gaps.setdefault((cell.problem, cell.strategy), {})[cell.seed] = one
    rows = []
    for (problem, strategy), of_seed in gaps.items():
        means = [sum(one.values()) / len(one) for one in of_seed.values()]
        other = gaps.get((problem, against), {})
        test = None if strategy == against else _paired(of_seed, other)
        rows.append(
            {
                "problem": problem,
                "strategy": strategy,
                "seeds": len(of_seed),
                "test": sum(means) / len(means),
                "interval": list(bootstrap_interval(means)),
                "difference": test.difference if test else None,
                "p": test.p_value if test else None,
            }
        )
    return rows


def _paired(mine: dict[int, Gaps], other: dict[int, Gaps]) -> PairedTest | None:
    """None where they have no seed in common."""
    seeds = sorted(mine.keys() & other.keys())
    if not seeds:
        return None
    instances = list(mine[seeds[0]])
    means = [[sum(side[seed][key] for seed in seeds) / len(seeds) for key in instances] for side in (mine, other)]
    return paired_test(*means)
