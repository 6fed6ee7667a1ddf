"""Branch and price for the two-stage robust knapsack problem (Arslan and Detienne, INFORMS J. on Computing 34, 2022).

The adversary's set is convex and enters the objective only, so that minimum and maximum can be exchanged once the
recourse is made convex: choose x and a mixture of ways to produce (y, r) <= x that is best against all xi at once. The
mixture is a linear programme over ways to produce, which are priced by the same dynamic programme as the recourse; only
x is branched on. With x integer, its value is the worst case of x: what `worst_case` finds from the other side.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from scipy.optimize import OptimizeResult, linprog

from evaluators.packing.robust_items import Array, Items
from evaluators.packing.worst_case import TOLERANCE, recourse, worst_case

ADVERSARIES, RESTARTS = 16, 1  # of the local search


@dataclass(frozen=True)
class Best:
    """The best acceptance found: its items, its worst-case profit, and what no acceptance can exceed."""

    accepted: list[int]
    profit: float
    bound: float

    @property
    def proven(self) -> bool:
        return self.bound <= self.profit + 10 * TOLERANCE


def solve(items: Items, nodes: int) -> Best:
    """Best-first branch and price over at most `nodes` nodes, after a local search from the best simple solution."""
    pool, incumbent = _Columns(items), _Incumbent(items)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        # what is produced if all items are degraded alike: from the nominal solution to Soyster's
        plain = items.profit - share * items.degradation
        incumbent.attempt(recourse(items, np.arange(items.n), plain, items.profit)[1])
    order = count()
    free = np.full(items.n, -1)
    bound, x = pool.relax(free, 0.0)
    queue = [(-bound, next(order), free, x)]
    for _ in range(nodes):
        if not queue or -queue[0][0] <= incumbent.profit + TOLERANCE:
            break
        _, _, fixed, x = heapq.heappop(queue)
        for threshold in (0.5, 1e-6, 1 - 1e-6):
            incumbent.attempt(x > threshold)
        if not (fixed >= 0).any():
            incumbent.search()
        fractional = np.abs(x - 0.5)
        fractional[fixed >= 0] = 1.0
        i = int(fractional.argmin())
        if fractional[i] > 0.5 - 1e-7:
            continue  # x is integer: its relaxation is its worst case, which has just been tried
        for side in (0, 1):
            child = fixed.copy()
            child[i] = side
            bound, fractions = pool.relax(child, incumbent.profit)
            if bound > incumbent.profit + TOLERANCE:
                heapq.heappush(queue, (-bound, next(order), child, fractions))
    bound = max(incumbent.profit, -queue[0][0]) if queue else incumbent.profit
    return Best(np.flatnonzero(incumbent.x).tolist(), incumbent.profit, bound)


class _Incumbent:
    """The best acceptance so far, and the adversaries that beat others: most attempts fail against one of them."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self._adversaries: list[Array] = []
        self._known: dict[bytes, float] = {}
        self.x: Array = np.zeros(items.n, dtype=bool)
        self.profit = 0.0

    def attempt(self, x: Array, more_than: float | None = None) -> float | None:
        """The worst-case profit of x if it is more than `more_than` (default: than the best), else None."""
        least = self.profit if more_than is None else more_than
        key = x.tobytes()
        if key not in self._known:
            items, accepted = self._items, np.flatnonzero(x)
            base = (items.profit - items.penalty)[accepted].sum()
            for place, xi in enumerate(self._adversaries):
                value, _, _ = recourse(items, accepted, items.penalty - items.degradation * xi, items.penalty)
                if base + value <= least:
                    self._adversaries.insert(0, self._adversaries.pop(place))
                    return None
            found = worst_case(items, accepted, least)
            self._adversaries = [found.xi, *self._adversaries][:ADVERSARIES]
            if found.profit <= least:
                return None
            self._known[key] = found.profit
        profit = self._known[key]
        if profit > self.profit:
            self.x, self.profit = x, profit
        return profit if profit > least else None

    def search(self) -> None:
        """Iterated local search from the best so far: random changes of four items, then a climb."""
        rng = random.Random(0)
        self._climb(self.x, self.profit)
        for _ in range(RESTARTS):
            start = _flipped(self.x, set(rng.sample(range(self._items.n), min(4, self._items.n))))
            self._climb(start, self.attempt(start, -np.inf) or 0.0)

    def _climb(self, x: Array, profit: float) -> None:
        """Add, drop and exchange single items as long as this helps."""
        pairs = [(i, j) for i in range(self._items.n) for j in range(i + 1)]
        improved = True
        while improved:
            improved = False
            for i, j in pairs:
                # an item paired with itself is added or dropped, two that differ are exchanged
                if i == j or x[i] != x[j]:
                    other = _flipped(x, {i, j})
                    if (better := self.attempt(other, profit)) is not None:
                        x, profit, improved = other, better, True


def _flipped(x: Array, items: set[int]) -> Array:
    flipped: Array = x.copy()
    for i in items:
        flipped[i] = not flipped[i]
    return flipped


@dataclass
class _Columns:
    """Ways to produce found so far, shared by all nodes; `made` and `exposed` are (K, n) lists of rows y and y - r."""

    items: Items
    made: list[Array] = field(default_factory=list)
    exposed: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._add(np.zeros(self.items.n, dtype=bool), np.zeros(self.items.n, dtype=bool))

    def _add(self, produced: Array, repaired: Array) -> None:
        self.made.append(produced.astype(float))
        self.exposed.append((produced & ~repaired).astype(float))

    def relax(self, fixed: Array, profit: float) -> tuple[float, Array]:
        """Upper bound and fractional x of a node; fixed: 0, 1, or -1 for a free item. Stops when no more than `profit`
        can be had."""
        items = self.items
        allowed = np.flatnonzero(fixed != 0)
        while True:
            found, x = self._master(fixed)
            prices = np.maximum(-found.ineqlin.marginals, 0.0)
            xi, rent, share = prices[: items.n], prices[items.n :], -float(found.eqlin.marginals[0])
            mended = items.penalty - rent
            value, produced, repaired = recourse(items, allowed, mended - items.degradation * xi, mended)
            # what the programme still lacks is at most the reduced profit of one more column
            bound = -float(found.fun) + max(0.0, value - share)
            if value <= share + TOLERANCE / 10 or bound <= profit:
                return bound, x
            self._add(produced, repaired)

    def _master(self, fixed: Array) -> tuple[OptimizeResult, Array]:
        """The linear programme over the ways to produce: columns x, mixture, pi, sigma; rows degradation, linking."""
        items, n = self.items, self.items.n
        made, exposed = np.array(self.made).T, np.array(self.exposed).T
        usable = ~(made[fixed == 0] > 0).any(axis=0)
        made, exposed = made[:, usable], exposed[:, usable]
        k, eye = made.shape[1], np.eye(n)
        gain = np.concatenate([items.profit - items.penalty, items.penalty @ made, [-items.budget], -np.ones(n)])
        degradation = np.hstack([np.zeros((n, n)), items.degradation[:, None] * exposed, -np.ones((n, 1)), -eye])
        linking = np.hstack([-eye, made, np.zeros((n, n + 1))])
        mixture = np.concatenate([np.zeros(n), np.ones(k), np.zeros(n + 1)])
        bounds = [(float(v == 1), float(v != 0)) for v in fixed] + [(0.0, None)] * (k + n + 1)
        found = linprog(
            -gain,
            A_ub=np.vstack([degradation, linking]),
            b_ub=np.zeros(2 * n),
            A_eq=mixture[None],
            b_eq=[1.0],
            bounds=bounds,
        )
        if found.x is None:
            raise ValueError(f"the master programme was not solved: {found.message}")
        return found, np.asarray(found.x[:n])
