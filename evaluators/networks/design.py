"""Discrete network design: which roads to build so that total travel time at user equilibrium is small.

A bilevel problem (LeBlanc, Transportation Science 9, 1975): drivers choose shortest paths on whatever is built, so a
new road may make all of them slower (Braess 1968). Only a traffic assignment tells what a set of roads achieves, and a
candidate may ask for a few.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from evaluators import drawing
from evaluators.answers import plain
from evaluators.drawing import Drawing
from evaluators.networks.optimal_roads import optimum
from evaluators.networks.towns import Town, generate
from evaluators.networks.traffic import Assignment, assign, travel_time
from evaluators.protocol import Evaluator, EvaluatorBug, Illegal, Instance, Labels, Outcome, Reference

CALLS = 20


@dataclass(frozen=True)
class Plan:
    """A town and what may be spent in it; `name` is shared by the instances of one town."""

    name: str
    town: Town
    budget: int


class Link(NamedTuple):
    """A link of the network as it is built: true nodes, vehicles an hour, minutes."""

    tail: int
    head: int
    flow: float
    minutes: float


class NetworkDesign(Evaluator):
    """The candidate asks for the travel time of up to 20 sets of roads, one by one, and then builds one set."""

    headline = ("saving", "calls")
    measure = "total travel time, units of time x trips"
    scale = "total travel time above the optimum, %"
    slow_reference = True

    def __init__(self) -> None:
        self._known: dict[tuple[str, frozenset[int]], float] = {}

    def instances(
        self,
        split: str,
        *,
        sizes: Sequence[Sequence[int]],
        loads: Sequence[float],
        budgets: Sequence[float] = (0.25, 0.5, 0.75),
    ) -> list[Instance]:
        """sizes: [rows, columns, zones, roads, how many towns for each load]; loads: see `towns.generate`; budgets: as
        shares of what all roads cost, each an instance of its own."""
        made = []
        for (rows, columns, zones, roads, count), load, share in product(sizes, loads, budgets):
            for k in range(count):
                name = f"design|{split}|{rows}x{columns}|{zones}|{roads}|{load}|{k}"
                town = generate(name, rows, columns, zones, roads, load)
                plan = Plan(name, town, int(share * sum(town.cost)))
                made.append(Instance(f"{name}|{share}", f"{rows}x{columns}, budget {share:.0%}", plan))
        return made

    def reference(self, instance: Instance) -> Reference:
        """The least total travel time of all sets of roads within the budget, proven by branch and bound."""
        plan: Plan = instance.data
        return Reference(optimum(plan.town, plan.budget, partial(self._total, plan)), "optimal")

    def figures(self, instance: Instance, outcome: Outcome, reference: Reference) -> Mapping[str, float]:
        """saving: what is saved against building nothing, in per cent of what the optimum saves."""
        nothing = self._total(instance.data, ())
        if nothing <= reference.value:
            return {}
        return {"saving": 100 * (nothing - outcome.cost) / (nothing - reference.value)}

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """Answer questions until something is built. Every observation holds the whole network and all answers."""
        plan: Plan = instance.data
        road_of = labels.permutation("road", len(plan.town.cost))
        shown = _shown(plan, road_of, labels)
        shown["base"] = self._total(plan, ())
        tried: list[list[int]] = []
        totals: list[float] = []
        while True:
            left = CALLS - len(tried)
            answer = yield {**shown, "tried": tried, "totals": totals, "calls_left": left}
            action, roads = _action(answer, len(road_of))
            built = sorted(road_of[label] for label in roads)
            if action == "build":
                return self._outcome(plan, built, len(tried))
            if not left:
                raise Illegal(f'"evaluate" after {CALLS} evaluations; none is left, answer with "build"')
            tried = [*tried, roads]
            totals = [*totals, self._total(plan, built)]

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The town's map: the traffic on its streets and on the roads that were built, and the roads that were not."""
        plan: Plan = instance.data
        town, network = plan.town, plan.town.network
        closed = town.closed(outcome.decisions)
        flow = assign(network, closed).flow
        minutes = travel_time(network, flow)
        streets, zones = town.roads[0][0], {place for pair in network.demand for place in pair}
        nodes = [
            drawing.Node(str(k), k % town.columns, -(k // town.columns), "zone" if k in zones else "crossing")
            for k in range(network.nodes)
        ]
        shown = drawing.first([1] * len(network.tail))
        links = []
        for link in range(shown):
            kind = "not built" if link in closed else "street" if link < streets else "built"
            label = f"{minutes[link]:.2f} min, capacity {network.capacity[link]:.0f}/h"
            links.append(drawing.Link(str(network.tail[link]), str(network.head[link]), flow[link], label, kind))
        return Drawing(
            "distance east, blocks",
            "distance north, blocks",
            nodes=nodes,
            links=links,
            weight=drawing.titled("traffic, vehicles/h", shown, len(network.tail)),
        )

    def _outcome(self, plan: Plan, built: list[int], calls: int) -> Outcome:
        spent = _cost(plan, built)
        if spent > plan.budget:
            raise Illegal(f"the roads that are built cost {spent} in all; the budget is {plan.budget}")
        total = self._total(plan, built)
        metrics = {"calls": float(calls), "roads": float(len(built)), "spent": 100 * spent / plan.budget}
        return Outcome(total, metrics, decisions=built, trace=partial(_links, plan, built))

    def _total(self, plan: Plan, built: Collection[int]) -> float:
        """Total travel time at equilibrium, vehicle minutes an hour; found once for each set of roads of a town."""
        key = (plan.name, frozenset(built))
        if key not in self._known:
            self._known[key] = assign(plan.town.network, plan.town.closed(built)).total
        return self._known[key]


def _cost(plan: Plan, built: Collection[int]) -> int:
    return sum(plan.town.cost[road] for road in built)


def _shown(plan: Plan, road_of: list[int], labels: Labels) -> dict[str, Any]:
    """What a candidate is told of a town, with nodes, streets and roads in random order."""
    town, network = plan.town, plan.town.network
    node_of = labels.permutation("node", network.nodes)
    label_of = np.argsort(node_of)
    streets = town.roads[0][0]  # the roads come last
    link_of = np.array(labels.permutation("street", streets))
    before: Assignment = assign(network, town.closed(()))
    minutes = np.array(travel_time(network, before.flow))
    distance = np.full((network.nodes, network.nodes), np.inf)
    np.fill_diagonal(distance, 0.0)
    tail, head = label_of[np.array(network.tail)], label_of[np.array(network.head)]
    distance[tail[:streets], head[:streets]] = minutes[:streets]
    for middle in range(network.nodes):
        np.minimum(distance, distance[:, middle, None] + distance[None, middle], out=distance)
    if not np.isfinite(distance).all():
        raise EvaluatorBug(f"{plan.name}: the streets do not connect all crossings")
    demand = np.zeros((network.nodes, network.nodes))
    for (origin, destination), vehicles in network.demand.items():
        demand[label_of[origin], label_of[destination]] = vehicles
    ways = np.array([town.roads[road][0] for road in road_of])
    free, capacity, flow = np.array(network.free), np.array(network.capacity), np.array(before.flow)
    return {
        "nodes": network.nodes,
        "tail": tail[link_of],
        "head": head[link_of],
        "free": free[link_of],
        "capacity": capacity[link_of],
        "flow": flow[link_of],
        "time": minutes[link_of],
        "road_from": tail[ways],
        "road_to": head[ways],
        "road_free": free[ways],
        "road_capacity": capacity[ways],
        "road_cost": np.array([town.cost[road] for road in road_of]),
        "budget": plan.budget,
        "demand": demand,
        "distance": distance,
    }


def _action(answer: Any, roads: int) -> tuple[str, list[int]]:
    """What is wanted, and for which roads, by label. Raises Illegal."""
    if type(answer) is not dict or len(answer) != 1 or not set(answer) <= {"evaluate", "build"}:
        said = list(answer) if type(answer) is dict else type(answer).__name__
        raise Illegal(f'decide must return {{"evaluate": [roads]}} or {{"build": [roads]}}; it returned {said}')
    [(action, chosen)] = answer.items()
    chosen = plain(chosen, "iu", "a list of integers", f'"{action}": ')
    if type(chosen) not in (list, tuple):
        raise Illegal(f'"{action}": a {type(chosen).__name__}; expected a list of roads')
    seen: set[int] = set()
    for road in chosen:
        if type(road) is not int:
            raise Illegal(f'"{action}": a road is a {type(road).__name__}; roads are integers')
        if not 0 <= road < roads:
            raise Illegal(f'"{action}": road {road}; roads are numbered 0 to {roads - 1}')
        if road in seen:
            raise Illegal(f'"{action}": road {road} is named twice')
        seen.add(road)
    return action, list(chosen)


def _links(plan: Plan, built: list[int]) -> list[Link]:
    network, closed = plan.town.network, plan.town.closed(built)
    flow = assign(network, closed).flow
    rows = zip(network.tail, network.head, flow, travel_time(network, flow), strict=True)
    return [Link(*row) for link, row in enumerate(rows) if link not in closed]
