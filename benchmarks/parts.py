"""What each part of a search with `adaptive` contributes: runs with one part switched off, against the whole.

    python benchmarks/parts.py [PROBLEM ...] [--parts NAME ...] [--seeds 5] [--evaluations 150] --archives FOLDER
    python benchmarks/parts.py PROBLEM ... --model NAME [--base-url URL] [--calls 40] [--seeds 3] --archives FOLDER

Without a model: parts of the strategy, with the built-in mutator and evaluations on train as the budget. With one: what
the model is told, and what is done with its programs. Each part has an archive of its own in FOLDER, and what is there
is not run again. Two tables in Markdown, as those of `evolve bench`: over all problems, and by problem.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
from rich.console import Console

from evolve import life
from evolve.archive import Archive
from evolve.bench.compare import compare
from evolve.bench.frames import Frames, collect
from evolve.bench.plan import MUTATOR, Cell, Plan, find_run
from evolve.bench.report import markdown, overall_rows, problem_rows
from evolve.budget import Limits
from evolve.display import PlainDisplay
from evolve.feedback import assignments, contrast, failures, teller
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


@dataclass(frozen=True)
class Part:
    """How a part is switched off: a name in a module or class is something else, or the configuration is."""

    where: Any = None
    name: str = ""
    instead: Any = None
    config: Mapping[str, Any] = field(default_factory=dict)

    def off(self) -> AbstractContextManager[Any]:
        """While this lasts."""
        return patch.object(self.where, self.name, self.instead) if self.where else nullcontext()


def _nothing(*given: Any, **named: Any) -> Any:
    return None


def _empty(*given: Any, **named: Any) -> tuple[()]:
    return ()


WHOLE = "whole"
OF_THE_STRATEGY: Mapping[str, Part] = {
    WHOLE: Part(),
    "no new starts": Part(adaptive, "BEGINNINGS", (0.0, 0.0)),
    "no parents from the best": Part(adaptive, "BEST", 0.0),
    "no bandit": Part(adaptive, "TRUST", 1e9),
    "no exchange": Part(adaptive.Adaptive, "_donor", _own_island),
    "no restarts": Part(adaptive.Adaptive, "_restart", _no_restart),
}
OF_THE_MODEL_PATH: Mapping[str, Part] = {
    WHOLE: Part(),
    "no mutations": Part(config={"mutations": 0}),
    "no tuning": Part(config={"tuning": 0}),  # and no reversal
    "no reversal": Part(life, "reversed_rule", _nothing),
    "no assignments": Part(teller, "assignment", _nothing),
    "no known formulas": Part(assignments, "KNOWN", {}),
    "no worst instances": Part(teller, "worst_cases", _empty),
    "no examples": Part(contrast, "examples", _empty),
    "no failures told": Part(failures, "note", _empty),
    "no shared parts": Part(teller, "shared_parts", _empty),
    "no repairs": Part(config={"repairs": 0}),
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
    parser.add_argument("--parts", nargs="+", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--evaluations", type=float, default=150)
    parser.add_argument("--model")
    parser.add_argument("--base-url")
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--archives", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    possible = OF_THE_MODEL_PATH if given.model else OF_THE_STRATEGY
    if unknown := [name for name in given.parts or () if name not in possible]:
        parser.error(f"no part is called {unknown[0]}; there are: {', '.join(possible)}")
    limits = Limits(calls=given.calls) if given.model else Limits(evaluations=given.evaluations)
    plan = Plan(
        given.problems,
        ["adaptive"],
        (given.model or MUTATOR,),
        seeds=given.seeds,
        limits=limits,
        base_url=given.base_url,
        sandbox="process",
    )
    given.archives.mkdir(parents=True, exist_ok=True)
    parts = [
        of_part(name, possible[name], plan, given.archives / f"{name.replace(' ', '_')}.db")
        for name in given.parts or possible
    ]
    result = compare(joined(parts))
    print(markdown(overall_rows(result.overall)), end="\n\n")
    print(markdown(problem_rows(result.problems, result.frames.names[0], plan.budgets[0])))


def of_part(name: str, part: Part, plan: Plan, file: Path) -> Frames:
    """What all cells of the plan come to without a part."""
    with part.off(), Archive.open(file) as archive:
        runs = []
        for cell in plan.cells():
            cell = replace(
                cell,
                contestant=replace(cell.contestant, variant=name),
                config=cell.config.model_copy(update=part.config),
            )
            runs.append((cell, searched(cell, archive, Console(stderr=True))))
        return collect(runs, [], archive)


def joined(parts: Sequence[Frames]) -> Frames:
    """The frames of all parts as one."""
    runs, curves, instances = (
        pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        for name in ("runs", "curves", "instances")
    )
    return Frames(runs, curves, instances, parts[0].baselines, parts[0].scales)


if __name__ == "__main__":
    main()
