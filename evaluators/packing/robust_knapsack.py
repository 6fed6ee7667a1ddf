"""The two-stage robust knapsack problem: which items to accept before an adversary degrades them. Verifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluators.drawing import Box, Drawing, first, titled
from evaluators.packing import robust_exact, robust_items
from evaluators.packing.robust_items import Items
from evaluators.packing.worst_case import WorstCase, worst_case
from evaluators.protocol import Evaluator, Illegal, Instance, Labels, Outcome, Reference

WORK = 600  # nodes of branch and price for a reference, times the number of items
SOME = 1e-6  # of a degradation: less is none
PRODUCED, BOUGHT, NOT_ACCEPTED = LANES = "produced", "bought elsewhere", "not accepted"  # of drawings
REMEMBERED = 20_000  # worst cases kept; many programs accept the same items


class RobustKnapsack(Evaluator):
    """`solve` accepts items; what they earn is the worst case over all degradations, with the best recourse to each."""

    slow_reference = True
    headline = ("accepted",)
    measure = "minus the worst-case profit"
    scale = "worst-case profit below that of the reference, %"

    def __init__(self) -> None:
        self._worst_cases: dict[tuple[str, bytes], WorstCase] = {}

    def instances(
        self,
        split: str,
        *,
        n: Sequence[int],
        h: Sequence[int],
        dev: Sequence[float],
        d: Sequence[float],
        per_class: int = 1,
    ) -> list[Instance]:
        """`per_class` instances for each of the four classes and each combination of n, h, dev and d; see
        `robust_items.generate`."""
        return robust_items.make(split, n, h, dev, d, per_class)

    def reference(self, instance: Instance) -> Reference:
        """Branch and price with a limit on nodes: optimal if it ends by itself, else best known, with its bound."""
        found = robust_exact.solve(instance.data, WORK // instance.data.n)
        if found.proven:
            return Reference(-found.profit, "optimal")
        return Reference(-found.profit, "best known", -found.bound)

    def gap(self, instance: Instance, cost: float, reference: Reference) -> float:
        """100 (z - profit) / z, with z the reference's worst-case profit; the cost is the profit, its sign changed."""
        return 100.0 * (cost - reference.value) / -reference.value

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """Capacity, budget and the items' figures, in a random order of the items."""
        items: Items = instance.data
        order = labels.permutation("item", items.n)
        return {
            "C": items.capacity,
            "Gamma": items.budget,
            "pbar": items.profit[order].tolist(),
            "phat": items.degradation[order].tolist(),
            "c": items.weight[order].tolist(),
            "t": items.repair[order].tolist(),
            "f": items.penalty[order].tolist(),
        }

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """The answer must be a list of n integers, each 0 or 1: whether the item is accepted."""
        items: Items = instance.data
        if isinstance(answer, np.ndarray):
            if answer.ndim != 1:
                raise Illegal(f"solve returned an array of shape {answer.shape}; expected ({items.n},)")
            answer = answer.tolist()
        if type(answer) not in (list, tuple):
            raise Illegal(f"solve must return a list of {items.n} zeros and ones, not a {type(answer).__name__}")
        if len(answer) != items.n:
            raise Illegal(f"solve returned {len(answer)} values; the instance has {items.n} items")
        x = np.zeros(items.n, dtype=bool)
        order = labels.permutation("item", items.n)
        for place, value in enumerate(answer):
            if type(value) is not int:
                raise Illegal(f"position {place} holds a {type(value).__name__}; expected the integer 0 or 1")
            if value not in (0, 1):
                raise Illegal(f"position {place} holds {value}; expected 0 or 1")
            x[order[place]] = value == 1
        found = self._worst_case(instance, x)
        metrics = {
            "accepted": float(x.sum()),
            "bought": float((x & ~found.produced).sum()),
            "repaired": float(found.repaired.sum()),
        }
        return Outcome(-found.profit, metrics, decisions=np.flatnonzero(x).tolist())

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The worst case: which of the accepted items are produced, within the capacity, and which bought elsewhere."""
        items: Items = instance.data
        x = np.zeros(items.n, dtype=bool)
        x[outcome.decisions] = True
        found = self._worst_case(instance, x)
        shown = first([1] * items.n)
        ends = dict.fromkeys(LANES, 0)
        boxes = []
        for j in range(shown):
            lane, kind, weight = NOT_ACCEPTED, "", int(items.weight[j])
            if found.produced[j]:
                lane, kind = PRODUCED, "degraded" if found.xi[j] > SOME else "not degraded"
                if found.repaired[j]:
                    kind, weight = "repaired", weight + int(items.repair[j])
            elif x[j]:
                lane = BOUGHT
            start, ends[lane] = ends[lane], ends[lane] + weight
            label = f"item {j}, profit {items.profit[j]}"
            boxes.append(Box(start, ends[lane], lane, label=label, kind=kind or lane))
        y = titled("in the worst case", shown, items.n)
        return Drawing("weight, units of capacity", y, boxes, LANES, due=items.capacity)

    def _worst_case(self, instance: Instance, x: robust_items.Array) -> WorstCase:
        key = instance.key, x.tobytes()
        if key not in self._worst_cases:
            if len(self._worst_cases) >= REMEMBERED:
                self._worst_cases.clear()
            self._worst_cases[key] = worst_case(instance.data, np.flatnonzero(x))
        return self._worst_cases[key]
