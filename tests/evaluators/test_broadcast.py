"""Pricing of a broadcast by hand, the verifier against an independent account, and every way to be refused."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.networks.broadcast import BroadcastOverlay, Job, bill, flows, least_seconds
from evaluators.networks.clouds import VM_PRICE, VMS, Cloud, generate
from evaluators.protocol import Illegal, Instance, Labels, Outcome

EVALUATOR = BroadcastOverlay()
MACHINE = VMS * VM_PRICE  # 0.0003 $ a region and second

# Four regions: 0 sends at most 8 Gbps, 3 receives at most 6, all else is wide.
PRICE = np.array([[0, 0.1, 0.2, 0.3], [0.1, 0, 0.05, 0.05], [0.4, 0.4, 0, 0.02], [0.5, 0.5, 0.5, 0]])
GBPS = np.array([[0, 5.0, 4.0, 3.0], [5.0, 0, 4.0, 4.0], [2.0, 2.0, 0, 5.0], [1.0, 1.0, 1.0, 0]])
CLOUD = Cloud(("a", "b", "c", "d"), PRICE, GBPS, np.array([50.0, 50.0, 50.0, 6.0]), np.array([8.0, 50.0, 50.0, 50.0]))
JOB = Job(CLOUD, 0, (2, 3), 2, 10.0, 0.5)
SMALL = Instance("small", "small", JOB)


class Plain(Labels):
    """Labels that leave everything where it is."""

    def permutation(self, kind: str, size: int) -> list[int]:
        return list(range(size))


PLAIN = Plain(0, SMALL)


def verify(answer: Any) -> Outcome:
    return EVALUATOR.verify(SMALL, answer, PLAIN)


def test_a_chain_by_hand() -> None:
    """Both partitions a -> b -> c -> d: 20 GB x (0.1 + 0.05 + 0.02) = 3.4 $. Rates 5, 4, 5, so T = 8 x 20 / 4 = 40 s.

    Machines: 4 regions x 0.0003 x 40 = 0.048; delay 0.5 x 40 = 20.
    """
    outcome = verify([[-1, 0, 1, 2]] * 2)
    assert outcome.metrics["egress"] == pytest.approx(3.4)
    assert outcome.metrics["seconds"] == pytest.approx(40)
    assert outcome.metrics["machines"] == pytest.approx(0.048)
    assert outcome.metrics["delay"] == pytest.approx(20)
    assert outcome.cost == pytest.approx(23.448)
    assert outcome.decisions == [[(0, 1), (1, 2), (2, 3)]] * 2


def test_an_edge_shared_by_two_destinations_is_paid_once() -> None:
    """a -> b, b -> c and b -> d: 20 x (0.1 + 0.05 + 0.05) = 4 $; into d come 4 Gbps, less than its 6."""
    outcome = verify([[-1, 0, 1, 1]] * 2)
    assert outcome.metrics["egress"] == pytest.approx(4)
    assert outcome.metrics["seconds"] == pytest.approx(40)


def test_regions_share_what_they_send_and_receive() -> None:
    """Partition 0 directly a -> c, a -> d, partition 1 a -> b -> c -> d.

    Out of a go three edges, 5 + 4 + 3 > 8: each gets at most 8 / 3. Into d come 3 + 5 > 6: at most 3 each.
    Times are 80 / rate: a->b, a->c and a->d 30 s, b->c 20, c->d 26.7.
    """
    outcome = verify([[-1, -1, 0, 0], [-1, 0, 1, 2]])
    assert outcome.metrics["seconds"] == pytest.approx(30)
    assert outcome.metrics["egress"] == pytest.approx(10 * (0.2 + 0.3 + 0.1 + 0.05 + 0.02))
    carried = np.zeros((4, 4), dtype=np.int64)
    for tail, head in ((0, 2), (0, 3), (0, 1), (1, 2), (2, 3)):
        carried[tail, head] = 1
    rates = flows(CLOUD, carried)
    expected = {(0, 1): 8 / 3, (0, 2): 8 / 3, (0, 3): 8 / 3, (1, 2): 4, (2, 3): 3}
    assert {edge: rates[edge] for edge in expected} == pytest.approx(expected)
    assert np.count_nonzero(rates) == 5
    trace = outcome.trace()
    assert [(edge.tail, edge.head) for edge in trace] == [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("c", "d")]
    assert max(edge.seconds for edge in trace) == pytest.approx(30)


def test_what_leads_nowhere_counts_for_nothing() -> None:
    assert verify([[3, 2, 0, 0]] * 2).cost == verify([[-1, -1, 0, 0]] * 2).cost


def test_arrays_and_lists_are_the_same() -> None:
    rows = [[-1, 0, 1, 2], [-1, -1, 0, 0]]
    costs = {verify(form).cost for form in (rows, np.array(rows), [np.array(row) for row in rows], tuple(rows))}
    assert len(costs) == 1


REFUSED = [
    (None, "not a NoneType"),
    ({"parents": []}, "not a dict"),
    (np.zeros(4, dtype=int), "an array of 1 dimensions"),
    ([[-1, 0, 1, 2]], "returned 1 lists of parents; there are 2"),
    ([[-1, 0, 1, 2]] * 3, "returned 3 lists"),
    ([[-1, 0, 1, 2], [-1, 0, 1]], "partition 1: 3 parents; expected one for each of the 4"),
    ([[-1, 0, 1, 2], 7], "partition 1: its parents are a int"),
    ([[-1, 0, 1, 2], [-1, 0, 1, 2.0]], "parent of region 3 is a float"),
    ([[-1, 0, 1, 2], [-1, 0, True, 2]], "parent of region 2 is a bool"),
    ([[-1, 0, 1, 2], [-1, 0, None, 2]], "parent of region 2 is a NoneType"),
    (np.array([[-1.0, 0, 1, 2]] * 2), "an array of float64"),
    (np.array([[True] * 4] * 2), "an array of bool"),
    ([[-1, 0, 1, 4]] * 2, "parent of region 3 is 4; expected -1 to 3"),
    ([[-1, 0, 1, -2]] * 2, "parent of region 3 is -2"),
    ([[-1, 0, 1, -1]] * 2, "from destination 3 ends at region 3, which has no parent"),
    ([[-1, -1, 1, 2]] * 2, "from destination 2 ends at region 1"),
    ([[-1, 0, 3, 2]] * 2, "from destination 2 runs in a circle at 2"),
    ([[-1, 0, 1, 3]] * 2, "from destination 3 runs in a circle at 3"),
]


@pytest.mark.parametrize(("answer", "reason"), REFUSED)
def test_refused_with_a_reason(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        verify(answer)


def drawn(seed: int) -> Instance:
    rng = random.Random(seed)
    cloud = generate(f"drawn {seed}", 0.4, 0.3, 12)
    places = rng.sample(range(12), rng.randint(2, 8))
    return Instance(f"drawn {seed}", "drawn", Job(cloud, places[0], tuple(places[1:]), 3, 20.0, rng.choice((0, 0.1))))


def random_plan(question: dict[str, Any], rng: random.Random) -> list[list[int]]:
    """Any legal answer: regions join in random order below a random region that has joined."""
    n = len(question["price"])
    plan = []
    for _ in range(question["partitions"]):
        parent = [-1] * n
        joined = [question["source"]]
        for region in rng.sample(range(n), n):
            if region not in joined and (region in question["destinations"] or rng.random() < 0.5):
                parent[region] = rng.choice(joined)
                joined.append(region)
        plan.append(parent)
    return plan


def account(question: dict[str, Any], plan: list[list[int]]) -> tuple[float, float]:
    """Total cost and seconds, edge by edge, from what the candidate was told alone."""
    edges: dict[tuple[int, int], set[int]] = {}
    for k, parent in enumerate(plan):
        for region in question["destinations"]:
            while region != question["source"]:
                edges.setdefault((parent[region], region), set()).add(k)
                region = parent[region]
    gbps, seconds, egress = question["throughput"], 0.0, 0.0
    for (tail, head), of in edges.items():
        into = [edge for edge in edges if edge[1] == head]
        out = [edge for edge in edges if edge[0] == tail]
        rate = gbps[tail, head]
        if sum(gbps[edge] for edge in into) > question["ingress"][head]:
            rate = min(rate, question["ingress"][head] / len(into))
        if sum(gbps[edge] for edge in out) > question["egress"][tail]:
            rate = min(rate, question["egress"][tail] / len(out))
        data = len(of) * question["partition_gb"]
        seconds = max(seconds, 8 * data / rate)
        egress += data * question["price"][tail, head]
    regions = len({end for edge in edges for end in edge})
    return egress + seconds * (regions * question["vm_price"] + question["delay_price"]), seconds


@given(st.integers(0, 30), st.integers(0, 3), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_legal_plan_costs_what_the_statement_says(seed: int, labels: int, rng: random.Random) -> None:
    instance = drawn(seed)
    question = EVALUATOR.question(instance, Labels(labels, instance))
    plan = random_plan(question, rng)
    outcome = EVALUATOR.verify(instance, plan, Labels(labels, instance))
    assert (outcome.cost, outcome.metrics["seconds"]) == pytest.approx(account(question, plan))
    assert outcome.metrics["seconds"] >= least_seconds(instance.data) - 1e-9


@given(st.integers(0, 5), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_no_plan_is_below_the_bound(seed: int, rng: random.Random) -> None:
    instance = drawn(seed)
    floor = EVALUATOR.reference(instance).value
    question = EVALUATOR.question(instance, Labels(0, instance))
    for _ in range(10):
        assert EVALUATOR.verify(instance, random_plan(question, rng), Labels(0, instance)).cost >= floor


@given(st.integers(0, 30), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_corrupting_a_way_is_noticed(seed: int, rng: random.Random) -> None:
    instance = drawn(seed)
    question = EVALUATOR.question(instance, Labels(0, instance))
    plan = random_plan(question, rng)
    k, victim = rng.randrange(len(plan)), rng.choice(question["destinations"])
    plan[k][victim] = rng.choice((-1, victim, 12, -3))
    with pytest.raises(Illegal, match=f"partition {k}: .*{victim}"):
        EVALUATOR.verify(instance, plan, Labels(0, instance))


def test_a_tree_within_the_union_of_paths_is_never_dearer() -> None:
    """Why a tree a partition is enough: two paths to d, through b and through c, against either of them."""
    both = np.zeros((4, 4), dtype=np.int64)
    for edge in ((0, 1), (1, 3), (0, 2), (2, 3)):
        both[edge] = 2
    tree = both.copy()
    tree[1, 3] = 0
    more, less = bill(JOB, both), bill(JOB, tree)
    assert less.egress < more.egress
    assert less.seconds <= more.seconds
    assert less.machines <= more.machines


def test_the_question_says_all_and_no_more() -> None:
    instance = drawn(3)
    question = EVALUATOR.question(instance, Labels(1, instance))
    assert set(question) == {
        *("price", "throughput", "ingress", "egress", "source", "destinations"),
        *("partitions", "partition_gb", "vm_price", "delay_price"),
    }
    job: Job = instance.data
    order = Labels(1, instance).permutation("region", 12)
    assert order[question["source"]] == job.source
    assert sorted(order[label] for label in question["destinations"]) == sorted(job.destinations)
    for u in range(12):
        for v in range(12):
            assert question["price"][u, v] == job.cloud.price[order[u], order[v]]
            assert question["throughput"][u, v] == job.cloud.throughput[order[u], order[v]]
    question["price"][:] = 0
    assert job.cloud.price.max() > 0, "the evaluator's copy is its own"
