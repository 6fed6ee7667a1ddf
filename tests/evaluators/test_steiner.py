"""Bounds of broadcasts: exact trees against all trees, dual ascent and the linear program against exact trees."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.networks import steiner
from evaluators.networks.clouds import Cloud, Floats
from evaluators.networks.steiner import broadcast_bound, cheapest_tree, dual_ascent


def drawn(seed: int, n: int) -> Floats:
    """Random costs, some of them equal and some of them 0."""
    rng = random.Random(seed)
    return np.array([[float(rng.choice((0, 1, 2, 3, 5, 8, 13))) for _ in range(n)] for _ in range(n)])


def brute_force(cost: Floats, root: int, terminals: list[int]) -> float:
    """The cheapest of all assignments of parents under which every terminal's way up ends at the root."""
    n = len(cost)
    best = np.inf
    for parents in product(range(n), repeat=n):
        used: set[int] = set()
        for terminal in terminals:
            node, way = terminal, set()
            while node != root and node not in way:
                way.add(node)
                node = parents[node]
            if node != root:
                break
            used |= way
        else:
            best = min(best, sum(cost[parents[v], v] for v in used))
    return best


def unlimited(cost: Floats) -> Cloud:
    n = len(cost)
    return Cloud(tuple(map(str, range(n))), cost, np.full((n, n), 1e6), np.full(n, 1e6), np.full(n, 1e6))


@given(st.integers(0, 10_000), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_the_exact_tree_is_the_best_of_all(seed: int, count: int) -> None:
    cost = drawn(seed, 5)
    assert cheapest_tree(cost, 0, list(range(1, count + 1))) == brute_force(cost, 0, list(range(1, count + 1)))


def test_a_relay_by_hand() -> None:
    """From 0 to 2 and 3: directly 5 + 5; through 1 it is 4 + 1 + 1."""
    cost = np.array([[0, 4, 5, 5], [9, 0, 1, 1], [9, 9, 0, 9], [9, 9, 9, 0]], dtype=float)
    assert cheapest_tree(cost, 0, [2, 3]) == 6
    assert cheapest_tree(cost, 0, [2]) == 5
    assert broadcast_bound(unlimited(cost), 0, [2, 3], 1.0, 0.0) == pytest.approx(6, rel=2e-6)


@given(st.integers(0, 10_000), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_bounds_do_not_exceed_the_exact_tree(seed: int, count: int) -> None:
    cost, terminals = drawn(seed, 12), list(range(1, count + 1))
    exact = cheapest_tree(cost, 0, terminals)
    ascent, sets = dual_ascent(cost, 0, terminals)
    program = broadcast_bound(unlimited(cost), 0, terminals, 1.0, 0.0)
    assert ascent <= exact + 1e-9
    assert ascent * (1 - 2e-6) - 1e-6 <= program <= exact
    assert all(not members[0] and members[terminals].any() for members in sets)


def test_one_terminal_is_a_shortest_path_and_all_bounds_meet() -> None:
    for seed in range(20):
        cost = drawn(seed, 10) + 1
        exact = cheapest_tree(cost, 0, [9])
        assert dual_ascent(cost, 0, [9])[0] == pytest.approx(exact)
        assert broadcast_bound(unlimited(cost), 0, [9], 1.0, 0.0) == pytest.approx(exact, rel=2e-6)


def test_the_program_pays_for_time_by_hand() -> None:
    """3 GB from 0 to 1, second = 1 $.

    The direct edge has 2 Gbps and costs 1 $/GB: 3 $ and 12 s. Through 2 with 4 Gbps on both edges it costs 2 $/GB. A
    share x goes directly, so T >= 24 x / 2 and T >= 24 (1 - x) / 4: T is least at x = 1/3, T = 4, where money is
    3 (1/3 + 2/3 * 2) = 5. There the cost is 9; one more unit of x saves 3 $ and takes 12 s, so that is the optimum.
    """
    price = np.array([[0, 1, 1], [9, 0, 9], [9, 1, 0]], dtype=float)
    throughput = np.array([[0, 2, 4], [1, 0, 1], [1, 4, 0]], dtype=float)
    cloud = Cloud(("a", "b", "c"), price, throughput, np.full(3, 100.0), np.full(3, 100.0))
    assert broadcast_bound(cloud, 0, [1], 3.0, 1.0) == pytest.approx(9, rel=2e-6)
    narrow = Cloud(cloud.names, price, throughput, np.full(3, 100.0), np.array([3.0, 100.0, 100.0]))
    # region 0 sends 3 Gbps in all: T >= 24 / 3 = 8 whatever x is, and x = 2/3 fits: 8 + 3 (2/3 + 1/3 * 2)
    assert broadcast_bound(narrow, 0, [1], 3.0, 1.0) == pytest.approx(12, rel=2e-6)


def test_more_rounds_only_raise_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    cost = rng.integers(1, 30, (25, 25)).astype(float)
    cloud = Cloud(tuple(map(str, range(25))), cost, rng.uniform(1, 9, (25, 25)), np.full(25, 20.0), np.full(25, 10.0))
    values = []
    for rounds in (1, 3, 12):
        monkeypatch.setattr(steiner, "ROUNDS", rounds)
        values.append(broadcast_bound(cloud, 0, list(range(1, 10)), 100.0, 0.5))
    assert values == sorted(values)
    assert values[-1] > values[0]
