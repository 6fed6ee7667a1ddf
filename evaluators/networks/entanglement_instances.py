"""Demands for entangled pairs in small quantum networks, and the repeater protocols that serve them."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from evaluators.protocol import Instance

SLOT = 0.01  # seconds
PERIODS = (16, 32, 64, 128, 256)  # slots: 6.25 down to 0.39 pairs a second
FIDELITIES = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)
ATTEMPT = 0.4  # slots that a link takes, times 1 - its fidelity

# topology: links, end nodes; the other nodes are repeaters
TOPOLOGIES: Mapping[str, tuple[Sequence[tuple[int, int]], Sequence[int]]] = {
    "star": ([(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)], [1, 2, 3, 4, 5]),
    "H": ([(0, 1), (1, 2), (1, 4), (3, 4), (4, 5)], [0, 2, 3, 5]),
    "line": ([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)], [0, 1, 2, 3, 4, 5]),
    "symmetric": ([(0, 4), (1, 5), (2, 6), (3, 7), (4, 5), (4, 6), (4, 7), (5, 6), (5, 7), (6, 7)], [0, 1, 2, 3]),
    # a ring of cities with chords and branches, as national research networks are
    "national": (
        [
            *[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 0), (1, 5), (3, 7)],
            *[(0, 8), (2, 9), (4, 10), (6, 11), (5, 12)],
        ],
        [8, 9, 10, 11, 12, 1, 3],
    ),
}
END_QUBITS = (1, 3)  # communication and storage qubits of an end node
REPEATER_QUBITS = (2, 4)
HUB_QUBITS = (4, 4)  # of the centre of the star


@dataclass(frozen=True)
class Task:
    """One pair every T slots, made in C slots without interruption.

    busy: (resource, a, b): the qubit is in use from slot a to slot b after the start, 0 <= a < b <= C.
    """

    C: int
    T: int
    busy: Sequence[tuple[int, int, int]]
    hops: int = 1

    @property
    def rate(self) -> float:
        """Pairs a second."""
        return 1 / (SLOT * self.T)

    @cached_property
    def use(self) -> dict[int, float]:
        """The share of time in which each of its resources is in use."""
        return {resource: (b - a) / self.T for resource, a, b in self.busy}


@dataclass(frozen=True)
class Demands:
    """Tasks in the order in which they ask to be admitted; `qubits` names the resources, for drawings."""

    tasks: Sequence[Task]
    qubits: Sequence[str] = ()

    @property
    def rate(self) -> float:
        """Pairs a second that are asked for."""
        return sum(task.rate for task in self.tasks)

    @cached_property
    def most(self) -> float:
        """Pairs a second that no schedule exceeds: the best set of tasks in which no qubit is in use all the time.

        An integer programme: a resource is used at most the whole time, and two tasks exclude each other if one of
        them holds a common qubit for longer than the other ever leaves it free. Instances of a task start in
        [kT, (k + 1) T - C], so a qubit that it holds for b slots is free for at most 2 T - C - b in a row.
        """
        rows = []
        resources = sorted({resource for task in self.tasks for resource in task.use})
        for resource in resources:
            rows.append([task.use.get(resource, 0.0) for task in self.tasks])
        for i, one in enumerate(self.tasks):
            longest = {resource: b - a for resource, a, b in one.busy}
            for j, other in enumerate(self.tasks):
                gaps = {resource: 2 * other.T - other.C - (b - a) for resource, a, b in other.busy}
                if i != j and any(longest[resource] > gaps[resource] for resource in longest.keys() & gaps.keys()):
                    rows.append([float(k in (i, j)) for k in range(len(self.tasks))])
        pairs = np.array([max(PERIODS) // task.T for task in self.tasks], dtype=float)
        limits = LinearConstraint(np.array(rows), -np.inf, 1.0 + 1e-9)
        found = milp(-pairs, integrality=np.ones(len(pairs), dtype=int), bounds=Bounds(0, 1), constraints=limits)
        if found.mip_dual_bound is None:
            raise ArithmeticError(f"no bound on the throughput: {found.message}")
        return math.floor(1e-6 - found.mip_dual_bound) / (SLOT * max(PERIODS))


def make(split: str, topologies: Sequence[str], loads: Sequence[int], per_class: int) -> list[Instance]:
    """`per_class` sets of demands for each topology and load (pairs a second that are asked for)."""
    made = []
    for topology, load, k in product(topologies, loads, range(per_class)):
        key = f"entanglement|{split}|{topology}|{load}|{k}"
        made.append(Instance(key, f"{topology} load={load}", drawn(key, topology, load)))
    return made


def drawn(key: str, topology: str, load: float) -> Demands:
    """Demands between random end nodes, of random fidelity and rate, until they ask for `load` pairs a second."""
    rng = random.Random(key)
    links, ends = TOPOLOGIES[topology]
    qubits = _Qubits(topology)
    tasks: list[Task] = []
    asked = 0.0
    while asked < load:
        source, target = rng.sample(list(ends), 2)
        path = shortest_path(links, source, target)
        C, busy = protocol(len(path) - 1, rng.choice(FIDELITIES))
        periods = [T for T in PERIODS if T > C]
        T = rng.choice(periods)
        held = [(qubits.take(path[place], storage, (b - a) / T), a, b) for place, storage, a, b in busy]
        tasks.append(Task(C, T, held, len(path) - 1))
        asked += tasks[-1].rate
    return Demands(tasks, qubits.names)


def protocol(hops: int, fidelity: float) -> tuple[int, list[tuple[int, bool, int, int]]]:
    """C, and (place on the path, whether storage, from, to) for each qubit that a repeater protocol holds.

    Every other link is made first, all at once, then the links between them, then all inner nodes swap in one slot.
    Swapping multiplies Werner parameters, which says how good each link must be; a link of fidelity F takes
    ATTEMPT / (1 - F) slots. A pair that waits is moved to storage, so that its communication qubit can make the next.
    """
    werner = ((4 * fidelity - 1) / 3) ** (1 / hops)
    g = math.ceil(round(ATTEMPT / (1 - (3 * werner + 1) / 4), 9))
    if hops == 1:
        return g, [(0, False, 0, g), (1, False, 0, g)]
    C = 2 * g + 1
    busy = []
    for place in range(hops + 1):
        left, right = place - 1, place  # the links on both sides
        early = any(0 <= link < hops and link % 2 == 0 for link in (left, right))
        late = any(0 <= link < hops and link % 2 == 1 for link in (left, right))
        busy.append((place, False, 0 if early else g, C if late else g))
        if early:
            busy.append((place, True, g, C))
    return C, busy


class _Qubits:
    """Deals out the qubits of each node so that they are used evenly."""

    def __init__(self, topology: str) -> None:
        links, ends = TOPOLOGIES[topology]
        self.used: dict[tuple[int, bool], list[tuple[float, int]]] = {}
        self.names: list[str] = []
        for node in sorted({node for link in links for node in link}):
            counts = END_QUBITS if node in ends else HUB_QUBITS if topology == "star" else REPEATER_QUBITS
            for storage, count in zip((False, True), counts, strict=True):
                self.used[node, storage] = [(0.0, len(self.names) + k) for k in range(count)]
                kind = "storage" if storage else "communication"
                self.names += [f"node {node}, {kind} {k}" for k in range(count)]

    def take(self, node: int, storage: bool, use: float) -> int:
        """The number of the qubit of this kind that is used least so far."""
        kind = self.used[node, storage]
        before, number = min(kind)
        kind[kind.index((before, number))] = (before + use, number)
        return number


def shortest_path(links: Sequence[tuple[int, int]], source: int, target: int) -> list[int]:
    """Nodes of a path with the fewest links; of several, the first in lexicographic order."""
    paths = [[source]]
    while True:
        for path in paths:
            if path[-1] == target:
                return path
        steps = [(a, b) for link in links for a, b in (link, link[::-1])]
        paths = sorted([*path, b] for path in paths for a, b in steps if a == path[-1] and b not in path)
