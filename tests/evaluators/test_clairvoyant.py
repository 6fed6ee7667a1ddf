"""The clairvoyant optimum equals the best of all answer sequences, played through the simulators themselves."""

from __future__ import annotations

import random
from itertools import product

import pytest

from evaluators.clouds.clairvoyant import optimal_cost
from evaluators.clouds.spot_run import ACTIONS, NONE, Job, Machine, Market, Run


def best_of_all(job: Job, market: Market) -> float:
    """Every choice of every slot, by depth-first replay of `Run`."""
    choices = [Machine(NONE)] + [Machine(a, r) for a, r in product(ACTIONS[1:], range(len(market.up)))]
    best = float("inf")
    todo: list[tuple[Machine, ...]] = [()]
    while todo:
        played = todo.pop()
        run, left = Run(job, market), list(reversed(played))
        while True:
            run.settle()
            if not run.work_left:
                best = min(best, run.cost)
                break
            if run.guarded:
                run.choose(run.guard())
            elif left:
                run.choose(left.pop())
            else:
                todo += [(*played, choice) for choice in choices]
                break
    return best


@pytest.mark.parametrize("seed", range(30))
def test_one_zone_against_every_sequence(seed: int) -> None:
    """Overheads shorter and longer than a slot, tight and loose deadlines, prices that change."""
    rng = random.Random(f"one zone {seed}")
    tick, overhead = 600, rng.choice([0, 120, 360, 600, 720, 1440])
    work = rng.randint(2, 12) * 120
    slots = -(-(work + overhead) // tick) + rng.randint(1, 4)
    job = Job(work, slots * tick, overhead, tick, 3.06)
    market = Market(
        [[rng.random() < 0.6 for _ in range(slots + 1)]], [[rng.uniform(0.5, 3.5) for _ in range(slots + 1)]]
    )
    assert optimal_cost(job, market) == pytest.approx(best_of_all(job, market))


@pytest.mark.parametrize("seed", range(12))
def test_two_regions_against_every_sequence(seed: int) -> None:
    rng = random.Random(f"two regions {seed}")
    tick, overhead = 195, rng.choice([90, 300, 720])
    work = rng.randint(3, 8) * 75
    slots = -(-(work + overhead) // tick) + 2
    job = Job(work, slots * tick + rng.randint(0, 194), overhead, tick, 3.06)
    up = [[rng.random() < 0.7 for _ in range(slots + 1)] for _ in range(2)]
    market = Market(up, [[rng.uniform(0.5, 3.5) for _ in range(slots + 1)] for _ in range(2)])
    assert optimal_cost(job, market) == pytest.approx(best_of_all(job, market))


def test_by_hand() -> None:
    """1200 s of work, overhead 300 s, 5 slots, spot in slots 1 and 2 only.

    On demand alone: 300 + 900 + ... 1500 s are 3 slots, 1.53 $. Spot in slots 1 and 2 does 900 s; the other 300 s need
    an on-demand machine, whose first slot does exactly 300 s: 2 x 0.16218 + 0.51 $.
    """
    job = Job(1200, 3000, 300, 600, 3.06)
    market = Market([[False, True, True, False, False, False]], [[0.9731] * 6])
    assert optimal_cost(job, market) == pytest.approx(2 * 0.9731 / 6 + 0.51)


def test_no_spot_at_all_is_on_demand_from_the_start() -> None:
    job = Job(172800, 187200, 72, 600, 3.06)
    assert optimal_cost(job, Market([[False] * 313], [[0.9731] * 313])) == pytest.approx(289 * 0.51)


def test_spot_all_the_time_costs_one_overhead() -> None:
    job = Job(172800, 187200, 360, 600, 3.06)
    assert optimal_cost(job, Market([[True] * 313], [[0.9731] * 313])) == pytest.approx(289 * 0.9731 / 6)


def test_moving_to_a_cheaper_region_when_it_pays() -> None:
    """10 slots of work, overhead of one slot, deadline after 14. A slot costs 0.3 $ in region 0; in region 1 it costs
    2 $ before slot 4 and 0.1 $ from then on.

    Idle in slot 0, region 0 in slots 1 to 3 (2 slots of work, 0.9 $), region 1 in slots 4 to 12 (8 of work, 0.9 $). One
    slot of waiting more, and the guard holds before the move; staying in region 0 costs 11 x 0.3 $.
    """
    job = Job(6000, 14 * 600, 600, 600, 3.06)
    market = Market([[True] * 15] * 2, [[1.8] * 15, [12.0] * 4 + [0.6] * 11])
    assert optimal_cost(job, market) == pytest.approx(3 * 0.3 + 9 * 0.1)
