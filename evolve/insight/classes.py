"""Where a program wins and loses: its figures by class of instances, alone and against another program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.evaluate import InstanceResult
from evaluators.statistics import bootstrap_interval
from evolve.figures import Against, against


@dataclass(frozen=True)
class ClassFigures:
    """A program on the instances of one class: mean gap with its 95 % bootstrap interval, smallest and largest gap."""

    name: str
    instances: int
    mean: float
    interval: tuple[float, float]
    lowest: float
    highest: float


@dataclass(frozen=True)
class ClassVersus:
    """Two programs on their common instances of one class; `test` has wins, ties, losses and the paired test."""

    name: str
    instances: int
    mine: float
    theirs: float
    test: Against


def classes(results: Sequence[InstanceResult]) -> list[ClassFigures]:
    """A program's classes, in the split's order. Gaps are on the problem's scale, lower is better."""
    rows = []
    for name, found in _grouped(results).items():
        gaps = [result.gap for result in found]
        mean = sum(gaps) / len(gaps)
        rows.append(ClassFigures(name, len(gaps), mean, bootstrap_interval(gaps), min(gaps), max(gaps)))
    return rows


def classes_versus(
    split: str, mine: Sequence[InstanceResult], other: str, theirs: Sequence[InstanceResult]
) -> list[ClassVersus]:
    """Two programs class by class, in the split's order; classes without a common instance are left out."""
    by_name = {result.instance: result for result in theirs}
    rows = []
    for name, found in _grouped([result for result in mine if result.instance in by_name]).items():
        test = against(split, found, other, [by_name[result.instance] for result in found])
        means = [sum(gaps) / len(gaps) for gaps in _gaps(found, by_name)]
        rows.append(ClassVersus(name, len(found), means[0], means[1], test))
    return rows


def _gaps(found: Sequence[InstanceResult], others: dict[str, InstanceResult]) -> tuple[list[float], list[float]]:
    return [result.gap for result in found], [others[result.instance].gap for result in found]


def _grouped(results: Sequence[InstanceResult]) -> dict[str, list[InstanceResult]]:
    groups: dict[str, list[InstanceResult]] = {}
    for result in results:
        groups.setdefault(result.group, []).append(result)
    return groups
