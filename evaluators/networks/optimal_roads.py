"""The best set of roads within a budget, proven: branch and bound after LeBlanc (Transportation Science 9, 1975).

A road more can raise total travel time at user equilibrium (Braess), but never at the system optimum; and no
equilibrium is better than the system optimum of the same roads. So the system optimum with all roads that are not
excluded yet bounds every set that may still come.
"""

from __future__ import annotations

from collections.abc import Callable

from evaluators.networks.towns import Town
from evaluators.networks.traffic import ALPHA, POWER, assign

BOUND_GAP = 1e-2  # relative gap of the system optima; a bound allows for it


def system_bound(town: Town, built: frozenset[int], gap: float = BOUND_GAP) -> float:
    """No flows on these roads take less total travel time; a lower bound, by convexity, for any gap."""
    network = town.network
    found = assign(network, town.closed(built), gap, system=True)
    rows = zip(network.free, found.flow, network.capacity, strict=True)
    marginal = sum(t * x * (1 + ALPHA * (POWER + 1) * (x / c) ** POWER) for t, x, c in rows)
    return found.total - found.gap * marginal


def optimum(town: Town, budget: int, total: Callable[[frozenset[int]], float]) -> float:
    """The least `total` of all sets of roads within the budget. total: total travel time at equilibrium."""
    roads = range(len(town.cost))
    nothing = total(frozenset())
    alone = {road: nothing - total(frozenset([road])) for road in roads if town.cost[road] <= budget}
    order = sorted(alone, key=lambda road: (-alone[road] / town.cost[road], road))
    bounds: dict[frozenset[int], float] = {}
    best = nothing

    def visit(place: int, taken: frozenset[int], left: int) -> None:
        nonlocal best
        open_ = [road for road in order[place:] if town.cost[road] <= left]
        most = taken.union(open_)
        if most not in bounds:
            bounds[most] = system_bound(town, most)
        if bounds[most] >= best:
            return
        if not open_:
            best = min(best, total(taken))
            return
        road = open_[0]
        following = order.index(road) + 1
        visit(following, taken | {road}, left - town.cost[road])
        visit(following, taken, left)

    visit(0, frozenset(), budget)
    return best
