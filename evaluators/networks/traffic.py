"""Traffic assignment: user equilibrium (Wardrop 1952) and system optimum of a road network.

Gradient projection on path flows (Jayakrishnan, Tsai, Prashker and Rajadhyaksha, Transportation Research Record 1443,
1994) for the problem of Beckmann, McGuire and Winsten (1956): paths are added as they become shortest, and flow moves
from dearer paths to the cheapest one by Newton steps. Plain Python in a fixed order, so that figures are the same
everywhere, to the last bit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

GAP = 1e-6  # relative: (sum t x - sum of what demand would spend on shortest paths) / sum t x
PASSES = 500
SWEEPS = 4  # Newton sweeps over the path flows between two searches for shortest paths
ALPHA, POWER = 0.15, 4  # of the Bureau of Public Roads, 1964


@dataclass(frozen=True)
class Network:
    """Directed links by position: ends, minutes on the empty link, capacity in vehicles an hour.

    demand: vehicles an hour by origin and destination, positive.
    """

    tail: Sequence[int]
    head: Sequence[int]
    free: Sequence[float]
    capacity: Sequence[float]
    demand: dict[tuple[int, int], float]
    nodes: int


class Assignment(NamedTuple):
    """Flow of each link, total travel time in vehicle minutes an hour, and the relative gap that was reached."""

    flow: list[float]
    total: float
    gap: float


@dataclass
class _Pair:
    """An origin and a destination, and the paths between them that have been found: links, and flow on each path."""

    origin: int
    destination: int
    demand: float
    paths: list[tuple[int, ...]] = field(default_factory=list)
    flows: list[float] = field(default_factory=list)


class _State:
    """Flows, and what follows from them: cost of each link and its derivative. system: marginal costs instead."""

    def __init__(self, network: Network, system: bool) -> None:
        weight = ALPHA * (POWER + 1) if system else ALPHA  # t + x t' = free (1 + 5 alpha (x / c)^4)
        self.flow = [0.0] * len(network.free)
        self.cost = list(network.free)
        self.slope = [0.0] * len(network.free)
        self._free, self._capacity = network.free, network.capacity
        self._rise = [free * weight for free in network.free]

    def add(self, links: Sequence[int], amount: float) -> None:
        """Send `amount` more vehicles along `links`."""
        for link in links:
            x = self.flow[link] + amount
            self.flow[link] = x if x > 0.0 else 0.0  # rounding
            share = self.flow[link] / self._capacity[link]
            cube = self._rise[link] * share * share * share
            self.cost[link] = self._free[link] + cube * share
            self.slope[link] = POWER * cube / self._capacity[link]

    def along(self, path: Sequence[int]) -> float:
        """Cost of a path."""
        cost = self.cost
        return sum([cost[link] for link in path])


def travel_time(network: Network, flow: Sequence[float]) -> list[float]:
    """Minutes on each link: free (1 + 0.15 (flow / capacity)^4)."""
    return [t * (1 + ALPHA * (x / c) ** POWER) for t, x, c in zip(network.free, flow, network.capacity, strict=True)]


def beckmann(network: Network, flow: Sequence[float]) -> float:
    """The objective that an equilibrium minimises: the sum over links of the integral of the time from 0 to flow."""
    rows = zip(network.free, flow, network.capacity, strict=True)
    return sum(t * x * (1 + ALPHA / (POWER + 1) * (x / c) ** POWER) for t, x, c in rows)


def assign(network: Network, closed: Collection[int] = (), gap: float = GAP, system: bool = False) -> Assignment:
    """Equilibrium without the links `closed`; system: the flows of least total travel time instead.

    Raises ArithmeticError where the open links do not connect a demand, or the gap is not reached.
    """
    out: list[list[tuple[int, int]]] = [[] for _ in range(network.nodes)]
    for link, (tail, head) in enumerate(zip(network.tail, network.head, strict=True)):
        if link not in closed:
            out[tail].append((head, link))
    pairs: dict[int, list[_Pair]] = {}
    for (origin, destination), demand in sorted(network.demand.items()):
        pairs.setdefault(origin, []).append(_Pair(origin, destination, demand))
    state = _State(network, system)
    for _ in range(PASSES):
        now = _add_paths(network, out, pairs, state)
        if now <= gap:
            spent = zip(travel_time(network, state.flow), state.flow, strict=True)
            return Assignment(state.flow, sum(t * x for t, x in spent), now)
        several = [pair for of in pairs.values() for pair in of if len(pair.paths) > 1]
        for _ in range(SWEEPS):
            for pair in several:
                _shift(pair, state)
    raise ArithmeticError(f"no equilibrium after {PASSES} passes: the relative gap is {now:g}")


def _add_paths(
    network: Network, out: list[list[tuple[int, int]]], pairs: dict[int, list[_Pair]], state: _State
) -> float:
    """Find shortest paths, add those that are new, and tell the relative gap; at first, send all demand along them."""
    spent = sum([x * t for x, t in zip(state.flow, state.cost, strict=True)])
    least = 0.0
    for origin, of in pairs.items():
        distance, entry = _shortest(network, out, state.cost, origin)
        for pair in of:
            if pair.destination not in distance:
                raise ArithmeticError(f"no path leads from node {origin} to node {pair.destination}")
            least += pair.demand * distance[pair.destination]
            links = []
            node = pair.destination
            while node != origin:
                links.append(entry[node])
                node = network.tail[entry[node]]
            path = tuple(reversed(links))
            if not pair.paths:
                pair.paths, pair.flows = [path], [pair.demand]
                state.add(path, pair.demand)
            elif path not in pair.paths:
                pair.paths.append(path)
                pair.flows.append(0.0)
    return (spent - least) / spent if spent else float("inf")


def _shortest(
    network: Network, out: list[list[tuple[int, int]]], cost: list[float], origin: int
) -> tuple[dict[int, float], dict[int, int]]:
    """Dijkstra: distance of each node, and the link by which it is entered."""
    distance: dict[int, float] = {}
    entry: dict[int, int] = {}
    heap = [(0.0, origin, -1)]
    while heap:
        so_far, node, link = heappop(heap)
        if node in distance:
            continue
        distance[node] = so_far
        entry[node] = link
        for head, onward in out[node]:
            if head not in distance:
                heappush(heap, (so_far + cost[onward], head, onward))
    return distance, entry


def _shift(pair: _Pair, state: _State) -> None:
    """Move flow from each path to the cheapest one, by a Newton step on the difference of their costs."""
    costs = [state.along(path) for path in pair.paths]
    best = costs.index(min(costs))
    cheapest = pair.paths[best]
    for k, path in enumerate(pair.paths):
        if k == best or pair.flows[k] == 0.0:
            continue
        leaves = [link for link in path if link not in cheapest]
        enters = [link for link in cheapest if link not in path]
        excess = state.along(leaves) - state.along(enters)
        if excess <= 0.0:
            continue
        slope = sum([state.slope[link] for link in leaves]) + sum([state.slope[link] for link in enters])
        moved = pair.flows[k]
        if moved * slope > excess:
            moved = excess / slope
            pair.flows[k] -= moved
        else:
            pair.flows[k] = 0.0
        pair.flows[best] += moved
        state.add(leaves, -moved)
        state.add(enters, moved)
    kept = [k for k, flow in enumerate(pair.flows) if flow > 0.0 or k == best]
    if len(kept) < len(pair.paths):
        pair.paths = [pair.paths[k] for k in kept]
        pair.flows = [pair.flows[k] for k in kept]
