"""evolve show, best: read the archive."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evaluators.evaluate import InstanceResult
from evaluators.problem import ProblemError, load_problem
from evolve.archive import Archive, ArchiveError
from evolve.cli.common import ArchiveOption, JsonOption, console, print_code, print_json, print_report, print_text
from evolve.config import ConfigError
from evolve.figures import focus_of, split_figures
from evolve.insight import anytime, by_model, by_operator, endings, held, pareto, spent
from evolve.records import Candidate, Run
from evolve.sparklines import sparkline
from evolve.tables import (
    against_table,
    class_table,
    contribution_table,
    ending_table,
    plain_table,
    spent_line,
)
from evolve.wallclock import sessions, within
from evolve.winner.report import report_of

CURVE = 50  # characters of a sparkline


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("show")(show)
    app.command("best")(best)


def show(
    identifier: Annotated[str, typer.Argument(metavar="RUN|CANDIDATE", help="an id, or its beginning")],
    prompt: Annotated[bool, typer.Option("--prompt", help="with the prompts and replies")] = False,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a run or a candidate: figures, program, lineage, how it ended."""
    with Archive.open(archive, create=False) as opened:
        if "-" in identifier:
            _show_candidate(opened, opened.candidate(identifier), prompt, as_json)
        else:
            _show_run(opened, opened.run(identifier), as_json)


# --- a run ----------------------------------------------------------------------------------------------------------


def _show_run(archive: Archive, run: Run, as_json: bool) -> None:
    candidates = archive.candidates_of(run.id)
    calls, spans, usage = archive.calls(run.id), sessions(archive, run.id), archive.usage(run.id)
    steps = anytime(candidates, calls, spans)
    ended = endings(candidates)
    used = spent(run.config, candidates, usage, within(spans))
    sources = {"operator": by_operator(candidates, calls), "model": by_model(candidates, calls)}
    ranked = sorted((c for c in candidates if c.status == "valid" and c.number > 0), key=lambda c: c.train or 0.0)
    total = sum(row.count for row in ended)
    if as_json:
        statuses: dict[str, int] = {}
        for row in ended:
            statuses[row.status] = statuses.get(row.status, 0) + row.count
        print_json(
            {
                "run": run.id,
                "problem": run.problem,
                "status": run.status,
                "champion": run.champion,
                "config": run.config,
                "candidates": total,
                "ended": statuses,
                "failures": {row.kind: row.count for row in ended if row.kind},
                "usage": asdict(usage),
                "spent": [asdict(row) for row in used],
                "anytime": [asdict(step) for step in steps],
                "operators": [asdict(row) for row in sources["operator"]],
                "models": [asdict(row) for row in sources["model"]],
                "best": [{"candidate": c.id, "gaps": c.gaps, "operator": c.operator} for c in ranked[:10]],
            }
        )
        return
    console.print(f"run {run.id} · {run.problem} · {run.status} · seed {run.seed}")
    _say(f"{total} candidates: " + (", ".join(f"{row.count} {row.name}" for row in ended) or "none"))
    _say("used: " + spent_line(used))
    if usage.failed_calls or usage.unpriced_calls:
        _say(f"of the calls {usage.failed_calls} failed, {usage.unpriced_calls} are unpriced")
    for name, values in zip(("train", "validation"), held(steps, CURVE), strict=True):
        known = [value for value in values if value is not None]
        if known:
            _say(f"{name:<10} {sparkline(values)}  {known[0]:.4g} -> {known[-1]:.4g}")
    if total:
        _say("the best gap so far: on train, and on validation of the best on train that was measured there")
        console.print(ending_table(ended))
        for name, rows in sources.items():
            console.print(contribution_table(rows, name))
    table = plain_table("best on train")
    for heading in ("candidate", "operator"):
        table.add_column(heading, no_wrap=True)
    for split in ("train", "validation", "test"):
        table.add_column(split, justify="right", no_wrap=True)
    table.add_column("idea")
    for candidate in ranked[:10]:
        gaps = [f"{candidate.gaps[s]:.4g}" if s in candidate.gaps else "" for s in ("train", "validation", "test")]
        mark = " *" if candidate.id == run.champion else ""
        table.add_row(candidate.id + mark, escape(candidate.operator), *gaps, Text(candidate.thought or ""))
    console.print(table)
    if run.status != "finished":
        _say(f"Go on with: evolve resume {run.id}{archive.option}")


# --- a candidate ----------------------------------------------------------------------------------------------------


def _show_candidate(archive: Archive, candidate: Candidate, prompt: bool, as_json: bool) -> None:
    splits = {split: archive.results(candidate.id, split) for split in candidate.gaps}
    conversation = archive.completions(candidate.run, candidate.number) if candidate.number > 0 else []
    report = report_of(archive, candidate)
    if as_json:
        print_json(
            {
                **{name: value for name, value in vars(candidate).items() if name != "note"},
                "figures": [split_figures(split, results).as_json() for split, results in splits.items() if results],
                "champion": report,
                "conversation": [
                    {
                        "turn": turn,
                        "messages": [vars(message) for message in messages],
                        "reply": completion.reply,
                        "error": completion.error,
                        "attempts": [vars(attempt) for attempt in completion.attempts],
                        "tokens": [completion.input_tokens, completion.output_tokens],
                        "cost": completion.cost,
                    }
                    for turn, messages, completion in conversation
                ],
            }
        )
        return
    by = candidate.proposer + (f" ({candidate.model})" if candidate.model else "")
    _say(f"candidate {candidate.id} · {candidate.operator} by {by} · {candidate.status}")
    if candidate.parents:
        console.print("parents: " + ", ".join(candidate.parents))
    if candidate.duplicate_of:
        console.print(f"the same as {candidate.duplicate_of}")
    if candidate.failure_kind:
        print_text(f"{candidate.failure_kind}: {candidate.failure_message}")
    _show_figures(archive, candidate, splits)
    if report is not None:
        print_report(report, splits)
    if candidate.source:
        print_code(candidate.source.strip())
    if candidate.parents and candidate.source:
        parent = archive.candidate(candidate.parents[-1])
        diff = difflib.unified_diff(
            (parent.source or "").splitlines(), candidate.source.splitlines(), parent.id, candidate.id, lineterm=""
        )
        print_code("\n".join(diff), "diff")
    for name, text in (("stdout", candidate.stdout), ("stderr", candidate.stderr)):
        if text:
            print_text(f"{name}:\n{text}")
    if prompt:
        for turn, messages, completion in conversation:
            for message in messages if turn == 0 else messages[-1:]:
                console.rule(f"turn {turn}: {message.role}")
                print_text(message.content)
            console.rule(f"turn {turn}: reply")
            print_text(completion.reply or f"failed: {completion.error}")
    elif conversation:
        console.print(f"{len(conversation)} model calls; --prompt shows them")


def _show_figures(archive: Archive, candidate: Candidate, splits: Mapping[str, Sequence[InstanceResult]]) -> None:
    """Its mean gaps, then on the split that matters most its classes and every baseline of its run."""
    for split, results in splits.items():
        if results:
            figures = split_figures(split, results)
            low, high = figures.gap_ci95
            console.print(
                f"{split}: {figures.gap_mean:.4g} [{low:.4g}, {high:.4g}], {figures.instances} instances", markup=False
            )
    if candidate.seconds is not None and candidate.decision_seconds is not None:
        _say(
            f"time: {candidate.decision_seconds:.3g} s deciding of {candidate.seconds:.3g} s on all of train; "
            f"size: {candidate.size} nodes"
        )
    focus = focus_of(split for split, results in splits.items() if results)
    if focus is None:
        return
    if (by_class := class_table(focus, splits[focus])) is not None:
        console.print(by_class)
    rules = {
        one.name or one.id: found
        for one in archive.humans(candidate.run)
        if one.number < 0 and one.id != candidate.id and (found := archive.results(one.id, focus))
    }
    if rules:
        console.print(against_table(focus, candidate.id, splits[focus], rules))


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


# --- the leaderboard ------------------------------------------------------------------------------------------------


def best(
    problem: Annotated[str, typer.Argument(help="a problem's name, or a problem folder")],
    top: Annotated[int, typer.Option(help="how many programs")] = 15,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """The best programs of all runs of a problem, baselines included, by their gap on validation."""
    if top < 1:
        raise ConfigError(f"--top {top}: at least 1")
    with Archive.open(archive, create=False) as opened:
        runs = opened.runs()
        name, fingerprint = _version(problem, runs)
        frame = opened.leaderboard(name, fingerprint)
    if frame.empty:
        elsewhere = sorted({run.folder for run in runs if run.problem == name and run.fingerprint != fingerprint})
        others = f" (but of another {name}: {', '.join(elsewhere)})" if elsewhere else ""
        raise ArchiveError(
            f"the archive holds no measured program of {problem!r}{others}; start with: evolve run {problem}"
        )
    frame = frame.assign(pareto=pareto(frame)).head(top)
    rows = frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
    if as_json:
        print_json(rows)
        return
    splits = [str(column).removeprefix("gap_") for column in frame.columns if str(column).startswith("gap_")]
    console.print(_leaderboard(f"{name}: mean gaps of the best programs, by validation", rows, splits))


def _version(problem: str, runs: Sequence[Run]) -> tuple[str, str]:
    """Name and fingerprint of what `evolve run PROBLEM` takes: as the latest run of its folder found it, or as it is
    now, which may have been run in another place. A name that is no problem here may be one of the archive's."""
    latest = sorted(runs, key=lambda run: run.created, reverse=True)
    try:
        loaded = load_problem(problem)
    except ProblemError:
        folder = str(Path(problem).expanduser().resolve())
        found = [run for run in latest if run.folder == folder] or [run for run in latest if run.problem == problem]
        if not found:
            raise
        return found[0].problem, found[0].fingerprint
    of = (run.fingerprint for run in latest if run.folder == str(loaded.folder))
    return loaded.name, next(of, loaded.fingerprint)


def _leaderboard(title: str, rows: Sequence[Mapping[Any, Any]], splits: Sequence[str]) -> Table:
    caption = "s: deciding on all of train. *: Pareto-optimal, no other is as good in gap on validation, time and size."
    table = plain_table(title, caption)
    table.add_column("program", no_wrap=True)
    table.add_column("by")
    table.add_column("operator")
    for column in (*splits, "s", "size", ""):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        gaps = [row[f"gap_{split}"] for split in splits]
        cells = ["" if gap is None else f"{gap:.4g}" for gap in gaps]
        seconds = row["decision_seconds"]
        cells += ["" if seconds is None else f"{seconds:.2g}", str(row["size"]), "*" if row["pareto"] else ""]
        table.add_row(str(row["program"]), escape(str(row["model"] or row["proposer"])), str(row["operator"]), *cells)
    return table
