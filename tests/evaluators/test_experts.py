"""Expert replication: the simulator, the bound, the generator, and what a candidate gets to see."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.gpus.expert_loads import ACTIVE, TOKENS, Trace, generate
from evaluators.gpus.experts import ExpertReplication, balancedness, most_balanced, replicas
from evaluators.protocol import Illegal, Instance, Labels, Outcome, Reference
from tests import playing

EVALUATOR = ExpertReplication()
ROUND = "import numpy as np\ndef decide(obs): return np.tile(np.arange(obs['slots']) % {experts}, ({layers}, 1))"


def instance_of(load: Any, slots: int, gpus: int, nodes: int = 1, groups: int = 1) -> Instance:
    return Instance("drawn", "drawn", Trace(np.array(load), slots, gpus, nodes, groups))


@st.composite
def drawn(draw: Any) -> Instance:
    windows, layers, experts = draw(st.integers(2, 4)), draw(st.integers(1, 3)), draw(st.integers(2, 5))
    gpus = draw(st.integers(1, 3))
    slots = gpus * draw(st.integers(-(-experts // gpus), 4 + experts // gpus))
    size = windows * layers * experts
    load = np.array(draw(st.lists(st.integers(0, 50), min_size=size, max_size=size)))
    load = load.reshape(windows, layers, experts)
    load[:, :, 0] += 1
    return instance_of(load, slots, gpus)


def drive(instance: Instance, choose: Any, seed: int = 0) -> tuple[Outcome, list[dict[str, Any]]]:
    """Play without a driver; also returns every observation."""
    return playing.play(EVALUATOR, instance, choose, seed)


def slowly(placement: list[list[int]], load: Any, gpus: int) -> float:
    """Balancedness of GPUs, slot by slot."""
    means = fullest = 0.0
    for row, loads in zip(placement, load.tolist(), strict=True):
        size = len(row) // gpus
        of_gpu = [sum(loads[e] / row.count(e) for e in row[g * size : (g + 1) * size]) for g in range(gpus)]
        means += sum(of_gpu) / gpus
        fullest += max(of_gpu)
    return means / fullest


def test_balancedness_by_hand() -> None:
    """Layer 0: expert 0 (load 8) twice, so 4 a replica; GPUs carry 4 + 4 and 2 + 6: mean 8, max 8; slots 4, 6.
    Layer 1: expert 2 twice, 5 a replica; GPUs carry 1 + 3 = 4 and 5 + 5 = 10: mean 7, max 10; slots 3.5, 5."""
    placement = np.array([[0, 0, 1, 2], [0, 1, 2, 2]])
    load = np.array([[8, 2, 6], [1, 3, 10]])
    assert replicas(placement, 3).tolist() == [[2, 1, 1], [1, 1, 2]]
    assert balancedness(placement, load, 2) == pytest.approx((15 / 18, 7.5 / 11))


def test_an_episode_by_hand(run: Any) -> None:
    """Slots hold 0 1 | 2 0, expert 0 twice. Windows 1 and 2: GPUs carry 2 + 2 and 2 + 4; then 3 + 6 and 0 + 3.
    Balancedness (5/6 + 6/9) / 2. In window 0, from which the first placement comes, it is 1."""
    instance = instance_of([[[2, 2, 2]], [[4, 2, 4]], [[6, 6, 0]]], 4, 2)
    order = Labels(0, instance).permutation("expert of group 0", 3)
    row = [order.index(expert) for expert in (0, 1, 2, 0)]
    [played] = run(EVALUATOR, [instance], f"def decide(obs): return [{row}]", functions=["decide"])
    assert played.outcome.cost == pytest.approx(1 - (5 / 6 + 6 / 9) / 2)
    assert played.outcome.decisions == [[[0, 1, 2, 0]], [[0, 1, 2, 0]]]
    metrics = played.outcome.metrics
    assert metrics["B_known"] == pytest.approx((1 + 5 / 6) / 2)
    assert metrics["B_slot"] == pytest.approx(((10 / 4) / 4 + (12 / 4) / 6) / 2)
    assert (metrics["moved"], metrics["nodes_per_group"]) == (0, 1)


@given(drawn(), st.randoms(use_true_random=False), st.integers(0, 5))
@settings(deadline=None)
def test_any_legal_placement_is_served_as_slowly_counted(instance: Instance, random: Any, seed: int) -> None:
    trace: Trace = instance.data
    _, layers, experts = trace.load.shape

    def choose(observation: Any) -> Any:
        rows = []
        for _ in range(layers):
            row = [*range(experts), *(random.randrange(experts) for _ in range(trace.slots - experts))]
            random.shuffle(row)
            rows.append(row)
        return random.choice([rows, np.array(rows), np.array(rows, np.uint8), tuple(np.array(row) for row in rows)])

    outcome, _ = drive(instance, choose, seed)
    served = [slowly(rows, trace.load[now + 1], trace.gpus) for now, rows in enumerate(outcome.decisions)]
    assert outcome.cost == pytest.approx(1 - sum(served) / len(served))
    assert outcome.cost >= EVALUATOR.reference(instance).value - 1e-12


@given(st.lists(st.integers(0, 20), min_size=3, max_size=3).filter(any), st.sampled_from([(4, 2), (6, 2), (6, 3)]))
@settings(max_examples=40, deadline=None)
def test_no_placement_is_better_than_the_bound(load: list[int], sizes: tuple[int, int]) -> None:
    slots, gpus = sizes
    trace = Trace(np.array([[load]]), slots, gpus, 1, 1)
    legal = [p for p in product(range(3), repeat=slots) if len(set(p)) == 3]
    best = max(balancedness(np.array([p]), np.array([load]), gpus)[0] for p in legal)
    assert most_balanced(np.array([load]), trace) >= best - 1e-12


def test_the_bound_is_reached_where_one_expert_is_all() -> None:
    """9 tokens on one of 3 experts, 4 slots: two replicas of 4.5 at best, on 4 GPUs whose mean is 2.25."""
    trace = Trace(np.array([[[9, 0, 0]]]), 4, 4, 1, 1)
    assert most_balanced(trace.load[0], trace) == 0.5
    assert balancedness(np.array([[0, 1, 0, 2]]), trace.load[0], 4)[0] == 0.5


def test_the_future_changes_nothing_that_was_said_before() -> None:
    [instance] = EVALUATOR.instances("future", shapes=[[2, 8, 12, 4, 2, 4]], counts=[1])
    trace: Trace = instance.data
    other = trace.load.copy()
    other[6:] = other[6:, :, ::-1]
    _, seen = drive(instance, place_in_order)
    _, again = drive(replace(instance, data=replace(trace, load=other)), place_in_order)
    for now, (a, b) in enumerate(zip(seen, again, strict=True)):
        assert np.array_equal(a["history"], b["history"]) == (now < 6)
        assert len(a["history"]) == now + 1, "nothing of the window that will be served"
        assert np.array_equal(a["load"], a["history"][-1])


def place_in_order(observation: dict[str, Any]) -> Any:
    layers, experts = observation["load"].shape
    return np.tile(np.arange(observation["slots"]) % experts, (layers, 1))


def test_exactly_what_is_seen_crosses(run: Any, recorder: Any) -> None:
    made = EVALUATOR.instances("wire", shapes=[[2, 8, 12, 4, 2, 4]], counts=[1], windows=8)
    run(EVALUATOR, made, ROUND.format(experts=8, layers=2), session=recorder, functions=["decide"])
    calls = [message for message in recorder.messages if message["op"] == "call"]
    assert len(calls) == 7
    for message in calls:
        assert set(message) == {"op", "episodes", "over", "arguments"}
        [observation] = message["arguments"]
        assert set(observation) == {"load", "history", "slots", "gpus", "nodes", "groups"}


def test_labels_permute_layers_groups_and_experts_of_a_group() -> None:
    [instance] = EVALUATOR.instances("labels", shapes=[[3, 8, 12, 4, 2, 4]], counts=[1])
    orders = set()
    for seed in range(3):
        _, seen = drive(instance, place_in_order, seed)
        told, true = seen[0]["load"], instance.data.load[0]
        assert sorted(map(by_group, told)) == sorted(map(by_group, true))
        orders.add(told.tobytes())
    assert len(orders) == 3


def by_group(row: Any) -> list[list[float]]:
    """The loads of a layer by group of two experts, whatever the order."""
    return sorted(sorted(map(float, row[first : first + 2])) for first in range(0, len(row), 2))


GOOD = [[0, 1, 2, 0], [2, 1, 0, 1]]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "not a NoneType"),
        ("0120", "not a str"),
        ({"phy2log": GOOD}, "not a dict"),
        (GOOD[:1], "returned 1 layers; expected 2"),
        ([GOOD[0], None], "layer 1 is a NoneType"),
        ([GOOD[0], [0, 1, 2]], "layer 1 has 3 slots; expected 4"),
        ([GOOD[0], [0, 1, 2, 0, 0]], "layer 1 has 5 slots"),
        ([[0, True, 2, 0], GOOD[1]], "layer 0, slot 1 holds a bool"),
        ([[0, 1.0, 2, 0], GOOD[1]], "layer 0, slot 1 holds a float"),
        ([[0, [1, 2], 2, 0], GOOD[1]], "layer 0, slot 1 holds a list"),
        ([GOOD[0], [0, 1, 2, 3]], "layer 1, slot 3: expert 3; experts are numbered 0 to 2"),
        ([GOOD[0], [0, 1, 2, -1]], "layer 1, slot 3: expert -1"),
        ([GOOD[0], [0, 1, 2, 2**63]], "layer 1, slot 3: expert 9223372036854775808"),
        ([GOOD[0], [0, 1, 1, 0]], "layer 1: expert 2 has no slot"),
        (np.array(GOOD, float), "an array of float64"),
        (np.array(GOOD, bool), "an array of bool"),
        (np.array(GOOD).T, r"shape \(4, 2\); expected \(2, 4\)"),
        (np.array([GOOD]), r"shape \(1, 2, 4\)"),
        (np.array(GOOD) + 1, "expert 3; experts are numbered"),
        ([np.array(GOOD[0]), np.array(GOOD[1], float)], "layer 1 is an array of float64"),
        ([np.array(GOOD[0]), np.array([GOOD[1]])], "layer 1 is an array of int64 of shape"),
    ],
)
def test_a_corrupted_answer_is_refused_with_the_reason(answer: Any, reason: str) -> None:
    instance = instance_of([[[1, 1, 1]] * 2] * 2, 4, 2)
    drive(instance, lambda observation: GOOD)
    with pytest.raises(Illegal, match=reason):
        drive(instance, lambda observation: answer)


@given(drawn(), st.data())
@settings(deadline=None)
def test_any_single_corruption_is_refused(instance: Instance, data: Any) -> None:
    trace: Trace = instance.data
    _, layers, experts = trace.load.shape
    rows: list[list[Any]] = [[slot % experts for slot in range(trace.slots)] for _ in range(layers)]
    layer, slot = data.draw(st.integers(0, layers - 1)), data.draw(st.integers(0, trace.slots - 1))
    bad = [st.integers(experts, 2**70), st.integers(max_value=-1), st.booleans(), st.floats(), st.none(), st.text()]
    rows[layer][slot] = data.draw(st.one_of(bad))
    with pytest.raises(Illegal):
        drive(instance, lambda observation: rows)


def test_generator_reproduces_and_is_as_described() -> None:
    shape = [4, 64, 72, 8, 2, 8]
    trace = generate("golden", shape, 11, 1.2, 1)
    assert trace.load.shape == (11, 4, 64)
    assert trace.load[0, 0, :5].tolist() == [33001, 584, 34371, 21908, 2898]
    assert trace.load[10, 3, :5].tolist() == [13961, 7651, 20607, 17668, 11176]
    assert (trace.load.sum(axis=2) == TOKENS * ACTIVE).all(), "a token goes to as many experts in every layer"
    logarithm = np.log(trace.load + 1.0)
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairwise(logarithm)]
    change = int(np.argmin(alike)) + 1
    assert 4 <= change <= 8
    steady = [alike[now] for now in range(1, 10) if now + 1 not in (change, change + 1)]
    assert min(steady) > 0.97 > 0.93 > alike[0] > 0.8 > alike[change - 1]
    longer = generate("golden", shape, 11, 1.2, 0)
    assert np.array_equal(longer.load[:4], trace.load[:4]), "a change of workload does not reach back"


def test_shapes_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="do not divide"):
        EVALUATOR.instances("bad", shapes=[[2, 8, 13, 4, 2, 4]], counts=[1])


def test_the_gap_is_in_points_of_balancedness() -> None:
    instance = instance_of([[[1, 1, 1]]] * 2, 4, 2)
    assert EVALUATOR.gap(instance, 0.25, Reference(0.0, "bound")) == 25.0
