"""evolve show, best: read the archive."""

from __future__ import annotations

import difflib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from evolve.archive import Archive, ArchiveError
from evolve.cli.common import ArchiveOption, JsonOption, console, print_code, print_json, print_text
from evolve.figures import split_figures
from evolve.records import Candidate, Run


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


def _show_run(archive: Archive, run: Run, as_json: bool) -> None:
    candidates = [candidate for candidate in archive.candidates_of(run.id) if candidate.number > 0]
    usage = archive.usage(run.id)
    ended: dict[str, int] = {}
    failures: dict[str, int] = {}
    for candidate in candidates:
        ended[candidate.status] = ended.get(candidate.status, 0) + 1
        if candidate.status in ("invalid", "unparsed", "failed"):
            kind = candidate.failure_kind or "unknown"
            failures[kind] = failures.get(kind, 0) + 1
    valid = sorted((c for c in candidates if c.status == "valid"), key=lambda c: c.train or 0.0)
    if as_json:
        print_json(
            {
                "run": run.id,
                "problem": run.problem,
                "status": run.status,
                "champion": run.champion,
                "config": run.config,
                "candidates": len(candidates),
                "ended": ended,
                "failures": failures,
                "usage": asdict(usage),
                "best": [{"candidate": c.id, "gaps": c.gaps, "operator": c.operator} for c in valid[:10]],
            }
        )
        return
    console.print(f"run {run.id} · {run.problem} · {run.status} · seed {run.seed}")
    counts = ", ".join(f"{count} {status}" for status, count in ended.items()) or "none"
    console.print(f"{len(candidates)} candidates: {counts}")
    if failures:
        console.print("failures: " + ", ".join(f"{count} {kind}" for kind, count in failures.items()))
    if usage.calls:
        console.print(
            f"{usage.calls} calls ({usage.failed_calls} failed), {usage.input_tokens:,} + {usage.output_tokens:,} "
            f"tokens, ${usage.cost:.4f}" + (f" ({usage.unpriced_calls} calls unpriced)" if usage.unpriced_calls else "")
        )
    table = Table("candidate", "operator", "train", "validation", "test", "idea", title="best on train")
    for candidate in valid[:10]:
        gaps = [f"{candidate.gaps[s]:.4g}" if s in candidate.gaps else "" for s in ("train", "validation", "test")]
        mark = " *" if candidate.id == run.champion else ""
        table.add_row(candidate.id + mark, candidate.operator, *gaps, escape(candidate.thought or ""))
    console.print(table)
    if run.status != "finished":
        console.print(f"Go on with: evolve resume {run.id}")


def _show_candidate(archive: Archive, candidate: Candidate, prompt: bool, as_json: bool) -> None:
    splits = {split: archive.results(candidate.id, split) for split in candidate.gaps}
    conversation = archive.completions(candidate.run, candidate.number) if candidate.number > 0 else []
    if as_json:
        print_json(
            {
                **{name: value for name, value in vars(candidate).items() if name != "note"},
                "figures": [split_figures(split, results).as_json() for split, results in splits.items() if results],
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
    console.print(f"candidate {candidate.id} · {candidate.operator} by {by} · {candidate.status}")
    if candidate.parents:
        console.print("parents: " + ", ".join(candidate.parents))
    if candidate.duplicate_of:
        console.print(f"the same as {candidate.duplicate_of}")
    if candidate.failure_kind:
        print_text(f"{candidate.failure_kind}: {candidate.failure_message}")
    for split, results in splits.items():
        if results:
            figures = split_figures(split, results)
            low, high = figures.gap_ci95
            console.print(
                f"{split}: {figures.gap_mean:.4g} [{low:.4g}, {high:.4g}], {figures.instances} instances", markup=False
            )
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


def best(
    problem: Annotated[str, typer.Argument(help="a problem's name")],
    top: Annotated[int, typer.Option(help="how many programs")] = 15,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """The best programs of all runs of a problem, baselines included, by their gap on validation."""
    name = Path(problem).name
    with Archive.open(archive, create=False) as opened:
        frame = opened.leaderboard(name)
    if frame.empty:
        raise ArchiveError(f"the archive holds no measured program of {name!r}; start with: evolve run {problem}")
    frame = frame.head(top)
    rows = frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
    if as_json:
        print_json(rows)
        return
    splits = [str(column).removeprefix("gap_") for column in frame.columns if str(column).startswith("gap_")]
    title = f"{name}: mean gaps of the best programs, by validation"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("program", no_wrap=True)
    table.add_column("by")
    table.add_column("operator")
    for column in (*splits, "size"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        gaps = [row[f"gap_{split}"] for split in splits]
        cells = ["" if gap is None else f"{gap:.4g}" for gap in gaps]
        by = str(row["model"] or row["proposer"])
        table.add_row(str(row["program"]), escape(by), str(row["operator"]), *cells, str(row["size"]))
    console.print(table)
