"""Lower bounds of a job shop's makespan from its machines taken one at a time.

A machine alone, with heads (what comes before an operation) and tails (what comes after), is 1 | r_j, prmp | C_max with
delivery times if operations may be interrupted. Jackson's preemptive schedule solves it: always work on the available
operation with the longest tail (Carlier, European Journal of Operational Research 11, 1982; Carlier and Pinson,
Management Science 35, 1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import accumulate

from evaluators.machines.shop import Shop


def preemptive_makespan(heads: Sequence[int], p: Sequence[int], tails: Sequence[int]) -> int:
    """The least max_j (C_j + q_j) over preemptive schedules of one machine, with heads r_j, lengths p_j, tails q_j."""
    arrivals = [(r, -q, length) for r, length, q in zip(heads, p, tails, strict=True)]
    heapify(arrivals)
    available: list[tuple[int, int]] = []  # (-q_j, remaining length)
    t = best = 0
    while arrivals or available:
        if not available:
            t = max(t, arrivals[0][0])
        while arrivals and arrivals[0][0] <= t:
            _, tail, length = heappop(arrivals)
            heappush(available, (tail, length))
        tail, length = heappop(available)
        worked = min(length, arrivals[0][0] - t) if arrivals else length
        t += worked
        if worked < length:
            heappush(available, (tail, length - worked))
        else:
            best = max(best, t - tail)
    return best


def makespan_bound(shop: Shop) -> int:
    """A proven lower bound of C_max: the longest job, and the preemptive bound of every machine."""
    machines: list[tuple[list[int], list[int], list[int]]] = [([], [], []) for _ in range(shop.m)]
    for p, route in zip(shop.p, shop.route, strict=True):
        total = sum(p)
        for machine, length, end in zip(route, p, accumulate(p), strict=True):
            heads, lengths, tails = machines[machine]
            heads.append(end - length)
            lengths.append(length)
            tails.append(total - end)
    longest = max(map(sum, shop.p))
    return max(longest, *(preemptive_makespan(*machine) for machine in machines))
