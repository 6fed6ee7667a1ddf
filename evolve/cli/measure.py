"""evolve evaluate, compare: measure programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem, ProblemError, load_problem
from evolve.archive import Archive, ArchiveError
from evolve.cli.common import (
    ArchiveOption,
    JsonOption,
    ProblemOption,
    SandboxOption,
    SplitOption,
    console,
    measuring,
    print_json,
    print_text,
    read_program,
    spinner,
)
from evolve.figures import against, focus_of, split_figures
from evolve.insight import classes
from evolve.tables import Program, class_table, standing_table, versus_line, versus_table
from sandbox.pool import Isolation


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("evaluate")(evaluate_file)
    app.command("compare")(compare)


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
        spinner("evaluating"),
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
        print_text(evaluation.failure.message)
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
    if (table := class_table(evaluation.split, evaluation.results, problem.evaluator.scale)) is not None:
        console.print(table)


def compare(
    programs: Annotated[list[str], typer.Argument(help="files, candidate ids or names of baselines")],
    problem: ProblemOption,
    split: SplitOption = None,
    sandbox: SandboxOption = "auto",
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure programs side by side, the first against each other one; a single one beside all baselines. Exit code 1
    if one that you name is invalid."""
    loaded = load_problem(problem)
    splits = split or [name for name in ("validation", "test") if name in loaded.splits]
    chosen = [_resolve(name, loaded, archive) for name in programs]
    if len(chosen) == 1:
        chosen += [(name, "human", source) for name, source in loaded.baselines.items() if name != chosen[0][0]]
    rows: list[Program] = []
    with measuring(loaded, sandbox) as measure, spinner("measuring") as status:
        for name, origin, source in chosen:
            results: dict[str, Sequence[InstanceResult]] = {}
            failure = None
            for each in splits:
                status.update(f"measuring {name} on {each}")
                evaluation = measure(source, each)
                if evaluation.failure is not None:
                    failure = failure or f"{evaluation.failure.kind}: {evaluation.failure.message}"
                else:
                    results[each] = evaluation.results
            rows.append(Program(name, origin, results, failure, highlight=not rows))
    if as_json:
        print_json([_program_json(row, rows[0], splits) for row in rows])
    else:
        console.print(standing_table(rows, splits, loaded, loaded.spec.title))
        _print_versus(rows, splits)
    if any(row.failure for row in rows[: len(programs)]):
        raise typer.Exit(1)


def _print_versus(rows: Sequence[Program], splits: Sequence[str]) -> None:
    """The first program class by class against the best of the others, on the split that matters most."""
    first = rows[0]
    focus = focus_of(split for split in splits if first.results.get(split))
    others = [row for row in rows[1:] if focus and row.results.get(focus)]
    if focus is None or not others:
        return
    second = min(others, key=lambda row: split_figures(focus, row.results[focus]).gap_mean)
    if (table := versus_table(focus, first, second)) is not None:
        console.print(table)
    console.print(versus_line(focus, first, second), markup=False, highlight=False, soft_wrap=True)


def _program_json(row: Program, first: Program, splits: Sequence[str]) -> dict[str, Any]:
    return {
        "program": row.name,
        "by": row.origin,
        "failure": row.failure,
        "splits": [split_figures(split, row.results[split]).as_json() for split in splits if split in row.results],
        "classes": {
            split: [asdict(one) for one in classes(row.results[split])] for split in splits if split in row.results
        },
        "first_against_it": [
            against(split, first.results[split], row.name, row.results[split]).as_json()
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
