"""Ordering of transactions: the simulator against a slot-by-slot account, bounds and references against all orders."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.databases.annealing import anneal
from evaluators.databases.makespan import NONE, makespan_bound, separations, starts
from evaluators.databases.transactions import TransactionOrder, prepare
from evaluators.databases.workloads import Transaction, Workload, crossing, orders_and_payments, skewed
from evaluators.protocol import Illegal, Instance, Labels, Outcome
from tests import playing

EVALUATOR = TransactionOrder()
NAMES = [feature.name for feature in EVALUATOR.features]
SCALARS = {feature.name for feature in EVALUATOR.features if feature.scalar}


def of(*transactions: Transaction) -> Instance:
    return Instance("drawn", "drawn", prepare(Workload(transactions, 6)))


transactions = st.lists(st.integers(-6, 6), min_size=1, max_size=7).map(tuple)
instances = st.lists(transactions, min_size=1, max_size=7).map(lambda drawn: of(*drawn))
pairs = st.lists(transactions, min_size=2, max_size=7).map(lambda drawn: of(*drawn))


def slot_by_slot(workload: Workload, order: list[int]) -> list[int]:
    """First slots, by trying slot after slot against everything that earlier transactions did."""
    done: list[tuple[int, int]] = []  # (slot, operation)
    first = []
    for i in order:
        transaction = workload.transactions[i]
        start = 1
        while any(
            operation and abs(operation) == abs(other) and (operation < 0 or other < 0) and start + place <= slot
            for place, operation in enumerate(transaction)
            for slot, other in done
        ):
            start += 1
        first.append(start)
        done += [(start + place, operation) for place, operation in enumerate(transaction) if operation]
    return first


def makespan(workload: Workload, order: list[int]) -> int:
    first = slot_by_slot(workload, order)
    return max(start + len(workload.transactions[i]) - 1 for i, start in zip(order, first, strict=True))


def drive(instance: Instance, choose: Any, seed: int = 0) -> tuple[Outcome, list[dict[str, Any]]]:
    """Play without a driver: `choose(table)` gives the priorities; also returns every table, columns made."""
    return playing.play_tables(EVALUATOR, instance, choose, seed)


@given(instances, st.randoms(use_true_random=False))
@settings(max_examples=120, deadline=None)
def test_starts_agree_with_a_slot_by_slot_account(instance: Instance, rng: random.Random) -> None:
    workload = instance.data.workload
    order = list(range(len(workload.transactions)))
    rng.shuffle(order)
    assert list(starts(instance.data.separation, order)) == slot_by_slot(workload, order)


def test_starts_of_the_generated_batches() -> None:
    for made in (skewed("a", 25, [4, 28], 0.9), orders_and_payments("b", 30), crossing("c", 30)):
        order = random.Random(3).sample(range(len(made.transactions)), len(made.transactions))
        assert list(starts(separations(made.transactions), order)) == slot_by_slot(made, order)


THREE = of((1, 0, 0, -2), (-1, 3, 0), (2, -3))


def test_three_transactions_by_hand() -> None:
    """In order 0 1 2: 0 starts at 1, reads key 1 in slot 1, writes key 2 in slot 4. 1 writes key 1 first, from slot 2
    on, reads key 3 in slot 3, ends in 4. 2 reads key 2 after slot 4, writes key 3 after slot 3: starts at 5, ends
    in 6. In order 2 1 0: 2 takes slots 1 and 2; 1 reads key 3 after slot 2 with its second operation: starts at 2, ends
    in 4; 0 reads key 1 after slot 2: starts at 3, ends in 6, its write of key 2 long after the read.
    """
    batch = THREE.data
    assert list(starts(batch.separation, [0, 1, 2])) == [1, 2, 5]
    assert list(starts(batch.separation, [2, 1, 0])) == [1, 2, 3]
    outcome = EVALUATOR.verify(THREE, [0, 1, 2], Identity(0, THREE))
    assert (outcome.cost, outcome.decisions, outcome.metrics) == (6, [0, 1, 2], {"concurrency": 9 / 6})
    assert outcome.trace() == [(0, 1, 4, 0), (1, 2, 4, 1), (0, 5, 6, 2)]


class Identity(Labels):
    """No relabelling, to follow a case by hand."""

    def permutation(self, kind: str, size: int) -> list[int]:
        return list(range(size))


def test_own_operations_do_not_hold_each_other_up() -> None:
    assert list(starts(separations([(1, -1, 1, -1)]), [0])) == [1]


def test_no_gap_before_earlier_conflicting_operations_is_used() -> None:
    """Key 1 is free in slots 1 to 4, but a write comes after all earlier accesses, not before them."""
    assert list(starts(separations([(0, 0, 0, 0, 1), (-1,)]), [0, 1])) == [1, 6]


@given(pairs)
@settings(max_examples=60, deadline=None)
def test_separations_are_those_of_pairs(instance: Instance) -> None:
    """Two transactions alone: the second starts at max(1, 1 + separation)."""
    found = instance.data.workload.transactions
    for i, first in enumerate(found):
        for j, second in enumerate(found):
            if i != j:
                pair = Workload([first, second], 6)
                alone = slot_by_slot(pair, [0, 1])[1]
                assert alone == max(1, 1 + int(instance.data.separation[i, j]))
                shared = {abs(a) for a in first for b in second if a and abs(a) == abs(b) and min(a, b) < 0}
                assert (instance.data.separation[i, j] > NONE) == bool(shared)


@given(st.lists(transactions, min_size=1, max_size=5).map(lambda drawn: of(*drawn)))
@settings(max_examples=60, deadline=None)
def test_bound_and_annealing_against_all_orders(instance: Instance) -> None:
    batch = instance.data
    costs = [makespan(batch.workload, list(order)) for order in permutations(range(len(batch.lengths)))]
    assert makespan_bound(batch.workload) <= min(costs)
    found, order = anneal("small", batch.lengths, batch.separation, 60)
    assert found == makespan(batch.workload, order)
    assert found == min(costs)


def test_bound_of_one_key_by_hand() -> None:
    """Three writers of key 1, in their last of 4, 3 and 2 slots: earliest writes in slots 2, 3, 4, no tails: 4. With a
    reader of 5 slots whose read comes first, then 4 more: if it reads in slot 1, it ends in 5.
    Three that read in slot 1 and write in slot 3 and end in 4: spans of three slots each, then one: 10."""
    writers = [(0, 0, 0, -1), (0, 0, -1), (0, -1)]
    assert makespan_bound(Workload(writers, 1)) == 4
    assert makespan_bound(Workload([*writers, (1, 0, 0, 0, 0)], 1)) == 5
    assert makespan_bound(Workload([(1, 0, -1, 0)] * 3, 1)) == 10
    assert makespan_bound(Workload([(1, 2, 3), (3, 2)], 3)) == 3, "reads do not conflict: the longest"
    assert makespan_bound(Workload([(0, 0), (0,)], 1)) == 2, "no key at all"


def test_annealing_repeats_and_is_seeded_by_name() -> None:
    batch = prepare(skewed("repeat", 15, [8, 8], 0.8))
    assert anneal("x", batch.lengths, batch.separation, 30) == anneal("x", batch.lengths, batch.separation, 30)
    assert anneal("x", batch.lengths, batch.separation, 30)[1] != anneal("y", batch.lengths, batch.separation, 30)[1]
    with pytest.raises(ValueError, match="more than 16 bits hold"):
        anneal("long", np.array([30_000]), np.array([[NONE]]), 1)


def test_reference_is_optimal_only_where_it_meets_the_bound() -> None:
    """(2, -3) and its like are free of conflicts that matter: 4 slots, the longest. THREE takes at least 5."""
    easy = EVALUATOR.reference(of((1, 0, 0, -2), (1, 3), (3,)))
    assert (easy.value, easy.kind, easy.bound) == (4, "optimal", None)
    hard = EVALUATOR.reference(of((1, -2), (2, -1)))
    best = min(makespan(hard_workload, list(order)) for order in permutations(range(2)))
    assert (hard.value, hard.kind) == (best, "best known")
    assert hard.bound is not None
    assert hard.bound <= best


hard_workload = Workload([(1, -2), (2, -1)], 2)


@given(instances, st.randoms(use_true_random=False), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_any_legal_answer_verifies_at_its_own_cost(instance: Instance, rng: random.Random, seed: int) -> None:
    """The cost is that of the question's own transactions, whose keys have other names."""
    labels = Labels(seed, instance)
    question = EVALUATOR.question(instance, labels)
    assert set(question) == {"transactions"}
    asked = [tuple(transaction) for transaction in question["transactions"]]
    order = list(range(len(asked)))
    rng.shuffle(order)
    outcome = EVALUATOR.verify(instance, order, labels)
    assert outcome.cost == makespan(Workload(asked, 6), order)
    assert outcome.cost >= makespan_bound(instance.data.workload)
    bars = outcome.trace()
    assert sorted(bar.label for bar in bars) == sorted(order)
    assert max(bar.end for bar in bars) == outcome.cost
    taken = [(bar.lane, slot) for bar in bars for slot in range(bar.start, bar.end + 1)]
    assert len(set(taken)) == len(taken), "a lane holds one transaction at a time"


@given(pairs, st.randoms(use_true_random=False), st.integers(0, 9))
@settings(max_examples=80, deadline=None)
def test_features_agree_with_an_account_from_scratch(instance: Instance, rng: random.Random, seed: int) -> None:
    workload = instance.data.workload
    outcome, tables = drive(instance, lambda table: [rng.random() for _ in range(table["rows"])], seed)
    assert len(tables) == len(workload.transactions) - 1
    assert sorted(outcome.decisions) == list(range(len(workload.transactions)))
    assert outcome.cost == makespan(workload, outcome.decisions)
    for step, table in enumerate(tables):
        done = outcome.decisions[:step]
        left = sorted(outcome.decisions[step:])
        rows = [account(workload, done, left, i) for i in left]
        columns = [name for name in NAMES if name not in SCALARS]
        seen = sorted(zip(*(np.round(table[name], 9).tolist() for name in columns), strict=True))
        assert seen == sorted(tuple(round(row[name], 9) for name in columns) for row in rows)
        past = makespan(workload, done) if done else 0
        assert {name: table[name] for name in SCALARS} == {
            "makespan": past,
            "n_rem": len(left),
            "n": len(workload.transactions),
        }


def account(workload: Workload, done: list[int], left: list[int], i: int) -> dict[str, float]:
    """What the table should say of transaction i when `done` have been appended."""
    found = workload.transactions

    def start(before: list[int], one: int) -> int:
        return slot_by_slot(workload, [*before, one])[-1]

    def writers(key: int) -> int:
        return sum(j != i and -key in found[j] for j in left)

    others = [j for j in left if j != i]
    now = start(done, i)
    end = now + len(found[i]) - 1
    moves = [start([*done, i], j) - start(done, j) for j in others]
    own = [start([*done, j], i) - now for j in others]
    heat = [writers(key) for key in {abs(operation) for operation in found[i]} - {0}]
    return {
        "increase": max(0, end - (makespan(workload, done) if done else 0)),
        "start": now,
        "end": end,
        "length": len(found[i]),
        "reads": sum(operation > 0 for operation in found[i]),
        "writes": sum(operation < 0 for operation in found[i]),
        "conflicts": sum(any(a and a in (b, -b) and min(a, b) < 0 for a in found[i] for b in found[j]) for j in others),
        "heat": sum(heat),
        "hottest": max(heat, default=0),
        "delayed": sum(move > 0 for move in moves),
        "delay": sum(moves),
        "delay_max": max(moves),
        "exposure": sum(own) / len(others),
        "reach": max([end, *(start([*done, i], j) + len(found[j]) - 1 for j in others)]),
    }


def test_ties_go_by_submission_whatever_the_labels(run: Any) -> None:
    made = EVALUATOR.instances("ties", batches=[{"generator": "crossing", "n": 12, "count": 1}])
    for relabelling in range(4):
        [played] = run(EVALUATOR, made, "def priority(): return 0.0", relabelling)
        assert played.outcome.decisions == list(range(12))


def test_relabelling_does_not_change_a_rule(run: Any) -> None:
    made = EVALUATOR.instances(
        "labels", batches=[{"generator": "skewed", "n": 20, "count": 2, "length": [6, 9], "theta": 1}]
    )
    rule = "def priority(increase, delay, exposure, hottest): return increase + 0.1 * delay - exposure + 0.01 * hottest"
    first, second = run(EVALUATOR, made, rule, 0), run(EVALUATOR, made, rule, 1)
    assert [a.outcome.cost for a in first] == [b.outcome.cost for b in second]
    assert [a.outcome.decisions for a in first] == [b.outcome.decisions for b in second]


def test_the_question_names_neither_transactions_nor_keys() -> None:
    [instance] = EVALUATOR.instances("names", batches=[{"generator": "orders and payments", "n": 20, "count": 1}])
    true = instance.data.workload.transactions
    asked = EVALUATOR.question(instance, Labels(0, instance))["transactions"]
    again = EVALUATOR.question(instance, Labels(1, instance))["transactions"]
    assert sorted(map(len, asked)) == sorted(map(len, true))
    assert [tuple(one) for one in asked] != list(true)
    assert {abs(k) for one in asked for k in one} != {abs(k) for one in true for k in one}
    assert asked != again
    signs = [[(k > 0) - (k < 0) for k in one] for one in asked]
    assert sorted(signs) == sorted([(k > 0) - (k < 0) for k in one] for one in true)


def test_exactly_the_features_taken_cross(run: Any, recorder: Any) -> None:
    run(EVALUATOR, [THREE], "def priority(start, makespan): return start", session=recorder)
    calls = [message for message in recorder.messages if message["op"] == "priority"]
    assert len(calls) == 2, "three transactions leave two choices"
    for message in calls:
        assert set(message) == {"op", "episodes", "over", "rows", "columns", "scalars"}
        assert (set(message["columns"]), set(message["scalars"])) == ({"start"}, {"makespan"})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "not a NoneType"),
        (6, "not a int"),
        ({0: 1}, "not a dict"),
        ((5, [0, 1, 2]), "returned 2 transactions; the batch has 3"),
        ([], "returned 0 transactions; the batch has 3"),
        ([0], "returned 1 transactions"),
        ([0, 1, 1], "transaction 1 comes twice; the second time at position 2"),
        ([0, 1, 3], "position 2 holds transaction 3; transactions are numbered 0 to 2"),
        ([-1, 0, 1], "position 0 holds transaction -1"),
        ([0, True, 2], "position 1 holds a bool"),
        ([0, 1.0, 2], "position 1 holds a float"),
        (np.array([0.0, 1.0, 2.0]), "position 0 holds a float"),
        (np.array([[0, 1, 2]]), "returned 1 transactions"),
    ],
)
def test_a_corrupted_answer_is_refused_with_the_reason(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        EVALUATOR.verify(THREE, answer, Labels(0, THREE))


@given(pairs, st.data())
@settings(max_examples=80, deadline=None)
def test_any_single_corruption_is_refused(instance: Instance, data: Any) -> None:
    n = len(instance.data.lengths)
    answer: list[Any] = list(data.draw(st.permutations(range(n))))
    place = data.draw(st.integers(0, n - 1))
    bad = st.one_of(st.integers(n, 2**70), st.integers(max_value=-1), st.booleans(), st.floats(), st.none(), st.text())
    answer[place] = data.draw(st.one_of(bad, st.sampled_from([x for i, x in enumerate(answer) if i != place])))
    with pytest.raises(Illegal):
        EVALUATOR.verify(instance, answer, Labels(0, instance))


def test_generators() -> None:
    """Shapes, ranges, and that they reproduce to the bit."""
    batch = skewed("shape", 30, [4, 28], 0.9, 0.3)
    assert all(4 <= len(t) <= 28 and len({abs(k) for k in t}) == len(t) for t in batch.transactions)
    assert skewed("shape", 30, [4, 28], 0.9, 0.3) == batch != skewed("other", 30, [4, 28], 0.9, 0.3)
    orders = orders_and_payments("shape", 100)
    kinds = sorted((len(t), sum(k > 0 for k in t), sum(k < 0 for k in t)) for t in orders.transactions)
    assert kinds == [(5, 2, 2)] * 50 + [(21, 2, 1)] * 50
    for warehouse, district in ((t[0], t[1] if len(t) == 21 else t[2]) for t in orders.transactions):
        assert 1 <= warehouse <= 4
        assert (district - 5) // 10 == warehouse - 1
    both = crossing("shape", 100).transactions
    assert {len(t) for t in both} == {9}
    assert sorted((t[0] <= 5) != (-t[-1] <= 5) for t in both) == [True] * 100
    assert sum(t[0] <= 5 for t in both) == 50
    with pytest.raises(ValueError, match=r"generators are skewed, .*, not 'tpcc'"):
        EVALUATOR.instances("x", batches=[{"generator": "tpcc", "n": 2, "count": 1}])
