"""The Lagrangian dual of the multidimensional knapsack problem: how multipliers are updated (Fisher, 1981).

All resources are relaxed, in units of their capacities: with profits p, and a_ij the share of capacity i that item j
requires, L(u) = sum_i u_i + sum_j max(0, p_j - sum_i u_i a_ij) bounds every profit from above for all u >= 0. L is
convex and piecewise linear, and its minimum is the value of the linear relaxation (the box has integral vertices).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from evaluators.answers import plain
from evaluators.drawing import Drawing, Line
from evaluators.packing import mdkp
from evaluators.packing.mdkp import Array, Knapsack
from evaluators.protocol import Evaluator, Illegal, Instance, Labels, Outcome, Reference

ITERATIONS = 100
EARLY = 20  # the iteration at which `early_gap` looks
NEAREST = 1e-4  # % above the least bound: drawings do not tell smaller gaps apart
LARGEST = 1e9  # of a multiplier: far above any profit, far below where sums would lose the bound


class LagrangianMultipliers(Evaluator):
    """From u = 0 on, the rule gets L(u) and a subgradient there and says where to look next; the best bound counts."""

    headline = ("early_gap",)
    measure = "best Lagrangian bound, units of profit"
    scale = "best Lagrangian bound above the value of the linear relaxation, %"

    def instances(
        self, split: str, *, sizes: Sequence[Sequence[int]], per_class: int, distribution: str = "chu-beasley"
    ) -> list[Instance]:
        """sizes: [n, m]; `per_class` instances for each size and tightness; distribution: see `mdkp.generate`."""
        return mdkp.make("multipliers", split, sizes, per_class, distribution)

    def reference(self, instance: Instance) -> Reference:
        """The minimum of L: the value of the linear relaxation."""
        return Reference(mdkp.relax(instance.data).value, "optimal")

    def figures(self, instance: Instance, outcome: Outcome, reference: Reference) -> Mapping[str, float]:
        """early_gap: the gap of the best bound after 20 of the 100 updates."""
        return {"early_gap": 100.0 * (outcome.metrics["early_bound"] - reference.value) / reference.value}

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """100 updates of the multipliers; resources are known by their labels."""
        knapsack: Knapsack = instance.data
        order = labels.permutation("resource", knapsack.m)
        shares = knapsack.requirements / knapsack.capacities[:, None]
        target = float(knapsack.profits[mdkp.greedy(knapsack, _by_density(knapsack))].sum())
        multipliers = previous = best_at = np.zeros(knapsack.m)
        bound, subgradient = _dual(knapsack.profits, shares, multipliers)
        best, best_update, early = bound, 0, bound
        bounds = [bound]
        for k in range(ITERATIONS):
            answer = yield {
                "k": k,
                "multipliers": multipliers[order],
                "subgradient": subgradient[order],
                "bound": bound,
                "previous": previous[order],
                "best": best,
                "best_multipliers": best_at[order],
                "target": target,
                "n": knapsack.n,
            }
            previous, multipliers = multipliers, np.empty(knapsack.m)
            multipliers[order] = _checked(answer, knapsack.m, k)
            bound, subgradient = _dual(knapsack.profits, shares, multipliers)
            bounds.append(bound)
            if bound < best:
                best, best_at, best_update = bound, multipliers, k + 1
            if k + 1 == EARLY:
                early = best
        metrics = {"best_update": float(best_update), "early_bound": early}
        return Outcome(best, metrics, decisions=best_at.tolist(), trace=bounds)

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The bounds, update by update: near the least one, only a logarithm tells them apart."""
        least = mdkp.relax(instance.data).value

        def above(bound: float) -> float:
            return math.log10(max(100.0 * (bound - least) / least, NEAREST))

        bounds: list[float] = outcome.trace
        best = accumulate(bounds, min)
        lines = [
            Line(
                "bound, cut off at that of u = 0", [(k, above(min(bound, bounds[0]))) for k, bound in enumerate(bounds)]
            ),
            Line("best bound so far", [(k, above(bound)) for k, bound in enumerate(best)], stepped=True),
        ]
        return Drawing("time, updates", "bound above the least one, log10 of %", lines=lines)


def _dual(profits: Array, shares: Array, multipliers: Array) -> tuple[float, Array]:
    """L(u) and a subgradient of it: what is left of each capacity, as a share, when all items that pay are taken."""
    reduced = profits - multipliers @ shares
    paying = reduced > 0
    return float(multipliers.sum() + reduced[paying].sum()), 1.0 - shares @ paying


def _by_density(knapsack: Knapsack) -> list[int]:
    shares = (knapsack.requirements / knapsack.capacities[:, None]).sum(axis=0)
    order: list[int] = np.argsort(-knapsack.profits / shares, kind="stable").tolist()
    return order


def _checked(answer: Any, m: int, k: int) -> Sequence[float]:
    """The answer as a list of m multipliers; they must be finite, at least 0 and at most 1e9."""
    answer = plain(answer, "iuf", f"{m} numbers", f"update {k}: ")
    if type(answer) not in (list, tuple):
        raise Illegal(f"update {k}: decide must return a list of {m} multipliers, not a {type(answer).__name__}")
    if len(answer) != m:
        raise Illegal(f"update {k}: decide returned {len(answer)} multipliers; there are {m} resources")
    for i, value in enumerate(answer):
        if type(value) not in (int, float):
            raise Illegal(f"update {k}: multiplier {i} is a {type(value).__name__}; expected a number")
        if not 0 <= value <= LARGEST:  # nor NaN
            raise Illegal(f"update {k}: multiplier {i} is {value}; multipliers lie between 0 and {LARGEST:g}")
    return list(answer)
