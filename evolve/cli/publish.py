"""evolve export, publish, verify, results: take a rule away, and keep the published ones true."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evaluators.evaluate import evaluate
from evaluators.example import Example, example
from evaluators.problem import Problem, load_problem, problem_names
from evolve import plugins
from evolve.archive import Archive
from evolve.cli.common import ArchiveOption, JsonOption, SandboxOption, console, measuring, print_json, spinner
from evolve.exporting import ExportError, Format, guess, subject_of
from evolve.publishing import Measure, PublishError
from evolve.publishing import publish as publish_candidate
from evolve.results import page, published
from evolve.results import write as write_pages
from evolve.tables import results_table
from evolve.verifying import verify as verify_folder
from sandbox.pool import open_sandbox


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("export")(export)
    app.command("publish")(publish)
    app.command("verify")(verify)
    app.command("results")(list_results)


def export(
    candidate: Annotated[str, typer.Argument(help="a candidate's id")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="file to write [default: stdout]")] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="python, markdown, latex, csv or parquet [default: by the suffix, or python]"),
    ] = None,
    sandbox: SandboxOption = "auto",
    archive: ArchiveOption = None,
) -> None:
    """Write a candidate as one Python file that depends on nothing of ours, as a card, as LaTeX, or its figures."""
    form = form or guess(output)
    chosen: Format = plugins.load("exporting", form, "FORMAT")
    with Archive.open(archive, create=False) as opened:
        record = opened.candidate(candidate)
        run = opened.run(record.run)
        problem = load_problem(run.folder)

        def played() -> Example | None:
            slot = open_sandbox(sandbox, "warm", image=problem.spec.image, runtime=problem.spec.runtime)
            try:
                return example(problem, record.source or "", slot)
            finally:
                slot.close()

        content = chosen.write(subject_of(record, run, problem, opened, played))
    if output is not None:
        try:
            output.write_bytes(content.encode() if isinstance(content, str) else content)
        except OSError as error:
            raise ExportError(f"{output}: {error.strerror}") from None
        console.print(f"wrote {output}", markup=False, highlight=False, soft_wrap=True)
    elif isinstance(content, str):
        print(content, end="")
    else:
        raise ExportError(f"{form} is no text: name a file with -o")


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
    console.print(
        f"wrote {path}, {path.with_suffix('.md').name} and {path.with_suffix('.py').name}; check with: "
        f"evolve verify {into}; the page: evolve results {into} --write",
        soft_wrap=True,
    )


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the folder of published results")] = Path("results"),
    renew: Annotated[
        bool,
        typer.Option("--renew", help="write the measurements into cards that lack tests, or whose problem has changed"),
    ] = False,
    sandbox: SandboxOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Measure every published program again and compare with its card; exit code 1 if one differs."""
    if not folder.is_dir():
        raise PublishError(f"{folder}: no such folder")
    if not any(folder.glob("*/*.json")):
        raise PublishError(f"{folder}: no cards there; a folder of published results has PROBLEM/CANDIDATE.json")
    slots: list[Any] = []

    def measurer(problem: Problem) -> Measure:
        slot = open_sandbox(sandbox, "warm", image=problem.spec.image, runtime=problem.spec.runtime)
        slots.append(slot)
        return lambda source, split, relabelling=0: evaluate(problem, source, split, slot, relabelling=relabelling)

    try:
        with spinner("measuring"):
            verdicts = verify_folder(folder, load_problem, measurer, renew)
    finally:
        for slot in slots:
            slot.close()
    if as_json:
        print_json([{"card": str(v.card), "holds": not v.problems, "problems": list(v.problems)} for v in verdicts])
    else:
        for verdict in verdicts:
            true = f"written anew: {verdict.renewed}" if verdict.renewed else "holds"
            state = "differs: " + "; ".join(verdict.problems) if verdict.problems else true
            console.print(f"{verdict.card}: {state}", markup=False, soft_wrap=True)
        console.print(f"{sum(not v.problems for v in verdicts)} of {len(verdicts)} results hold")
    if any(verdict.problems for verdict in verdicts):
        raise typer.Exit(1)


def list_results(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the folder of published results")] = Path("results"),
    markdown: Annotated[bool, typer.Option("--markdown", help="print the page results/README.md")] = False,
    write: Annotated[bool, typer.Option("--write", help="write that page and all Markdown cards anew")] = False,
    as_json: JsonOption = False,
) -> None:
    """The leaderboard of what is published, from the cards alone: the best program of each problem on test, and how
    far it is from the best baseline."""
    if not folder.is_dir():
        raise PublishError(f"{folder}: no such folder")
    rows = published(folder)
    without = sorted(set(problem_names()) - {row.problem for row in rows})
    if write:
        write_pages(folder, without)
        console.print(f"wrote {folder / 'README.md'} and {len(rows)} cards", highlight=False)
    elif as_json:
        print_json([row.as_json() for row in rows])
    elif markdown:
        print(page(rows, without), end="")
    else:
        console.print(results_table([row.as_json() for row in rows], console.width))
