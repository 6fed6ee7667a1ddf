"""Topological orders of linear models: their least-squares loss, exact and long searches for the best one, bounds.

An order's loss is the sum over nodes of the residual variance that ordinary least squares leaves when the node is
explained by all nodes before it. (The sum of their logarithms would be log det S, whatever the order.)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from evaluators.learning.training import Array, generator

WINDOW = 8  # nodes that a long search orders exactly at a time


def factor(S: Array, order: Sequence[int]) -> Array:
    """Cholesky factor L of the covariance in this order: L[i, i]^2 is the residual variance of the node at position i,
    L[i, i] L[j, i] the covariance of that residual with the node at j > i."""
    return np.asarray(np.linalg.cholesky(S[np.ix_(order, order)]), dtype=np.float64)


def loss(S: Array, order: Sequence[int]) -> float:
    """Sum of residual variances."""
    return float(np.square(np.diagonal(factor(S, order))).sum())


def bound(S: Array) -> float:
    """No order is better: a node keeps at least what all others leave of it, and the first one keeps everything."""
    least = 1.0 / np.diagonal(np.linalg.inv(S))
    return float(least.sum() + (np.diagonal(S) - least).min())


def best_order(S: Array) -> list[int]:
    """An order of least loss, by dynamic programming over the sets of nodes that come first (Silander and Myllymaki,
    2006): 2^d sets, so for d up to about 14."""
    d = len(S)
    value = np.zeros(1 << d)
    last = np.zeros(1 << d, dtype=np.int64)
    for size in range(1, d + 1):
        members = np.array(list(combinations(range(d), size)))
        sets = (1 << members).sum(axis=1)
        # residual variance of each member, explained by the other ones
        left = 1.0 / np.diagonal(np.linalg.inv(S[members[:, :, None], members[:, None, :]]), axis1=1, axis2=2)
        total = value[sets[:, None] ^ (1 << members)] + left
        best = total.argmin(axis=1)
        rows = np.arange(len(sets))
        value[sets], last[sets] = total[rows, best], members[rows, best]
    order, rest = [], (1 << d) - 1
    while rest:
        order.append(int(last[rest]))
        rest ^= 1 << order[-1]
    return order[::-1]


def greedy_order(S: Array, first: int | None = None) -> list[int]:
    """The node with the least residual variance next (Chen, Drton and Wang, On Causal Discovery with an Equal-Variance
    Assumption, Biometrika, 2019), after `first` if it is given."""
    rest = S.copy()
    order: list[int] = []
    left = list(range(len(S)))
    while left:
        node = min(left, key=lambda j: rest[j, j]) if order or first is None else first
        order.append(node)
        left.remove(node)
        rest -= np.outer(rest[node], rest[node]) / rest[node, node]
    return order


def searched_order(S: Array, key: str, starts: int = 20) -> list[int]:
    """The best of many local optima, from the best greedy orders and from as many random ones: no node can be moved
    elsewhere, and no window of neighbours ordered anew, to any gain."""
    rng = generator(key)
    greedy = sorted((greedy_order(S, node) for node in range(len(S))), key=lambda order: loss(S, order))
    first = [*greedy[:starts], *(rng.permutation(len(S)).tolist() for _ in range(starts))]
    return min((_local_optimum(S, order) for order in first), key=lambda order: loss(S, order))


def _local_optimum(S: Array, order: list[int]) -> list[int]:
    now = loss(S, order)
    while True:
        for improve in (_windows, _move):
            better = improve(S, order)
            if (value := loss(S, better)) < now - 1e-12:
                order, now = better, value
                break
        else:
            return order


def _windows(S: Array, order: list[int]) -> list[int]:
    """Every window of neighbours in its best order, given what comes before, from left to right."""
    order = list(order)
    end = max(0, len(order) - WINDOW)
    for start in [*range(0, end, WINDOW // 2), end]:
        before, inside = order[:start], order[start : start + WINDOW]
        given = S[np.ix_(inside, inside)]
        if before:
            cross = S[np.ix_(before, inside)]
            given = given - cross.T @ np.linalg.solve(S[np.ix_(before, before)], cross)
        order[start : start + WINDOW] = [inside[i] for i in best_order(given)]
    return order


def _move(S: Array, order: list[int]) -> list[int]:
    """The best of all orders in which one node has moved."""
    d = len(order)
    moved = np.array([_moved(order, i, j) for i in range(d) for j in range(d) if i != j])
    return [int(node) for node in moved[losses(S, moved).argmin()]]


def losses(S: Array, orders: npt.NDArray[np.int64]) -> Array:
    """Losses of many orders, one a row."""
    factors = np.linalg.cholesky(S[orders[:, :, None], orders[:, None, :]])
    made: Array = np.square(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    return made


def _moved(order: list[int], i: int, j: int) -> list[int]:
    rest = order[:i] + order[i + 1 :]
    return [*rest[:j], order[i], *rest[j:]]
