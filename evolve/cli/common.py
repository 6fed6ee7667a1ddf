"""What several commands share: options, output, and loading programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.status import Status
from rich.syntax import Syntax

from evaluators.evaluate import InstanceResult, evaluate
from evaluators.problem import Problem, ProblemError
from evolve.archive import Archive
from evolve.config import RunConfig
from evolve.display import LiveDisplay, PlainDisplay, make_display
from evolve.publishing import Measure
from evolve.records import Run
from evolve.visible import visible
from evolve.wallclock import seconds_used
from evolve.winner.telling import ablation_table, sentences, worst_line
from sandbox.pool import Isolation, open_sandbox

ArchiveOption = Annotated[
    str | None,
    typer.Option("--archive", envvar="EVOLVE_ARCHIVE", help="SQLite file or SQLAlchemy URL [default: evolve.db]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON")]
SandboxOption = Annotated[str, typer.Option("--sandbox", help="auto, or a backend: docker, bubblewrap, process")]
ProblemOption = Annotated[str, typer.Option("--problem", help="a shipped problem's name, or a problem folder")]
SplitOption = Annotated[list[str] | None, typer.Option("--split", help="train, validation, test or ood; repeatable")]

console = Console()


def spinner(text: str) -> Status:
    """Shows that something is being done; on stderr, so that stdout is the result alone."""
    return Console(stderr=True).status(text, spinner="line")


def look_around(run: Run) -> None:
    """See that a run can start or go on, before anything is measured: its sandbox works, and its model is there."""
    from evolve.session import check_start

    with spinner("looking whether the sandbox and the model are there"):
        asyncio.run(check_start(run))


def display_of(run: Run, title: str, archive: Archive, console: Console) -> LiveDisplay | PlainDisplay:
    """What shows a run while it is searched; it counts in what earlier sessions of the run did."""
    config = RunConfig.model_validate(run.config)
    told = [one for one in archive.candidates_of(run.id) if one.proposed and one.told is not None]
    display = make_display(title, config.limits, console)
    display.progress.main = config.proposer
    display.progress.remember(
        sorted(told, key=lambda one: one.told or 0), archive.usage(run.id), seconds_used(archive, run.id)
    )
    return display


def print_code(text: str, language: str = "python") -> None:
    """A program or a diff, in colour on a terminal; elsewhere exactly as it is."""
    if console.is_terminal:
        console.print(Syntax(visible(text, len(text)), language, word_wrap=True, background_color="default"))
    else:
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_text(text: str) -> None:
    """Text that may come from anywhere: what would control a terminal is shown instead."""
    console.print(visible(text, len(text)), markup=False, highlight=False, soft_wrap=True)


def print_report(report: Mapping[str, Any], results: Mapping[str, Sequence[InstanceResult]]) -> None:
    """What there is to say of a champion beside its figures, and where it does worst on the splits given."""
    if (table := ablation_table(report.get("ablation", ()))) is not None:
        console.print(table)
    for line in [*sentences(report), worst_line(results)]:
        console.print(line, markup=False, highlight=False)


def print_json(value: Any) -> None:
    """JSON on stdout, with nothing else."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def read_program(path: Path) -> str:
    """A program's source from a file. Raises ProblemError, also for one that does not parse."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        compile(source, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise ProblemError(f"{path}: line {line or '?'}: {error.args[0]}; fix the program and try again") from None
    return source


@contextmanager
def measuring(problem: Problem, backend: str, isolation: Isolation = "warm") -> Iterator[Measure]:
    """A way to evaluate programs of a problem in one sandbox slot."""
    slot = open_sandbox(backend, isolation, image=problem.spec.image, runtime=problem.spec.runtime)
    try:
        yield lambda source, split, relabelling=0: evaluate(problem, source, split, slot, relabelling=relabelling)
    finally:
        slot.close()
