"""results/: the published archive of best programs, a readable program and a card that lets anyone measure it again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem, ProblemError
from evolve.archive import Archive
from evolve.cards import CardError, digest, make_card, read_card
from evolve.exporting.markdown import markdown_card
from evolve.figures import worst_case
from evolve.records import Candidate, Run
from evolve.winner.measured import RELABELLINGS


class Measure(Protocol):
    """Evaluates a program on a split."""

    def __call__(self, source: str, split: str, relabelling: int = 0) -> Evaluation: ...


class PublishError(Exception):
    """A result cannot be published or verified: one line."""


@dataclass(frozen=True)
class Verdict:
    """What `verify` found about one card; `problems` is empty when it holds."""

    card: Path
    problems: Sequence[str]


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
    rules = {
        name: {split: _measured(source, split, measure) for split in problem.splits}
        for name, source in problem.baselines.items()
    }
    card = make_card(candidate, run, problem, archive, results, rules)
    folder = into / problem.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{candidate.id}.json"
    path.with_suffix(".py").write_text(candidate.source.strip() + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(markdown_card(card, candidate.source), encoding="utf-8")
    path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return path


def verify(folder: Path, load: Callable[[str], Problem], measurer: Callable[[Problem], Measure]) -> list[Verdict]:
    """Measure every published program again and compare with its card, instance by instance."""
    loaded: dict[str, tuple[Problem, Measure]] = {}

    def prepared(name: str) -> tuple[Problem, Measure]:
        if name not in loaded:
            problem = load(name)
            loaded[name] = problem, measurer(problem)
        return loaded[name]

    verdicts = []
    for card in sorted(folder.glob("*/*.json")):
        try:
            verdicts.append(Verdict(card, _differences(card, prepared)))
        except (CardError, ProblemError) as error:
            verdicts.append(Verdict(card, [str(error)]))
    return verdicts


def _differences(path: Path, prepared: Callable[[str], tuple[Problem, Measure]]) -> list[str]:
    card = read_card(path)
    try:
        source = (path.parent / card["program"]).read_text(encoding="utf-8")
    except OSError as error:
        return [f"{card['program']}: {error.strerror}"]
    if digest(source) != card["sha256"]:
        return [f"{card['program']} is not the program that was published (its SHA-256 differs)"]
    problem, measure = prepared(card["problem"])
    found = []
    for split, rows in card["per_instance"].items():
        evaluation = measure(source, split)
        if evaluation.failure is not None:
            found.append(f"{split}: the program fails: {evaluation.failure.message.splitlines()[0]}")
            continue
        measured = {result.instance: result for result in evaluation.results}
        for name in ("cost", "gap"):
            true = {instance: getattr(result, name) for instance, result in measured.items()}
            differ = [row["instance"] for row in rows if not _close(row.get(name), true.get(row["instance"]))]
            if differ:
                found.append(f"{split}: {len(differ)} of {len(rows)} {name}s differ, first on {differ[0]}")
        if {row["instance"] for row in rows} != set(measured) or len(rows) != len(measured):
            found.append(f"{split}: the card has {len(rows)} instances, the problem {len(measured)}")
        claimed = card["figures"][split]["gap_mean"]
        if not _close(claimed, evaluation.gap_mean):
            found.append(f"{split}: the mean gap is {evaluation.gap_mean:.6g}, not {claimed}")
        if worst := card["figures"][split].get("worst"):
            true_worst = worst_case(evaluation.results)
            if not _close(worst.get("decile"), true_worst.decile) or not _close(worst.get("gap"), true_worst.gap):
                found.append(f"{split}: the worst case is {true_worst.as_json()}, not {worst}")
    for relabelling, claimed in zip(RELABELLINGS, (card.get("champion") or {}).get("relabelled", ()), strict=False):
        gap = measure(source, "validation", relabelling).gap_mean
        if claimed != gap and not _close(claimed, gap):
            found.append(f"validation with other labels: the mean gap is {gap}, not {claimed}")
    if missing := [split for split in problem.splits if split not in card["per_instance"]]:
        found.append(f"not measured on {', '.join(missing)}")
    # A change that leaves every figure as it was, in the driver say, does no harm to a result.
    if found and problem.fingerprint != card["problem_fingerprint"]:
        found.insert(0, "the problem has changed since (problem.toml, references or evaluator)")
    return found


def _close(claimed: object, true: float | None) -> bool:
    """The same but for the last digits, which another machine may round otherwise."""
    if true is None or not isinstance(claimed, int | float):
        return False
    return math.isclose(claimed, true, rel_tol=1e-9, abs_tol=1e-12)


def _results(candidate: Candidate, split: str, archive: Archive, measure: Measure) -> Sequence[InstanceResult]:
    stored = archive.results(candidate.id, split)
    if stored:
        return stored
    evaluation = measure(candidate.source or "", split)
    if evaluation.failure is not None:
        raise PublishError(f"candidate {candidate.id} fails on {split}: {evaluation.failure.message.splitlines()[0]}")
    return evaluation.results


def _measured(source: str, split: str, measure: Measure) -> Sequence[InstanceResult]:
    evaluation = measure(source, split)
    return evaluation.results if evaluation.valid else []
