"""The job shop simulator, against an independent check of its schedules and an independent account of its features."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.machines.jobshop import JobShop
from evaluators.machines.one_machine import makespan_bound
from evaluators.machines.shop import Operation, Shop, faults
from evaluators.protocol import Instance, Outcome
from tests import playing

EVALUATOR = JobShop()
NAMES = [feature.name for feature in EVALUATOR.features]
SCALARS = {feature.name for feature in EVALUATOR.features if feature.scalar}
TAKES_ALL = f"def priority({', '.join(NAMES)}): return p"


@st.composite
def instances(draw: Any) -> Instance:
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    p = draw(st.lists(st.lists(st.integers(1, 9), min_size=m, max_size=m), min_size=n, max_size=n))
    return Instance("drawn", "drawn", Shop(p, [list(draw(st.permutations(range(m)))) for _ in range(n)]))


def drive(instance: Instance, choose: Any, labels: int = 0) -> tuple[Outcome, list[dict[str, Any]]]:
    """Play without a driver: `choose(table)` gives the priorities; also returns every table, columns made."""
    return playing.play_tables(EVALUATOR, instance, choose, labels)


@given(instances(), st.randoms(use_true_random=False), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_any_decisions_give_a_non_delay_schedule(instance: Instance, rng: random.Random, labels: int) -> None:
    outcome, _ = drive(instance, lambda table: [rng.random() for _ in range(table["rows"])], labels)
    schedule = outcome.trace()
    assert faults(instance.data, schedule) == []
    assert outcome.cost == max(bar.end for bar in schedule) >= makespan_bound(instance.data)


@given(instances(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_features_agree_with_an_account_from_the_schedule(instance: Instance, rng: random.Random) -> None:
    """What each table should have said, from the finished schedule alone."""
    outcome, tables = drive(instance, lambda table: [rng.random() for _ in range(table["rows"])])
    bars = {(bar.job, bar.op): bar for bar in outcome.trace()}
    asked = iter(tables)
    done = [0] * instance.data.n
    order = []
    for job in outcome.decisions:
        order.append(bars[job, done[job]])
        done[job] += 1
    started: set[tuple[int, int]] = set()
    for bar in order:
        rows = account(instance.data, bars, started, bar)
        if len(rows) > 1:
            table = next(asked)
            columns = [name for name in NAMES if name not in SCALARS]
            seen = sorted(zip(*(table[name] for name in columns), strict=True))
            assert seen == sorted(tuple(row[name] for name in columns) for row in rows)
            assert {name: table[name] for name in SCALARS} == {name: rows[0][name] for name in SCALARS}
        started.add((bar.job, bar.op))
    assert next(asked, None) is None


def account(
    shop: Shop, bars: dict[tuple[int, int], Operation], started: set[tuple[int, int]], bar: Operation
) -> list[dict[str, int]]:
    """The rows of the table from which `bar` was chosen, when the operations `started` had begun."""
    t = bar.start
    open_ops = {key: other for key, other in bars.items() if key not in started}
    arrived = {(j, k): bars[j, k - 1].end if k else 0 for j, k in bars if not k or (j, k - 1) in started}
    waiting = [key for key in open_ops if key in arrived and arrived[key] <= t]

    def length(key: tuple[int, int]) -> int:
        return shop.p[key[0]][key[1]]

    def queue(machine: int) -> int:
        return sum(length(key) for key in waiting if bars[key].machine == machine)

    def load(machine: int) -> int:
        return sum(length(key) for key in open_ops if bars[key].machine == machine)

    def free(machine: int) -> int:
        return max((bars[key].end for key in started if bars[key].machine == machine), default=0)

    rows = []
    for j, k in [key for key in waiting if bars[key].machine == bar.machine]:
        following = shop.route[j][k + 1] if k + 1 < shop.m else None
        known = following is not None
        rows.append(
            {
                "p": shop.p[j][k],
                "work_left": sum(shop.p[j][k:]),
                "work_after": sum(shop.p[j][k + 1 :]),
                "ops_left": shop.m - k,
                "work_done": sum(shop.p[j][:k]),
                "work_total": sum(shop.p[j]),
                "ready": arrived[j, k],
                "p_next": shop.p[j][k + 1] if known else 0,
                "queue_next": queue(following) if following is not None else 0,
                "load_next": load(following) if following is not None else 0,
                "free_next": max(t, free(following)) if following is not None else t,
                "t": t,
                "free": free(bar.machine),
                "queue": queue(bar.machine),
                "n_queue": sum(bars[key].machine == bar.machine for key in waiting),
                "load": load(bar.machine),
                "n": shop.n,
                "m": shop.m,
            }
        )
    return rows


TWO = Instance("two", "two", Shop([[3, 2], [2, 4], [2, 1]], [[0, 1], [0, 1], [1, 0]]))


def test_spt_by_hand(run: Any) -> None:
    """Machine 0 takes job 1 (2 < 3), at 2 job 2 (1 < 3), at 3 job 0; machine 1 takes 2, 1, 0 as they come."""
    [played] = run(EVALUATOR, [TWO], "def priority(p): return p")
    assert played.outcome.cost == 8
    assert sorted(played.outcome.trace()) == [
        (0, 0, 0, 3, 6),
        (0, 1, 1, 6, 8),
        (1, 0, 0, 0, 2),
        (1, 1, 1, 2, 6),
        (2, 0, 1, 0, 2),
        (2, 1, 0, 2, 3),
    ]


def test_ties_go_by_the_true_job(run: Any) -> None:
    same = Instance("same", "same", Shop([[1], [1], [1], [1], [1]], [[0]] * 5))
    for relabelling in range(5):
        [played] = run(EVALUATOR, [same], "def priority(): return 0.0", relabelling)
        assert played.outcome.decisions == [0, 1, 2, 3, 4]


def test_exactly_the_features_taken_cross(run: Any, recorder: Any) -> None:
    run(EVALUATOR, [TWO], "def priority(p, t, queue_next): return p", session=recorder)
    load, *rest = recorder.messages
    assert set(load) == {"op", "source", "functions", "features"}
    assert {message["op"] for message in rest} <= {"priority"}
    for message in rest:
        if message["op"] == "priority":
            assert set(message) == {"op", "episodes", "over", "rows", "columns", "scalars"}
            assert (set(message["columns"]), set(message["scalars"])) == ({"p", "queue_next"}, {"t"})
            assert message["episodes"] == [0], "a position, not a name"


def test_all_features_can_cross(run: Any, recorder: Any) -> None:
    run(EVALUATOR, [TWO], TAKES_ALL, session=recorder)
    calls = [message for message in recorder.messages if message["op"] == "priority"]
    assert set(calls[0]["columns"]) == set(NAMES) - SCALARS
    assert set(calls[0]["scalars"]) == SCALARS
    assert {column.dtype.kind for column in calls[0]["columns"].values()} == {"i"}


@pytest.mark.parametrize("rule", ["work_after + 1e-3 * p + 1e-5 * ready", "-(p + 1e-3 * work_left + 1e-6 * work_done)"])
def test_relabelling_does_not_change_a_rule_without_ties(run: Any, rule: str) -> None:
    made = EVALUATOR.instances("relabel", generator="taillard", sizes=[[10, 6, 3]])
    source = f"def priority(p, work_left, work_after, work_done, ready): return {rule}"
    first, second = run(EVALUATOR, made, source, 1), run(EVALUATOR, made, source, 2)
    assert [a.outcome.decisions for a in first] == [b.outcome.decisions for b in second]
    assert [a.outcome.cost for a in first] == [b.outcome.cost for b in second]


def test_labels_are_dealt_per_instance_and_seed() -> None:
    made = EVALUATOR.instances("labels", generator="taillard", sizes=[[10, 5, 2]])
    orders = []
    for instance in made:
        for seed in (0, 1):
            _, tables = drive(instance, lambda table: list(table["p"]), seed)
            orders.append(tuple(tables[0]["work_total"]))
    assert len(set(orders)) == 4
    assert sorted(orders[0]) == sorted(orders[1])


def test_columns_and_rules_of_arrays_agree(run: Any) -> None:
    made = EVALUATOR.instances("arrays", generator="taillard", sizes=[[10, 5, 3]])
    rows = run(EVALUATOR, made, "def priority(p, work_left, t): return p * 1.5 - work_left + t")
    arrays = run(EVALUATOR, made, "def priorities(p, work_left, t): return p * 1.5 - work_left + t")
    assert [a.behaviour for a in rows] == [b.behaviour for b in arrays]
