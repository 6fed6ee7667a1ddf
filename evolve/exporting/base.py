"""What a format is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluators.example import Example
from evaluators.problem import Problem
from evolve import plugins
from evolve.archive import Archive
from evolve.cards import Results, make_card
from evolve.records import Candidate, Run

if TYPE_CHECKING:
    import pandas as pd


class ExportError(Exception):
    """A candidate cannot be exported so: one line."""


@dataclass(frozen=True)
class Subject:
    """A candidate with what the archive knows of it: its card (`evolve.cards`), its results by split, and those of the
    run's other human programs by name. `example` plays it in the sandbox, when it is called."""

    candidate: Candidate
    run: Run
    problem: Problem
    card: Mapping[str, Any]
    results: Results
    rules: Mapping[str, Results]
    example: Callable[[], Example | None]

    @property
    def source(self) -> str:
        """The program, which a subject always has."""
        return self.candidate.source or ""

    def frame(self) -> pd.DataFrame:
        """The figures instance by instance, of the candidate and of every baseline: a row for a program and an
        instance, a column `metric_<name>` for each of the problem's metrics."""
        import pandas as pd

        programs = {self.candidate.id: self.results, **self.rules}
        return pd.DataFrame(
            [
                {
                    "problem": self.problem.name,
                    "program": name,
                    "candidate": name == self.candidate.id,
                    "split": split,
                    "instance": result.instance,
                    "group": result.group,
                    "cost": result.cost,
                    "reference": result.reference,
                    "gap": result.gap,
                    **{f"metric_{metric}": value for metric, value in sorted(result.metrics.items())},
                }
                for name, by_split in programs.items()
                for split, results in by_split.items()
                for result in results
            ]
        )


@dataclass(frozen=True)
class Format:
    """suffix: of its files. write: the file's content, as text or as bytes."""

    suffix: str
    write: Callable[[Subject], str | bytes]


def formats() -> dict[str, Format]:
    """All formats by name."""
    return {name: plugins.load("exporting", name, "FORMAT") for name in plugins.names("exporting")}


def guess(output: Path | None) -> str:
    """The name of the format that a file's suffix stands for; python for none. Raises ExportError."""
    if output is None:
        return "python"
    known = {one.suffix: name for name, one in formats().items()}
    if output.suffix not in known:
        raise ExportError(f"{output}: no format has this suffix; name one with --format: {', '.join(known.values())}")
    return known[output.suffix]


def subject_of(
    candidate: Candidate, run: Run, problem: Problem, archive: Archive, example: Callable[[], Example | None]
) -> Subject:
    """Gather what the archive knows of a candidate. Raises ExportError for one that has no program, or whose program
    does not run."""
    if candidate.source is None:
        raise ExportError(f"candidate {candidate.id} has no program: it is {candidate.status}")
    if candidate.failure_kind is not None:
        raise ExportError(
            f"candidate {candidate.id} is {candidate.status} ({candidate.failure_kind}): only a program that runs can "
            f"be taken away; to read it: evolve show {candidate.id}"
        )
    results = {split: archive.results(candidate.id, split) for split in problem.splits}
    rules = {
        one.name or one.id: {split: archive.results(one.id, split) for split in problem.splits}
        for one in sorted(archive.candidates_of(run.id), key=lambda one: -one.number)
        if one.number < 0 and one.id != candidate.id
    }
    card = make_card(candidate, run, problem, archive, results, rules)
    return Subject(candidate, run, problem, card, results, rules, example)
