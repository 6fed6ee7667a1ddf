"""results/: the published archive of best programs, a readable program and a card that lets anyone measure it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem
from evolve.archive import Archive
from evolve.cards import Results, make_card
from evolve.exporting.markdown import markdown_card
from evolve.records import Candidate, Run


class Measure(Protocol):
    """Evaluates a program on a split."""

    def __call__(self, source: str, split: str, relabelling: int = 0) -> Evaluation: ...


class PublishError(Exception):
    """A result cannot be published or verified: one line."""


def publish(candidate: Candidate, run: Run, problem: Problem, archive: Archive, measure: Measure, into: Path) -> Path:
    """Write a candidate's program and its card, as JSON and in Markdown, to `into`/<problem>/; returns the JSON card's
    path. Measures what is missing."""
    if candidate.status != "valid" or candidate.source is None:
        raise PublishError(f"candidate {candidate.id} is {candidate.status}; only a valid program can be published")
    if problem.fingerprint != run.fingerprint:
        raise PublishError(
            f"{problem.name} has changed since run {run.id} (evaluator, problem.toml or references): its figures would "
            f"not compare; as the problem is now: evolve compare {candidate.id} --problem {run.folder}"
        )
    results = {split: _results(candidate, split, archive, measure) for split in problem.splits}
    card = make_card(candidate, run, problem, archive, results, measure_baselines(problem, measure))
    folder = into / problem.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{candidate.id}.json"
    path.with_suffix(".py").write_text(candidate.source.strip() + "\n", encoding="utf-8")
    write_card(path, card, candidate.source)
    return path


def write_card(path: Path, card: Mapping[str, Any], source: str) -> None:
    """Both forms of a card."""
    path.with_suffix(".md").write_text(markdown_card(card, source), encoding="utf-8")
    path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def measure_baselines(problem: Problem, measure: Measure) -> dict[str, Results]:
    """Results of all baselines on all splits by name; none where one fails."""
    return {
        name: {split: _measured(source, split, measure) for split in problem.splits}
        for name, source in problem.baselines.items()
    }


def _results(candidate: Candidate, split: str, archive: Archive, measure: Measure) -> Sequence[InstanceResult]:
    stored = archive.results(candidate.id, split)
    return stored or results_of(candidate.source or "", candidate.id, split, measure)


def results_of(source: str, name: str, split: str, measure: Measure) -> Sequence[InstanceResult]:
    """A program's results on a split. Raises PublishError where it fails."""
    evaluation = measure(source, split)
    if evaluation.failure is not None:
        raise PublishError(f"{name} fails on {split}: {evaluation.failure.message.splitlines()[0]}")
    return evaluation.results


def _measured(source: str, split: str, measure: Measure) -> Sequence[InstanceResult]:
    evaluation = measure(source, split)
    return evaluation.results if evaluation.valid else []
