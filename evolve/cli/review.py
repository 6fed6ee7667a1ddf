"""evolve show, best, evaluate, compare, export, publish, verify: read what was found and take it away."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.syntax import Syntax
from rich.table import Table

from evaluators.evaluate import Evaluation, InstanceResult, evaluate
from evaluators.problem import Problem, ProblemError, load_problem
from evolve.archive import Archive, ArchiveError
from evolve.cli.common import ArchiveOption, JsonOption, SandboxOption, console, print_json, read_program
from evolve.exporting import export_python
from evolve.figures import against, group_means, split_figures
from evolve.publishing import Measure, PublishError
from evolve.publishing import publish as publish_candidate
from evolve.publishing import verify as verify_folder
from evolve.records import Candidate, Run
from evolve.tables import Program, standing_table
from sandbox.pool import Isolation, open_sandbox

ProblemOption = Annotated[str, typer.Option("--problem", help="a shipped problem's name, or a problem folder")]
SplitOption = Annotated[list[str] | None, typer.Option("--split", help="train, validation, test or ood; repeatable")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("show")(show)
    app.command("best")(best)
    app.command("evaluate")(evaluate_file)
    app.command("compare")(compare)
    app.command("export")(export)
    app.command("publish")(publish)
    app.command("verify")(verify)


@contextmanager
def measuring(problem: Problem, backend: str, isolation: Isolation = "warm") -> Iterator[Measure]:
    """A way to evaluate programs of a problem in one sandbox slot."""
    slot = open_sandbox(backend, isolation, image=problem.spec.image, runtime=problem.spec.runtime)
    try:
        yield lambda source, split: evaluate(problem, source, split, slot)
    finally:
        slot.close()


# --- measuring ------------------------------------------------------------------------------------------------------


def evaluate_file(
    file: Annotated[Path, typer.Argument(help="a Python file that defines the problem's function")],
    problem: ProblemOption,
    split: SplitOption = None,
    sandbox: SandboxOption = "auto",
    isolation: Annotated[str, typer.Option(help="warm or fresh")] = "warm",
    as_json: JsonOption = False,
) -> None:
    """Measure the program in FILE on validation, or on the splits that you name."""
    source, loaded = read_program(file), load_problem(problem)
    splits = split or ["validation"]
    for name in splits:
        loaded.instances(name)
    with (
        measuring(loaded, sandbox, cast("Isolation", isolation)) as measure,
        console.status("evaluating", spinner="line"),
    ):
        evaluations = [measure(source, name) for name in splits]
    rows = [_evaluation_json(evaluation) for evaluation in evaluations]
    if as_json:
        print_json(rows[0] if len(rows) == 1 else rows)
    else:
        for evaluation in evaluations:
            _print_evaluation(evaluation, loaded)
    if not all(evaluation.valid for evaluation in evaluations):
        raise typer.Exit(1)


def _evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    figures = split_figures(evaluation.split, evaluation.results) if evaluation.valid else None
    failure = evaluation.failure
    return {
        "problem": evaluation.problem,
        "split": evaluation.split,
        "instances": len(evaluation.results),
        "valid": evaluation.valid,
        "failure": asdict(failure) if failure else None,
        "gap_mean": figures.gap_mean if figures else None,
        "gap_ci95": list(figures.gap_ci95) if figures else None,
        "metrics": dict(figures.metrics) if figures else {},
        "seconds": evaluation.seconds,
        "decision_seconds": evaluation.decision_seconds,
        "stdout": evaluation.report.stdout,
        "stderr": evaluation.report.stderr,
        "per_instance": [_result_json(result) for result in evaluation.results],
    }


def _result_json(result: InstanceResult) -> dict[str, Any]:
    return {
        "instance": result.instance,
        "group": result.group,
        "cost": result.cost,
        "reference": result.reference,
        "gap": result.gap,
        "metrics": dict(result.metrics),
    }


def _print_evaluation(evaluation: Evaluation, problem: Problem) -> None:
    if evaluation.failure is not None:
        where = f" on {evaluation.failure.instance}" if evaluation.failure.instance else ""
        console.print(f"{evaluation.split}: invalid ({evaluation.failure.kind}{where})", style="bold red")
        console.print(evaluation.failure.message, markup=False)
        return
    figures = split_figures(evaluation.split, evaluation.results)
    low, high = figures.gap_ci95
    extra = "".join(f" · {name} {value:.4g}" for name, value in figures.metrics.items())
    console.print(
        f"{evaluation.split}: mean gap {figures.gap_mean:.4g} [{low:.4g}, {high:.4g}] over {figures.instances} "
        f"instances{extra} · {evaluation.decision_seconds:.2f} s deciding, {evaluation.seconds:.2f} s in all",
        markup=False,
        soft_wrap=True,
    )
    means = group_means(evaluation.results)
    if 1 < len(means) <= 40:
        table = Table("class of instances", "mean gap", title=problem.evaluator.scale, title_justify="left")
        for group, mean in means.items():
            table.add_row(group, f"{mean:.4g}")
        console.print(table)


def compare(
    programs: Annotated[list[str], typer.Argument(help="files, candidate ids or names of baselines")],
    problem: ProblemOption,
    split: SplitOption = None,
    sandbox: SandboxOption = "auto",
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure programs side by side, the first against each other one; a single one beside all baselines."""
    loaded = load_problem(problem)
    splits = split or [name for name in ("validation", "test") if name in loaded.splits]
    chosen = [_resolve(name, loaded, archive) for name in programs]
    if len(chosen) == 1:
        chosen += [(name, "human", source) for name, source in loaded.baselines.items() if name != chosen[0][0]]
    rows: list[Program] = []
    with measuring(loaded, sandbox) as measure, console.status("measuring", spinner="line") as status:
        for name, origin, source in chosen:
            results: dict[str, Sequence[InstanceResult]] = {}
            failure = None
            for each in splits:
                status.update(f"measuring {name} on {each}")
                evaluation = measure(source, each)
                if evaluation.failure is not None:
                    failure = f"{evaluation.failure.kind}: {evaluation.failure.message.splitlines()[0][:60]}"
                else:
                    results[each] = evaluation.results
            rows.append(Program(name, origin, results, failure, highlight=not rows))
    if as_json:
        print_json([_program_json(row, rows[0], splits) for row in rows])
        return
    console.print(standing_table(rows, splits, loaded, loaded.spec.title))


def _program_json(row: Program, first: Program, splits: Sequence[str]) -> dict[str, Any]:
    return {
        "program": row.name,
        "by": row.origin,
        "failure": row.failure,
        "splits": [split_figures(split, row.results[split]).as_json() for split in splits if split in row.results],
        "against_first": [
            against(split, row.results[split], first.name, first.results[split]).as_json()
            for split in splits
            if row is not first and split in row.results and split in first.results
        ],
    }


def _resolve(name: str, problem: Problem, archive: str | None) -> tuple[str, str, str]:
    """(name, who made it, source) of a file, a baseline, "initial" or a candidate."""
    path = Path(name)
    if path.suffix == ".py" or path.is_file():
        return path.stem, "file", read_program(path)
    if name in problem.baselines:
        return name, "human", problem.baselines[name]
    if name == "initial":
        return name, "human", problem.initial
    try:
        with Archive.open(archive, create=False) as opened:
            candidate = opened.candidate(name)
    except ArchiveError as error:
        known = ", ".join(["initial", *problem.baselines])
        raise ProblemError(f"{name!r} is no file, no baseline ({known}) and no candidate ({error})") from None
    if candidate.source is None:
        raise ProblemError(f"candidate {candidate.id} has no program: it is {candidate.status}")
    return candidate.id, candidate.proposer, candidate.source


# --- reading the archive --------------------------------------------------------------------------------------------


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
        table.add_row(candidate.id + mark, candidate.operator, *gaps, candidate.thought or "")
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
        console.print(f"{candidate.failure_kind}: {candidate.failure_message}", markup=False)
    for split, results in splits.items():
        if results:
            figures = split_figures(split, results)
            low, high = figures.gap_ci95
            console.print(
                f"{split}: {figures.gap_mean:.4g} [{low:.4g}, {high:.4g}], {figures.instances} instances", markup=False
            )
    if candidate.source:
        console.print(Syntax(candidate.source.strip(), "python", background_color="default"))
    if candidate.parents and candidate.source:
        parent = archive.candidate(candidate.parents[-1])
        diff = difflib.unified_diff(
            (parent.source or "").splitlines(), candidate.source.splitlines(), parent.id, candidate.id, lineterm=""
        )
        console.print(Syntax("\n".join(diff), "diff", background_color="default"))
    for name, text in (("stdout", candidate.stdout), ("stderr", candidate.stderr)):
        if text:
            console.print(f"{name}:\n{text}", markup=False, highlight=False)
    if prompt:
        for turn, messages, completion in conversation:
            for message in messages if turn == 0 else messages[-1:]:
                console.rule(f"turn {turn}: {message.role}")
                console.print(message.content, markup=False, highlight=False)
            console.rule(f"turn {turn}: reply")
            console.print(completion.reply or f"failed: {completion.error}", markup=False, highlight=False)
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
    if as_json:
        print_json(frame.astype(object).where(frame.notna(), None).to_dict(orient="records"))
        return
    table = Table(title=f"{name}: best programs by gap on validation", title_justify="left")
    for column in frame.columns:
        table.add_column(str(column), justify="right" if frame[column].dtype.kind in "fi" else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*("" if value != value or value is None else
                        f"{value:.4g}" if isinstance(value, float) else str(value) for value in row))  # fmt: skip
    console.print(table)


# --- taking it away -------------------------------------------------------------------------------------------------


def export(
    candidate: Annotated[str, typer.Argument(help="a candidate's id")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="file to write [default: stdout]")] = None,
    archive: ArchiveOption = None,
) -> None:
    """Write a candidate as one Python file that depends on nothing of ours."""
    with Archive.open(archive, create=False) as opened:
        record = opened.candidate(candidate)
        if record.source is None:
            raise PublishError(f"candidate {record.id} has no program: it is {record.status}")
        problem = load_problem(opened.run(record.run).folder)
        text = export_python(record, problem, opened)
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")
        console.print(f"wrote {output}")


def publish(
    candidate: Annotated[str, typer.Argument(help="a candidate's id")],
    into: Annotated[Path, typer.Option(help="the folder of published results")] = Path("results"),
    sandbox: SandboxOption = "auto",
    archive: ArchiveOption = None,
) -> None:
    """Put a candidate into results/, with a card that lets anyone measure it again."""
    with Archive.open(archive, create=False) as opened:
        record = opened.candidate(candidate)
        run = opened.run(record.run)
        problem = load_problem(run.folder)
        with measuring(problem, sandbox) as measure, console.status("measuring", spinner="line"):
            path = publish_candidate(record, run, problem, opened, measure, into)
    console.print(f"wrote {path} and {path.with_suffix('.py').name}; check with: evolve verify {into}")


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the folder of published results")] = Path("results"),
    sandbox: SandboxOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Measure every published program again and compare with its card; exit code 1 if one differs."""
    if not folder.is_dir():
        raise PublishError(f"{folder}: no such folder")
    slots: list[Any] = []

    def measurer(problem: Problem) -> Measure:
        slot = open_sandbox(sandbox, "warm", image=problem.spec.image, runtime=problem.spec.runtime)
        slots.append(slot)
        return lambda source, split: evaluate(problem, source, split, slot)

    try:
        with console.status("measuring", spinner="line"):
            verdicts = verify_folder(folder, load_problem, measurer)
    finally:
        for slot in slots:
            slot.close()
    if as_json:
        print_json([{"card": str(v.card), "holds": not v.problems, "problems": list(v.problems)} for v in verdicts])
    else:
        for verdict in verdicts:
            state = "differs: " + "; ".join(verdict.problems) if verdict.problems else "holds"
            console.print(f"{verdict.card}: {state}", markup=False, soft_wrap=True)
        console.print(f"{sum(not v.problems for v in verdicts)} of {len(verdicts)} results hold")
    if any(verdict.problems for verdict in verdicts):
        raise typer.Exit(1)
