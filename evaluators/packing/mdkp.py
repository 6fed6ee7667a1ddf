"""The multidimensional knapsack problem: instances, the linear relaxation, and references.

max p x, R x <= b, x in {0, 1}^n, with n items, m resources, profits p, requirements R (m x n) and capacities b, all
integers, R >= 0 (Kellerer, Pferschy and Pisinger, Knapsack Problems, chapter 9).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from evaluators.protocol import Instance

Array = np.ndarray[Any, np.dtype[Any]]

TIGHTNESS = (0.25, 0.5, 0.75)  # alpha: capacity as a share of what all items together require


@dataclass(frozen=True)
class Knapsack:
    """profits: (n,), requirements: (m, n), capacities: (m,); integers, and no item that does not fit alone."""

    profits: Array
    requirements: Array
    capacities: Array

    @property
    def n(self) -> int:
        return len(self.profits)

    @property
    def m(self) -> int:
        return len(self.capacities)


@dataclass(frozen=True)
class Relaxation:
    """The linear relaxation: its value, the fractions x (n,) and the shadow prices of the resources (m,), >= 0."""

    value: float
    fractions: Array
    prices: Array


@dataclass(frozen=True)
class Solved:
    """The best solution of a limited branch-and-bound: its profit, what none can exceed, and the chosen items."""

    profit: int
    bound: int
    items: list[int]


def make(prefix: str, split: str, sizes: Sequence[Sequence[int]], per_class: int, distribution: str) -> list[Instance]:
    """`per_class` instances for each size [n, m] and each tightness; distribution: see `generate`."""
    made = []
    for (n, m), alpha, k in product(sizes, TIGHTNESS, range(per_class)):
        key = f"{prefix}|{split}|{distribution}|{n}x{m}|{alpha}|{k}"
        made.append(Instance(key, f"n={n} m={m} alpha={alpha}", generate(key, n, m, alpha, distribution)))
    return made


def generate(key: str, n: int, m: int, alpha: float, distribution: str = "chu-beasley") -> Knapsack:
    """Random items; `key` seeds them.

    chu-beasley (Chu and Beasley, Journal of Heuristics 4, 1998): requirements r_ij ~ U{1..1000}, capacities
    b_i = floor(alpha sum_j r_ij), profits p_j = floor(sum_i r_ij / m + 500 U(0, 1)).
    mixed: a third of the requirements is 0, each resource has a unit and a tightness of its own (requirements U{1..s_i}
    with s_i log-uniform in 50..5000, tightness uniform within 0.2 of alpha), profits 100 + 900 U(0, 1) + 500 times the
    mean of r_ij / s_i.
    """
    rng = random.Random(key)
    if distribution == "chu-beasley":
        r = np.array([[rng.randint(1, 1000) for _ in range(n)] for _ in range(m)])
        tightness = [alpha] * m
        profits = [int(r[:, j].sum() / m + 500 * rng.random()) for j in range(n)]
    elif distribution == "mixed":
        units = [round(50 * 100 ** rng.random()) for _ in range(m)]
        r = np.array([[rng.randint(1, unit) * (rng.random() >= 1 / 3) for _ in range(n)] for unit in units])
        for j in np.flatnonzero(r.sum(axis=0) == 0):
            r[j % m, j] = 1  # an item that requires nothing would be no decision
        tightness = [rng.uniform(alpha - 0.2, alpha + 0.2) for _ in range(m)]
        shares = (r / np.array(units)[:, None]).mean(axis=0)
        profits = [int(100 + 900 * rng.random() + 500 * shares[j]) for j in range(n)]
    else:
        raise ValueError(f"distributions are 'chu-beasley' and 'mixed', not {distribution!r}")
    totals: list[int] = r.sum(axis=1).tolist()
    largest: list[int] = r.max(axis=1).tolist()
    capacities = [max(int(a * t), big) for a, t, big in zip(tightness, totals, largest, strict=True)]
    return Knapsack(np.array(profits), r, np.array(capacities))


def relax(knapsack: Knapsack) -> Relaxation:
    """Solve the linear relaxation, 0 <= x <= 1, with the simplex method of HiGHS."""
    # capacities of 1 for all resources: solvers like it, and prices come back in one unit
    shares = knapsack.requirements / knapsack.capacities[:, None]
    found = linprog(-knapsack.profits, A_ub=shares, b_ub=np.ones(knapsack.m), bounds=(0, 1), method="highs-ds")
    if found.x is None or found.fun is None:
        raise ValueError(f"the linear relaxation was not solved: {found.message}")
    prices = np.maximum(-found.ineqlin.marginals, 0.0) / knapsack.capacities
    return Relaxation(-float(found.fun), np.asarray(found.x), prices)


def dual_value(knapsack: Knapsack, prices: Array) -> float:
    """The Lagrangian bound for prices >= 0 of the resources: sum_i prices_i b_i + sum_j max(0, p_j - prices . r_j)."""
    reduced = knapsack.profits - prices @ knapsack.requirements
    return float(prices @ knapsack.capacities + np.maximum(reduced, 0.0).sum())


def greedy(knapsack: Knapsack, order: Sequence[int]) -> list[int]:
    """Take the items in this order, leaving out those that do not fit."""
    left = knapsack.capacities.copy()
    taken = []
    for j in order:
        column = knapsack.requirements[:, j]
        if (column <= left).all():
            left -= column
            taken.append(j)
    return taken


def branch_and_bound(knapsack: Knapsack, nodes: int) -> Solved:
    """HiGHS, limited to a number of nodes rather than to a time, so that the result is the same on every machine.

    The solution is checked, and its profit added up, in integers.
    """
    limit = LinearConstraint(knapsack.requirements, ub=knapsack.capacities)
    found = milp(
        -knapsack.profits,
        integrality=np.ones(knapsack.n, dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=limit,
        options={"node_limit": nodes, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        raise ValueError(f"HiGHS found no solution: {found.message}")
    chosen = [int(j) for j in np.flatnonzero(np.asarray(found.x) > 0.5)]
    if (knapsack.requirements[:, chosen].sum(axis=1) > knapsack.capacities).any():
        raise ValueError("the solution of HiGHS exceeds a capacity")
    profit = int(knapsack.profits[chosen].sum())
    # profits are integers, so that a bound may be rounded down; HiGHS proves optima up to 1e-6
    bound = math.floor(-found.mip_dual_bound + 1e-5)
    return Solved(profit, max(profit, bound), chosen)
