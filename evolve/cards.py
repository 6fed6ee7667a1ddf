"""The card of a program: what it is, who found it, and its figures beside every baseline's. Plain JSON.

Published beside the program, and what exports and the page of results are made of, so that they show the same numbers.
Cards are kept as they were written: readers cope with older ones, which lack what was added since.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators.evaluate import InstanceResult
from evaluators.problem import SPLITS, Problem
from evolve.archive import Archive
from evolve.figures import against, split_figures
from evolve.insight import ancestry, writers
from evolve.records import BUILT_IN, Candidate, Run
from evolve.winner.report import report_of

Card = Mapping[str, Any]
Results = Mapping[str, Sequence[InstanceResult]]  # by split; empty, or not there, where it was not measured
BUDGETS = ("candidates", "calls", "tokens", "cost", "evaluations", "hours")
MUTATOR = "mutator"
WRITERS = {  # proposers that name no model
    MUTATOR: "the built-in mutator, without a model",
    "exchange": "exchange of files (a person or a coding agent; model not recorded)",
    "human": "a person",
    BUILT_IN: "the end of a run",
}


class CardError(Exception):
    """A file is no card: one line."""


@dataclass(frozen=True)
class Mean:
    """A mean gap on a split with its 95 % interval, over so many instances."""

    instances: int
    gap: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Standing:
    """A program on a split beside the problem's best baseline there and beside the paper's rule, with their names.

    against_best, against_paper: paired tests as `Against.as_json` writes them; None where the card has none.
    """

    split: str
    mine: Mean
    best: tuple[str, Mean] | None
    paper: tuple[str, Mean] | None
    against_best: Mapping[str, Any] | None
    against_paper: Mapping[str, Any] | None


def make_card(
    candidate: Candidate, run: Run, problem: Problem, archive: Archive, results: Results, rules: Mapping[str, Results]
) -> dict[str, Any]:
    """The card of a candidate from its results, and those of the baselines by name."""
    return {
        "program": f"{candidate.id}.py",
        "sha256": digest(candidate.source or ""),
        "problem": problem.name,
        "self_scored": problem.evaluator.self_scored,
        "thought": candidate.thought,
        "provenance": {
            "proposer": candidate.proposer,
            "model": candidate.model,
            "operator": candidate.operator,
            "run": run.id,
            "seed": run.seed,
            "strategy": run.config.get("strategy"),
            "budget": {name: run.config[name] for name in BUDGETS if run.config.get(name)},
            "evolve": run.version,
            "published": time.strftime("%Y-%m-%d"),
            "lineage": [
                {
                    "candidate": one.candidate,
                    "operator": one.operator,
                    "by": one.by,
                    "train": one.train,
                    "parents": list(one.parents),
                }
                for one in ancestry(candidate, archive.candidate)
            ],
            "writers": writers(candidate, archive.candidate),
        },
        "size": candidate.size,
        "champion": report_of(archive, candidate),
        **measured(problem, results, rules),
    }


def measured(problem: Problem, results: Results, rules: Mapping[str, Results]) -> dict[str, Any]:
    """What a card says of measurements of its program, and of the baselines by name, on the problem as it is."""
    paper = problem.spec.paper_rule
    mine = {split: found for split in problem.splits if (found := results.get(split))}
    bests = {split: best for split in mine if (best := _best(rules, split)) is not None}
    return {
        "problem_fingerprint": problem.fingerprint,
        "scale": problem.evaluator.scale,
        "figures": {split: split_figures(split, found).as_json() for split, found in mine.items()},
        "baselines": {
            name: {split: split_figures(split, found).as_json() for split, found in by_split.items() if found}
            for name, by_split in rules.items()
        },
        "against_paper_rule": [
            against(split, found, paper, rules[paper][split]).as_json()
            for split, found in mine.items()
            if paper and rules.get(paper, {}).get(split)
        ],
        "against_best_baseline": [
            against(split, mine[split], best, rules[best][split]).as_json() for split, best in bests.items()
        ],
        "per_instance": {
            split: [{"instance": r.instance, "cost": r.cost, "gap": r.gap} for r in found]
            for split, found in mine.items()
        },
    }


def _best(rules: Mapping[str, Results], split: str) -> str | None:
    means = {name: sum(r.gap for r in found) / len(found) for name, of in rules.items() if (found := of.get(split))}
    return min(means, key=lambda name: means[name], default=None)


def read_card(path: Path) -> dict[str, Any]:
    """A card's content. Raises CardError for a file that is none."""
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        card["program"], card["sha256"], card["problem"], card["problem_fingerprint"], card["provenance"]["run"]
        for split, rows in card["per_instance"].items():
            card["figures"][split]["gap_mean"], [row["instance"] for row in rows]
        standings(card), found_by(card)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CardError(f"{path}: not a card ({type(error).__name__}: {error})") from None
    return card


def standings(card: Card) -> list[Standing]:
    """A card's figures split by split, in the usual order."""
    papers = {test["split"]: test for test in card.get("against_paper_rule") or ()}
    bests = {(test["split"], test["against"]): test for test in card.get("against_best_baseline") or ()}
    rows = []
    for split in sorted(card["figures"], key=_order):
        rules = {name: _mean(of[split]) for name, of in (card.get("baselines") or {}).items() if split in of}
        best = min(rules, key=lambda name: rules[name].gap, default=None)
        test = papers.get(split)
        paper = str(test["against"]) if test else None
        rows.append(
            Standing(
                split,
                _mean(card["figures"][split]),
                (best, rules[best]) if best else None,
                (paper, rules[paper]) if paper is not None and paper in rules else None,
                test if paper == best else bests.get((split, best)),
                test,
            )
        )
    return rows


def _order(split: str) -> int:
    return SPLITS.index(split) if split in SPLITS else len(SPLITS)


def _mean(figures: Mapping[str, Any]) -> Mean:
    low, high = figures["gap_ci95"]
    return Mean(figures["instances"], figures["gap_mean"], (low, high))


def name_of(card: Card) -> str:
    """The candidate's id."""
    return str(card["program"]).removesuffix(".py")


def found_by(card: Card, *, brief: bool = False) -> str:
    """Who wrote the program: a model by its name, or what else did. What the end of a run made of one says so.

    What the mutator made of others' programs, by whichever parent, names them. brief: in a word or two.
    """
    provenance = card["provenance"]
    line = [one["by"] for one in provenance.get("lineage") or () if one.get("by") not in (None, BUILT_IN)]
    refined = provenance.get("proposer") == BUILT_IN and bool(line)
    writer = line[-1] if refined else provenance.get("model") or provenance.get("proposer")
    names = {} if brief else WRITERS
    text = names.get(writer, str(writer))
    hands = provenance.get("writers") or line  # older cards know the line of descent alone
    if writer == MUTATOR and (others := [by for by in dict.fromkeys(hands) if by not in (MUTATOR, "human", BUILT_IN)]):
        before = ", ".join(names.get(by, str(by)) for by in others)
        text = f"{MUTATOR} on {before}" if brief else f"the built-in mutator, on programs by {before}"
    if not refined:
        return text
    return f"{text}, refined" if brief else f"{text}; refined at the end of the run"


def budget_of(card: Card) -> str:
    """The run's budget in words."""
    units = {"cost": "US dollars", "hours": "h"}
    given = card["provenance"].get("budget") or {}
    return ", ".join(f"{value:g} {units.get(name, name)}" for name, value in given.items()) or "not recorded"


def digest(source: str) -> str:
    """What a card keeps of its program's text: SHA-256."""
    return hashlib.sha256(source.strip().encode()).hexdigest()
