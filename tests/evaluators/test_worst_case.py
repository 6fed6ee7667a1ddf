"""The two-stage robust knapsack: recourse, worst case and exact method against enumeration, the verifier by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from evaluators.packing import robust_exact, robust_items
from evaluators.packing.robust_items import Items
from evaluators.packing.robust_knapsack import RobustKnapsack
from evaluators.packing.worst_case import recourse, worst_case
from evaluators.protocol import Illegal, Instance, Labels

EVALUATOR = RobustKnapsack()


def items(rows: list[tuple[int, int, int, int, int]], capacity: int, budget: float) -> Items:
    """From rows (pbar, phat, c, t, f)."""
    return Items(*(np.array(column) for column in zip(*rows, strict=True)), capacity=capacity, budget=budget)


@st.composite
def drawn(draw: Any, most: int = 4) -> Items:
    rows = []
    for _ in range(draw(st.integers(1, most))):
        pbar = draw(st.integers(1, 20))
        phat, c, t = draw(st.integers(0, pbar)), draw(st.integers(1, 9)), draw(st.integers(1, 5))
        rows.append((pbar, phat, c, t, pbar + draw(st.integers(1, 10))))
    budget = draw(st.sampled_from([0.0, 0.4, 1.0, 1.5, 3.0]))
    return items(rows, draw(st.integers(0, 25)), budget)


def every_recourse(one: Items, accepted: list[int]) -> list[tuple[float, np.ndarray[Any, Any]]]:
    """All ways to produce, 3^k of them: profit when nothing is degraded, and the items exposed to degradation."""
    ways = []
    for choice in product((0, 1, 2), repeat=len(accepted)):
        size = sum((k > 0) * one.weight[i] + (k == 2) * one.repair[i] for i, k in zip(accepted, choice, strict=True))
        if size <= one.capacity:
            value = sum(one.profit[i] - one.penalty[i] * (k == 0) for i, k in zip(accepted, choice, strict=True))
            exposed = np.zeros(one.n)
            exposed[[i for i, k in zip(accepted, choice, strict=True) if k == 1]] = 1
            ways.append((float(value), exposed))
    return ways


def enumerated(one: Items, accepted: list[int]) -> float:
    """The worst case, by one linear programme over all ways to produce."""
    ways = every_recourse(one, accepted)
    rows = np.array([[*(-one.degradation * exposed), -1.0] for _, exposed in ways])
    found = linprog(
        [0.0] * one.n + [1.0],
        A_ub=np.vstack([rows, [1.0] * one.n + [0.0]]),
        b_ub=[-value for value, _ in ways] + [one.budget],
        bounds=[(0, 1)] * one.n + [(None, None)],
    )
    return float(found.fun)


ONE = [(10, 6, 5, 3, 12)]


@pytest.mark.parametrize(
    ("capacity", "budget", "profit"),
    [
        (7, 1.0, 4),  # produced and degraded in full; no room to repair (5 + 3)
        (8, 1.0, 10),  # repaired
        (7, 0.5, 7),  # degraded by half of 6
        (4, 1.0, -2),  # does not fit: bought, 10 - 12
        (7, 3.0, 4),  # no more than all of it
    ],
)
def test_one_item_by_hand(capacity: int, budget: float, profit: float) -> None:
    assert worst_case(items(ONE, capacity, budget), np.array([0])).profit == pytest.approx(profit)


def test_two_items_by_hand() -> None:
    """With room for both (10), budget 1 costs 6 wherever it goes: 20 - 6. With room for one (5), the other is bought:
    whichever is less degraded is produced, so that half and half is the worst: -2 + 10 - 3, where a whole one gives 8.
    """
    assert worst_case(items(ONE * 2, 10, 1.0), np.array([0, 1])).profit == pytest.approx(14)
    found = worst_case(items(ONE * 2, 5, 1.0), np.array([0, 1]))
    assert found.profit == pytest.approx(5)
    assert found.xi.tolist() == pytest.approx([0.5, 0.5])
    assert (found.produced.sum(), found.repaired.sum()) == (1, 0)


def test_nothing_accepted_earns_nothing() -> None:
    assert worst_case(items(ONE, 5, 1.0), np.array([], dtype=int)).profit == 0


@given(drawn(), st.data())
@settings(max_examples=60, deadline=None)
def test_worst_case_agrees_with_enumeration(one: Items, data: Any) -> None:
    accepted = data.draw(st.lists(st.integers(0, one.n - 1), unique=True))
    found = worst_case(one, np.array(sorted(accepted), dtype=int))
    assert found.profit == pytest.approx(enumerated(one, accepted), abs=1e-5)
    # the adversary shown is one, and the recourse shown answers it
    assert found.xi.min() >= -1e-12
    assert found.xi.max() <= 1 + 1e-12
    assert found.xi.sum() <= one.budget + 1e-9
    values = [value - float(one.degradation @ (exposed * found.xi)) for value, exposed in every_recourse(one, accepted)]
    assert found.profit == pytest.approx(max(values), abs=1e-6)


@given(drawn(), st.lists(st.floats(0, 1), min_size=4, max_size=4))
@settings(max_examples=60, deadline=None)
def test_recourse_is_the_best_way_and_adds_up(one: Items, xi: list[float]) -> None:
    at = np.array(xi[: one.n])
    every = np.arange(one.n)
    value, produced, repaired = recourse(one, every, one.penalty - one.degradation * at, one.penalty)
    base = float((one.profit - one.penalty).sum())
    ways = [way - float(one.degradation @ (exposed * at)) for way, exposed in every_recourse(one, every.tolist())]
    assert base + value == pytest.approx(max(ways))
    assert one.weight[produced].sum() + one.repair[repaired].sum() <= one.capacity
    assert not (repaired & ~produced).any()
    exposed = produced & ~repaired
    assert value == pytest.approx(float(one.penalty[produced].sum() - (one.degradation * at)[exposed].sum()))


@given(drawn(5))
@settings(max_examples=15, deadline=None)
def test_branch_and_price_agrees_with_enumeration(one: Items) -> None:
    subsets = [[i for i in range(one.n) if mask >> i & 1] for mask in range(2**one.n)]
    best = max(enumerated(one, subset) for subset in subsets)
    found = robust_exact.solve(one, 1000)
    assert found.profit == pytest.approx(best, abs=1e-4)
    assert found.proven
    assert enumerated(one, found.accepted) == pytest.approx(found.profit, abs=1e-4)


def test_branch_and_price_of_a_bigger_one_is_not_beaten() -> None:
    """All 2^7 acceptances; and a bound that holds where the nodes run out."""
    one = robust_items.generate("seven", "ASC", 7, 40, 0.2, 0.5)
    best = max(
        worst_case(one, np.array([i for i in range(7) if mask >> i & 1], dtype=int)).profit for mask in range(2**7)
    )
    assert robust_exact.solve(one, 500).profit == pytest.approx(best, abs=1e-5)
    cut_short = robust_exact.solve(one, 1)
    assert cut_short.bound >= best - 1e-5
    assert cut_short.profit <= best + 1e-5


@pytest.mark.parametrize("kind", robust_items.CLASSES)
def test_generator(kind: str) -> None:
    one = robust_items.generate("some", kind, 200, 40, 0.1, 0.5)
    assert one.capacity == int(40 * one.weight.sum() / 101)
    assert one.budget == 20
    assert one.weight.min() >= 1
    assert one.weight.max() <= 1000
    ratio = one.degradation / one.profit
    assert (ratio > 0.24).mean() > 0.95
    assert (ratio < 0.76).mean() > 0.95
    assert (one.penalty > one.profit).all()
    assert (one.penalty <= 1.5 * one.profit + 1).all()
    apart = one.profit - one.weight
    low, high = {"UN": (-1000, 1000), "WC": (-50, 51), "ASC": (99, 101), "SC": (100, 100)}[kind]
    assert apart.min() >= low
    assert apart.max() <= high
    repair = {
        "UN": one.repair <= one.weight,
        "WC": abs(one.repair - one.degradation / 2) <= 26,
        "ASC": abs(one.repair - one.degradation / 2 - one.weight / 10) <= 2,
        "SC": abs(one.repair - one.degradation / 2 - one.weight / 10) <= 1,
    }[kind]
    assert repair.all()
    assert str(one) == str(robust_items.generate("some", kind, 200, 40, 0.1, 0.5))


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(ValueError, match="classes are UN"):
        robust_items.generate("some", "XX", 5, 40, 0.1, 0.5)


THREE = Instance("three", "three", items([(10, 6, 5, 3, 12), (20, 5, 7, 2, 25), (8, 8, 4, 4, 9)], 12, 1.0))
LABELS = Labels(0, THREE)
ORDER = LABELS.permutation("item", 3)


def test_question_and_answer_by_hand() -> None:
    """Items 0 and 1 accepted, 12 of 12 used: the adversary takes 6 from item 0 or 5 from item 1, so 30 - 6 = 24; buying
    item 0 and repairing item 1 (7 + 2) would leave 20 - 2."""
    question = EVALUATOR.question(THREE, LABELS)
    assert question["pbar"] == [[10, 20, 8][i] for i in ORDER]
    assert question["t"] == [[3, 2, 4][i] for i in ORDER]
    assert (question["C"], question["Gamma"]) == (12, 1.0)
    assert set(question) == {"C", "Gamma", "pbar", "phat", "c", "t", "f"}
    answer = [int(i != 2) for i in ORDER]
    outcome = EVALUATOR.verify(THREE, answer, LABELS)
    assert outcome.cost == pytest.approx(-24)
    assert outcome.decisions == [0, 1]
    assert outcome.metrics == {"accepted": 2, "bought": 0, "repaired": 0}
    assert EVALUATOR.verify(THREE, np.array(answer), LABELS).cost == outcome.cost


@given(
    st.lists(st.integers(0, 1), min_size=3, max_size=3), st.integers(0, 2), st.sampled_from([2, -1, 0.5, True, None])
)
@settings(max_examples=40, deadline=None)
def test_any_selection_is_legal_and_a_corrupted_one_is_not(x: list[int], place: int, wrong: Any) -> None:
    outcome = EVALUATOR.verify(THREE, x, LABELS)
    accepted = sorted(ORDER[label] for label in range(3) if x[label])
    assert outcome.decisions == accepted
    assert -outcome.cost == pytest.approx(enumerated(THREE.data, accepted), abs=1e-5)
    with pytest.raises(Illegal, match=f"position {place} holds"):
        EVALUATOR.verify(THREE, [*x[:place], wrong, *x[place + 1 :]], LABELS)
    with pytest.raises(Illegal, match="returned 2 values; the instance has 3 items"):
        EVALUATOR.verify(THREE, x[:2], LABELS)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "not a NoneType"),
        ({"x": [1, 1, 1]}, "not a dict"),
        ([1.0, 0, 0], "position 0 holds a float"),
        (np.ones(3, dtype=bool), "position 0 holds a bool"),
        (np.ones((3, 1), dtype=int), "shape"),
        (np.array(1), "shape"),
        ([1] * 4, "returned 4 values"),
    ],
)
def test_illegal_answers(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        EVALUATOR.verify(THREE, answer, LABELS)


def test_worst_cases_are_remembered_by_instance_and_selection(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(one: Items, accepted: Any) -> Any:
        calls.append(accepted.tolist())
        return worst_case(one, accepted)

    monkeypatch.setattr("evaluators.packing.robust_knapsack.worst_case", counted)
    evaluator = RobustKnapsack()
    other = Instance("other", "", items([(10, 6, 5, 3, 12)] * 3, 12, 1.0))
    first = evaluator.verify(THREE, [1, 0, 0], LABELS).cost
    assert evaluator.verify(THREE, [1, 0, 0], LABELS).cost == first
    evaluator.verify(THREE, [0, 1, 0], LABELS)
    evaluator.verify(other, [1, 0, 0], LABELS)
    assert len(calls) == 3
