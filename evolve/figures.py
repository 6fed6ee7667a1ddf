"""Figures of programs side by side: means with intervals, the problem's further metrics, paired tests.

The one place that computes what the terminal, JSON, cards and pages show, so that they show the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.evaluate import InstanceResult
from evaluators.statistics import bootstrap_interval, paired_test


@dataclass(frozen=True)
class WorstCase:
    """Where a program does worst: an instance, its gap, and the mean gap of the worst tenth of the instances."""

    instance: str
    gap: float
    decile: float

    def as_json(self) -> dict[str, Any]:
        return {"instance": self.instance, "gap": self.gap, "decile": self.decile}


@dataclass(frozen=True)
class SplitFigures:
    """A program on a split: mean gap with its 95 % interval, the mean of each metric where it is defined, and where it
    does worst."""

    split: str
    instances: int
    gap_mean: float
    gap_ci95: tuple[float, float]
    metrics: Mapping[str, float]
    worst: WorstCase

    def as_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "instances": self.instances,
            "gap_mean": self.gap_mean,
            "gap_ci95": list(self.gap_ci95),
            "metrics": dict(self.metrics),
            "worst": self.worst.as_json(),
        }


def split_figures(split: str, results: Sequence[InstanceResult]) -> SplitFigures:
    """Summarise the results of one split."""
    gaps = [result.gap for result in results]
    names = {name for result in results for name in result.metrics}
    metrics = {}
    for name in sorted(names):
        values = [result.metrics[name] for result in results if name in result.metrics]
        metrics[name] = sum(values) / len(values)
    mean, interval = sum(gaps) / len(gaps), bootstrap_interval(gaps)
    return SplitFigures(split, len(gaps), mean, interval, metrics, worst_case(results))


def worst_case(results: Sequence[InstanceResult]) -> WorstCase:
    """The worst instance and the worst tenth, which is one instance at least."""
    worst = sorted(results, key=lambda result: -result.gap)
    tenth = worst[: math.ceil(len(worst) / 10)]
    return WorstCase(worst[0].instance, worst[0].gap, sum(result.gap for result in tenth) / len(tenth))


def group_means(results: Sequence[InstanceResult]) -> dict[str, float]:
    """Mean gap of each class of instances, in the split's order."""
    groups: dict[str, list[float]] = {}
    for result in results:
        groups.setdefault(result.group, []).append(result.gap)
    return {group: sum(gaps) / len(gaps) for group, gaps in groups.items()}


@dataclass(frozen=True)
class Against:
    """A program against another on the same instances of a split; difference is its mean gap minus the other's."""

    split: str
    other: str
    difference: float
    interval: tuple[float, float]
    wins: int
    ties: int
    losses: int
    p_value: float

    def as_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "against": self.other,
            "difference": self.difference,
            "interval": list(self.interval),
            "wins": self.wins,
            "ties": self.ties,
            "losses": self.losses,
            "p": self.p_value,
        }


def against(split: str, a: Sequence[InstanceResult], other: str, b: Sequence[InstanceResult]) -> Against:
    """Paired comparison on the instances that both were measured on."""
    theirs = {result.instance: result.gap for result in b}
    pairs = [(result.gap, theirs[result.instance]) for result in a if result.instance in theirs]
    test = paired_test([x for x, _ in pairs], [y for _, y in pairs])
    ties = len(pairs) - test.wins - test.losses
    return Against(split, other, test.difference, test.interval, test.wins, ties, test.losses, test.p_value)


def focus_of(splits: Iterable[str]) -> str | None:
    """The split that says most of those that were measured: test, else validation, else train, else the first."""
    measured = list(splits)
    return next((split for split in ("test", "validation", "train", *measured) if split in measured), None)


def p_text(p: float) -> str:
    """A p value, no smaller than the test can tell."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
