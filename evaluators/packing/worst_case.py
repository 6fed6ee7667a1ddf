"""The second stage of the two-stage robust knapsack problem: what an adversary can do to the accepted items.

The adversary picks xi in [0, 1]^n with sum xi <= Gamma. Then each accepted item is produced (weight c, profit
pbar - phat xi), produced and repaired (weight c + t, profit pbar) or bought elsewhere (weight 0, profit pbar - f),
within the capacity: recourse is a multiple-choice knapsack, solved by dynamic programming. Its value is the maximum of
functions that are linear in xi, one for each way to produce, hence convex: cutting planes (Kelley, 1960) find its
minimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linprog

from evaluators.packing.robust_items import Array, Items

TOLERANCE = 1e-6  # of the worst case, in profit


@dataclass(frozen=True)
class WorstCase:
    """profit: of the accepted items when the adversary plays `xi` and recourse is optimal, at most TOLERANCE above the
    least possible; produced and repaired: the recourse, by item; cuts: how many the search took."""

    profit: float
    xi: Array
    produced: Array
    repaired: Array
    cuts: int


def recourse(items: Items, accepted: Array, plain: Array, mended: Array) -> tuple[float, Array, Array]:
    """The best way to produce: its value, and which items are produced, and repaired (booleans over all n).

    accepted: indices that may be produced; plain, mended: value of an item that is produced, and that is repaired, too.
    """
    capacity, weight, repair = items.capacity, items.weight, items.repair
    best = np.zeros(capacity + 1)
    choices = np.zeros((len(accepted), capacity + 1), dtype=np.int8)
    for row, i in enumerate(accepted):
        options = [(int(weight[i]), float(plain[i]), 1)]
        if mended[i] > plain[i]:
            options.append((int(weight[i] + repair[i]), float(mended[i]), 2))
        after = best.copy()
        for size, value, option in options:
            if value <= 0 or size > capacity:
                continue
            made = best[: capacity + 1 - size] + value
            better = made > after[size:]
            after[size:][better] = made[better]
            choices[row, size:][better] = option
        best = after
    produced, repaired = np.zeros(len(weight), dtype=bool), np.zeros(len(weight), dtype=bool)
    at = capacity
    for row in reversed(range(len(accepted))):
        i, option = accepted[row], choices[row, at]
        produced[i], repaired[i] = option > 0, option == 2
        at -= int(option > 0) * int(weight[i]) + int(option == 2) * int(repair[i])
    return float(best[capacity]), produced, repaired


def worst_case(items: Items, accepted: Array, enough: float = -np.inf) -> WorstCase:
    """The worst case of the accepted items, given as indices; or any adversary that leaves no more than `enough`."""
    base = float((items.profit - items.penalty)[accepted].sum())

    def respond(xi: Array) -> tuple[float, Array, Array]:
        plain = items.penalty - items.degradation * xi
        return recourse(items, accepted, plain, items.penalty)

    count = len(accepted)
    xi = np.zeros(items.n)
    xi[accepted] = min(1.0, items.budget / max(count, 1))
    value, produced, repaired = respond(xi)
    best = WorstCase(base + value, xi, produced, repaired, 1)
    if not count or best.profit <= enough:
        return best
    # theta >= sum of penalties saved - sum phat (y - r) xi, for each way to produce (y, r): columns xi, theta
    cuts: list[Array] = []
    sides: list[float] = []

    def cut(produced: Array, repaired: Array) -> bool:
        """Add a cut; False if it is there already."""
        exposed = items.degradation * (produced & ~repaired)
        made = np.append(-exposed[accepted].astype(float), -1.0)
        side = -float(items.penalty[produced].sum())
        if any(side == known and (made == row).all() for row, known in zip(cuts, sides, strict=True)):
            return False
        cuts.append(made)
        sides.append(side)
        return True

    cut(produced, repaired)
    objective = np.append(np.zeros(count), 1.0)
    budget = np.append(np.ones(count), 0.0)
    bounds = [(0.0, 1.0)] * count + [(None, None)]
    while True:
        found = linprog(objective, np.array([*cuts, budget]), np.array([*sides, items.budget]), bounds=bounds)
        if found.x is None or found.fun is None:
            raise ValueError(f"the adversary's linear programme was not solved: {found.message}")
        outer = np.zeros(items.n)
        outer[accepted] = np.clip(found.x[:count], 0.0, 1.0)
        outer *= min(1.0, items.budget / max(float(outer.sum()), 1e-12))
        # a cut half-way to the best adversary so far is often deeper than one at the vertex
        for trial, vertex in ((outer, True), ((outer + best.xi) / 2, False)):
            value, produced, repaired = respond(trial)
            new = cut(produced, repaired)
            if base + value < best.profit:
                best = replace(best, profit=base + value, xi=trial, produced=produced, repaired=repaired)
            if best.profit <= max(enough, base + found.fun + TOLERANCE) or (vertex and not new):
                return replace(best, cuts=len(cuts))
