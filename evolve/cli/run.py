"""evolve run, resume, runs: start a search, go on with one, list them."""

from __future__ import annotations

import asyncio
import shlex
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluators.problem import load_problem
from evolve.archive import Archive
from evolve.asking import StrategyError
from evolve.budget import Limits
from evolve.cli.common import (
    ArchiveOption,
    JsonOption,
    console,
    display_of,
    look_around,
    print_code,
    print_json,
    print_report,
)
from evolve.config import BUDGETS, ConfigError, RunConfig, archive_of, model_names, read_config
from evolve.display import make_display
from evolve.proposers.base import ProposerError
from evolve.records import Candidate, Run
from evolve.tables import Program, standing_table
from evolve.winner.report import report_of

# The engine is imported where a search begins: LangGraph takes a second, and `evolve runs` should not.
if TYPE_CHECKING:
    from evolve.session import Ending


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("run")(run)
    app.command("resume")(resume)
    app.command("runs")(runs)
    app.command("replay")(replay_run)


def run(
    problem: Annotated[str | None, typer.Argument(help="a shipped problem's name, or a problem folder")] = None,
    model: Annotated[str | None, typer.Option(help="model name; several, separated by commas, take turns")] = None,
    base_url: Annotated[
        str | None, typer.Option(help="OpenAI-compatible endpoint [default: what OPENAI_BASE_URL says]")
    ] = None,
    proposer: Annotated[str | None, typer.Option(help="openai, mutator or exchange")] = None,
    strategy: Annotated[str | None, typer.Option(help="who is a parent, who survives [default: adaptive]")] = None,
    candidates: Annotated[int | None, typer.Option(help="budget: candidates")] = None,
    calls: Annotated[int | None, typer.Option(help="budget: calls of the model")] = None,
    tokens: Annotated[int | None, typer.Option(help="budget: tokens, input and output")] = None,
    cost: Annotated[float | None, typer.Option(help="budget: US dollars")] = None,
    evaluations: Annotated[float | None, typer.Option(help="budget: evaluations on train")] = None,
    hours: Annotated[float | None, typer.Option(help="budget: wall-clock hours")] = None,
    parallel: Annotated[int | None, typer.Option(help="lives in flight [default: 4]")] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the search")] = None,
    sandbox: Annotated[str | None, typer.Option(help="auto, or a backend: docker, bubblewrap, process")] = None,
    isolation: Annotated[str | None, typer.Option(help="warm: reuse a sandbox; fresh: a new one a candidate")] = None,
    polish: Annotated[
        bool | None, typer.Option("--polish/--no-polish", help="tune, simplify and ablate the best [default: polish]")
    ] = None,
    archive: ArchiveOption = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with any of these options")] = None,
) -> None:
    """Search for a better heuristic for PROBLEM."""
    options = {
        "models": model_names(model) if model else None,
        "base_url": base_url,
        "proposer": proposer,
        "strategy": strategy,
        "candidates": candidates,
        "calls": calls,
        "tokens": tokens,
        "cost": cost,
        "evaluations": evaluations,
        "hours": hours,
        "parallel": parallel,
        "seed": seed,
        "sandbox": sandbox,
        "isolation": isolation,
        "polish": polish,
    }
    settings = read_config(problem, config, options)
    from evolve.session import drafted_run

    record = drafted_run(settings, load_problem(settings.problem))
    look_around(record)
    with Archive.open(archive or (archive_of(config) if config else None)) as opened:
        opened.create_run(record)
        _conduct(record, opened)


def resume(
    run: Annotated[str, typer.Argument(help="a run's id, or its beginning")],
    candidates: Annotated[int | None, typer.Option(help="new budget: candidates, in all")] = None,
    calls: Annotated[int | None, typer.Option(help="new budget: calls of the model, in all")] = None,
    tokens: Annotated[int | None, typer.Option(help="new budget: tokens, in all")] = None,
    cost: Annotated[float | None, typer.Option(help="new budget: US dollars, in all")] = None,
    evaluations: Annotated[float | None, typer.Option(help="new budget: evaluations on train, in all")] = None,
    hours: Annotated[float | None, typer.Option(help="new budget: wall-clock hours, in all")] = None,
    archive: ArchiveOption = None,
) -> None:
    """Go on with a run that was stopped, or give a finished one a larger budget."""
    with Archive.open(archive, create=False) as opened:
        record = opened.run(run)
        given = (candidates, calls, tokens, cost, evaluations, hours)
        changes = {name: value for name, value in zip(BUDGETS, given, strict=True) if value is not None}
        if record.status == "finished" and not changes:
            raise ConfigError(f"run {record.id} has used its budget up; give a larger one, for example --candidates")
        record.config = read_config(None, None, record.config | changes).model_dump(mode="json")
        look_around(record)
        _conduct(record, opened)


def replay_run(
    run: Annotated[str, typer.Argument(help="a run's id")],
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a run again from its recorded replies, without a model, and say whether it comes out the same."""
    from evolve.replay import replay

    with Archive.open(archive, create=False) as opened, tempfile.TemporaryDirectory() as folder:
        record = opened.run(run)
        config = RunConfig.model_validate(record.config)
        title = f"replay of {record.id}: {record.problem}, {config.strategy}"
        shown = Console(stderr=True) if as_json else console
        with Archive.open(Path(folder) / "replay.db") as into, make_display(title, Limits(), shown) as display:
            _, differences = asyncio.run(replay(record, opened, into, display))
    if as_json:
        print_json({"run": record.id, "same": not differences, "differences": differences})
    else:
        for line in differences[:20]:
            console.print(line)
        console.print("the same run" if not differences else f"{len(differences)} candidates differ")
    raise typer.Exit(1 if differences else 0)


def runs(archive: ArchiveOption = None, as_json: JsonOption = False) -> None:
    """List the runs of the archive, newest first."""
    with Archive.open(archive, create=False) as opened:
        rows = [_summary(opened, record) for record in sorted(opened.runs(), key=lambda r: -r.created)]
    if as_json:
        print_json(rows)
        return
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        caption="validation: the champion's mean gap; its program: evolve show RUN",
        caption_justify="left",
    )
    for heading in ("run", "problem", "status", "started", "by", "valid", "validation"):
        table.add_column(
            heading,
            justify="right" if heading in ("valid", "validation") else "left",
            no_wrap=heading not in ("problem", "by"),
            overflow="fold",
        )
    for row in rows:
        gap = f"{row['validation']:.4g}" if isinstance(row["validation"], float) else ""
        by, valid = f"{row['proposer']}, {row['strategy']}", f"{row['valid']} of {row['candidates']}"
        cells = (row["run"], row["problem"], row["status"], row["started"], by, valid, gap)
        table.add_row(*(escape(str(cell)) for cell in cells))
    console.print(table)


def _summary(archive: Archive, record: Run) -> dict[str, object]:
    config = RunConfig.model_validate(record.config)
    counts = archive.counts(record.id)
    champion = archive.candidate(record.champion) if record.champion else None
    return {
        "run": record.id,
        "problem": record.problem,
        "status": record.status,
        "started": time.strftime("%Y-%m-%d %H:%M", time.localtime(record.created)),
        "proposer": ", ".join(config.models) or config.proposer,
        "strategy": config.strategy,
        "candidates": sum(counts.values()),
        "valid": counts.get("valid", 0),
        "champion": champion.id if champion else None,
        "validation": champion.gaps.get("validation") if champion else None,
    }


def _conduct(record: Run, archive: Archive) -> None:
    from evolve.session import conduct

    config = RunConfig.model_validate(record.config)
    by = ", ".join(config.models) or config.proposer
    title = f"run {record.id}: {record.problem}, {by}, {config.strategy}"
    interrupted = False
    resume = f"evolve resume {record.id}{archive.option}"
    with display_of(record, title, archive, console) as display:
        try:
            ending = asyncio.run(conduct(record, archive, display))
        except asyncio.CancelledError:
            interrupted = True
        except (ProposerError, StrategyError) as error:
            raise type(error)(f"{error}; run {record.id} has stopped, go on later with: {resume}") from error
    if interrupted or ending.run.status == "stopped":
        console.print(f"Stopped; nothing is lost. Go on with: {resume}", markup=False, soft_wrap=True)
        raise typer.Exit(130 if interrupted else 0)
    _show_ending(ending, archive)


def _show_ending(ending: Ending, archive: Archive) -> None:
    problem, champion = ending.problem, ending.champion
    console.print(f"Budget used up: {ending.reason}.")
    if champion is None:
        said = f"No candidate was valid. How they failed: evolve show {ending.run.id}{archive.option}"
        console.print(said, markup=False, soft_wrap=True)
        return
    print_code((champion.source or "").strip())
    programs = [_program(candidate, archive, champion) for candidate in ending.measured]
    splits = [split for split in problem.splits if split != "train"]
    console.print(standing_table(programs, splits, problem, f"{problem.spec.title}: the champion beside all baselines"))
    results = {split: found for split, found in programs[0].results.items() if split != "train"}
    print_report(report_of(archive, champion) or {}, results)
    id, at = champion.id, archive.option
    then = [f"evolve show {id}{at}", f"evolve compare {id} --problem {shlex.quote(ending.run.config['problem'])}{at}"]
    then += [f"evolve export {id}{at}", f"evolve publish {id}{at}"]
    console.print(f"Champion: {id}. Next: {' · '.join(then)}", markup=False, soft_wrap=True)


def _program(candidate: Candidate, archive: Archive, champion: Candidate) -> Program:
    results = {split: archive.results(candidate.id, split) for split in candidate.gaps}
    is_champion = candidate.id == champion.id
    name = candidate.name or candidate.id
    if candidate.number == 0:
        name = "initial"
    origin = candidate.proposer + (f" ({candidate.model})" if candidate.model else "")
    return Program("champion" if is_champion else name, origin, results, candidate.failure_message, is_champion)
