"""Synthetic towns: a grid of streets, zones with demand by gravity, and roads that could be built."""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache

from evaluators.networks.traffic import Network, assign

FAST, SLOW = (0.6, 1500), (1.0, 900)  # arterial and ordinary streets: minutes a block, vehicles an hour

Crossing = tuple[int, int]


@dataclass(frozen=True)
class Town:
    """A network, roads that could be added to it, and what each costs; road k is the two links roads[k] of network.

    Crossings are numbered row by row, `columns` in each.
    """

    network: Network
    roads: tuple[tuple[int, int], ...]
    cost: tuple[int, ...]
    columns: int

    def closed(self, built: Collection[int]) -> frozenset[int]:
        """Links of the roads that are not built."""
        return frozenset(link for k, both in enumerate(self.roads) if k not in built for link in both)


@cache
def generate(key: str, rows: int, columns: int, zones: int, roads: int, load: float) -> Town:
    """A town of rows x columns crossings; `key` seeds it.

    Streets join neighbours, in both directions; one row and one column are arterials. Zones are crossings; demand
    between two of them is proportional to the weights of both and to exp(-0.15 x blocks between them), and scaled so
    that the total travel time at equilibrium, with nothing built, is 1 + load times that on empty streets. Roads that
    could be built: pieces, two blocks long, of express roads along rows and columns, and diagonals.
    """
    rng = random.Random(key)
    at = {(r, c): r * columns + c for r in range(rows) for c in range(columns)}
    links: list[tuple[int, int, float, float]] = []

    def street(a: Crossing, b: Crossing, minutes: float, capacity: float) -> None:
        minutes, capacity = round(minutes * rng.uniform(0.8, 1.2), 2), float(round(capacity * rng.uniform(0.8, 1.2)))
        links.extend([(at[a], at[b], minutes, capacity), (at[b], at[a], minutes, capacity)])

    fast_row, fast_column = rng.randrange(rows), rng.randrange(columns)
    for r, c in at:
        if c + 1 < columns:
            street((r, c), (r, c + 1), *(FAST if r == fast_row else SLOW))
        if r + 1 < rows:
            street((r, c), (r + 1, c), *(FAST if c == fast_column else SLOW))
    streets = len(links)
    costs = []
    for a, b in _roads(rng, rows, columns, roads):
        express = a[0] == b[0] or a[1] == b[1]
        street(a, b, 0.9 if express else rng.uniform(0.5, 1.3), rng.choice((600, 900, 1200, 1800)))
        length = 2.0 if express else 1.4
        costs.append(round(100 * length * (0.5 + links[-1][3] / 1500) * rng.uniform(0.7, 1.4)))
    places = sorted(rng.sample(sorted(at), zones))
    weight = {place: rng.lognormvariate(0, 0.5) for place in places}
    demand = {
        (at[a], at[b]): weight[a] * weight[b] * math.exp(-0.15 * _blocks(a, b))
        for a in places
        for b in places
        if a != b
    }
    tail, head, free, capacity = zip(*links, strict=True)
    network = Network(tail, head, free, capacity, demand, len(at))
    made = Town(network, tuple((k, k + 1) for k in range(streets, len(links), 2)), tuple(costs), columns)
    return replace(made, network=replace(network, demand=_scaled(made, load)))


def _blocks(a: Crossing, b: Crossing) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _scaled(town: Town, load: float) -> dict[tuple[int, int], float]:
    """The demand, times a factor by which congestion takes the wanted share of travel time."""
    closed, network = town.closed(()), town.network
    low, high = 0.0, 1e5
    for _ in range(18):
        factor = (low * high) ** 0.5 if low else high / 10
        demand = {pair: factor * value for pair, value in network.demand.items()}
        found = assign(replace(network, demand=demand), closed, gap=1e-2)
        empty = sum(x * t for x, t in zip(found.flow, network.free, strict=True))
        low, high = (factor, high) if found.total < (1 + load) * empty else (low, factor)
    return {pair: round(value, 1) for pair, value in demand.items()}


def _roads(rng: random.Random, rows: int, columns: int, count: int) -> list[tuple[Crossing, Crossing]]:
    """Ends of the roads that could be built: half of them express pieces, which continue each other where they can."""
    express: list[tuple[Crossing, Crossing]] = []
    lines = [("row", r) for r in range(rows)] + [("column", c) for c in range(columns)]
    for kind, line in rng.sample(lines, len(lines)):
        length = columns if kind == "row" else rows
        for k in range(rng.randrange(2) if length % 2 == 0 else 0, length - 2, 2):
            express.append(((line, k), (line, k + 2)) if kind == "row" else ((k, line), (k + 2, line)))
    express = express[: count - count // 2]
    squares = [(r, c) for r in range(rows - 1) for c in range(columns - 1)]
    diagonals = [((r, c), (r + 1, c + 1)) for r, c in squares] + [((r, c + 1), (r + 1, c)) for r, c in squares]
    return express + rng.sample(diagonals, count - len(express))
