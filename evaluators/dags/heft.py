"""List schedulers of a single task graph that is known in full: HEFT, CPOP and PEFT, all with insertion."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from evaluators.dags.graph import Graph


class Placed(NamedTuple):
    """Task `task` runs on PE `pe` from `start` to `end`."""

    task: int
    pe: int
    start: int
    end: int


class _Schedule:
    """What is placed so far."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.placed: dict[int, Placed] = {}
        self.busy: list[list[tuple[int, int]]] = [[] for _ in range(graph.m)]

    def try_on(self, task: int, pe: int) -> Placed:
        """The earliest start of a task on a PE, in a gap if there is one that is long enough."""
        data = 0
        for parent, c in self.graph.parents[task]:
            before = self.placed[parent]
            data = max(data, before.end + (c if before.pe != pe else 0))
        length = self.graph.w[task][pe]
        start = data
        for busy_from, busy_until in self.busy[pe]:
            if start + length <= busy_from:
                break
            start = max(start, busy_until)
        return Placed(task, pe, start, start + length)

    def place(self, chosen: Placed) -> None:
        self.placed[chosen.task] = chosen
        insort(self.busy[chosen.pe], (chosen.start, chosen.end))


def heft(graph: Graph) -> list[Placed]:
    """HEFT: by decreasing upward rank, each on the PE that ends it first (Topcuoglu, Hariri and Wu, 2002)."""
    schedule = _Schedule(graph)
    for task in sorted(range(graph.n), key=lambda i: (-graph.upward[i], i)):
        schedule.place(_first(schedule, task, range(graph.m)))
    return _in_order(schedule)


def cpop(graph: Graph) -> list[Placed]:
    """CPOP: tasks of the critical path on the one PE that runs them fastest, the others on the PE that ends them first.

    Ready tasks by decreasing sum of both ranks (Topcuoglu, Hariri and Wu, 2002).
    """
    priority = [up + down for up, down in zip(graph.upward, graph.downward, strict=True)]
    task = max((i for i in range(graph.n) if not graph.parents[i]), key=lambda i: priority[i])
    path = {task}
    while graph.children[task]:
        task = max((j for j, _ in graph.children[task]), key=lambda j: priority[j])
        path.add(task)
    fastest = min(range(graph.m), key=lambda p: sum(graph.w[i][p] for i in path))

    def pes(task: int) -> Sequence[int]:
        return [fastest] if task in path else range(graph.m)

    return _ready_first(graph, [-value for value in priority], lambda schedule, task: _first(schedule, task, pes(task)))


def peft(graph: Graph) -> list[Placed]:
    """PEFT: ready tasks by decreasing mean of the optimistic cost table, on the PE with the least finish plus entry.

    Arabnejad and Barbosa, 2014.
    """

    def least(schedule: _Schedule, task: int) -> Placed:
        tried = [schedule.try_on(task, p) for p in range(graph.m)]
        return min(tried, key=lambda one: (one.end + graph.optimistic[task][one.pe], one.pe))

    return _ready_first(graph, [-sum(row) / graph.m for row in graph.optimistic], least)


def makespan(schedule: Sequence[Placed]) -> int:
    """When the last task ends."""
    return max(one.end for one in schedule)


def _first(schedule: _Schedule, task: int, pes: Sequence[int]) -> Placed:
    return min((schedule.try_on(task, p) for p in pes), key=lambda one: (one.end, one.pe))


def _ready_first(graph: Graph, order: Sequence[float], choose: Callable[[_Schedule, int], Placed]) -> list[Placed]:
    """Place the ready task with the smallest `order` until none is left."""
    schedule = _Schedule(graph)
    open_parents = [len(parents) for parents in graph.parents]
    ready = [(order[i], i) for i in range(graph.n) if not open_parents[i]]
    heapify(ready)
    while ready:
        _, task = heappop(ready)
        schedule.place(choose(schedule, task))
        for child, _ in graph.children[task]:
            open_parents[child] -= 1
            if not open_parents[child]:
                heappush(ready, (order[child], child))
    return _in_order(schedule)


def _in_order(schedule: _Schedule) -> list[Placed]:
    return [schedule.placed[i] for i in range(schedule.graph.n)]
