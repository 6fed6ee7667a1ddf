"""Published results, measured again: what a card says that is not so."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluators.evaluate import InstanceResult
from evaluators.problem import Problem, ProblemError
from evolve import standings
from evolve.cards import CardError, digest, measured, read_card
from evolve.exporting.markdown import markdown_card
from evolve.figures import against, split_figures
from evolve.publishing import Measure, PublishError, measure_baselines, results_of, write_card
from evolve.syntax import size
from evolve.winner.measured import RELABELLINGS

TESTS = ("against_paper_rule", "against_best_baseline")
NEAR_ZERO = 1e-7
CHANGED = "the problem has changed since (problem.toml, references or evaluator)"
LACKING = "it lacked tests that cards have now"


@dataclass(frozen=True)
class Verdict:
    """What `verify` found about one card; `problems` is empty when it holds. renewed: why it has been written anew."""

    card: Path
    problems: Sequence[str]
    renewed: str | None = None


@dataclass
class _Judge:
    """A problem, what measures programs on it, and the baselines' results so far."""

    problem: Problem
    measure: Measure
    known: dict[tuple[str, str], Sequence[InstanceResult]] = field(default_factory=dict)

    def rule(self, name: str, split: str) -> Sequence[InstanceResult]:
        """A baseline's results on a split. Raises PublishError where it fails, or there is none of that name."""
        if name not in self.problem.baselines:
            raise PublishError(f"{self.problem.name} has no baseline {name!r}")
        if (name, split) not in self.known:
            self.known[name, split] = results_of(self.problem.baselines[name], name, split, self.measure)
        return self.known[name, split]


def verify(
    folder: Path, load: Callable[[str], Problem], measurer: Callable[[Problem], Measure], renew: bool = False
) -> list[Verdict]:
    """Measure every published program again and compare with its card: costs and gaps by instance, what follows from
    them, and the tests against the rules that the card names. Other baselines are held against the problem's standings,
    which `evolve problems check` measures.

    renew: where a card differs because its problem has changed since, or lacks tests that cards have now, write new
    measurements into it.
    """
    judges: dict[str, _Judge] = {}

    def verdict(path: Path) -> Verdict:
        try:
            card = read_card(path)
            source = _published(path, card)
            name = card["problem"]
            if name not in judges:
                problem = load(name)
                judges[name] = _Judge(problem, measurer(problem))
            found = [*_differences(card, source, judges[name]), *_unreadable(path, card, source)]
            changed = judges[name].problem.fingerprint != card["problem_fingerprint"]
            if found and changed:
                reason = CHANGED
            elif not found and any(test not in card for test in TESTS):
                reason = LACKING
            else:
                return Verdict(path, found)
            if not renew:
                return Verdict(path, [reason, *found] if found else [])
            _renew(path, card, source, judges[name])
            return Verdict(path, [], renewed=reason)
        except (CardError, ProblemError, PublishError) as error:
            return Verdict(path, [str(error)])

    cards = sorted(folder.glob("*/*.json"))
    alone = [path for path in sorted(folder.glob("*/*.py")) if path.with_suffix(".json") not in cards]
    return [*map(verdict, cards), *(Verdict(path, ["it has no card, so nobody vouches for it"]) for path in alone)]


def _published(path: Path, card: Mapping[str, Any]) -> str:
    """The program of a card. Raises PublishError where it is not what was published."""
    try:
        source = (path.parent / str(card["program"])).read_text(encoding="utf-8")
    except OSError as error:
        raise PublishError(f"{card['program']}: {error.strerror}") from None
    except UnicodeError:
        raise PublishError(f"{card['program']} is not the program that was published (it is no text)") from None
    if digest(source) != card["sha256"]:
        raise PublishError(f"{card['program']} is not the program that was published (its SHA-256 differs)")
    return source


def _renew(path: Path, card: dict[str, Any], source: str, judge: _Judge) -> None:
    """Write new measurements into a card, which keeps who found the program, and when. Raises PublishError for a
    program that fails."""
    problem, measure = judge.problem, judge.measure
    results = {split: results_of(source, path.stem, split, measure) for split in problem.splits}
    card |= measured(problem, results, measure_baselines(problem, measure))
    card["provenance"]["measured"] = time.strftime("%Y-%m-%d")
    champion = card.get("champion") or {}
    if claimed := champion.get("relabelled"):
        gaps = [measure(source, "validation", labels).gap_mean for labels in RELABELLINGS]
        champion["relabelled"] = gaps[: len(claimed)]
    write_card(path, card, source)


# --- what is not so -------------------------------------------------------------------------------------------------


def _differences(card: Mapping[str, Any], source: str, judge: _Judge) -> list[str]:
    """What a card says that is not so; a change of the problem that leaves every figure as it was does no harm. Older
    cards lack what was added to them since."""
    found, results = [], {}
    for split, rows in card["per_instance"].items():
        evaluation = judge.measure(source, split)
        if evaluation.failure is not None:
            found.append(f"{split}: the program fails: {evaluation.failure.message.splitlines()[0]}")
            continue
        results[split] = evaluation.results
        found += _by_instance(split, rows, evaluation.results)
        found += _figures(split, card["figures"][split], evaluation.results)
    for name in TESTS:
        for claimed in card.get(name) or ():
            found += _test(claimed, results, judge)
    found += _baselines(card.get("baselines") or {}, judge)
    if card.get("size") not in (None, size(source)):
        found.append(f"the program has {size(source)} nodes, not {card['size']}")
    for relabelling, claimed in zip(RELABELLINGS, (card.get("champion") or {}).get("relabelled", ()), strict=False):
        gap = judge.measure(source, "validation", relabelling).gap_mean
        if claimed != gap and not _close_gap(claimed, gap):
            found.append(f"validation with other labels: the mean gap is {gap}, not {claimed}")
    if missing := [split for split in judge.problem.splits if split not in card["per_instance"]]:
        found.append(f"not measured on {', '.join(missing)}")
    return found


def _by_instance(split: str, rows: Sequence[Mapping[str, Any]], results: Sequence[InstanceResult]) -> list[str]:
    found = []
    measured = {result.instance: result for result in results}
    for name, close in (("cost", _close), ("gap", _close_gap)):
        true = {instance: getattr(result, name) for instance, result in measured.items()}
        differ = [row["instance"] for row in rows if not close(row.get(name), true.get(row["instance"]))]
        if differ:
            found.append(f"{split}: {len(differ)} of {len(rows)} {name}s differ, first on {differ[0]}")
    if {row["instance"] for row in rows} != set(measured) or len(rows) != len(measured):
        found.append(f"{split}: the card has {len(rows)} instances, the problem {len(measured)}")
    return found


def _figures(split: str, claimed: Mapping[str, Any], results: Sequence[InstanceResult]) -> list[str]:
    true = split_figures(split, results)
    found = []
    if not _close_gap(claimed["gap_mean"], true.gap_mean):
        found.append(f"{split}: the mean gap is {true.gap_mean:.6g}, not {claimed['gap_mean']}")
    if not _alike(claimed.get("gap_ci95"), list(true.gap_ci95), NEAR_ZERO):
        low, high = true.gap_ci95
        found.append(f"{split}: the interval is {low:.6g} to {high:.6g}, not {claimed.get('gap_ci95')}")
    if claimed.get("instances") != true.instances:
        found.append(f"{split}: there are {true.instances} instances, not {claimed.get('instances')}")
    if worst := claimed.get("worst"):
        figures = true.worst.as_json()
        if not all(_close_gap(worst.get(name), figures[name]) for name in ("gap", "decile")):
            found.append(f"{split}: the worst case is {figures}, not {worst}")
    return found


def _test(claimed: Mapping[str, Any], results: Mapping[str, Sequence[InstanceResult]], judge: _Judge) -> list[str]:
    """A paired test against a rule, made again. As the rule's figures are held to the tolerance of standings, so is
    what follows from them. Older cards have no ties."""
    split, rule = str(claimed.get("split")), str(claimed.get("against"))
    if split not in results:
        return []
    try:
        theirs = judge.rule(rule, split)
    except PublishError as error:
        return [str(error)]
    true = against(split, results[split], rule, theirs)
    means = sum(abs(split_figures(split, one).gap_mean) for one in (results[split], theirs))
    near = standings.TOLERANCE * means + NEAR_ZERO
    slack = {"difference": near, "interval": near, "p": 0.02, "wins": 1, "ties": 1, "losses": 1}
    return [
        f"{split} against {rule}: {name} is {value}, not {claimed.get(name)}"
        for name, value in true.as_json().items()
        if name in slack and name in claimed and not _alike(claimed[name], value, slack[name])
    ]


def _baselines(claimed: Mapping[str, Any], judge: _Judge) -> list[str]:
    """Mean gaps of the baselines: by the problem's standings those that were not measured here, where it has them."""
    stored = standings.read(judge.problem)
    found = []
    for name, by_split in claimed.items():
        for split, figures in by_split.items():
            listed = stored.gaps.get(name, {}).get(split) if stored and (name, split) not in judge.known else None
            try:
                true = split_figures(split, judge.rule(name, split)).gap_mean if listed is None else listed
            except PublishError as error:
                found.append(str(error))
                continue
            if not math.isclose(figures["gap_mean"], true, rel_tol=standings.TOLERANCE, abs_tol=NEAR_ZERO):
                found.append(f"baseline {name}, {split}: the mean gap is {true:.6g}, not {figures['gap_mean']}")
    return found


def _unreadable(path: Path, card: Mapping[str, Any], source: str) -> list[str]:
    """What the card to be read says that the other one does not."""
    readable = path.with_suffix(".md")
    try:
        same = readable.read_text(encoding="utf-8") == markdown_card(card, source)
    except (OSError, UnicodeError):
        same = False
    return [] if same else [f"{readable.name} is not what the card says: evolve results --write makes it anew"]


def _alike(claimed: object, true: object, slack: float) -> bool:
    """The same number, or the same numbers, within a thousandth or the slack."""
    if isinstance(true, list):
        if not isinstance(claimed, list) or len(claimed) != len(true):
            return False
        return all(_alike(one, other, slack) for one, other in zip(claimed, true, strict=True))
    if not isinstance(claimed, int | float) or not isinstance(true, int | float):
        return False
    return math.isclose(claimed, true, rel_tol=1e-3, abs_tol=slack)


def _close(claimed: object, true: float | None, near_zero: float = 1e-12) -> bool:
    """The same but for the last digits, which another machine may round otherwise."""
    if true is None or not isinstance(claimed, int | float):
        return False
    return math.isclose(claimed, true, rel_tol=1e-9, abs_tol=near_zero)


def _close_gap(claimed: object, true: float | None) -> bool:
    """As close as its cost: a gap is a difference of costs in per cent, so near 0 it is all last digits."""
    return _close(claimed, true, near_zero=NEAR_ZERO)
