"""The baselines of a run on train, by class of instances: what a program's regret is measured against."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluators.evaluate import InstanceResult
from evolve.figures import group_means
from evolve.records import Candidate
from evolve.syntax.tree import entry


@dataclass(frozen=True)
class Yardsticks:
    """Baselines that answer as candidates are asked to, or all where none does: a rule that decides step by step is
    not helped by what an algorithm that sees everything achieves."""

    sources: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, InstanceResult]] = field(default_factory=dict)  # by name and instance
    best: Mapping[str, tuple[str, float]] = field(default_factory=dict)  # by class: the best one, and its mean gap

    @property
    def least(self) -> float:
        """The least mean gap of any of them; infinite where there is none."""
        means = (sum(one.gap for one in found.values()) / len(found) for found in self.results.values())
        return min(means, default=math.inf)


def yardsticks(baselines: Sequence[tuple[Candidate, Sequence[InstanceResult]]], interface: str) -> Yardsticks:
    """Of the valid baselines with their results on train."""
    valid = [(one, results) for one, results in baselines if one.status == "valid" and one.name and results]
    alike = [(one, results) for one, results in valid if answers(one.source or "", interface)]
    results = {one.name or "": {r.instance: r for r in found} for one, found in alike or valid}
    means: dict[str, list[tuple[float, str]]] = {}
    for name, by_instance in results.items():
        for group, gap in group_means(list(by_instance.values())).items():
            means.setdefault(group, []).append((gap, name))
    best = {group: min(found)[::-1] for group, found in means.items()}
    return Yardsticks({one.name or "": one.source or "" for one, _ in alike or valid}, results, best)


def answers(source: str, interface: str) -> bool:
    """Whether a program's entry function is the one that is searched for."""
    try:
        function = entry(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    name = "" if function is None else function.name
    return ("priority" if name == "priorities" else name) == interface
