"""Streaming task graphs: the simulator against hand-computed cases, an independent check, and exhaustive search."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.dags.graph import Graph, longest_path
from evaluators.dags.soc import Bar, SocDag, etf
from evaluators.dags.soc_instances import Stream, graph_named, stream
from evaluators.protocol import Instance, Outcome
from tests import playing

EVALUATOR = SocDag()
NAMES = [feature.name for feature in EVALUATOR.features]
SCALARS = {feature.name for feature in EVALUATOR.features if feature.scalar}
Rows = dict[str, Any]

FORK = Graph("fork", ((2, 4), (3, 1), (3, 2)), ((0, 1, 5), (0, 2, 1)))
ONE = Graph("one", ((10,),), ())


def jobs(*graphs: Graph, arrivals: list[int], horizon: int = 1000, z: list[list[float]] | None = None) -> Instance:
    kinds = list(range(len(arrivals))) if len(graphs) > 1 else [0] * len(arrivals)
    made = Stream(graphs, kinds, arrivals, z or [], 0.5 if z else 0.0, horizon)
    return Instance("by hand", "by hand", made)


def drive(instance: Instance, choose: Callable[[Rows], list[float]], labels: int = 0) -> tuple[Outcome, list[Rows]]:
    """Play without a driver: `choose(table)` gives the priorities; also returns every table, columns made."""
    return playing.play_tables(EVALUATOR, instance, choose, labels)


@st.composite
def instances(draw: Any) -> Instance:
    m = draw(st.integers(1, 3))
    graphs = []
    for k in range(draw(st.integers(1, 2))):
        n = draw(st.integers(1, 5))
        w = draw(st.lists(st.lists(st.integers(1, 9), min_size=m, max_size=m), min_size=n, max_size=n))
        pairs = [(i, j) for j in range(n) for i in range(j)]
        chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
        graphs.append(Graph(f"drawn-{k}", w, [(i, j, draw(st.integers(0, 12))) for i, j in chosen]))
    count = draw(st.integers(1, 6))
    gaps = draw(st.lists(st.integers(0, 25), min_size=count - 1, max_size=count - 1))
    arrivals = [sum(gaps[:k]) for k in range(count)]
    kinds = draw(st.lists(st.integers(0, len(graphs) - 1), min_size=count, max_size=count))
    rng = random.Random(draw(st.integers(0, 99)))
    z = [[rng.gauss(0, 1) for _ in range(graphs[kind].n)] for kind in kinds]
    std = draw(st.sampled_from((0.0, 0.4)))
    return Instance("drawn", "drawn", Stream(graphs, kinds, arrivals, z, std, draw(st.integers(160, 400))))


def faults(made: Stream, outcome: Outcome) -> list[str]:
    """What is wrong with what ran, from the finished bars and the order of mapping alone."""
    bars: list[Bar] = outcome.trace()
    by_task = {(bar.job, bar.task): bar for bar in bars}
    order = {(job, task): place for place, (job, task, _) in enumerate(outcome.decisions)}
    mapped_to = {(job, task): pe for job, task, pe in outcome.decisions}
    wrong = []
    if len(order) != len(outcome.decisions) or len(by_task) != len(bars):
        wrong.append("a task was mapped or ran twice")
    data_at: dict[tuple[int, int], int] = {}
    for (job, task), bar in by_task.items():
        graph = made.graph(job)
        if bar.pe != mapped_to[job, task]:
            wrong.append(f"{job}.{task} ran where it was not mapped to")
        if bar.end - bar.start != made.duration(job, task, bar.pe):
            wrong.append(f"{job}.{task} took {bar.end - bar.start}")
        inputs = [by_task[job, i].end + (c if by_task[job, i].pe != bar.pe else 0) for i, c in graph.parents[task]]
        data_at[job, task] = max(inputs, default=made.arrivals[job])
        if bar.start < data_at[job, task]:
            wrong.append(f"{job}.{task} started before its data")
    ends = {job: max(bar.end for bar in bars if bar.job == job) for job in {bar.job for bar in bars}}
    done = {job for job in ends if sum(bar.job == job for bar in bars) == made.graph(job).n}
    for job in done:
        inside = [j for j in range(job) if j not in done or ends[j] > min(b.start for b in bars if b.job == job)]
        if len(inside) >= made.capacity:
            wrong.append(f"job {job} ran beside {inside}")
    for pe in range(made.m):
        for first, second in pairwise(sorted((bar for bar in bars if bar.pe == pe), key=lambda bar: bar.start)):
            if second.start < first.end:
                wrong.append(f"PE {pe}: {first} and {second} overlap")
            # whoever was mapped earlier and had its data when the PE came free goes first
            if (
                second.start > first.start
                and data_at[second[:2]] <= first.start
                and order[second[:2]] < order[first[:2]]
            ):
                wrong.append(f"PE {pe}: {second} was overtaken by {first}")
    return wrong


@given(instances(), st.randoms(use_true_random=False), st.integers(0, 9))
@settings(max_examples=80, deadline=None)
def test_any_priorities_give_a_correct_run(instance: Instance, rng: random.Random, labels: int) -> None:
    outcome, _ = drive(instance, lambda table: [rng.random() for _ in range(table["rows"])], labels)
    assert faults(instance.data, outcome) == []
    assert outcome.cost >= instance.data.bound
    ends: dict[int, list[int]] = {}
    for bar in outcome.trace():
        ends.setdefault(bar.job, []).append(bar.end)
    latency = 0
    for job, arrival in enumerate(instance.data.arrivals):
        whole = len(ends.get(job, [])) == instance.data.graph(job).n
        latency += (max(ends[job]) if whole else instance.data.horizon) - arrival
    assert outcome.cost == pytest.approx(latency / len(instance.data.arrivals))


@pytest.mark.parametrize("change", [(0, 0, 1), (0, 1, 0), (1, 0, 0)])
def test_the_check_finds_what_is_wrong(change: tuple[int, int, int]) -> None:
    """A bar that is moved, prolonged or put on another PE is noticed."""
    outcome = etf(jobs(FORK, arrivals=[0]))
    pe, start, end = change
    bars = outcome.trace()
    last = bars.pop()
    bars.append(last._replace(pe=last.pe ^ pe, start=last.start - 3 * start, end=last.end + end))
    assert faults(jobs(FORK, arrivals=[0]).data, replace(outcome, trace=lambda: bars))


def test_etf_by_hand(run: Any) -> None:
    """Task 0 ends at 2 on PE 0 (4 on PE 1). Task 1 would then end after 3 on PE 0, after 5 + 1 on PE 1; task 2 after 3
    on PE 0, and after 1 + 2 on PE 1. The tie of three goes to task 1 on PE 0; task 2 runs on PE 1 from 3 to 5."""
    [played] = run(EVALUATOR, [jobs(FORK, arrivals=[0])], "def priority(eft): return eft")
    assert played.outcome.trace() == [(0, 0, 0, 0, 2), (0, 1, 0, 2, 5), (0, 2, 1, 3, 5)]
    assert played.outcome.decisions == [(0, 0, 0), (0, 1, 0), (0, 2, 1)]
    assert played.outcome.cost == 5


def test_met_by_hand(run: Any) -> None:
    """Task 1 is mapped to PE 1 first, but its data arrive at 7; those of task 2 at 3, so it starts before."""
    [played] = run(EVALUATOR, [jobs(FORK, arrivals=[0])], "def priority(place, w): return 100 * place + w")
    assert played.outcome.trace() == [(0, 0, 0, 0, 2), (0, 1, 1, 7, 8), (0, 2, 1, 3, 5)]
    assert played.outcome.cost == 8


def test_what_a_rule_is_told() -> None:
    """The fork at time 2, when task 0 has ended on PE 0, with task 1 mapped to PE 0 at first."""
    _, tables = drive(jobs(FORK, arrivals=[0]), lambda table: table["eft"])
    first, second, third = tables
    assert (first["rows"], second["rows"], third["rows"]) == (2, 4, 2)
    by_w = sorted(range(2), key=lambda row: third["w"][row])  # row 0: PE 1 (2), row 1: PE 0 (3)
    third = {name: [value[row] for row in by_w] if isinstance(value, list) else value for name, value in third.items()}
    assert third == {
        "w": [2, 3],
        "w_mean": [2.5, 2.5],
        "w_min": [2, 2],
        "data": [1, 0],  # one time unit from PE 0 to PE 1
        "wait": [0, 3],  # PE 0 is to run task 1 first
        "eft": [3, 6],
        "eft_min": [3, 3],
        "queued": [0, 1],
        "up": [2.5, 2.5],
        "down": [4, 4],  # 3 for task 0 and 1 for its data
        "oct": [0, 0],
        "oct_mean": [0, 0],
        "data_out": [0, 0],
        "children": [0, 0],
        "age": [2, 2],
        "tasks_left": [2, 2],
        "place": [0, 0],
        "n_ready": 1,
        "n_pes": 2,
        "jobs_in": 1,
        "jobs_waiting": 0,
        "rows": 2,
    }
    # Task 0: upward rank 3 + max(5 + 2, 1 + 2.5); data for two tasks. From PE 0 task 1 takes 3 on PE 0 itself, and
    # task 2 takes 3 (or 1 + 2); from PE 1 they take 1 and 2.
    assert (set(first["up"]), set(first["data_out"]), set(first["children"])) == ({10.0}, {6}, {2})
    assert sorted(zip(first["w"], first["oct"], strict=True)) == [(2, 3), (4, 2)]


def test_three_jobs_are_let_in_and_the_horizon_cuts() -> None:
    """Four jobs of 10 at once on one PE: latencies 10, 20, 30, 40; by a horizon of 25: 10, 20, 25, 25."""
    whole, tables = drive(jobs(ONE, arrivals=[0, 0, 0, 0]), lambda table: table["eft"])
    assert (whole.cost, whole.metrics["completed"], whole.metrics["latency_completed"]) == (25, 4, 25)
    assert [(table["jobs_in"], table["jobs_waiting"]) for table in tables] == [(3, 1), (3, 1), (3, 1), (3, 0)]
    cut = etf(jobs(ONE, arrivals=[0, 0, 0, 0], horizon=25))
    assert (cut.cost, cut.metrics["completed"], cut.metrics["latency_completed"]) == (20, 2, 15)


def test_noise_is_in_what_runs_and_not_in_what_is_told() -> None:
    """z = 1 at std 0.5 makes 15 of 10; z = -3 would make -5, and 1 is the least. A late PE is expected free now."""
    slow, tables = drive(jobs(ONE, arrivals=[0, 12], z=[[1.0], [-3.0]]), lambda table: table["eft"])
    assert [(bar.start, bar.end) for bar in slow.trace()] == [(0, 15), (15, 16)]
    assert [(table["w"], table["wait"], table["queued"]) for table in tables] == [([10], [0], [0]), ([10], [0], [1])]


def mappings(instance: Instance) -> Iterator[float]:
    """The cost of every sequence of decisions that there is, by depth-first search."""
    todo: list[list[int]] = [[]]
    while todo:
        path = todo.pop()
        choices = iter(path)
        sizes: list[int] = []

        def choose(table: Rows, choices: Iterator[int] = choices, sizes: list[int] = sizes) -> list[float]:
            sizes.append(table["rows"])
            chosen = next(choices, 0)
            return [float(row != chosen) for row in range(table["rows"])]

        outcome, _ = drive(instance, choose)
        yield outcome.cost
        for depth in range(len(path), len(sizes)):
            for other in range(1, sizes[depth]):
                todo.append(path + [0] * (depth - len(path)) + [other])


def optimum(graph: Graph) -> int:
    """The least makespan of one job: every feasible order of the tasks with every choice of PEs, started early."""

    def least(placed: dict[int, tuple[int, int]], free: tuple[int, ...]) -> int:
        if len(placed) == graph.n:
            return max(end for _, end in placed.values())
        found = 10**9
        for i in range(graph.n):
            if i in placed or any(j not in placed for j, _ in graph.parents[i]):
                continue
            for p in range(graph.m):
                data = max((placed[j][1] + (c if placed[j][0] != p else 0) for j, c in graph.parents[i]), default=0)
                end = max(data, free[p]) + graph.w[i][p]
                found = min(found, least({**placed, i: (p, end)}, (*free[:p], end, *free[p + 1 :])))
        return found

    return least({}, (0,) * graph.m)


SMALL = [
    FORK,
    Graph("join", ((3, 2), (4, 6), (2, 5)), ((0, 2, 4), (1, 2, 1))),
    Graph("diamond", ((2, 3), (4, 2), (3, 5), (2, 2)), ((0, 1, 3), (0, 2, 1), (1, 3, 2), (2, 3, 4))),
    Graph("chain", ((4, 1), (1, 6), (5, 2)), ((0, 1, 2), (1, 2, 2))),
]


@pytest.mark.parametrize("graph", SMALL, ids=lambda graph: graph.name)
def test_no_decisions_beat_the_exact_optimum_and_some_reach_it(graph: Graph) -> None:
    instance = jobs(graph, arrivals=[0])
    costs = list(mappings(instance))
    assert min(costs) == optimum(graph) >= instance.data.bound
    assert etf(instance).cost in costs
    assert len(set(costs)) > 1


def test_the_future_does_not_matter() -> None:
    """Jobs that arrive later, and the real times of tasks that end later, change nothing that was asked before."""
    graphs = [graph_named("top-1"), graph_named("top-2")]
    made = stream("future", graphs, 40, 0.4, 1200)
    first, tables = drive(Instance("future", "", made), lambda table: table["eft"])
    ends = {(bar.job, bar.task): bar.end for bar in first.trace()}
    for cut in (150, 400, 800):
        early = {key for key, end in ends.items() if end <= cut}
        known = sum(arrival <= cut for arrival in made.arrivals)
        changed = Stream(
            graphs,
            [*made.kinds[:known], *(1 - kind for kind in made.kinds[known:])],
            [*made.arrivals[:known], *(arrival + 1 for arrival in made.arrivals[known:])],
            [[z if (job, i) in early else abs(z) + 1 for i, z in enumerate(row)] for job, row in enumerate(made.z)],
            0.4,
            1200,
        )
        second, others = drive(Instance("future", "", changed), lambda table: table["eft"])
        # a task is mapped when the last of its parents ends, and decisions are in order of time
        moments = [
            max((ends[job, i] for i, _ in made.graph(job).parents[task]), default=0) for job, task, _ in first.decisions
        ]
        asked = max(place for place, moment in enumerate(moments) if 0 < moment <= cut) + 1
        assert asked > 10
        assert first.decisions[:asked] == second.decisions[:asked]
        assert tables[:asked] == others[:asked]
        assert first.cost != second.cost


def test_real_times_do_not_depend_on_decisions() -> None:
    """A task that runs on the same PE under two policies takes the same time, however else they differ."""
    instance = EVALUATOR.instances("keyed", jobs=[["top-1"]], scales=[50], stds=[0.4], horizon=1200)[0]
    ran = []
    for sign in (1, -1):
        outcome, _ = drive(instance, lambda table, sign=sign: [sign * value for value in table["eft"]])
        ran.append({(bar.job, bar.task, bar.pe): bar.end - bar.start for bar in outcome.trace()})
    common = set(ran[0]) & set(ran[1])
    assert len(common) > 10
    assert [ran[0][key] for key in common] == [ran[1][key] for key in common]
    expected = instance.data.graphs[0].w
    assert any(ran[0][job, task, pe] != expected[task][pe] for job, task, pe in common)


def test_relabelling_pes_changes_nothing(run: Any) -> None:
    made = EVALUATOR.instances("relabel", jobs=[["top-3", "top-4"], ["wifi-1"]], scales=[50], stds=[0.2], horizon=700)
    source = "def priority(eft, w, up): return eft + 0.1 * w - 0.01 * up"
    first, second = run(EVALUATOR, made, source, 1), run(EVALUATOR, made, source, 2)
    assert [a.outcome.decisions for a in first] == [b.outcome.decisions for b in second]


def test_pes_are_dealt_per_instance_and_seed() -> None:
    instance = EVALUATOR.instances("labels", jobs=[["wifi-2"]], scales=[50], stds=[0.0], horizon=100)[0]
    rows = {tuple(drive(instance, lambda table: table["eft"], seed)[1][0]["w"]) for seed in range(8)}
    assert len(rows) > 3
    assert len({tuple(sorted(row)) for row in rows}) == 1


def test_exactly_the_features_taken_cross(run: Any, recorder: Any) -> None:
    made = [jobs(FORK, arrivals=[0, 3])]
    run(EVALUATOR, made, "def priority(eft, n_ready): return eft", session=recorder)
    for message in recorder.messages[1:]:
        if message["op"] == "priority":
            assert set(message) == {"op", "episodes", "over", "rows", "columns", "scalars"}
            assert (set(message["columns"]), set(message["scalars"])) == ({"eft"}, {"n_ready"})


def test_all_features_can_cross(run: Any, recorder: Any) -> None:
    run(EVALUATOR, [jobs(FORK, arrivals=[0])], f"def priority({', '.join(NAMES)}): return eft", session=recorder)
    calls = [message for message in recorder.messages if message["op"] == "priority"]
    assert set(calls[0]["columns"]) == set(NAMES) - SCALARS
    assert set(calls[0]["scalars"]) == SCALARS


@pytest.mark.parametrize("name", ["top-1", "layered-3", "wifi-2"])
def test_generated_graphs_have_one_entry_and_one_exit(name: str) -> None:
    graph = graph_named(name)
    assert [i for i in range(graph.n) if not graph.parents[i]] == [0]
    assert [i for i in range(graph.n) if not graph.children[i]] == [graph.n - 1]
    assert len({(i, j) for i, j, _ in graph.edges}) == len(graph.edges)
    assert graph == graph_named.__wrapped__(name)


def test_streams_have_the_rate_and_the_noise_that_they_say() -> None:
    made = stream("rate", [graph_named("top-1"), graph_named("top-2")], 50, 0.2, 100_000)
    assert len(made.arrivals) == pytest.approx(100_000 / 49.5, rel=0.05)  # gaps are rounded down
    values = [z for row in made.z for z in row]
    assert sum(values) / len(values) == pytest.approx(0, abs=0.02)
    assert sum(z * z for z in values) / len(values) == pytest.approx(1, abs=0.03)
    assert sum(made.kinds) / len(made.kinds) == pytest.approx(0.5, abs=0.05)


def test_unknown_graphs_and_mixtures_are_refused() -> None:
    with pytest.raises(ValueError, match="no task graph 'top'"):
        graph_named("top")
    with pytest.raises(ValueError, match="different numbers of PEs"):
        EVALUATOR.instances("mixed", jobs=[["top-1", "wifi-1"]], scales=[50], stds=[0.0])
    with pytest.raises(ValueError, match="does not lead from a task to a later one"):
        Graph("back", ((1,), (1,)), ((1, 0, 3),))


def test_the_longest_path_of_the_fork() -> None:
    assert longest_path(FORK, [2, 1, 2]) == 4
