"""Figures of programs side by side: means with intervals, the problem's further metrics, paired tests.

The one place that computes what the terminal, JSON, cards and pages show, so that they show the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.evaluate import InstanceResult
from evaluators.statistics import bootstrap_interval, paired_test


@dataclass(frozen=True)
class SplitFigures:
    """A program on a split: mean gap with its 95 % interval, and the mean of each metric where it is defined."""

    split: str
    instances: int
    gap_mean: float
    gap_ci95: tuple[float, float]
    metrics: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "instances": self.instances,
            "gap_mean": self.gap_mean,
            "gap_ci95": list(self.gap_ci95),
            "metrics": dict(self.metrics),
        }


def split_figures(split: str, results: Sequence[InstanceResult]) -> SplitFigures:
    """Summarise the results of one split."""
    gaps = [result.gap for result in results]
    names = {name for result in results for name in result.metrics}
    metrics = {}
    for name in sorted(names):
        values = [result.metrics[name] for result in results if name in result.metrics]
        metrics[name] = sum(values) / len(values)
    return SplitFigures(split, len(gaps), sum(gaps) / len(gaps), bootstrap_interval(gaps), metrics)


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
    losses: int
    p_value: float

    def as_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "against": self.other,
            "difference": self.difference,
            "interval": list(self.interval),
            "wins": self.wins,
            "losses": self.losses,
            "p": self.p_value,
        }


def against(split: str, a: Sequence[InstanceResult], other: str, b: Sequence[InstanceResult]) -> Against:
    """Paired comparison on the instances that both were measured on."""
    theirs = {result.instance: result.gap for result in b}
    pairs = [(result.gap, theirs[result.instance]) for result in a if result.instance in theirs]
    test = paired_test([x for x, _ in pairs], [y for _, y in pairs])
    return Against(split, other, test.difference, test.interval, test.wins, test.losses, test.p_value)
