"""The genetic algorithm of Chu and Beasley (Journal of Heuristics 4, 1998) for the multidimensional knapsack problem.

A generation of children is made and repaired at once, where the paper makes one child at a time.
"""

from __future__ import annotations

import numpy as np

from evaluators.packing.mdkp import Array, Knapsack, relax

POPULATION, CHILDREN = 100, 200


def search(knapsack: Knapsack, seed: str, generations: int) -> list[int]:
    """The items of the best solution found. The order of repair is profit over requirement at the shadow prices."""
    rng = np.random.default_rng(list(seed.encode()))
    worth = knapsack.profits / (relax(knapsack).prices @ knapsack.requirements + 1e-9)
    order = np.argsort(-worth, kind="stable")
    profits = knapsack.profits[order]
    requirements = np.ascontiguousarray(knapsack.requirements[:, order].T)
    n = knapsack.n
    shape = (CHILDREN, n)
    share = float((knapsack.capacities / np.maximum(knapsack.requirements.sum(axis=1), 1)).mean())
    start = (rng.random(shape) < share).astype(np.int64)
    population = _best(_repaired(start, requirements, knapsack.capacities), profits)
    for _ in range(generations):
        # the population is sorted, so that the smaller of two random positions wins a tournament
        mothers, fathers = rng.integers(len(population), size=(2, 2, CHILDREN)).min(axis=0)
        children = np.where(rng.random(shape) < 0.5, population[mothers], population[fathers])
        children ^= rng.random(shape) < 2 / n
        population = _best(np.vstack([population, _repaired(children, requirements, knapsack.capacities)]), profits)
    return sorted(int(order[j]) for j in np.flatnonzero(population[0]))


def _repaired(x: Array, requirements: Array, capacities: Array) -> Array:
    """Drop items from the worst on while a capacity is exceeded, then add from the best on what fits; in place."""
    load = x @ requirements
    for j in reversed(range(x.shape[1])):
        over = (load > capacities).any(axis=1)
        if not over.any():
            break
        drop = over & (x[:, j] == 1)
        x[drop, j] = 0
        load[drop] -= requirements[j]
    left = capacities - load
    for j in range(x.shape[1]):
        add = (x[:, j] == 0) & (left >= requirements[j]).all(axis=1)
        x[add, j] = 1
        left[add] -= requirements[j]
    return x


def _best(population: Array, profits: Array) -> Array:
    """The best different members, best first."""
    different = np.unique(population, axis=0)
    keep = np.argsort(-(different @ profits), kind="stable")[:POPULATION]
    best: Array = different[keep]
    return best
