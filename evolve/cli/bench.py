"""evolve bench: strategies, models and variants at equal budgets."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evolve.archive import Archive
from evolve.budget import Limits
from evolve.cli.common import (
    ArchiveOption,
    JsonOption,
    SandboxOption,
    console,
    display_of,
    look_around,
    print_json,
    read_program,
)
from evolve.config import ConfigError, model_names

# The bench is imported where it begins: pandas, matplotlib and LangGraph take a second each.
if TYPE_CHECKING:
    import pandas as pd

    from evolve.bench.compare import Comparison
    from evolve.bench.external import External, Peer
    from evolve.bench.plan import Cell, Plan
    from evolve.bench.report import Row
    from evolve.records import Run


NAME_WIDTH = 16


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("bench")(bench)


def bench(
    problems: Annotated[list[str], typer.Argument(help="problems to search on")],
    strategies: Annotated[
        str, typer.Option("--strategies", help="separated by commas; all are compared with the first")
    ] = "adaptive,islands,best_of_n",
    seeds: Annotated[int, typer.Option(min=1, help="runs of each on each problem")] = 5,
    model: Annotated[
        list[str] | None, typer.Option(help="who proposes: a model, or mutator (the default); repeatable")
    ] = None,
    base_url: Annotated[str | None, typer.Option(envvar="OPENAI_BASE_URL", help="OpenAI-compatible endpoint")] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(help="NAME:key=value[,key=value]: the same with a changed configuration; repeatable"),
    ] = None,
    external: Annotated[
        list[str] | None,
        typer.Option(help="NAME:PROBLEM:SEED:PROGRAM.py:METER.json: what another engine found; repeatable"),
    ] = None,
    candidates: Annotated[int | None, typer.Option(min=1, help="budget of each run: candidates")] = None,
    calls: Annotated[int | None, typer.Option(min=1, help="budget: calls of the model")] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="budget: tokens, input and output")] = None,
    cost: Annotated[float | None, typer.Option(help="budget: US dollars")] = None,
    evaluations: Annotated[float | None, typer.Option(help="budget: evaluations on train")] = None,
    hours: Annotated[float | None, typer.Option(help="budget: wall-clock hours")] = None,
    target: Annotated[
        str | None, typer.Option(help="a baseline, or a train gap, to reach [default: the best baseline on train]")
    ] = None,
    sandbox: SandboxOption = "auto",
    archive: ArchiveOption = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="write all frames into this folder")] = None,
    pictures: Annotated[Path | None, typer.Option(help="draw curves and profiles into this folder")] = None,
    report: Annotated[Path | None, typer.Option(help="write a Markdown page with tables and pictures")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run strategies, models and variants at equal budgets, and compare. Stopped, it goes on where it was."""
    from evolve.bench.frames import check_target
    from evolve.bench.plan import MUTATOR, Plan, read_variant

    variants = [read_variant(text) for text in variant or []]
    if twice := {name for name, _ in variants if [other for other, _ in variants].count(name) > 1}:
        raise ConfigError(f"--variant {', '.join(sorted(twice))}: there are two of that name")
    plan = Plan(
        problems=problems,
        strategies=list(dict.fromkeys(model_names(strategies))),
        proposers=list(dict.fromkeys(model or [MUTATOR])),
        variants=dict(variants),
        seeds=seeds,
        limits=Limits(
            candidates=candidates, calls=calls, tokens=tokens, cost=cost, evaluations=evaluations, hours=hours
        ),
        base_url=base_url,
        sandbox=sandbox,
    )
    cells = plan.cells()
    for problem in {cell.problem.name: cell.problem for cell in cells}.values():
        check_target(problem, target)
    externals = _externals(external or [], cells)
    with Archive.open(archive) as opened:
        found = _searched(cells, opened, Console(stderr=True))
        peers = _measured(externals, cells, opened, sandbox)
        _show(plan, found, peers, opened, target, csv, pictures, report, as_json)


def _externals(given: Sequence[str], cells: Sequence[Cell]) -> dict[str, list[tuple[External, str]]]:
    """What --external names, with the programs' sources, by problem. Raises ConfigError or ProblemError."""
    from evolve.bench.external import read_external

    found: dict[str, list[tuple[External, str]]] = {cell.problem.name: [] for cell in cells}
    for text in given:
        external = read_external(text)
        if external.problem not in found:
            raise ConfigError(f"--external {text}: {external.problem} is none of the problems: {', '.join(found)}")
        found[external.problem].append((external, read_program(external.program)))
    return found


def _searched(cells: Sequence[Cell], archive: Archive, where: Console) -> list[tuple[Cell, Run]]:
    """The cells' runs, searched to their ends where they are not there yet."""
    from evolve.bench.external import measure_programs
    from evolve.bench.plan import find_run
    from evolve.session import conduct, new_run

    known = [find_run(cell, archive) for cell in cells]
    _look_around(cells, known)
    found: list[tuple[Cell, Run]] = []
    ready: set[str] = set()
    interrupted = False
    for cell, run in zip(cells, known, strict=True):
        if run is None or run.status != "finished":
            if cell.problem.name not in ready and cell.problem.baselines:
                # Now, so that no run has them in its time.
                programs = list(cell.problem.baselines.items())
                asyncio.run(
                    measure_programs(cell.problem, programs, ("train", "validation"), archive, cell.config.sandbox)
                )
                ready.add(cell.problem.name)
            run = run or new_run(cell.config, archive, cell.problem)
            contestant = cell.contestant
            title = f"{cell.problem.name}, {contestant.strategy}, {contestant.proposer}, {contestant.variant}"
            with display_of(run, f"{title}, seed {cell.seed}", archive, where) as display:
                try:
                    asyncio.run(conduct(run, archive, display))
                except asyncio.CancelledError:
                    interrupted = True
            if run.status != "finished":
                where.print("Stopped; nothing is lost. The same command goes on.")
                raise typer.Exit(130 if interrupted else 0)
        found.append((cell, run))
    return found


def _look_around(cells: Sequence[Cell], known: Sequence[Run | None]) -> None:
    """See that what the unfinished runs need is there: once for each endpoint and sandbox. known: the cells' runs."""
    from evolve.session import drafted_run

    unfinished: dict[tuple[object, ...], Run] = {}
    for cell, run in zip(cells, known, strict=True):
        if run is None or run.status != "finished":
            needs = (cell.config.proposer, tuple(cell.config.models), cell.config.base_url, cell.config.sandbox)
            unfinished.setdefault(needs, run or drafted_run(cell.config, cell.problem))
    for run in unfinished.values():
        look_around(run)


def _measured(
    externals: dict[str, list[tuple[External, str]]], cells: Sequence[Cell], archive: Archive, sandbox: str
) -> list[Peer]:
    from evolve.bench.external import measure_peers

    problems = {cell.problem.name: cell.problem for cell in cells}
    return [
        peer
        for name, of_problem in externals.items()
        if of_problem
        for peer in asyncio.run(measure_peers(problems[name], of_problem, archive, sandbox))
    ]


def _show(
    plan: Plan,
    found: Sequence[tuple[Cell, Run]],
    peers: Sequence[Peer],
    archive: Archive,
    target: str | None,
    csv: Path | None,
    pictures: Path | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """The frames, wherever they are wanted."""
    from evolve.bench.compare import compare
    from evolve.bench.curves import axis_of
    from evolve.bench.frames import collect
    from evolve.bench.report import overall_rows, problem_rows, write_report

    result = compare(collect(found, peers, archive, target))
    axes = [axis_of(budget) for budget in plan.budgets]
    drawn: list[Path] = []
    if csv is not None:
        _write_csv(csv, result)
    folder = pictures or (report.with_suffix("") if report is not None else None)
    if folder is not None:
        from evolve.bench.pictures import draw

        drawn = draw(result.frames, axes, folder)
    if report is not None:
        versions = sorted({run.version for _, run in found})
        write_report(report, result, axes, drawn, sys.argv[1:], plan.variants, versions)
    if as_json:
        tables = {"runs": result.frames.runs, "strategies": result.problems, "overall": result.overall}
        print_json({name: _records(table) for name, table in tables.items()})
        return
    for peer in peers:
        if peer.failure is not None:
            console.print(f"{peer.external.program} failed {peer.failure}", markup=False, soft_wrap=True)
    first = result.frames.names[0]
    for problem, of_one in result.problems.groupby("problem", sort=False):
        rows = problem_rows(of_one, first, axes[0])
        console.print(_table(rows, f"{problem}: mean gap of the champions on test, lower is better"))
    console.print(_table(overall_rows(result.overall), f"Over all problems, against {first}"))


def _write_csv(folder: Path, result: Comparison) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    frames = result.frames
    tables = {"runs": frames.runs, "curves": frames.curves, "instances": frames.instances}
    for name, table in {**tables, "problems": result.problems, "overall": result.overall}.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def _records(table: pd.DataFrame) -> Any:
    """Rows as JSON has them: null for what is not known or infinite."""
    return json.loads(table.to_json(orient="records", double_precision=15))


def _table(rows: Sequence[Row], title: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    headings = [heading for heading in rows[0] if heading != "problem"]
    longest = max(len(row.get("", "")) for row in rows)
    for heading in headings:
        if heading:  # on a narrow terminal numbers are folded, not who they are of
            table.add_column(heading.replace(" ", "\n"), justify="right", overflow="fold")
        else:
            table.add_column(heading, width=min(NAME_WIDTH, longest), overflow="fold")
    for row in rows:
        table.add_row(*(escape(row[heading]) for heading in headings))
    return table
