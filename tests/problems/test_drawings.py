"""What a reviewer sees of every problem, drawn of a baseline's outcome, and that its figures are those of the cost."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.databases.tables import SHAPES, make_table
from evaluators.drawing import MARKS, Box, Drawing, first, titled
from evaluators.driver import Clock, play
from evaluators.evaluate import load
from evaluators.gpus.experts import balancedness
from evaluators.machines.drawing import gantt
from evaluators.machines.shop import Shop, non_delay
from evaluators.packing.mdkp import relax
from evaluators.problem import Problem, problem_names
from evaluators.protocol import Instance, Outcome
from sandbox.session import InProcessSession
from tests.measured import loaded

LONGEST = 80  # characters of a label


@dataclass(frozen=True)
class Drawn:
    """An instance, how the paper's rule (or else the first baseline) played it, and the drawing."""

    problem: Problem
    instance: Instance
    outcome: Outcome
    drawing: Drawing


@cache
def drawn(name: str, position: int = 0) -> Drawn:
    problem = loaded(name)
    return played(problem, problem.instances("train")[position])


def played(problem: Problem, instance: Instance) -> Drawn:
    source = problem.baselines[problem.spec.paper_rule or next(iter(problem.baselines))]
    session, clock = InProcessSession(), Clock(problem.limits, 1)
    function, parameters = load(problem, source, session, clock)
    [episode] = play(problem.evaluator, [instance], session, function, parameters, clock)
    drawing = problem.evaluator.draw(instance, episode.outcome)
    assert drawing is not None
    return Drawn(problem, instance, episode.outcome, drawing)


def by_lane(boxes: Iterable[Box]) -> dict[str, list[Box]]:
    lanes: dict[str, list[Box]] = defaultdict(list)
    for box in sorted(boxes, key=lambda box: (box.start, box.end)):
        lanes[box.lane].append(box)
    return lanes


def length(boxes: Iterable[Box]) -> float:
    return sum(box.end - box.start for box in boxes)


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found is not None, text
    return float(found[1])


def marks(drawing: Drawing) -> int:
    return (
        len(drawing.boxes) + sum(len(line.points) for line in drawing.lines) + len(drawing.nodes) + len(drawing.links)
    )


@pytest.mark.parametrize("name", problem_names())
def test_every_problem_is_drawn_whole(name: str) -> None:
    """Plain data, titles with units, lanes that hold every box and no two at a time, links between known nodes."""
    drawing = drawn(name).drawing
    json.dumps(asdict(drawing), allow_nan=False)  # no type of numpy's, no infinity
    assert 0 < marks(drawing) <= MARKS
    assert "," in drawing.x
    assert drawing.lanes or "," in drawing.y
    assert not drawing.links or "," in drawing.weight
    assert len(set(drawing.lanes)) == len(drawing.lanes)
    assert all(box.start <= box.end and len(box.label) <= LONGEST for box in drawing.boxes)
    names = [node.name for node in drawing.nodes]
    assert len(set(names)) == len(names)
    assert all({link.start, link.end} <= set(names) for link in drawing.links)
    for lane, boxes in by_lane(drawing.boxes).items():
        assert lane in (drawing.lanes or [""])
        if drawing.lanes:
            assert all(before.end <= after.start + 1e-9 for before, after in pairwise(boxes))


@given(st.lists(st.integers(0, 2 * MARKS)))
def test_as_much_is_drawn_as_there_is_room_for(sizes: list[int]) -> None:
    shown = first(sizes)
    assert shown == 1 or sum(sizes[:shown]) <= MARKS
    assert sum(sizes[: shown + 1]) > MARKS or shown >= len(sizes)


def test_a_large_shop_is_drawn_in_part_and_says_so() -> None:
    n, m = 50, 100
    shop = Shop(p=[[1] * m for _ in range(n)], route=[list(range(m)) for _ in range(n)])
    drawing = gantt(shop, non_delay(shop, [j for j in range(n) for _ in range(m)]))
    assert len(drawing.boxes) == MARKS
    assert len(drawing.lanes) == 60
    assert drawing.y == "machine (the first 60 of 100)" == titled("machine", 60, 100)


def test_job_shop_ends_at_its_makespan() -> None:
    case = drawn("job_shop")
    assert max(box.end for box in case.drawing.boxes) == case.outcome.cost
    assert length(case.drawing.boxes) == sum(map(sum, case.instance.data.p))


def test_blocking_job_shop_shows_what_blocks_and_fails() -> None:
    case = drawn("blocking_job_shop", 3)
    shop, metrics = case.instance.data.shop, case.outcome.metrics
    kinds = {
        kind: length(box for box in case.drawing.boxes if box.kind == kind)
        for kind in ("", "blocked", "blocked and down", "down")
    }
    assert all(kinds.values())
    time = shop.m * case.outcome.cost
    assert max(box.end for box in case.drawing.boxes) == case.outcome.cost
    assert kinds[""] == sum(map(sum, shop.p))
    assert (kinds["blocked"] + kinds["blocked and down"]) / time == pytest.approx(metrics["blocked"])
    assert (kinds["down"] + kinds["blocked and down"]) / time <= metrics["down"]  # an outage may outlast the schedule


def test_tardiness_is_what_ends_after_its_due_date() -> None:
    case = drawn("single_machine_tardiness")
    lanes = by_lane(case.drawing.boxes)
    due = {box.label: box.start for box in lanes["due dates"]}
    late = [box for box in lanes["machine"] if box.end > due[box.label]]
    assert sum(box.end - due[box.label] for box in late) == case.outcome.cost > 0
    assert late == [box for box in lanes["machine"] if box.kind == "late"]


def test_latencies_on_a_chip_run_from_arrival_to_the_last_task() -> None:
    case = drawn("soc_dag")
    stream = case.instance.data
    arrivals, tasks = {}, defaultdict(list)
    for box in case.drawing.boxes:
        if box.lane == "arrivals":
            arrivals[box.label] = box.start
        else:
            tasks[box.label].append(box.end)
    ends = {
        f"job {job}": max(tasks[f"job {job}"]) if len(tasks[f"job {job}"]) == stream.graph(job).n else stream.horizon
        for job in range(len(stream.arrivals))
    }
    assert sum(ends[job] - arrivals[job] for job in ends) / len(ends) == pytest.approx(case.outcome.cost)


@pytest.mark.parametrize("name", ["spot_instances", "spot_multi_region"])
def test_spot_machines_run_where_there_are_some_and_cost_what_is_paid(name: str) -> None:
    case = drawn(name)
    lanes = by_lane(case.drawing.boxes)
    metrics = case.outcome.metrics
    machines = [box for box in case.drawing.boxes if box.label]
    assert length(lanes["no machine"]) == pytest.approx(metrics["idle_hours"])
    for kind, hours in (("spot", "spot_hours"), ("on demand", "on_demand_hours")):
        assert length(box for box in machines if box.label.startswith(kind)) == pytest.approx(metrics[hours])
    starts = [box for box in machines if box.kind == "starts"]
    assert len(starts) == metrics["launches"] > 1
    assert sum(number(r"([\d.]+) \$", box.label) for box in starts) == pytest.approx(
        case.outcome.cost, abs=0.005 * len(starts)
    )
    for box in machines:
        if box.label.startswith("spot"):
            there = lanes[f"{box.lane}: spot"]
            assert any(spell.start - 1e-9 <= box.start and box.end <= spell.end + 1e-9 for spell in there)
    assert max(box.end for box in machines) <= (case.drawing.due or 0)


def test_memory_holds_no_address_twice_and_nothing_beyond_its_capacity() -> None:
    case = drawn("memory_mapping")
    drawing, program = case.drawing, case.instance.data
    assert drawing.limit is not None
    assert all(0 <= box.low < box.high <= drawing.limit for box in drawing.boxes)
    area = sum((box.end - box.start) * (box.high - box.low) for box in drawing.boxes)
    assert area / (drawing.limit * len(program.compute)) == pytest.approx(case.outcome.metrics["occupied"])
    for a, b in combinations(drawing.boxes, 2):
        assert a.end <= b.start or b.end <= a.start or a.high <= b.low or b.high <= a.low


def test_gpus_are_filled_to_their_memory_and_the_largest_pressure_is_the_cost() -> None:
    case = drawn("model_placement")
    lanes = by_lane(case.drawing.boxes)
    assert len(lanes) == case.instance.data.gpus
    for boxes in lanes.values():
        assert boxes[-1].kind.startswith("KV cache")
        assert boxes[-1].start < boxes[-1].end == case.drawing.due
    worst = [box for box in case.drawing.boxes if box.kind == "KV cache, largest pressure"]
    assert all(number(r"([\d.]+) requests", box.label) == pytest.approx(case.outcome.cost, 1e-3) for box in worst)
    assert worst


def test_gpus_carry_the_load_that_balancedness_is_about() -> None:
    case = drawn("expert_replication")
    trace = case.instance.data
    layer = int(number(r"layer (\d+)", case.drawing.x))
    ends = [boxes[-1].end for boxes in by_lane(case.drawing.boxes).values()]
    placement = np.array([case.outcome.decisions[-1][layer]])
    expected, _ = balancedness(placement, trace.load[-1][layer : layer + 1], trace.gpus)
    assert float(np.mean(ends)) / max(ends) == pytest.approx(expected)
    assert case.drawing.due == pytest.approx(float(np.mean(ends)))


def test_transactions_end_at_the_makespan() -> None:
    case = drawn("transaction_order")
    assert max(box.end for box in case.drawing.boxes) == case.outcome.cost
    assert length(case.drawing.boxes) == int(case.instance.data.lengths.sum())


def test_hits_are_the_share_of_prompts_that_the_hit_rate_says() -> None:
    problem, shape = loaded("prefix_reordering"), next(iter(SHAPES))
    case = played(problem, Instance("small", shape, make_table("small", shape, 30)))
    hits = length(box for box in case.drawing.boxes if box.kind == "hit")
    assert hits / length(case.drawing.boxes) == pytest.approx(case.outcome.metrics["hit"])
    assert hits > 0


def test_qubits_are_held_by_the_tasks_that_are_kept() -> None:
    case = drawn("quantum_network")
    kept, starts = case.outcome.decisions
    boxes = case.drawing.boxes
    assert {box.label for box in boxes} == {f"task {task}" for task in kept}
    assert len(kept) == case.outcome.metrics["kept"]
    for task, times in zip(kept, starts, strict=True):
        mine = [box for box in boxes if box.label == f"task {task}"]
        assert len(mine) == len(times) * len(case.instance.data.tasks[task].busy)
        assert min(box.start for box in mine) == times[0]


def test_links_of_a_broadcast_cost_its_egress() -> None:
    case = drawn("broadcast_overlay")
    links = case.drawing.links
    paid = sum(link.weight * number(r"([\d.]+) \$/GB", link.label) for link in links)
    assert paid == pytest.approx(case.outcome.metrics["egress"])
    seconds = [number(r"([\d.]+) s,", link.label) for link in links if link.kind == "slowest link"]
    assert seconds == pytest.approx([case.outcome.metrics["seconds"]] * len(seconds), rel=1e-3)
    kinds = {node.name: node.kind for node in case.drawing.nodes}
    assert {link.end for link in links} >= {name for name, kind in kinds.items() if kind == "destination"}
    assert {kinds[link.start] for link in links} <= {"source", "destination", "relay"}


def test_traffic_on_all_links_spends_the_total_travel_time() -> None:
    case = drawn("network_design")
    links = case.drawing.links
    assert sum(link.weight * number(r"([\d.]+) min", link.label) for link in links) == pytest.approx(
        case.outcome.cost, rel=1e-3
    )
    assert all(link.weight == 0 for link in links if link.kind == "not built")
    assert sum(link.kind == "built" for link in links) == 2 * case.outcome.metrics["roads"] > 0


def test_the_loss_ends_at_the_cost() -> None:
    case = drawn("learning_rate")
    task = case.instance.data.task
    rate, loss = case.drawing.lines
    assert [y for _, y in rate.points] == pytest.approx((1 - np.arange(task.T) / task.T).tolist())
    first_loss = task.losses(np.zeros((task.T, 1)))[0]
    assert loss.points[0] == (0, 1.0)
    assert loss.points[-1] == (task.T, pytest.approx(case.outcome.cost / first_loss))


def test_reversed_edges_are_the_ones_that_are_counted() -> None:
    case = drawn("causal_order")
    x = {node.name: node.x for node in case.drawing.nodes}
    y = {node.name: node.y for node in case.drawing.nodes}
    links = case.drawing.links
    assert all(y[link.start] < y[link.end] for link in links)
    assert all((x[link.start] > x[link.end]) == (link.kind == "reversed") for link in links)
    share = sum(link.kind == "reversed" for link in links) / len(links)
    assert 100 * share == pytest.approx(case.outcome.metrics["reversed_edges"])


def test_capacities_hold_the_items_whose_profit_is_the_cost() -> None:
    case = drawn("multidimensional_knapsack")
    lanes = by_lane(case.drawing.boxes)
    ends = [lanes[lane][-1].end for lane in case.drawing.lanes]
    assert case.drawing.due == 100.0 >= max(ends)
    assert sum(ends) / len(ends) / 100 == pytest.approx(case.outcome.metrics["used"])
    assert -sum(number(r"profit (\d+)", box.label) for box in lanes["resource 0"]) == case.outcome.cost


def test_what_is_produced_in_the_worst_case_fits() -> None:
    case = drawn("robust_knapsack")
    metrics, lanes = case.outcome.metrics, by_lane(case.drawing.boxes)
    assert lanes["produced"][-1].end <= (case.drawing.due or 0)
    assert len(lanes["produced"]) + len(lanes["bought elsewhere"]) == metrics["accepted"]
    assert sum(box.kind == "repaired" for box in lanes["produced"]) == metrics["repaired"]
    assert sum(map(len, lanes.values())) == case.instance.data.n


def test_the_best_bound_ends_at_the_gap() -> None:
    case = drawn("lagrangian_multipliers")
    least = relax(case.instance.data).value
    bound, best = case.drawing.lines
    assert len(bound.points) == len(best.points) == 101
    assert best.points[-1] == (100, pytest.approx(math.log10(100 * (case.outcome.cost - least) / least)))
    values = [y for _, y in best.points]
    assert values == sorted(values, reverse=True)
    assert values[-1] == min(y for _, y in bound.points)


def test_a_stretch_depends_on_the_instance_alone() -> None:
    """A long stream is cut where its jobs arrive, whoever schedules them."""
    problem = loaded("soc_dag")
    stream = problem.instances("train")[0].data
    times = 12
    late = [t + round_ * stream.horizon for round_ in range(times) for t in stream.arrivals]
    long = replace(
        stream, kinds=[*stream.kinds] * times, arrivals=late, z=[*stream.z] * times, horizon=times * stream.horizon
    )
    instance = Instance("long", "long", long)
    drawings: Sequence[Drawing] = [
        played(replace(problem, spec=problem.spec.model_copy(update={"paper_rule": rule})), instance).drawing
        for rule in list(problem.baselines)[:2]
    ]
    one, other = drawings
    assert max(map(marks, drawings)) <= MARKS
    assert re.fullmatch(r"time, units of time \(the first [\d,]+ of 24,000\)", one.x)
    assert one.x == other.x
    assert one.boxes != other.boxes
