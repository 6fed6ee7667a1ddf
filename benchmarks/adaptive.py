"""What each part of the strategy `adaptive` contributes: searches with one part switched off, against the whole.

    python benchmarks/adaptive.py [PROBLEM ...] [--parts NAME ...] [--seeds 5] [--evaluations 150] --archives FOLDER

The built-in mutator, evaluations on train as the budget. Each part has an archive of its own in FOLDER, and what is
there is not run again. A table in Markdown: mean gaps of the champions on test, lower is better; pairs of problem and
seed with a lower and a higher gap than the whole, and the p value of a signed-rank test over the pairs (differences
divided by the standard deviation of all gaps on their problem).
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any
from unittest.mock import patch

import numpy as np
from rich.console import Console
from scipy.stats import wilcoxon

from evolve.archive import Archive
from evolve.bench.plan import Cell, Plan, find_run
from evolve.budget import Limits
from evolve.display import PlainDisplay
from evolve.session import conduct, new_run
from evolve.strategies import adaptive

PROBLEMS = (
    "single_machine_tardiness",
    "job_shop",
    "model_placement",
    "causal_order",
    "transaction_order",
    "prefix_reordering",
    "robust_knapsack",
    "multidimensional_knapsack",
)


def _no_restart(self: adaptive.Adaptive) -> None:
    self._idle = 0


def _own_island(self: adaptive.Adaptive, number: int, rng: Any) -> int:
    return number


# What is switched off, and how: the strategy's module or class, a name in it, and what it is instead.
PARTS: Mapping[str, tuple[Any, str, Any]] = {
    "whole": (adaptive, "BEST", adaptive.BEST),
    "no new starts": (adaptive, "BEGINNINGS", (0.0, 0.0)),
    "no parents from the best": (adaptive, "BEST", 0.0),
    "no bandit": (adaptive, "TRUST", 1e9),
    "no exchange": (adaptive.Adaptive, "_donor", _own_island),
    "no restarts": (adaptive.Adaptive, "_restart", _no_restart),
}

Gaps = dict[tuple[str, int], float]  # of a part, by problem and seed


def searched(cell: Cell, archive: Archive, console: Console) -> float:
    """The mean gap on test of the champion of the cell's run, which is searched to its end if it is not there yet."""
    run = find_run(cell, archive) or new_run(cell.config, archive, cell.problem)
    if run.status != "finished":
        display = PlainDisplay(f"{cell.problem.name}, seed {cell.seed}", cell.config.limits, console)
        run = asyncio.run(conduct(run, archive, display)).run
    return fmean(result.gap for result in archive.results(run.champion or "", "test"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=PROBLEMS, metavar="PROBLEM")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--evaluations", type=float, default=150)
    parser.add_argument("--archives", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    given.archives.mkdir(parents=True, exist_ok=True)
    limits = Limits(evaluations=given.evaluations)
    plan = Plan(given.problems, ["adaptive"], seeds=given.seeds, limits=limits, sandbox="process")
    found: dict[str, Gaps] = {}
    for part in given.parts:
        where, name, instead = PARTS[part]
        file = given.archives / f"{part.replace(' ', '_')}.db"
        with patch.object(where, name, instead), Archive.open(file) as archive:
            cells, console = plan.cells(), Console(stderr=True)
            found[part] = {(cell.problem.name, cell.seed): searched(cell, archive, console) for cell in cells}
    print(_table(given.problems, found))


def _table(problems: list[str], found: dict[str, Gaps]) -> str:
    first = next(iter(found))
    spread = {
        one: np.std([gap for of in found.values() for (of_one, _), gap in of.items() if of_one == one]) or 1.0
        for one in problems
    }
    rows = [["problem", *found], ["---"] * (1 + len(found))]
    for one in problems:
        means = [fmean(gap for (problem, _), gap in of.items() if problem == one) for of in found.values()]
        rows.append([f"`{one}`", *(f"{mean:.4g}" for mean in means)])
    better, tests = ["runs better : worse", ""], ["Wilcoxon", ""]
    for part, of in found.items():
        if part != first:
            apart = [(gap - found[first][key]) / spread[key[0]] for key, gap in of.items()]
            better.append(f"{sum(one < 0 for one in apart)}:{sum(one > 0 for one in apart)}")
            tests.append(f"p = {wilcoxon(apart).pvalue:.2g}")
    return "\n".join(f"| {' | '.join(row)} |" for row in [*rows, better, tests])


if __name__ == "__main__":
    main()
