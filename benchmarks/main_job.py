"""The main job over several seeds: does the built-in mutator, from EDD, beat MDD and the paper's MDDC on test?

    python benchmarks/main_job.py [--seeds 5] [--candidates N] [--problem NAME] [--json FILE] [--picture FILE.svg]

Prints a table: the champion of each seed, its mean gap on test beside the rules', paired tests, and seconds.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from evaluators.problem import Problem, load_problem
from evolve.archive import Archive
from evolve.budget import Limits
from evolve.config import read_config
from evolve.display import LiveDisplay
from evolve.figures import against, split_figures
from evolve.session import Ending, conduct, new_run
from evolve.tables import Program, standing_table


def main(
    problem: str = "single_machine_tardiness",
    seeds: int = 5,
    candidates: Annotated[int | None, typer.Option(help="default: that of evolve run")] = None,
    sandbox: str = "auto",
    output: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
    picture: Annotated[Path | None, typer.Option(help="write an SVG of the last run here")] = None,
) -> None:
    """Run the search with seeds 0, 1, … and compare each champion with the rules."""
    loaded = load_problem(problem)
    console = Console(width=100)
    rows: list[dict[str, Any]] = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder, Archive.open(Path(folder) / "run.db") as archive:
            config = read_config(problem, None, {"seed": seed, "candidates": candidates, "sandbox": sandbox})
            recorder = Console(record=True, width=100, force_terminal=True, file=(Path(folder) / "screen").open("w"))
            display = LiveDisplay(f"evolve run {problem}", Limits(config.candidates), recorder)
            start = time.perf_counter()
            ending = asyncio.run(conduct(new_run(config, archive), archive, display))
            rows.append(_row(seed, ending, archive, loaded, time.perf_counter() - start))
            console.print(f"seed {seed}: {rows[-1]['test']['gap_mean']:.4g} after {rows[-1]['seconds']} s")
            if picture is not None and seed == seeds - 1:
                recorder.print(display.panel())
                _print_ending(recorder, ending, archive, loaded)
                recorder.save_svg(str(picture), title=f"evolve run {problem}")
    console.print(_table(rows, loaded))
    if output is not None:
        output.write_text(json.dumps(rows, indent=1) + "\n")


def _row(seed: int, ending: Ending, archive: Archive, problem: Problem, seconds: float) -> dict[str, Any]:
    champion = ending.champion
    assert champion is not None
    mine = archive.results(champion.id, "test")
    row: dict[str, Any] = {
        "seed": seed,
        "program": champion.source,
        "size": champion.size,
        "candidates": archive.counts(ending.run.id),
        "seconds": round(seconds, 1),
        "test": split_figures("test", mine).as_json(),
        "rules": {},
    }
    for candidate in ending.measured:
        if candidate.number < 0 and (theirs := archive.results(candidate.id, "test")):
            test = against("test", mine, candidate.name or "", theirs)
            row["rules"][candidate.name] = split_figures("test", theirs).as_json() | test.as_json()
    return row


def _table(rows: list[dict[str, Any]], problem: Problem) -> Table:
    table = Table(
        title=f"{problem.name}, test: mean gap of the champion, and against rules", caption=problem.evaluator.scale
    )
    shown = ["mdd", "mddc", "augmddc"] if "mdd" in problem.baselines else list(problem.baselines)[:4]
    for heading in ("seed", "champion", "size", *(f"{rule}" for rule in shown), "seconds"):
        table.add_column(heading, justify="right")
    for row in rows:
        rules = [row["rules"][name] for name in shown]
        cells = [f"{r['gap_mean']:.4g} ({r['difference']:+.3g}, p={r['p']:.1g})" for r in rules]
        table.add_row(str(row["seed"]), f"{row['test']['gap_mean']:.4g}", str(row["size"]), *cells, str(row["seconds"]))
    return table


def _print_ending(console: Console, ending: Ending, archive: Archive, problem: Problem) -> None:
    champion = ending.champion
    assert champion is not None
    programs = []
    for candidate in ending.measured:
        results = {split: archive.results(candidate.id, split) for split in candidate.gaps}
        name = "champion" if candidate.id == champion.id else candidate.name or candidate.id
        programs.append(Program(name, candidate.proposer, results, highlight=candidate.id == champion.id))
    console.print(Syntax((champion.source or "").strip(), "python", background_color="default"))
    splits = [split for split in problem.splits if split != "train"]
    console.print(standing_table(programs, splits, problem, "The champion beside all baselines"))


if __name__ == "__main__":
    typer.run(main)
