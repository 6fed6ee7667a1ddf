"""evolve bench: strategies against each other on the same problems, seeds and budgets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from evaluators.problem import load_problem
from evolve import benching, plugins
from evolve.archive import Archive
from evolve.budget import Limits
from evolve.cli.common import ArchiveOption, JsonOption, SandboxOption, console, print_json
from evolve.config import ConfigError, model_names, read_config
from evolve.display import make_display
from evolve.records import Run


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("bench")(bench)


def bench(
    problems: Annotated[list[str], typer.Argument(help="problems to search on")],
    strategies: Annotated[
        str, typer.Option("--strategies", help="separated by commas; all are compared with the first")
    ] = "adaptive,islands,best_of_n",
    seeds: Annotated[int, typer.Option(min=1, help="runs of each strategy on each problem")] = 5,
    candidates: Annotated[int, typer.Option(min=1, help="budget of each run")] = 300,
    model: Annotated[str | None, typer.Option(help="model name; without one, the mutator proposes")] = None,
    base_url: Annotated[str | None, typer.Option(envvar="OPENAI_BASE_URL", help="OpenAI-compatible endpoint")] = None,
    sandbox: SandboxOption = "auto",
    archive: ArchiveOption = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="write one row a run here")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run strategies at equal budgets and compare their champions on test. Stopped, it goes on where it was."""
    names = [name.strip() for name in strategies.split(",") if name.strip()]
    if unknown := [name for name in names if name not in plugins.names("strategies")]:
        raise ConfigError(f"--strategies {', '.join(unknown)}: there are: {', '.join(plugins.names('strategies'))}")
    for name in problems:
        load_problem(name)
    options: dict[str, Any] = {"candidates": candidates, "sandbox": sandbox}
    if model:
        options |= {"models": model_names(model), "base_url": base_url}
    base = read_config(problems[0], None, options)
    where = Console(stderr=True)
    with Archive.open(archive) as opened:
        found = [(cell, _searched(cell, opened, where)) for cell in benching.cells(problems, names, seeds, base)]
        table, rows = benching.frame(found, opened), benching.compare(found, opened, names[0])
    if csv is not None:
        table.to_csv(csv, index=False)
    if as_json:
        print_json({"runs": table.to_dict("records"), "strategies": rows})
    else:
        console.print(_table(rows, names[0]))


def _searched(cell: benching.Cell, archive: Archive, where: Console) -> Run:
    """The cell's run, searched to its end if it is not there yet."""
    from evolve.session import conduct, new_run  # LangGraph takes a second

    run = benching.find_run(cell, archive)
    if run is None or run.status != "finished":
        run = run or new_run(cell.config, archive)
        title = f"{cell.problem}, {cell.strategy}, seed {cell.seed}"
        with make_display(title, Limits(cell.config.candidates), where) as display:
            run = asyncio.run(conduct(run, archive, display)).run
        if run.status != "finished":
            where.print("Stopped; nothing is lost. The same command goes on.")
            raise typer.Exit(0)
    return run


def _table(rows: list[dict[str, Any]], first: str) -> Table:
    table = Table("problem", "strategy", title="Mean gap of champions on test, over seeds; lower is better")
    for heading in ("seeds", "test", "95 % over seeds", f"minus {first}", "p"):
        table.add_column(heading, justify="right")
    for row in sorted(rows, key=lambda row: (row["problem"], row["test"])):
        low, high = row["interval"]
        difference = "" if row["difference"] is None else f"{row['difference']:+.3g}"
        p = "" if row["p"] is None else f"{row['p']:.2g}"
        cells = [str(row["seeds"]), f"{row['test']:.4g}", f"{low:.4g} to {high:.4g}", difference, p]
        table.add_row(row["problem"], row["strategy"], *cells)
    return table
