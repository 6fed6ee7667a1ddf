"""The blocking job shop simulator, against an independent check of its logs and against exact methods."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise, permutations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.machines.blocking import BlockingJobShop
from evaluators.machines.blocking_log import Plant, Stay, faults, rotations
from evaluators.machines.one_machine import makespan_bound
from evaluators.machines.shop import Shop
from evaluators.protocol import Instance, Outcome
from tests import playing

EVALUATOR = BlockingJobShop()
NAMES = [feature.name for feature in EVALUATOR.features]
SCALARS = {feature.name for feature in EVALUATOR.features if feature.scalar}


def plant(
    p: list[list[int]], route: list[list[int]], rate: float = 0.0, longest: int = 5, draws: str = "d"
) -> Instance:
    return Instance("drawn", "drawn", Plant(Shop(p, route), rate, longest, draws))


@st.composite
def instances(draw: Any) -> Instance:
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    p = draw(st.lists(st.lists(st.integers(1, 9), min_size=m, max_size=m), min_size=n, max_size=n))
    route = [list(draw(st.permutations(range(m)))) for _ in range(n)]
    rate = draw(st.sampled_from([0.0, 0.2, 0.6, 1.0]))
    return plant(p, route, rate, draw(st.sampled_from([1, 5, 30])), str(draw(st.integers(0, 9))))


def drive(instance: Instance, choose: Any, labels: int = 0) -> tuple[Outcome, list[dict[str, Any]]]:
    """Play without a driver: `choose(table)` gives the priorities; also returns every table, columns made."""
    return playing.play_tables(EVALUATOR, instance, choose, labels)


def anyhow(rng: random.Random) -> Any:
    return lambda table: [rng.random() for _ in range(table["rows"])]


# --- any decisions give a log without faults ------------------------------------------------------------------------


@given(instances(), st.randoms(use_true_random=False), st.integers(0, 9))
@settings(max_examples=200, deadline=None)
def test_any_decisions_give_a_log_without_faults(instance: Instance, rng: random.Random, labels: int) -> None:
    outcome, _ = drive(instance, anyhow(rng), labels)
    log = outcome.trace()
    assert faults(instance.data, log) == []
    assert outcome.cost == max(stay.leave for stay in log) >= makespan_bound(instance.data.shop)
    entered = sorted(log, key=lambda stay: stay.enter)
    assert sorted(outcome.decisions) == sorted(stay.job for stay in entered)


@given(instances(), st.randoms(use_true_random=False), st.sampled_from(range(6)))
@settings(max_examples=100, deadline=None)
def test_the_check_refuses_a_changed_log(instance: Instance, rng: random.Random, kind: int) -> None:
    outcome, _ = drive(instance, anyhow(rng))
    log: list[Stay] = outcome.trace()
    place = rng.randrange(len(log))
    stay = log[place]
    changed = [
        stay._replace(enter=stay.enter - 1, finish=stay.finish - 1),  # earlier
        stay._replace(finish=stay.finish + 1, leave=max(stay.leave, stay.finish + 1)),  # longer
        stay._replace(leave=stay.leave + 1),  # stays on, although its next machine has it
        stay._replace(machine=(stay.machine + 1) % (instance.data.shop.m + 1)),
        stay._replace(enter=stay.enter + 1, finish=stay.finish + 1, leave=stay.leave + 1),  # waits outside for nothing
    ]
    log[place : place + 1] = changed[kind : kind + 1]  # kind 5: the stay is missing
    assert faults(instance.data, log) != []


def test_every_fault_has_its_name() -> None:
    """One job on machines 0 and 1, 3 and 2 long; after 0 ends at 3, machine 0 is down for U{1..5}."""
    data = plant([[3, 2]], [[0, 1]]).data
    good = [Stay(0, 0, 0, 0, 3, 3), Stay(0, 1, 1, 3, 5, 5)]
    assert faults(data, good) == []
    assert faults(data, good[:1]) == ["job 0, operation 1: missing or unknown"]
    assert "there is no buffer" in faults(data, [good[0], Stay(0, 1, 1, 4, 6, 6)])[0]
    two = plant([[3], [3]], [[0], [0]], rate=1.0).data
    length = two.outage(0, 0)
    early = [Stay(0, 0, 0, 0, 3, 3), Stay(1, 0, 0, 3, 6, 6)]
    assert faults(two, early) == ["machine 0 is down when job 1 enters at 3"]
    late = [early[0], Stay(1, 0, 0, 4 + length, 7 + length, 7 + length)]
    assert faults(two, late) == [f"machine 0 is empty at {3 + length} although job 1 is ready for it"]
    assert faults(replace(two, rate=0.0), [early[0], Stay(1, 0, 0, 2, 5, 5)]) == [
        "machine 0: jobs 0 and 1 overlap at 2"
    ]
    # Two jobs in a circle could swap at 2 and do so at 3.
    circle = plant([[2, 2], [2, 2]], [[0, 1], [1, 0]]).data
    slow = [Stay(0, 0, 0, 0, 2, 3), Stay(0, 1, 1, 3, 5, 5), Stay(1, 0, 1, 0, 2, 3), Stay(1, 1, 0, 3, 5, 5)]
    assert faults(circle, slow) == ["machines [0, 1] could swap their jobs at 2"]


def test_rotations() -> None:
    assert rotations({0: 1, 1: 2, 2: 0, 3: 0}) == [[0, 1, 2]]
    assert rotations({3: 0, 0: 1, 1: 0, 2: 4, 4: 2}) == [[0, 1], [2, 4]]
    assert rotations({0: 1, 1: 2, 2: 3}) == []


# --- by hand --------------------------------------------------------------------------------------------------------


def test_blocking_by_hand() -> None:
    """Job 0 takes 1 on machine 0, then 5 on 1; job 1 takes 4 on 1, then 1 on 0; job 2 takes 2 on 0, then 1 on 1.

    At 0 jobs 0 and 2 want machine 0; most work left lets 0 in. Job 1 takes machine 1. At 1 job 0 is done and blocks
    machine 0. At 4 job 1 is done and wants machine 0, which job 0 blocks, which wants machine 1: they swap. At 5 job 1
    leaves the shop and job 2 enters machine 0, done at 7, blocked until job 0 leaves machine 1 at 9, ends at 10.
    """
    instance = plant([[1, 5], [4, 1], [2, 1]], [[0, 1], [1, 0], [0, 1]])
    outcome, tables = drive(instance, lambda table: [-work for work in table["work_left"]])
    assert outcome.trace() == [
        Stay(0, 0, 0, 0, 1, 4),
        Stay(0, 1, 1, 4, 9, 9),
        Stay(1, 0, 1, 0, 4, 4),
        Stay(1, 1, 0, 4, 5, 5),
        Stay(2, 0, 0, 5, 7, 9),
        Stay(2, 1, 1, 9, 10, 10),
    ]
    assert (outcome.cost, outcome.metrics["swaps"]) == (10, 1)
    assert outcome.metrics["blocked"] == (3 + 2) / 20
    assert len(tables) == 1
    assert {name: tables[0][name] for name in ("t", "n_queue", "load", "inside", "blocked", "down")} == {
        "t": 0,
        "n_queue": 2,
        "load": 1 + 1 + 2,
        "inside": 0,
        "blocked": 0,
        "down": 0,
    }
    assert sorted(tables[0]["p_next"]) == [1, 5]


def test_an_outage_by_hand() -> None:
    """Machine 0 serves two jobs of length 3 and fails after each completion: the second enters when it is up again."""
    instance = plant([[3], [3]], [[0], [0]], rate=1.0, longest=4)
    outcome, _ = drive(instance, lambda table: table["p"])
    assert outcome.cost == 3 + instance.data.outage(0, 0) + 3, "the outage after the last completion delays nothing"


def test_a_swap_waits_for_machines_that_are_down() -> None:
    """Both jobs are done at 2; the swap needs both machines, so it happens when the later one is up again."""
    instance = plant([[2, 2], [2, 2]], [[0, 1], [1, 0]], rate=1.0, longest=9, draws="a")
    outcome, _ = drive(instance, lambda table: table["p"])
    lengths = [instance.data.outage(machine, 0) for machine in (0, 1)]
    assert lengths[0] != lengths[1]
    assert outcome.cost == 2 + max(lengths) + 2


def test_outages_are_as_described() -> None:
    data = plant([[1]], [[0]], rate=0.2, longest=50).data
    lengths = [data.outage(machine, k) for machine in range(40) for k in range(100)]
    down = [length for length in lengths if length]
    assert (min(down), max(down)) == (1, 50)
    assert len(down) / 4000 == pytest.approx(0.2, abs=0.02)
    assert sum(down) / len(down) == pytest.approx(25.5, abs=1.5)


# --- exact ----------------------------------------------------------------------------------------------------------


def least_makespan(shop: Shop) -> int:
    """Of all orders of the jobs on each machine: the least makespan with blocking and swaps, by longest paths."""
    users = [[(j, shop.route[j].index(machine)) for j in range(shop.n)] for machine in range(shop.m)]
    best = None
    horizon = sum(map(sum, shop.p))
    for orders in product(*(list(permutations(queue)) for queue in users)):
        # arcs (from, to, length) between the entries of operations; (j, m) is the end of job j
        arcs = [((j, k), (j, k + 1), shop.p[j][k]) for j in range(shop.n) for k in range(shop.m)]
        for order in orders:  # who follows enters when the one before has entered its next machine, or ended
            arcs += [((j, k + 1), other, 0) for (j, k), other in pairwise(order)]
        start = dict.fromkeys([node for arc in arcs for node in arc[:2]], 0)
        changed = True
        while changed and max(start.values()) <= horizon:
            changed = False
            for a, b, length in arcs:
                if start[a] + length > start[b]:
                    start[b] = start[a] + length
                    changed = True
        if not changed and (best is None or max(start.values()) < best):
            best = max(start.values())
    assert best is not None
    return best


def least_by_constraints(shop: Shop, hint: int) -> int:
    """The same by CP-SAT: an operation occupies its machine from its start to that of the next one, half open."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    enter = [[model.new_int_var(0, hint, "") for _ in range(shop.m + 1)] for _ in range(shop.n)]
    on: list[list[Any]] = [[] for _ in range(shop.m)]
    for j, k in product(range(shop.n), range(shop.m)):
        stay = model.new_int_var(shop.p[j][k], shop.p[j][k] if k == shop.m - 1 else hint, "")
        on[shop.route[j][k]].append(model.new_interval_var(enter[j][k], stay, enter[j][k + 1], ""))
    for stays in on:
        model.add_no_overlap(stays)
    end = model.new_int_var(0, hint, "")
    model.add_max_equality(end, [row[shop.m] for row in enter])
    model.minimize(end)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    return round(solver.objective_value)


def every_schedule(instance: Instance) -> set[float]:
    """The makespans that any sequence of decisions can have."""
    costs = set()
    todo: list[list[int]] = [[]]
    while todo:
        choices = todo.pop()
        asked: list[int] = []

        def choose(table: dict[str, Any], choices: list[int] = choices, asked: list[int] = asked) -> list[float]:
            rows = table["rows"]
            asked.append(rows)
            wanted = choices[len(asked) - 1] if len(asked) <= len(choices) else 0
            return [float(row != wanted) for row in range(rows)]

        costs.add(drive(instance, choose)[0].cost)
        for place in range(len(choices), len(asked)):
            todo += [[*choices, *[0] * (place - len(choices)), other] for other in range(1, asked[place])]
    return costs


@pytest.mark.parametrize("seed", range(6))
def test_no_schedule_beats_the_optimum(seed: int) -> None:
    rng = random.Random(seed)
    n, m = (3, 3) if seed % 2 else (4, 2)
    p = [[rng.randint(1, 9) for _ in range(m)] for _ in range(n)]
    shop = Shop(p, [rng.sample(range(m), m) for _ in range(n)])
    costs = every_schedule(Instance("all", "all", Plant(shop, 0.0, 1, "")))
    optimum = least_makespan(shop)
    assert least_by_constraints(shop, int(max(costs))) == optimum
    assert makespan_bound(shop) <= optimum <= min(costs)
    assert min(costs) <= 1.25 * optimum, "a schedule that never waits can miss the optimum, not by much"


def test_the_optimum_is_met_where_waiting_never_pays() -> None:
    """One route, one bottleneck: any order is optimal, and takes the bottleneck's work and a way in and out."""
    shop = Shop([[1, 5, 1], [1, 4, 1], [1, 3, 1]], [[0, 1, 2]] * 3)
    assert every_schedule(Instance("flow", "flow", Plant(shop, 0.0, 1, ""))) == {14}
    assert least_makespan(shop) == least_by_constraints(shop, 100) == 14


# --- the hidden future, the features --------------------------------------------------------------------------------


@given(instances(), st.integers(0, 10**6), st.floats(0.1, 0.9))
@settings(max_examples=60, deadline=None)
def test_failures_to_come_change_nothing_before(instance: Instance, seed: int, share: float) -> None:
    """All failures after a time are drawn again; what is asked up to then, and what is answered, stays the same."""
    before, tables = drive(instance, anyhow(random.Random(seed)))
    now = share * before.cost
    happened = set()
    for machine in range(instance.data.shop.m):
        ends = sorted(stay.finish for stay in before.trace() if stay.machine == machine)
        happened |= {(machine, k) for k, end in enumerate(ends) if end <= now}

    class Redrawn(Plant):
        def outage(self, machine: int, k: int) -> int:
            return super().outage(machine, k) if (machine, k) in happened else (machine + k) % 4

    data = instance.data
    after, others = drive(
        replace(instance, data=Redrawn(data.shop, data.rate, data.longest, data.draws)), anyhow(random.Random(seed))
    )
    assert [table for table in tables if table["t"] <= now] == [table for table in others if table["t"] <= now]
    past = [[(s.job, s.op, s.enter) for s in run.trace() if s.enter <= now] for run in (before, after)]
    assert past[0] == past[1]


@given(instances(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_features_agree_with_an_account_from_the_log(instance: Instance, rng: random.Random) -> None:
    """What each table says about time, jobs and machines, from the finished log alone."""
    outcome, tables = drive(instance, anyhow(rng))
    shop = instance.data.shop
    stays = {(stay.job, stay.op): stay for stay in outcome.trace()}
    down = []
    for machine in range(shop.m):
        ends = sorted(stay.finish for stay in stays.values() if stay.machine == machine)
        down.append([(end, end + instance.data.outage(machine, k)) for k, end in enumerate(ends)])
    for table in tables:
        t = table["t"]
        assert table["down"] == sum(any(start <= t < end for start, end in outages) for outages in down)
        known = {(s.job, s.op): s for s in stays.values() if s.enter < t}
        rows = list(
            zip(*(table[name] for name in ("ops_left", "work_left", "ready", "holds", "down_next")), strict=True)
        )
        assert table["n_queue"] == table["rows"] == len(rows)
        for ops_left, work_left, ready, holds, down_next in rows:
            k = shop.m - ops_left
            fits = [
                j
                for j in range(shop.n)
                if sum(shop.p[j][k:]) == work_left and ready == (stays[j, k - 1].finish if k else 0)
                if holds == (k > 0) and (j, k) not in known and stays[j, k].enter >= t
                if down_next == (k + 1 < shop.m and any(a <= t < b for a, b in down[shop.route[j][k + 1]]))
            ]
            assert fits, "a job that is ready and has not entered"
        assert [a - b for a, b in zip(table["work_left"], table["work_after"], strict=True)] == table["p"]
        assert [a + b for a, b in zip(table["work_left"], table["work_done"], strict=True)] == table["work_total"]
        assert table["inside"] >= table["blocked"] >= sum(table["holds"])
        assert all(holds or not wanted for holds, wanted in zip(table["holds"], table["wanted"], strict=True))


def rows_of(table: dict[str, Any], *names: str) -> list[tuple[int, ...]]:
    return sorted(zip(*(table[name] for name in names), strict=True))


def test_what_the_next_machine_does_by_hand() -> None:
    """LPT. At 0, machine 0 is asked about first: job 0 beats job 1. Then jobs 2 and 3 compete for machine 1.

    Job 2 goes on to machine 0: job 0 is on it for 5 more, job 1 waits for it, 2 + 3 + 1 has not started on it. Job 3
    goes on to machine 2, which is empty, and where 1 + 1 + 1 + 2 has not started.
    """
    shop = Shop([[5, 1, 1], [2, 1, 1], [4, 3, 1], [3, 2, 1]], [[0, 1, 2], [0, 1, 2], [1, 0, 2], [1, 2, 0]])
    outcome, tables = drive(Instance("next", "", Plant(shop, 0.0, 1, "")), lambda table: [-p for p in table["p"]])
    names = ("p", "p_next", "queue_next", "load_next", "left_next", "held_next")
    assert rows_of(tables[0], *names) == [(2, 1, 2, 9, 0, 0), (5, 1, 2, 9, 0, 0)]
    assert rows_of(tables[1], *names) == [(3, 2, 0, 5, 0, 0), (4, 3, 1, 6, 5, 1)]
    assert [table["inside"] for table in tables] == [0, 1]
    # 3 leaves machine 2 at 11 for machine 0, 1 has machine 2 from 11 to 12
    assert (outcome.cost, outcome.metrics["swaps"]) == (12, 1)


def test_who_is_wanted_by_hand() -> None:
    """When machine 1 is up at 11, jobs 1 and 3 compete; two jobs want the machine that job 1 blocks.

    Job 0 leaves machine 1 at 1, which is then down for 10; on machine 2 it is done at 10 and wants machine 0. Job 1 is
    done on machine 0 at 2 and waits for machine 1. Job 2 waits outside for machine 0, job 3 for machine 1.
    """

    class OneOutage(Plant):
        def outage(self, machine: int, k: int) -> int:
            return 10 if (machine, k) == (1, 0) else 0

    shop = Shop([[1, 9, 1], [2, 3, 1], [1, 1, 1], [4, 4, 4]], [[1, 2, 0], [0, 1, 2], [0, 1, 2], [1, 2, 0]])
    instance = Instance("wanted", "", OneOutage(shop, 0.0, 1, ""))
    _, tables = drive(instance, lambda table: [work not in (6, 11) for work in table["work_total"]])
    table = tables[2]
    assert rows_of(table, "work_total", "holds", "wanted", "ready", "held_next", "left_next", "queue_next") == [
        (6, 1, 2, 2, 1, 0, 0),
        (12, 0, 0, 0, 1, 0, 0),
    ]
    assert {name: table[name] for name in ("t", "inside", "blocked", "down")} == {
        "t": 11,
        "inside": 2,
        "blocked": 2,
        "down": 0,
    }


def test_exactly_the_features_taken_cross(run: Any, recorder: Any) -> None:
    three = plant([[1, 5], [4, 1], [2, 1]], [[0, 1], [1, 0], [0, 1]])
    run(EVALUATOR, [three], f"def priority({', '.join(NAMES)}): return p", session=recorder)
    calls = [message for message in recorder.messages if message["op"] == "priority"]
    assert set(calls[0]["columns"]) == set(NAMES) - SCALARS
    assert set(calls[0]["scalars"]) == SCALARS
    assert all(set(message) == {"op", "episodes", "over", "rows", "columns", "scalars"} for message in calls)


def test_relabelling_does_not_change_a_rule_without_ties(run: Any) -> None:
    made = EVALUATOR.instances("relabel", generator="taillard", sizes=[[10, 6, 3]], failures=[[0.1, 50]])
    source = "def priority(work_after, p, ready): return work_after + 1e-3 * p + 1e-5 * ready"
    first, second = run(EVALUATOR, made, source, 1), run(EVALUATOR, made, source, 2)
    assert [a.outcome.decisions for a in first] == [b.outcome.decisions for b in second]
    assert [a.outcome.cost for a in first] == [b.outcome.cost for b in second]
