"""Traffic assignment: networks whose equilibrium is known by hand, and the objectives against a general optimiser."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from evaluators.networks.towns import generate
from evaluators.networks.traffic import ALPHA, POWER, Network, assign, beckmann, travel_time


def test_two_routes_by_hand() -> None:
    """From 0 to 2 through 1 (10 min, capacity 10) or through 3 (20 min, capacity 20), 40 vehicles; the rest is free of
    congestion (capacity 1e9).

    At equilibrium 10 (1 + 0.15 (x / 10)^4) = 20 (1 + 0.15 ((40 - x) / 20)^4): both times are equal.
    """
    network = Network([0, 1, 0, 3], [1, 2, 3, 2], [10.0, 0.0, 20.0, 0.0], [10.0, 1e9, 20.0, 1e9], {(0, 2): 40.0}, 4)
    found = assign(network, gap=1e-12)
    low, high = 0.0, 40.0
    for _ in range(200):
        x = (low + high) / 2
        first, second = 10 * (1 + 0.15 * (x / 10) ** 4), 20 * (1 + 0.15 * ((40 - x) / 20) ** 4)
        low, high = (x, high) if first < second else (low, x)
    assert found.flow == pytest.approx([x, x, 40 - x, 40 - x], rel=1e-6)
    assert found.total == pytest.approx(40 * first, rel=1e-6)


def test_a_route_that_is_too_long_stays_empty() -> None:
    """5 vehicles on a link of capacity 10 take 10 (1 + 0.15 / 16) = 10.09 minutes: nobody takes the other, of 20."""
    network = Network([0, 0, 1], [2, 1, 2], [10.0, 10.0, 10.0], [10.0, 10.0, 10.0], {(0, 2): 5.0}, 3)
    found = assign(network)
    assert found.flow == [5.0, 0.0, 0.0]
    assert found.total == pytest.approx(5 * 10 * (1 + 0.15 / 16))


# Braess: 0 -> 1 -> 3 and 0 -> 2 -> 3, each a congested and a long link; the last link, 1 -> 2, is the shortcut.
BRAESS = Network(
    [0, 0, 1, 2, 1], [1, 2, 3, 3, 2], [1.0, 50.0, 50.0, 1.0, 1.0], [1.0, 1e3, 1e3, 1.0, 1e3], {(0, 3): 6.0}, 4
)


def test_braess_by_hand() -> None:
    """6 vehicles. Without the shortcut 3 take each way: 1 + 0.15 x 81 = 13.15 min, and 50: 6 x 63.15 = 378.9.

    With it the way 0-1-2-3 would take 27.3 min, so all but a few move there: the congested links carry x with
    1 + 0.15 x^4 + 1 = 50 (both 0-1-2 and 0-2 in use), x^4 = 320, x = 4.2295, and each driver needs 50 + 49 = 99 min.
    """
    without, with_ = assign(BRAESS, [4], 1e-10), assign(BRAESS, gap=1e-10)
    assert without.total == pytest.approx(378.9, rel=1e-6)
    x = 320**0.25
    assert with_.flow == pytest.approx([x, 6 - x, 6 - x, x, 2 * x - 6], rel=1e-4)
    assert with_.total == pytest.approx(6 * 99, rel=1e-4)


def test_the_system_optimum_does_not_suffer_from_braess() -> None:
    without, with_ = assign(BRAESS, [4], 1e-9, system=True), assign(BRAESS, gap=1e-9, system=True)
    assert with_.total <= without.total * (1 + 1e-8)
    assert with_.total < assign(BRAESS).total


@pytest.mark.parametrize("system", [False, True])
def test_against_a_general_optimiser(system: bool) -> None:
    """A network of 4 nodes and 3 demands: path flows by scipy's SLSQP, for Beckmann's objective and for total time."""
    network = Network(
        [0, 0, 1, 2, 1, 2, 3, 3],
        [1, 2, 3, 3, 2, 1, 0, 1],
        [2.0, 3.0, 4.0, 2.0, 1.0, 1.0, 3.0, 2.0],
        [4.0, 5.0, 3.0, 6.0, 3.0, 2.0, 5.0, 4.0],
        {(0, 3): 9.0, (3, 1): 5.0, (0, 2): 3.0},
        4,
    )
    paths = {
        (0, 3): [(0, 2), (1, 3), (0, 4, 3), (1, 5, 2)],
        (3, 1): [(7,), (6, 0), (6, 1, 5)],
        (0, 2): [(1,), (0, 4), (0, 2, 6, 1)],
    }
    every = [(pair, path) for pair, of in paths.items() for path in of]
    incidence = np.array([[float(link in path) for link in range(8)] for _, path in every])

    def objective(flows: np.ndarray) -> float:
        links = (flows @ incidence).tolist()
        if system:
            return sum(t * x for t, x in zip(travel_time(network, links), links, strict=True))
        return beckmann(network, links)

    constraints = [
        {
            "type": "eq",
            "fun": lambda flows, pair=pair, demand=demand: (
                sum(f for f, (p, _) in zip(flows, every, strict=True) if p == pair) - demand
            ),
        }
        for pair, demand in network.demand.items()
    ]
    start = [network.demand[pair] / len(paths[pair]) for pair, _ in every]
    options = {"ftol": 1e-12, "maxiter": 500}
    best = minimize(objective, start, bounds=[(0, None)] * len(every), constraints=constraints, options=options)
    found = assign(network, gap=1e-9, system=system)
    value = found.total if system else beckmann(network, found.flow)
    assert value == pytest.approx(best.fun, rel=1e-6)
    assert found.flow == pytest.approx((best.x @ incidence).tolist(), abs=2e-2)


@given(st.integers(0, 200), st.sampled_from([0.3, 1.0, 2.0]), st.lists(st.integers(0, 5), unique=True))
@settings(max_examples=25, deadline=None)
def test_equilibria_are_what_they_say(seed: int, load: float, built: list[int]) -> None:
    """Flow is conserved, no driver has a way that is much quicker, and the system optimum is no worse."""
    town = generate(f"town {seed % 5}", 3, 4, 5, 6, load)
    network, closed = town.network, town.closed(built)
    found = assign(network, closed)
    balance = np.zeros(network.nodes)
    for tail, head, x in zip(network.tail, network.head, found.flow, strict=True):
        balance[tail] -= x
        balance[head] += x
    for (origin, destination), vehicles in network.demand.items():
        balance[origin] += vehicles
        balance[destination] -= vehicles
    assert balance == pytest.approx(np.zeros(network.nodes), abs=1e-6)
    assert not any(found.flow[link] for link in closed)
    times = travel_time(network, found.flow)
    distance = np.full((network.nodes, network.nodes), np.inf)
    for link, (tail, head) in enumerate(zip(network.tail, network.head, strict=True)):
        if link not in closed:
            distance[tail, head] = times[link]
    for middle in range(network.nodes):
        distance = np.minimum(distance, distance[:, middle, None] + distance[None, middle])
    least = sum(vehicles * distance[pair] for pair, vehicles in network.demand.items())
    assert least <= found.total * (1 + 1e-12)
    assert found.total - least <= 1.01e-6 * found.total
    assert assign(network, closed, 1e-4, system=True).total <= found.total * (1 + 1e-4)


def test_a_smaller_gap_changes_little() -> None:
    town = generate("precise", 4, 4, 8, 8, 1.0)
    rough, fine = assign(town.network, gap=1e-6), assign(town.network, gap=1e-9)
    assert rough.total == pytest.approx(fine.total, rel=2e-5)
    assert beckmann(town.network, fine.flow) <= beckmann(town.network, rough.flow) * (1 + 1e-12)
    # convexity: the objective is at most gap x (sum t x) above the least
    assert beckmann(town.network, rough.flow) - beckmann(town.network, fine.flow) <= 1e-6 * rough.total


def test_a_demand_without_a_path_is_an_error() -> None:
    with pytest.raises(ArithmeticError, match="no path leads from node 0 to node 3"):
        assign(BRAESS, [2, 3])


def test_the_function_of_the_bureau_of_public_roads() -> None:
    assert (ALPHA, POWER) == (0.15, 4)
    assert travel_time(BRAESS, [1.0, 0, 0, 2.0, 0]) == pytest.approx([1.15, 50, 50, 1 + 0.15 * 16, 1])
    assert beckmann(BRAESS, [2.0, 0, 0, 0, 0]) == pytest.approx(2 + 0.15 * 32 / 5)


def test_a_town_is_congested_as_wanted() -> None:
    for load in (0.5, 1.5):
        town = generate("busy", 4, 5, 8, 6, load)
        found = assign(town.network, town.closed(()))
        empty = sum(t * x for t, x in zip(town.network.free, found.flow, strict=True))
        assert found.total / empty == pytest.approx(1 + load, rel=0.05)


def test_a_town_depends_on_its_key_alone() -> None:
    generate.cache_clear()
    one = generate("same", 4, 4, 6, 8, 1.0)
    generate.cache_clear()
    assert generate("same", 4, 4, 6, 8, 1.0) == one
    assert generate("other", 4, 4, 6, 8, 1.0) != one
    assert len(set(zip(one.network.tail, one.network.head, strict=True))) == len(one.network.tail) == 48 + 16
