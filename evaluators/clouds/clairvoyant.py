"""The cheapest run of a job when the whole market is known in advance, by dynamic programming: exact.

It plays the rules of `spot_run.Run`, guard included, so that no policy can be cheaper, and one that guesses every
choice right is as cheap. Time runs backwards; work is counted in the largest unit that divides tick and overhead.
"""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np

from evaluators.clouds.spot_run import Job, Market

Values = np.ndarray[Any, np.dtype[np.float64]]


def optimal_cost(job: Job, market: Market) -> float:
    """Least cost in $ of finishing the job by its deadline, every slot billed in full.

    A state is the work left and what is running: nothing, an on-demand machine, or a spot machine in region r, each
    with j = 1, ..., m slots behind it, after m of which its overhead is paid. Values are arrays over the work left,
    of shapes (1,), (m,) and (regions, m) times that. Only what is reachable is computed: a machine does one tick of
    work a slot at most, and the guard never lets more work be left than there is time.
    """
    unit = gcd(job.tick, job.overhead, job.work)
    tick, overhead, total = job.tick // unit, job.overhead // unit, job.work // unit
    m = max(1, -(-overhead // tick))
    useful = [max(0, tick - max(0, overhead - j * tick)) for j in range(m + 1)]  # work of the slot after j slots
    later = [min(j + 1, m) - 1 for j in range(m + 1)]  # where that slot leads to
    up = np.array(market.up, dtype=bool)
    slot_price = np.array(market.price) * job.tick / 3600
    on_demand_price = job.price_on_demand * job.tick / 3600
    regions = len(up)

    def unknown(*shape: int) -> Values:
        values = np.full((*shape, total + 1), np.inf)
        values[..., 0] = 0.0  # the job is done
        return values

    now = unknown(), unknown(m), unknown(regions, m)
    following = unknown(), unknown(m), unknown(regions, m)
    for k in reversed(range(job.slots)):
        now, following = following, now
        idle_, on_demand_, spot_ = following
        low, high = max(1, total - k * tick), min(total, (job.slots - k) * tick) + 1
        if low >= high:
            continue
        work = np.arange(low, high)
        left = [np.maximum(work - done, 0) for done in useful]
        wait = idle_[work]
        on_demand = [on_demand_price + on_demand_[later[j]][left[j]] for j in range(m + 1)]
        spot = {}
        for r in np.flatnonzero(up[:, k]):
            after = spot_[r] if up[r, k + 1] else [idle_] * m
            spot[r] = [slot_price[r, k] + after[later[j]][left[j]] for j in range(m + 1)]
        guarded = -(-(work + overhead) // tick) >= job.slots - k
        choices = [wait, *(values[0] for values in spot.values())]
        now[0][low:high] = np.where(guarded, on_demand[0], np.minimum.reduce([on_demand[0], *choices]))
        cheapest = np.minimum.reduce(choices)
        for j in range(1, m + 1):
            now[1][j - 1, low:high] = np.where(guarded, on_demand[j], np.minimum(on_demand[j], cheapest))
        for r, values in spot.items():
            others = np.minimum.reduce([wait, on_demand[0], *(spot[s][0] for s in spot if s != r)])
            for j in range(1, m + 1):
                kept = values[j] if j == m else on_demand[0]
                now[2][r, j - 1, low:high] = np.where(guarded, kept, np.minimum(values[j], others))
    return float(now[0][total])
