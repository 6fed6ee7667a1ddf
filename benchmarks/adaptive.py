"""What each part of the strategy `adaptive` contributes: searches with one part switched off, against the whole.

    python benchmarks/adaptive.py [PROBLEM ...] [--parts NAME ...] [--seeds 5] [--evaluations 150] --archives FOLDER

The built-in mutator, evaluations on train as the budget. Each part has an archive of its own in FOLDER, and what is
there is not run again. Two tables in Markdown, as those of `evolve bench`: over all problems, and by problem.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
from rich.console import Console

from evolve.archive import Archive
from evolve.bench.compare import compare
from evolve.bench.frames import Frames, collect
from evolve.bench.plan import Cell, Plan, find_run
from evolve.bench.report import markdown, overall_rows, problem_rows
from evolve.budget import Limits
from evolve.display import PlainDisplay
from evolve.records import Run
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


def searched(cell: Cell, archive: Archive, console: Console) -> Run:
    """The cell's run, searched to its end if it is not there yet."""
    run = find_run(cell, archive) or new_run(cell.config, archive, cell.problem)
    if run.status != "finished":
        display = PlainDisplay(f"{cell.problem.name}, seed {cell.seed}", cell.config.limits, console)
        run = asyncio.run(conduct(run, archive, display)).run
    if run.status != "finished":
        raise SystemExit("stopped; the same command goes on")
    return run


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
    parts = []
    for part in given.parts:
        where, name, instead = PARTS[part]
        file = given.archives / f"{part.replace(' ', '_')}.db"
        with patch.object(where, name, instead), Archive.open(file) as archive:
            runs = [(cell, searched(cell, archive, Console(stderr=True))) for cell in plan.cells()]
            named = [(replace(cell, contestant=replace(cell.contestant, variant=part)), run) for cell, run in runs]
            parts.append(collect(named, [], archive))
    result = compare(joined(parts))
    print(markdown(overall_rows(result.overall)), end="\n\n")
    print(markdown(problem_rows(result.problems, result.frames.names[0], "evaluations")))


def joined(parts: Sequence[Frames]) -> Frames:
    """The frames of all parts as one."""
    runs, curves, instances = (
        pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        for name in ("runs", "curves", "instances")
    )
    return Frames(runs, curves, instances, parts[0].baselines, parts[0].scales)


if __name__ == "__main__":
    main()
