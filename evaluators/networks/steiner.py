"""Lower bounds for broadcasting through a digraph: cheapest arborescences that reach all terminals.

`cheapest_tree` is exact and meant for few terminals; `broadcast_bound` is a linear program over cuts for many, which
also pays for time. Both hold for any set of paths from the root to the terminals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import maximum_flow

from evaluators.networks.clouds import Cloud

Floats = NDArray[np.float64]

FLOW_UNIT = 1_000_000  # capacities of maximum flows are integers
VIOLATED = 1e-3  # a cut counts as violated if it lacks more than this
ROUNDS = 12
MARGIN = 1e-6  # the solver's tolerance, by which a bound is lowered: no cost may lie below it


def cheapest_tree(cost: Floats, root: int, terminals: Sequence[int]) -> float:
    """The least cost of edges that connect `root` to every terminal. cost: (n, n), from row to column.

    Dreyfus and Wagner, The Steiner problem in graphs, Networks 1, 1971, directed: 3^k n steps for k terminals.
    """
    distance = cost.astype(float)
    np.fill_diagonal(distance, 0.0)
    for middle in range(len(distance)):
        np.minimum(distance, distance[:, middle, None] + distance[None, middle], out=distance)
    best: dict[int, Floats] = {1 << k: distance[:, terminal] for k, terminal in enumerate(terminals)}
    for group in range(1, 1 << len(terminals)):
        if group in best:
            continue
        joined = np.full(len(cost), np.inf)
        part = (group - 1) & group
        while part > group ^ part:  # each split once
            np.minimum(joined, best[part] + best[group ^ part], out=joined)
            part = (part - 1) & group
        # the two parts join at a node, and a path leads to it
        best[group] = (distance + joined[None, :]).min(axis=1)
    return float(best[(1 << len(terminals)) - 1][root])


def broadcast_bound(cloud: Cloud, root: int, terminals: Sequence[int], gigabytes: float, second: float) -> float:
    """What sending `gigabytes` from `root` to all terminals costs at least, if each second of it costs `second` $.

    The linear program min sum_e p_e G x_e + second T, x_e being the share of the data that edge e carries, subject to
    sum_{e into S} x_e >= 1 for sets S that hold a terminal and not the root (Aneja, Networks 10, 1980), 8 G x_e <= T
    times the throughput of e, and likewise for all that a region receives and sends. Sets are added while they are
    violated; whatever the number of rounds, the value is a lower bound.
    """
    n = len(cloud.names)
    edges = np.flatnonzero(~np.eye(n, dtype=bool).ravel())
    tails, heads = edges // n, edges % n
    m = len(edges)
    objective = np.append(cloud.price.ravel()[edges] * gigabytes, second)
    gigabits = 8 * gigabytes
    rates = cloud.throughput.ravel()[edges]

    def row(members: NDArray[np.bool_]) -> csr_array:
        crossing = np.flatnonzero(~members[tails] & members[heads])
        return csr_array((-np.ones(len(crossing)), (np.zeros(len(crossing), int), crossing)), shape=(1, m + 1))

    def limited(which: NDArray[np.bool_] | NDArray[np.int64], rate: float) -> csr_array:
        columns = np.append(np.flatnonzero(which), m)
        values = np.append(np.full(len(columns) - 1, gigabits), -rate)
        return csr_array((values, (np.zeros(len(columns), int), columns)), shape=(1, m + 1))

    sets = {bytes(members): members for members in dual_ascent(cloud.price, root, terminals)[1]}
    rows, right = [row(members) for members in sets.values()], [-1.0] * len(sets)
    for node in range(n):
        rows += [limited(heads == node, cloud.ingress[node]), limited(tails == node, cloud.egress[node])]
        right += [0.0, 0.0]
    bounded: set[int] = set()
    value = 0.0
    for _ in range(ROUNDS):
        made = linprog(objective, A_ub=vstack(rows, format="csr"), b_ub=right, bounds=(0, None), method="highs")
        if made.status != 0 or made.x is None or made.fun is None:
            raise ArithmeticError(f"the bound's linear program: {made.message}")
        value = float(made.fun)
        share, seconds = made.x[:m], made.x[m]
        fast = [int(e) for e in np.flatnonzero(gigabits * share > rates * seconds * (1 + VIOLATED)) if e not in bounded]
        bounded |= set(fast)
        rows += [limited(np.arange(m) == e, rates[e]) for e in fast]
        right += [0.0] * len(fast)
        found = {bytes(members): members for members in _violated(n, tails, heads, share, root, terminals)}
        new = [members for name, members in found.items() if name not in sets]
        sets |= found
        rows += [row(members) for members in new]
        right += [-1.0] * len(new)
        if not fast and not new:
            break
    return value * (1 - MARGIN)


def dual_ascent(cost: Floats, root: int, terminals: Sequence[int]) -> tuple[float, list[NDArray[np.bool_]]]:
    """A lower bound of `cheapest_tree` and the sets that make it, by dual ascent (Wong, Math. Programming 28, 1984).

    The set of nodes from which free edges lead to a terminal must be entered: its cheapest entry is paid, and its
    entries get cheaper by that. The smallest set goes first; a terminal is done when its set holds the root.
    """
    left = cost.astype(float)
    np.fill_diagonal(left, np.inf)
    free = left <= 0
    value, sets = 0.0, []
    open_ = list(terminals)
    members = {terminal: _behind(free, terminal) for terminal in open_}
    while open_:
        terminal = min(open_, key=lambda t: int(members[t].sum()))
        inside = _behind(free, terminal)
        if inside[root]:
            open_.remove(terminal)
            continue
        if inside.sum() > members[terminal].sum():
            members[terminal] = inside
            continue
        entries = np.ix_(~inside, inside)
        paid = left[entries].min()
        left[entries] -= paid
        free[entries] = left[entries] <= 1e-12
        value += float(paid)
        sets.append(inside)
    return value, sets


def _behind(free: NDArray[np.bool_], node: int) -> NDArray[np.bool_]:
    """Nodes from which free edges lead to `node`, itself included."""
    inside = np.zeros(len(free), dtype=bool)
    inside[node] = True
    while True:
        wider = inside | free[:, inside].any(axis=1)
        if wider.sum() == inside.sum():
            return inside
        inside = wider


def _violated(
    n: int,
    tails: NDArray[np.int64],
    heads: NDArray[np.int64],
    share: Floats,
    root: int,
    terminals: Sequence[int],
) -> list[NDArray[np.bool_]]:
    """Sets that receive less than they need: the smallest and the largest minimum cut of each terminal that lacks."""
    capacity = np.zeros((n, n), dtype=np.int32)
    capacity[tails, heads] = np.round(share * FLOW_UNIT)
    graph = csr_array(capacity)
    sets = []
    for terminal in terminals:
        flow = maximum_flow(graph, root, terminal)
        if flow.flow_value < (1 - VIOLATED) * FLOW_UNIT:
            residual = capacity > flow.flow.toarray()
            sets += [~_behind(residual.T, root), _behind(residual, terminal)]
    return sets
