"""evolve export, publish, verify: take a rule away, and keep the published ones true."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evaluators.evaluate import evaluate
from evaluators.problem import Problem, load_problem
from evolve.archive import Archive
from evolve.cli.common import ArchiveOption, JsonOption, SandboxOption, console, measuring, print_json, spinner
from evolve.exporting import export_python
from evolve.publishing import Measure, PublishError
from evolve.publishing import publish as publish_candidate
from evolve.publishing import verify as verify_folder
from sandbox.pool import open_sandbox


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("export")(export)
    app.command("publish")(publish)
    app.command("verify")(verify)


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
        with measuring(problem, sandbox) as measure, spinner("measuring"):
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
        with spinner("measuring"):
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
