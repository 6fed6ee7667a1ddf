"""results/: the published archive of best programs, a readable program and a card that lets anyone measure it again."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem, ProblemError
from evolve.archive import Archive
from evolve.cards import CardError, Results, digest, make_card, measured, read_card
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
    """What `verify` found about one card; `problems` is empty when it holds. renewed: it has been written anew."""

    card: Path
    problems: Sequence[str]
    renewed: bool = False


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
    card = make_card(candidate, run, problem, archive, results, _baselines(problem, measure))
    folder = into / problem.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{candidate.id}.json"
    path.with_suffix(".py").write_text(candidate.source.strip() + "\n", encoding="utf-8")
    _write(path, card, candidate.source)
    return path


def _write(path: Path, card: Mapping[str, Any], source: str) -> None:
    """Both forms of a card."""
    path.with_suffix(".md").write_text(markdown_card(card, source), encoding="utf-8")
    path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def _baselines(problem: Problem, measure: Measure) -> dict[str, Results]:
    return {
        name: {split: _measured(source, split, measure) for split in problem.splits}
        for name, source in problem.baselines.items()
    }


def _published(path: Path, card: Mapping[str, Any]) -> str:
    """The program of a card. Raises PublishError where it is not what was published."""
    try:
        source = (path.parent / str(card["program"])).read_text(encoding="utf-8")
    except OSError as error:
        raise PublishError(f"{card['program']}: {error.strerror}") from None
    if digest(source) != card["sha256"]:
        raise PublishError(f"{card['program']} is not the program that was published (its SHA-256 differs)")
    return source


def verify(
    folder: Path, load: Callable[[str], Problem], measurer: Callable[[Problem], Measure], renew: bool = False
) -> list[Verdict]:
    """Measure every published program again and compare with its card, instance by instance.

    renew: where a card differs because its problem has changed since, write the new measurements into it.
    """
    loaded: dict[str, tuple[Problem, Measure]] = {}

    def prepared(name: str) -> tuple[Problem, Measure]:
        if name not in loaded:
            problem = load(name)
            loaded[name] = problem, measurer(problem)
        return loaded[name]

    def verdict(path: Path) -> Verdict:
        try:
            card = read_card(path)
            source = _published(path, card)
            problem, measure = prepared(card["problem"])
            found = _differences(card, source, problem, measure)
            if not found or problem.fingerprint == card["problem_fingerprint"]:
                return Verdict(path, found)
            if not renew:
                return Verdict(path, ["the problem has changed since (problem.toml, references or evaluator)", *found])
            _renew(path, card, source, problem, measure)
            return Verdict(path, [], renewed=True)
        except (CardError, ProblemError, PublishError) as error:
            return Verdict(path, [str(error)])

    return [verdict(path) for path in sorted(folder.glob("*/*.json"))]


def _renew(path: Path, card: dict[str, Any], source: str, problem: Problem, measure: Measure) -> None:
    """Write new measurements into a card, which keeps who found the program, and when. Raises PublishError for a
    program that fails."""
    results = {split: _results_of(source, path.stem, split, measure) for split in problem.splits}
    card |= measured(problem, results, _baselines(problem, measure))
    card["provenance"]["measured"] = time.strftime("%Y-%m-%d")
    champion = card.get("champion") or {}
    if claimed := champion.get("relabelled"):
        gaps = [measure(source, "validation", labels).gap_mean for labels in RELABELLINGS]
        champion["relabelled"] = gaps[: len(claimed)]
    _write(path, card, source)


def _differences(card: Mapping[str, Any], source: str, problem: Problem, measure: Measure) -> list[str]:
    """What a card says that is not so; a change of the problem that leaves every figure as it was does no harm."""
    found = []
    for split, rows in card["per_instance"].items():
        evaluation = measure(source, split)
        if evaluation.failure is not None:
            found.append(f"{split}: the program fails: {evaluation.failure.message.splitlines()[0]}")
            continue
        measured = {result.instance: result for result in evaluation.results}
        for name, close in (("cost", _close), ("gap", _close_gap)):
            true = {instance: getattr(result, name) for instance, result in measured.items()}
            differ = [row["instance"] for row in rows if not close(row.get(name), true.get(row["instance"]))]
            if differ:
                found.append(f"{split}: {len(differ)} of {len(rows)} {name}s differ, first on {differ[0]}")
        if {row["instance"] for row in rows} != set(measured) or len(rows) != len(measured):
            found.append(f"{split}: the card has {len(rows)} instances, the problem {len(measured)}")
        claimed = card["figures"][split]["gap_mean"]
        if not _close_gap(claimed, evaluation.gap_mean):
            found.append(f"{split}: the mean gap is {evaluation.gap_mean:.6g}, not {claimed}")
        if worst := card["figures"][split].get("worst"):
            true_worst = worst_case(evaluation.results)
            if not _close_gap(worst.get("decile"), true_worst.decile) or not _close_gap(
                worst.get("gap"), true_worst.gap
            ):
                found.append(f"{split}: the worst case is {true_worst.as_json()}, not {worst}")
    for relabelling, claimed in zip(RELABELLINGS, (card.get("champion") or {}).get("relabelled", ()), strict=False):
        gap = measure(source, "validation", relabelling).gap_mean
        if claimed != gap and not _close_gap(claimed, gap):
            found.append(f"validation with other labels: the mean gap is {gap}, not {claimed}")
    if missing := [split for split in problem.splits if split not in card["per_instance"]]:
        found.append(f"not measured on {', '.join(missing)}")
    return found


def _close(claimed: object, true: float | None, near_zero: float = 1e-12) -> bool:
    """The same but for the last digits, which another machine may round otherwise."""
    if true is None or not isinstance(claimed, int | float):
        return False
    return math.isclose(claimed, true, rel_tol=1e-9, abs_tol=near_zero)


def _close_gap(claimed: object, true: float | None) -> bool:
    """As close as its cost: a gap is a difference of costs in per cent, so near 0 it is all last digits."""
    return _close(claimed, true, near_zero=1e-7)


def _results(candidate: Candidate, split: str, archive: Archive, measure: Measure) -> Sequence[InstanceResult]:
    stored = archive.results(candidate.id, split)
    return stored or _results_of(candidate.source or "", candidate.id, split, measure)


def _results_of(source: str, name: str, split: str, measure: Measure) -> Sequence[InstanceResult]:
    evaluation = measure(source, split)
    if evaluation.failure is not None:
        raise PublishError(f"{name} fails on {split}: {evaluation.failure.message.splitlines()[0]}")
    return evaluation.results


def _measured(source: str, split: str, measure: Measure) -> Sequence[InstanceResult]:
    evaluation = measure(source, split)
    return evaluation.results if evaluation.valid else []
