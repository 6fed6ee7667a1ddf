"""Entanglement scheduling: by hand, against an independent check of schedules, and against an exact method."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.networks.entanglement import Entanglement, _forbidden, cost_of
from evaluators.networks.entanglement_instances import TOPOLOGIES, Demands, Task, drawn, protocol, shortest_path
from evaluators.protocol import Instance, Outcome
from tests import playing

EVALUATOR = Entanglement()
NAMES = [feature.name for feature in EVALUATOR.features]
SCALARS = {feature.name for feature in EVALUATOR.features if feature.scalar}
Rows = dict[str, Any]

EDF = "def priority(deadline): return deadline"
RM = "def priority(T): return T"
FIFO = "def priority(release): return release"


def demands(*tasks: tuple[int, int]) -> Instance:
    """Tasks (C, T) that hold one common qubit all the time."""
    return Instance("by hand", "by hand", Demands([Task(C, T, ((0, 0, C),)) for C, T in tasks]))


def drive(instance: Instance, choose: Callable[[Rows], list[float]], labels: int = 0) -> tuple[Outcome, list[Rows]]:
    """Play without a driver: `choose(table)` gives the priorities; also returns every table, columns made."""
    return playing.play_tables(EVALUATOR, instance, choose, labels)


def faults(made: Demands, outcome: Outcome) -> list[str]:
    """What is wrong with the final schedule, from its starts alone."""
    kept, starts = outcome.decisions
    hyperperiod = max(made.tasks[j].T for j in kept)
    wrong = []
    held: set[tuple[int, int]] = set()
    for j, of_task in zip(kept, starts, strict=True):
        task = made.tasks[j]
        if len(of_task) != hyperperiod // task.T:
            wrong.append(f"task {j} has {len(of_task)} instances")
        for k, start in enumerate(of_task):
            if not k * task.T <= start <= (k + 1) * task.T - task.C:
                wrong.append(f"task {j} starts its instance {k} in slot {start}")
            for use in [(resource, slot) for resource, a, b in task.busy for slot in range(start + a, start + b)]:
                if use in held:
                    wrong.append(f"qubit and slot {use} are held twice")
                held.add(use)
    return wrong


@st.composite
def instances(draw: Any) -> Instance:
    tasks = []
    for _ in range(draw(st.integers(1, 6))):
        T = draw(st.sampled_from((4, 8, 16)))
        C = draw(st.integers(1, T - 1))
        resources = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))
        busy = []
        for resource in resources:
            a = draw(st.integers(0, C - 1))
            busy.append((resource, a, draw(st.integers(a + 1, C))))
        tasks.append(Task(C, T, tuple(busy)))
    return Instance("drawn", "drawn", Demands(tasks))


@given(instances(), st.randoms(use_true_random=False), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_any_priorities_give_a_correct_schedule(instance: Instance, rng: random.Random, labels: int) -> None:
    outcome, tables = drive(instance, lambda table: [rng.random() for _ in table["T"]], labels)
    made: Demands = instance.data
    assert faults(made, outcome) == []
    kept, starts = outcome.decisions
    assert kept[0] == 0, "a single task always fits"
    assert outcome.metrics["throughput"] == pytest.approx(sum(100 / made.tasks[j].T for j in kept))
    assert outcome.metrics["throughput"] <= made.most + 1e-9
    assert outcome.cost >= EVALUATOR.reference(instance).value - 1e-9
    hyperperiod = max(made.tasks[j].T for j in kept)
    worst = 0
    for of_task in starts:
        between = [b - a for a, b in zip(of_task, [*of_task[1:], of_task[0] + hyperperiod], strict=True)]
        worst = max(worst, max(between) - min(between))
    assert outcome.metrics["jitter"] == worst
    assert 0 <= outcome.metrics["jitter_relative"] <= 1
    for table in tables:
        assert min(table["slack"]) >= 0
        assert table["slack"] == [latest - start for latest, start in zip(table["latest"], table["start"], strict=True)]


@pytest.mark.parametrize("shift", [1, 2, 20])
def test_the_check_finds_a_moved_instance(shift: int) -> None:
    outcome, _ = drive(demands((2, 4), (2, 4)), lambda table: table["deadline"])
    assert faults(demands((2, 4), (2, 4)).data, outcome) == []
    outcome.decisions[1][0][0] += shift
    assert faults(demands((2, 4), (2, 4)).data, outcome)


@given(instances(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_forbidden_slots_are_those_where_a_qubit_is_taken(instance: Instance, rng: random.Random) -> None:
    taken = {resource: rng.getrandbits(24) for resource in range(4)}
    for task in instance.data.tasks:
        found = _forbidden(task, taken)
        for start in range(24):
            clash = any(taken[r] >> slot & 1 for r, a, b in task.busy for slot in range(start + a, start + b))
            assert bool(found >> start & 1) == clash


def test_rm_keeps_the_rhythm_and_fifo_does_not(run: Any) -> None:
    """Task 0 takes 1 of 8 slots, task 1 takes 2 of 4. FIFO places task 0 in slot 0, so task 1 starts in 1 and 4: gaps 3
    and 5, a spread of 2 where 2 (4 - 2) = 4 is possible: 10 x 0.5 points. RM places task 1 in 0 and 4, task 0 in 2."""
    [fifo] = run(EVALUATOR, [demands((1, 8), (2, 4))], FIFO)
    assert fifo.outcome.decisions == [[0, 1], [[0], [1, 4]]]
    assert (fifo.outcome.cost, fifo.outcome.metrics["jitter"]) == (5.0, 2.0)
    [rm] = run(EVALUATOR, [demands((1, 8), (2, 4))], RM)
    assert rm.outcome.decisions == [[0, 1], [[2], [0, 4]]]
    assert (rm.outcome.cost, rm.outcome.metrics["jitter"]) == (0.0, 0.0)


def test_rm_refuses_what_edf_admits(run: Any) -> None:
    """Task 0 takes 3 of 8 slots, task 1 takes 2 of 4. RM puts task 1 in 0 and 4, which leaves no 3 in a row: task 1 is
    refused, and 25 of 37.5 pairs a second are lost. EDF puts task 1 in 0, then task 0 in 2 (both due at 8, the tie goes
    to the lower index), then task 1 in 5: gaps 5 and 3."""
    [rm] = run(EVALUATOR, [demands((3, 8), (2, 4))], RM)
    assert rm.outcome.decisions == [[0], [[0]]]
    assert rm.outcome.cost == pytest.approx(100 * 25 / 37.5)
    [edf] = run(EVALUATOR, [demands((3, 8), (2, 4))], EDF)
    assert edf.outcome.decisions == [[0, 1], [[2], [0, 5]]]
    assert (edf.outcome.cost, edf.outcome.metrics["throughput"]) == (5.0, 37.5)


def test_a_task_that_overuses_a_qubit_is_refused_unasked() -> None:
    """3/4 + 2/4 > 1: no question is asked, and a later task that fits is still admitted."""
    outcome, tables = drive(demands((3, 4), (2, 4), (1, 4)), lambda table: table["deadline"])
    assert outcome.decisions == [[0, 2], [[0], [3]]]
    assert len(tables) == 1


def test_an_instance_is_placed_in_a_gap() -> None:
    """Task 0 holds qubit 0 in its slots 0 and 3, and qubit 1 between: task 1 fits into slots 1 and 2 of qubit 0."""
    first = Task(4, 8, ((0, 3, 4), (1, 0, 3)))
    made = Instance("gap", "gap", Demands([first, Task(2, 8, ((0, 0, 2),))]))
    assert drive(made, lambda table: table["latest"])[0].decisions == [[0, 1], [[0], [0]]]
    crossed = Instance("gap", "gap", Demands([Task(4, 8, ((0, 0, 1), (1, 1, 4))), Task(2, 8, ((0, 0, 2),))]))
    assert drive(crossed, lambda table: table["latest"])[0].decisions == [[0, 1], [[0], [1]]]


def test_what_a_rule_is_told() -> None:
    """Tasks (2, 4) and (1, 8) on one qubit, after the first instance of the first was placed in slot 0."""
    _, tables = drive(demands((2, 4), (1, 8)), lambda table: table["latest"])
    assert len(tables) == 2
    second = tables[1]
    row = second["T"].index(4)
    assert {name: value[row] if isinstance(value, list) else value for name, value in second.items()} == {
        "release": 4,
        "deadline": 8,
        "latest": 6,
        "start": 4,
        "slack": 2,
        "C": 2,
        "T": 4,
        "drift": 0,
        "left": 1,
        "hops": 1,
        "use": 0.5,
        "busiest": 0.625,
        "rivals": 1,
        "rival_latest": 7,
        "rival_deadline": 8,
        "hyperperiod": 8,
        "n_tasks": 2,
        "n_pending": 2,
    }
    assert second["start"][1 - row] == 2


def test_drift_is_measured_from_the_last_start() -> None:
    """Task 1 of (2, 4) starts in 1 behind task 0 of (1, 8); its next instance could start in 4, one before 1 + 4."""
    _, tables = drive(demands((1, 8), (2, 4), (1, 8)), lambda table: table["release"])
    drifts = [value for table in tables for value in table["drift"]]
    assert min(drifts) == -1


def exact_throughput(made: Demands) -> float:
    """The most that any choice of tasks with a non-preemptive schedule gives, by CP-SAT."""
    cp_model = pytest.importorskip("ortools.sat.python.cp_model")
    model = cp_model.CpModel()
    hyperperiod = max(task.T for task in made.tasks)
    held: dict[int, list[Any]] = {}
    chosen = []
    for j, task in enumerate(made.tasks):
        chosen.append(model.new_bool_var(f"x{j}"))
        for k in range(hyperperiod // task.T):
            start = model.new_int_var(k * task.T, (k + 1) * task.T - task.C, f"s{j}.{k}")
            for resource, a, b in task.busy:
                block = model.new_optional_fixed_size_interval_var(start + a, b - a, chosen[-1], f"b{j}.{k}.{resource}")
                held.setdefault(resource, []).append(block)
    for blocks in held.values():
        model.add_no_overlap(blocks)
    model.maximize(sum(hyperperiod // task.T * x for task, x in zip(made.tasks, chosen, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    return float(100 * solver.objective_value / hyperperiod)


def test_the_bound_lies_above_the_exact_optimum_and_rules_below_it() -> None:
    rng = random.Random("bound")
    tight = 0
    for k in range(25):
        tasks = []
        for _ in range(rng.randint(2, 6)):
            T = rng.choice((4, 8, 16))
            C = rng.randint(1, min(T - 1, 6))
            cut = rng.randint(0, C - 1)
            tasks.append(Task(C, T, ((rng.randrange(2), 0, C), (2 + rng.randrange(2), cut, C))))
        made = Demands(tasks)
        exact = exact_throughput(made)
        assert made.most >= exact - 1e-9
        tight += made.most == pytest.approx(exact)
        instance = Instance(f"exact-{k}", "", made)
        for name in ("deadline", "T", "latest", "release"):
            outcome, _ = drive(instance, lambda table, name=name: table[name])
            assert outcome.metrics["throughput"] <= exact + 1e-9
    assert tight >= 15


def test_two_tasks_that_exclude_each_other() -> None:
    """4 slots in a row never fit beside 2 of every 4 (2 x 4 - 2 - 2 = 4 is the longest gap, so 4 do fit, 5 do not)."""
    assert Demands([Task(4, 16, ((0, 0, 4),)), Task(2, 4, ((0, 0, 2),))]).most == pytest.approx(25 + 6.25)
    assert Demands([Task(5, 16, ((0, 0, 5),)), Task(2, 4, ((0, 0, 2),))]).most == pytest.approx(25)
    assert exact_throughput(Demands([Task(4, 16, ((0, 0, 4),)), Task(2, 4, ((0, 0, 2),))])) == pytest.approx(31.25)
    assert exact_throughput(Demands([Task(5, 16, ((0, 0, 5),)), Task(2, 4, ((0, 0, 2),))])) == pytest.approx(25)


def test_the_cost_by_hand() -> None:
    """Tasks of 25 and 12.5 pairs a second, 12.5 lost, half of the possible jitter."""
    made = demands((1, 4), (1, 8)).data
    assert cost_of(made, 25.0, 0.5) == pytest.approx(100 / 3 + 5)


def test_later_demands_do_not_matter() -> None:
    """What is asked until a task is admitted or refused does not depend on the tasks that ask after it."""

    def edf_short(table: Rows) -> list[float]:
        return [
            d + 1e-3 * C + 1e-6 * use for d, C, use in zip(table["deadline"], table["C"], table["use"], strict=True)
        ]

    whole = drawn("future", "star", 40).tasks
    for known in (4, 8, 12):
        alone, before = drive(Instance("future", "", Demands(whole[:known])), edf_short)
        assert before
        for later in (whole[known:], [Task(1, 16, ((0, 0, 1),))] * 3):
            longer, asked = drive(Instance("future", "", Demands([*whole[:known], *later])), edf_short)
            assert [j for j in longer.decisions[0] if j < known] == alone.decisions[0]
            assert len(asked) > len(before)
            assert [sorted_rows(table) for table in asked[: len(before)]] == [sorted_rows(table) for table in before]


def sorted_rows(table: Rows) -> Any:
    """A table whatever the order of its rows."""
    columns = sorted(name for name in table if isinstance(table[name], list))
    return sorted(zip(*(table[name] for name in columns), strict=True)), [table[name] for name in sorted(SCALARS)]


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_demands_are_feasible_one_by_one(topology: str) -> None:
    made = drawn("alone", topology, 60)
    assert made.rate >= 60 > made.rate - made.tasks[-1].rate
    for task in made.tasks:
        assert len({resource for resource, _, _ in task.busy}) == len(task.busy)
        assert all(0 <= a < b <= task.C < task.T for _, a, b in task.busy)


def test_protocols_by_hand() -> None:
    """One link of fidelity 0.8: 0.4 / 0.2 = 2 slots. Two links for 0.7: Werner 0.6, each 0.7746, fidelity 0.83095, so
    0.4 / 0.16905 = 2.37, 3 slots; the second link follows the first, then a swap: 7 slots."""
    assert protocol(1, 0.8) == (2, [(0, False, 0, 2), (1, False, 0, 2)])
    assert protocol(2, 0.7) == (
        7,
        [(0, False, 0, 3), (0, True, 3, 7), (1, False, 0, 7), (1, True, 3, 7), (2, False, 3, 7)],
    )


def test_four_links_alternate() -> None:
    """Links 0 and 2 are made at once, then 1 and 3; inner nodes hold two qubits until the swap."""
    C, busy = protocol(4, 0.55)
    g = (C - 1) // 2
    assert {place for place, storage, a, b in busy if storage} == {0, 1, 2, 3}
    assert [(a, b) for place, storage, a, b in busy if not storage] == [(0, g), (0, C), (0, C), (0, C), (g, C)]


def test_shortest_paths() -> None:
    assert shortest_path(TOPOLOGIES["H"][0], 0, 5) == [0, 1, 4, 5]
    assert shortest_path(TOPOLOGIES["symmetric"][0], 3, 1) == [3, 7, 5, 1]
    assert shortest_path(TOPOLOGIES["line"][0], 5, 3) == [5, 4, 3]


def test_relabelling_changes_nothing_without_ties(run: Any) -> None:
    made = EVALUATOR.instances("relabel", topologies=["star"], loads=[30], per_class=2)
    source = "def priority(deadline, C, use, release): return deadline + 0.01 * C + 0.001 * use + 1e-6 * release"
    first, second = run(EVALUATOR, made, source, 1), run(EVALUATOR, made, source, 2)
    assert [a.outcome.decisions for a in first] == [b.outcome.decisions for b in second]


def test_rows_are_dealt_per_seed() -> None:
    made = EVALUATOR.instances("labels", topologies=["star"], loads=[30], per_class=1)[0]
    tables = [drive(made, lambda table: table["T"], seed)[1] for seed in range(4)]
    orders = {tuple(max(of_seed, key=lambda table: len(table["T"]))["T"]) for of_seed in tables}
    assert len(orders) > 1


def test_exactly_the_features_taken_cross(run: Any, recorder: Any) -> None:
    run(EVALUATOR, [demands((2, 8), (1, 4))], "def priority(T, n_tasks): return T", session=recorder)
    asked = [message for message in recorder.messages if message["op"] == "priority"]
    assert asked
    for message in asked:
        assert set(message) == {"op", "episodes", "over", "rows", "columns", "scalars"}
        assert (set(message["columns"]), set(message["scalars"])) == ({"T"}, {"n_tasks"})


def test_all_features_can_cross(run: Any, recorder: Any) -> None:
    run(EVALUATOR, [demands((2, 8), (1, 4))], f"def priority({', '.join(NAMES)}): return T", session=recorder)
    asked = [message for message in recorder.messages if message["op"] == "priority"]
    assert set(asked[0]["columns"]) == set(NAMES) - SCALARS
    assert set(asked[0]["scalars"]) == SCALARS
