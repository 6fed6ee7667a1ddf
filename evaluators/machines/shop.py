"""A job shop J || C_max: what it is, its schedules, and an independent check of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple


@dataclass(frozen=True)
class Shop:
    """p[j][k] >= 1 is the processing time of job j's k-th operation, route[j][k] the machine that it needs.

    All jobs are available at time 0; every job visits every machine once.
    """

    p: Sequence[Sequence[int]]
    route: Sequence[Sequence[int]]

    @property
    def n(self) -> int:
        """Number of jobs."""
        return len(self.p)

    @property
    def m(self) -> int:
        """Number of machines."""
        return len(self.p[0])


class Operation(NamedTuple):
    """One bar of a schedule: the k-th operation `op` of `job` on `machine`, from `start` to `end`."""

    job: int
    op: int
    machine: int
    start: int
    end: int


def non_delay(shop: Shop, dispatched: Iterable[int]) -> list[Operation]:
    """The schedule in which operations start as early as they can, in the order of `dispatched` (a job at a time)."""
    done = [0] * shop.n
    ready = [0] * shop.n
    free = [0] * shop.m
    schedule = []
    for job in dispatched:
        op = done[job]
        machine = shop.route[job][op]
        start = max(ready[job], free[machine])
        end = start + shop.p[job][op]
        done[job] = op + 1
        ready[job] = free[machine] = end
        schedule.append(Operation(job, op, machine, start, end))
    return schedule


def faults(shop: Shop, schedule: Iterable[Operation]) -> list[str]:
    """What is wrong with a schedule, one line each: completeness, lengths, routes, order of jobs, machines, delay."""
    bars = {(bar.job, bar.op): bar for bar in schedule}
    wanted = {(j, k) for j in range(shop.n) for k in range(shop.m)}
    if set(bars) != wanted:
        return [f"job {j}, operation {k}: missing or unknown" for j, k in sorted(set(bars) ^ wanted)]
    wrong = []
    by_machine: dict[int, list[Operation]] = {}
    for (j, k), bar in sorted(bars.items()):
        if bar.machine != shop.route[j][k]:
            wrong.append(f"job {j}, operation {k} is on machine {bar.machine}, not on {shop.route[j][k]}")
        if bar.start < 0 or bar.end - bar.start != shop.p[j][k]:
            wrong.append(f"job {j}, operation {k} runs from {bar.start} to {bar.end}, and should take {shop.p[j][k]}")
        if k and bar.start < bars[j, k - 1].end:
            wrong.append(f"job {j}, operation {k} starts before operation {k - 1} ends")
        by_machine.setdefault(bar.machine, []).append(bar)
    for machine, queue in sorted(by_machine.items()):
        queue.sort(key=lambda bar: bar.start)
        for first, second in pairwise(queue):
            if second.start < first.end:
                wrong.append(f"machine {machine}: jobs {first.job} and {second.job} overlap at {second.start}")
    return wrong or _delays(bars, by_machine)


def _delays(bars: dict[tuple[int, int], Operation], by_machine: dict[int, list[Operation]]) -> list[str]:
    """Non-delay: a machine never waits while one of its operations is ready (Pinedo, definition 2.3.2)."""
    wrong = []
    for machine, queue in by_machine.items():
        free = 0
        for place, bar in enumerate(queue):
            for waiting in queue[place:]:
                ready = bars[waiting.job, waiting.op - 1].end if waiting.op else 0
                if max(free, ready) < bar.start:
                    wrong.append(f"machine {machine} waits at {max(free, ready)} although job {waiting.job} is ready")
            free = bar.end
    return wrong
