"""The multidimensional knapsack problem by a greedy rule: simulator and verifier."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from evaluators.answers import listed, numbered
from evaluators.drawing import Box, Drawing, first, titled
from evaluators.packing import genetic, mdkp
from evaluators.packing.mdkp import Array, Knapsack, Relaxation
from evaluators.protocol import Evaluator, Feature, Illegal, Instance, Labels, Outcome, Reference, Table
from evaluators.ties import smallest

NODES, GENERATIONS = 300, 200  # effort for a reference: of HiGHS, and of the genetic algorithm


class MultidimensionalKnapsack(Evaluator):
    """While an item fits into what is left of every capacity, the one with the smallest priority is taken."""

    slow_reference = True
    measure = "minus the profit"
    scale = "profit below that of the reference, %"
    headline = ("bound_gap",)
    features = (
        Feature("p", "profit of the item"),
        Feature("r_sum", "what the item requires, summed over the resources"),
        Feature("w_cap", "what it requires as a share of each capacity, summed over the resources", integer=False),
        Feature("w_left", "what it requires as a share of what is left of each capacity, summed", integer=False),
        Feature("w_used", "w_cap with each resource weighted by the share of it that is used", integer=False),
        Feature(
            "w_need",
            "w_left with each resource weighted by what all items that fit require of it, as a share of what is left",
            integer=False,
        ),
        Feature("w_dual", "what it requires at the shadow prices of the linear relaxation", integer=False),
        Feature("max_cap", "the largest share of a capacity that it requires", integer=False),
        Feature("max_left", "the largest share of what is left of a capacity that it requires", integer=False),
        Feature("left_mean", "share of the capacities that is left, mean over the resources", True, False),
        Feature("left_min", "share of its capacity that is left of the scarcest resource", True, False),
        Feature("n_fit", "number of items that still fit, this one included", scalar=True),
        Feature("n", "number of items of the instance", scalar=True),
        Feature("m", "number of resources", scalar=True),
    )

    def __init__(self) -> None:
        self._relaxations: dict[str, Relaxation] = {}

    def instances(
        self, split: str, *, sizes: Sequence[Sequence[int]], per_class: int, distribution: str = "chu-beasley"
    ) -> list[Instance]:
        """sizes: [n, m]; `per_class` instances for each size and tightness; distribution: see `mdkp.generate`."""
        return mdkp.make("mdkp", split, sizes, per_class, distribution)

    def reference(self, instance: Instance) -> Reference:
        """The better one of a limited branch-and-bound and a genetic algorithm, with a proven bound."""
        found = mdkp.branch_and_bound(instance.data, NODES)
        evolved = genetic.search(instance.data, instance.key, GENERATIONS)
        profit = max(found.profit, int(instance.data.profits[evolved].sum()))
        if profit == found.bound:
            return Reference(-float(profit), "optimal")
        return Reference(-float(profit), "best known", -float(found.bound))

    def gap(self, instance: Instance, cost: float, reference: Reference) -> float:
        """100 (z - profit) / z, with z the reference's profit; the cost is the profit with its sign changed."""
        return 100.0 * (cost - reference.value) / -reference.value

    def figures(self, instance: Instance, outcome: Outcome, reference: Reference) -> dict[str, float]:
        """bound_gap: the distance to the value of the linear relaxation, as the literature has it, in per cent."""
        bound = self._relaxation(instance).value
        return {"bound_gap": 100.0 * (bound + outcome.cost) / bound}

    def episode(self, instance: Instance, labels: Labels) -> Generator[Table, list[float], Outcome]:
        """Ask for the priorities of the items that still fit, whenever there are at least two."""
        knapsack: Knapsack = instance.data
        filling = _Filling(knapsack, self._relaxation(instance).prices, labels.permutation("item", knapsack.n))
        while fit := filling.fit:
            row = 0
            if len(fit) > 1:
                row = smallest((yield filling.table()), fit)
            filling.take(row)
        return _outcome(knapsack, filling.taken)

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """Profits, requirements (a list of a row a resource), capacities and shadow prices; items and resources in a
        random order."""
        knapsack: Knapsack = instance.data
        items, resources = labels.permutation("item", knapsack.n), labels.permutation("resource", knapsack.m)
        return {
            "p": knapsack.profits[items].tolist(),
            "r": [knapsack.requirements[i][items].tolist() for i in resources],
            "b": knapsack.capacities[resources].tolist(),
            "prices": self._relaxation(instance).prices[resources].tolist(),
        }

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """The answer must be a list of different item indices whose requirements fit into every capacity."""
        knapsack: Knapsack = instance.data
        items = listed(answer, "a list of item indices")
        if len(items) > knapsack.n:
            raise Illegal(f"solve returned {len(items)} items; the instance has {knapsack.n}")
        order = labels.permutation("item", knapsack.n)
        taken = [order[item] for item in numbered(items, knapsack.n, "item", "is taken twice")]
        used = knapsack.requirements[:, taken].sum(axis=1)
        for row, resource in enumerate(labels.permutation("resource", knapsack.m)):
            if used[resource] > knapsack.capacities[resource]:
                raise Illegal(
                    f"the items taken require {used[resource]} of resource {row}, "
                    f"whose capacity is {knapsack.capacities[resource]}"
                )
        return _outcome(knapsack, taken)

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """What the items take of each capacity, in the order in which they were taken."""
        knapsack: Knapsack = instance.data
        share = 100.0 * knapsack.requirements / knapsack.capacities[:, None]
        kinds = [_kind(fraction) for fraction in self._relaxation(instance).fractions]
        shown = first([knapsack.n] * knapsack.m)
        lanes = [f"resource {i}" for i in range(shown)]
        boxes = []
        for i, lane in enumerate(lanes):
            end = 0.0
            for j in outcome.decisions:
                start, end = end, end + float(share[i, j])
                if start < end:
                    boxes.append(Box(start, end, lane, label=f"item {j}, profit {knapsack.profits[j]}", kind=kinds[j]))
        return Drawing("capacity used, %", titled("resource", shown, knapsack.m), boxes, lanes, due=100.0)

    def _relaxation(self, instance: Instance) -> Relaxation:
        if instance.key not in self._relaxations:
            self._relaxations[instance.key] = mdkp.relax(instance.data)
        return self._relaxations[instance.key]


class _Filling:
    """A knapsack that is being filled: what is left, and the items (true indices, in label order) that still fit."""

    def __init__(self, knapsack: Knapsack, prices: Array, order: list[int]) -> None:
        self.knapsack = knapsack
        self.taken: list[int] = []
        self._left = knapsack.capacities.copy()
        self._remaining = np.array(order)
        shares = knapsack.requirements / knapsack.capacities[:, None]
        self._fixed = {
            "p": knapsack.profits,
            "r_sum": knapsack.requirements.sum(axis=0),
            "w_cap": shares.sum(axis=0),
            "w_dual": prices @ knapsack.requirements,
            "max_cap": shares.max(axis=0),
        }
        self._narrow()

    @property
    def fit(self) -> list[int]:
        fit: list[int] = self._remaining.tolist()
        return fit

    def take(self, row: int) -> None:
        item = int(self._remaining[row])
        self.taken.append(item)
        self._left = self._left - self.knapsack.requirements[:, item]
        self._remaining = np.delete(self._remaining, row)
        self._narrow()

    def _narrow(self) -> None:
        """Forget the items that do not fit: they never will again."""
        fits = (self.knapsack.requirements[:, self._remaining] <= self._left[:, None]).all(axis=0)
        self._remaining = self._remaining[fits]

    def table(self) -> Table:
        knapsack, remaining = self.knapsack, self._remaining
        moment = _Moment(knapsack.requirements[:, remaining], self._left, knapsack.capacities)

        def fixed(values: Array) -> Callable[[], list[float]]:
            return lambda: values[remaining].tolist()

        columns: dict[str, Callable[[], list[float]]] = {name: fixed(values) for name, values in self._fixed.items()}
        columns |= {"w_left": moment.w_left, "w_used": moment.w_used, "w_need": moment.w_need}
        columns["max_left"] = moment.max_left
        left = self._left / knapsack.capacities
        scalars = {"left_mean": float(left.mean()), "left_min": float(left.min()), "n_fit": len(remaining)}
        return Table(columns, {**scalars, "n": knapsack.n, "m": knapsack.m}, len(remaining))


class _Moment:
    """Columns that depend on what is left; an item requires nothing of what is used up, or it would not fit."""

    def __init__(self, requirements: Array, left: Array, capacities: Array) -> None:
        self._requirements, self._left, self._capacities = requirements, left, capacities

    @cached_property
    def _shares(self) -> Array:
        return self._requirements / np.maximum(self._left, 1)[:, None]

    def w_left(self) -> list[float]:
        total: list[float] = self._shares.sum(axis=0).tolist()
        return total

    def w_used(self) -> list[float]:
        used = 1.0 - self._left / self._capacities
        total: list[float] = ((used / self._capacities) @ self._requirements).tolist()
        return total

    def w_need(self) -> list[float]:
        total: list[float] = (self._shares.sum(axis=1) @ self._shares).tolist()
        return total

    def max_left(self) -> list[float]:
        largest: list[float] = self._shares.max(axis=0).tolist()
        return largest


def _kind(fraction: float) -> str:
    """What the linear relaxation does with an item."""
    if 1e-9 < fraction < 1 - 1e-9:
        return "in part in the linear relaxation"
    return "in the linear relaxation" if fraction > 0.5 else "not in the linear relaxation"


def _outcome(knapsack: Knapsack, taken: list[int]) -> Outcome:
    """Cost true item indices: minus the profit; also how many there are, and the mean share of capacity in use."""
    used = knapsack.requirements[:, taken].sum(axis=1) / knapsack.capacities
    metrics = {"items": float(len(taken)), "used": float(used.mean())}
    return Outcome(-float(knapsack.profits[taken].sum()), metrics, decisions=taken)
