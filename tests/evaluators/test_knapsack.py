"""The multidimensional knapsack: instances, relaxation and references against enumeration, the simulator by hand."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.packing import genetic, mdkp
from evaluators.packing.knapsack import MultidimensionalKnapsack
from evaluators.packing.mdkp import Knapsack
from evaluators.protocol import Illegal, Instance, Labels, Outcome
from tests import playing

EVALUATOR = MultidimensionalKnapsack()
NAMES = [feature.name for feature in EVALUATOR.features]
THREE = Knapsack(np.array([60, 45, 50]), np.array([[5, 4, 6], [3, 7, 2]]), np.array([9, 10]))


@st.composite
def knapsacks(draw: Any) -> Knapsack:
    n, m = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    p = draw(st.lists(st.integers(1, 50), min_size=n, max_size=n))
    r = np.array(draw(st.lists(st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=m, max_size=m)))
    r[0] = np.maximum(r[0], 1)
    b = [max(draw(st.integers(1, 30)), int(row.max())) for row in r]
    return Knapsack(np.array(p), r, np.array(b))


def optimum(k: Knapsack) -> int:
    """The best of all 2^n subsets."""
    subsets = np.array(list(product((0, 1), repeat=k.n)))
    fits = (subsets @ k.requirements.T <= k.capacities).all(axis=1)
    return int((subsets[fits] @ k.profits).max())


def instance(k: Knapsack, key: str = "drawn") -> Instance:
    return Instance(key, "drawn", k)


def drive(one: Instance, choose: Any, labels: int = 0) -> tuple[Outcome, list[dict[str, Any]]]:
    """Play without a driver; also returns every table, its columns made."""
    return playing.play_tables(MultidimensionalKnapsack(), one, choose, labels)


def test_three_items_by_hand(run: Any) -> None:
    """p / sum r = 60/8, 45/11, 50/8: item 0 first; 4 and 7 are left, where item 1 (4, 7) fits and item 2 (6, 2) not."""
    [played] = run(EVALUATOR, [instance(THREE)], "def priority(p, r_sum): return -p / r_sum")
    assert played.outcome.decisions == [0, 1]
    assert played.outcome.cost == -105
    assert played.outcome.metrics == {"items": 2, "used": 1}
    # item 2 first: 3 and 8 are left, of which items 0 and 1 require 5 and 4 of the first
    [played] = run(EVALUATOR, [instance(THREE)], "def priority(p, max_cap): return -max_cap if p == 50 else 0")
    assert (played.outcome.decisions, played.outcome.cost) == ([2], -50)


def test_features_of_three_items_by_hand() -> None:
    _, [table] = drive(instance(THREE), lambda table: table["p"])
    row = table["p"].index(60)
    expected = {
        "r_sum": 8,
        "w_cap": 5 / 9 + 3 / 10,
        "w_left": 5 / 9 + 3 / 10,
        "w_used": 0,
        "w_need": 5 / 9 * 15 / 9 + 3 / 10 * 12 / 10,  # all three require 15 of 9 and 12 of 10
        "max_cap": 5 / 9,
        "max_left": 5 / 9,
    }
    assert {name: table[name][row] for name in expected} == pytest.approx(expected)
    scalars = {name: table[name] for name in ("left_mean", "left_min", "n_fit", "n", "m")}
    assert scalars == {"left_mean": 1, "left_min": 1, "n_fit": 3, "n": 3, "m": 2}


@given(knapsacks(), st.randoms(use_true_random=False), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_any_rule_fills_the_knapsack_and_features_agree_with_an_account(
    k: Knapsack, rng: random.Random, labels: int
) -> None:
    outcome, tables = drive(instance(k), lambda table: [rng.random() for _ in range(table["rows"])], labels)
    taken: list[int] = outcome.decisions
    assert len(set(taken)) == len(taken)
    used = k.requirements[:, taken].sum(axis=1)
    assert (used <= k.capacities).all()
    outside = [j for j in range(k.n) if j not in taken]
    assert all((used + k.requirements[:, j] > k.capacities).any() for j in outside), "something still fits"
    assert -outcome.cost == sum(int(k.profits[j]) for j in taken) <= optimum(k)
    asked = iter(tables)
    prices = mdkp.relax(k).prices
    for count in range(len(taken)):
        left = [
            int(b) - sum(int(r[j]) for j in taken[:count]) for r, b in zip(k.requirements, k.capacities, strict=True)
        ]
        rows = account(k, left, taken[:count], prices.tolist())
        if len(rows) > 1:
            table = next(asked)
            columns = [name for name in NAMES if name in rows[0]]
            seen = sorted(zip(*(table[name] for name in columns), strict=True))
            assert np.allclose(seen, sorted(tuple(row[name] for name in columns) for row in rows))
            shares = [rest / b for rest, b in zip(left, k.capacities.tolist(), strict=True)]
            assert table["left_mean"] == pytest.approx(sum(shares) / k.m)
            assert table["left_min"] == pytest.approx(min(shares))
            assert (table["n_fit"], table["n"], table["m"]) == (len(rows), k.n, k.m)
    assert next(asked, None) is None


def account(k: Knapsack, left: list[int], taken: list[int], prices: list[float]) -> list[dict[str, float]]:
    """The rows that the table should have, number by number."""
    r, b = k.requirements.tolist(), k.capacities.tolist()
    fit = [j for j in range(k.n) if j not in taken and all(r[i][j] <= left[i] for i in range(k.m))]

    def share(i: int, amount: float) -> float:
        return amount / left[i] if left[i] else 0.0

    demand = [share(i, sum(r[i][j] for j in fit)) for i in range(k.m)]
    return [
        {
            "p": k.profits[j],
            "r_sum": sum(r[i][j] for i in range(k.m)),
            "w_cap": sum(r[i][j] / b[i] for i in range(k.m)),
            "w_left": sum(share(i, r[i][j]) for i in range(k.m)),
            "w_used": sum(r[i][j] / b[i] * (1 - left[i] / b[i]) for i in range(k.m)),
            "w_need": sum(share(i, r[i][j]) * demand[i] for i in range(k.m)),
            "w_dual": sum(r[i][j] * prices[i] for i in range(k.m)),
            "max_cap": max(r[i][j] / b[i] for i in range(k.m)),
            "max_left": max(share(i, r[i][j]) for i in range(k.m)),
        }
        for j in fit
    ]


@given(knapsacks())
@settings(max_examples=25, deadline=None)
def test_relaxation_bounds_and_exact_solutions_agree_with_enumeration(k: Knapsack) -> None:
    best = optimum(k)
    relaxation = mdkp.relax(k)
    assert relaxation.value >= best - 1e-6
    assert mdkp.dual_value(k, relaxation.prices) == pytest.approx(relaxation.value, rel=1e-9)
    solved = mdkp.branch_and_bound(k, 1000)
    assert solved.profit == solved.bound == best
    assert int(k.profits[solved.items].sum()) == best
    evolved = genetic.search(k, "seed", 5)
    assert (k.requirements[:, evolved].sum(axis=1) <= k.capacities).all()
    assert int(k.profits[evolved].sum()) == best
    assert tuple(EVALUATOR.reference(instance(k))) == (-best, "optimal", None)


def test_a_reference_that_is_not_proven_carries_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluators.packing.knapsack.NODES", 1)
    monkeypatch.setattr("evaluators.packing.knapsack.GENERATIONS", 10)
    [hard] = mdkp.make("test", "test", [[60, 10]], 1, "chu-beasley")[:1]
    reference = EVALUATOR.reference(hard)
    relaxation = mdkp.relax(hard.data).value
    assert reference.kind == "best known"
    assert reference.bound is not None
    assert -relaxation <= reference.bound < reference.value
    assert EVALUATOR.gap(hard, 0.9 * reference.value, reference) == pytest.approx(10)


def test_chu_and_beasleys_generator() -> None:
    """Requirements 1 to 1000, capacities alpha times their sums, profits the mean requirement plus 0 to 500."""
    k = mdkp.generate("some", 100, 10, 0.25)
    assert (k.n, k.m) == (100, 10)
    assert k.requirements.min() >= 1
    assert k.requirements.max() <= 1000
    assert (k.capacities == np.floor(0.25 * k.requirements.sum(axis=1))).all()
    extra = k.profits - k.requirements.mean(axis=0)
    assert -1 < extra.min() < 50
    assert 450 < extra.max() < 500
    assert str(mdkp.generate("some", 100, 10, 0.25)) == str(k)
    assert (mdkp.generate("other", 100, 10, 0.25).profits != k.profits).any()


def test_mixed_instances_have_requirements_of_nought_and_units_of_their_own() -> None:
    k = mdkp.generate("some", 200, 10, 0.5, "mixed")
    assert 0.25 < (k.requirements == 0).mean() < 0.42
    largest = k.requirements.max(axis=1)
    assert largest.max() > 5 * largest.min()
    assert (k.requirements.sum(axis=0) > 0).all()
    assert (k.requirements.max(axis=1) <= k.capacities).all()
    with pytest.raises(ValueError, match="distributions are"):
        mdkp.generate("some", 5, 2, 0.5, "other")


LABELS = Labels(0, instance(THREE))
ITEMS, RESOURCES = LABELS.permutation("item", 3), LABELS.permutation("resource", 2)


def test_solve_form_by_hand() -> None:
    question = EVALUATOR.question(instance(THREE), LABELS)
    assert question["p"] == [[60, 45, 50][j] for j in ITEMS]
    assert question["b"] == [[9, 10][i] for i in RESOURCES]
    assert question["r"] == [[[[5, 4, 6], [3, 7, 2]][i][j] for j in ITEMS] for i in RESOURCES]
    assert set(question) == {"p", "r", "b", "prices"}
    answer = [ITEMS.index(0), ITEMS.index(1)]
    outcome = EVALUATOR.verify(instance(THREE), answer, LABELS)
    assert (outcome.cost, sorted(outcome.decisions)) == (-105, [0, 1])
    assert EVALUATOR.verify(instance(THREE), np.array(answer), LABELS).cost == -105
    assert EVALUATOR.verify(instance(THREE), [], LABELS).cost == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "not a NoneType"),
        ({"x": [0]}, "not a dict"),
        ([0, 0], "taken twice"),
        ([0, 1, 2, 0], "returned 4 items; the instance has 3"),
        ([3], "items are numbered 0 to 2"),
        ([-1], "items are numbered 0 to 2"),
        ([True], "position 0 holds a bool"),
        ([0, 1.0], "position 1 holds a float"),
        (np.array([0.0, 1.0]), "position 0 holds a float"),
        (np.array([[0], [1]]), "position 0 holds a list"),
        ([0, 1, 2], "the items taken require 1[25] of resource"),
    ],
)
def test_illegal_answers(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        EVALUATOR.verify(instance(THREE), answer, LABELS)


def test_only_the_features_taken_cross(run: Any, recorder: Any) -> None:
    run(EVALUATOR, [instance(THREE)], "def priority(p, w_dual, left_min): return p", session=recorder)
    tables = [message for message in recorder.messages if message["op"] == "priority"]
    assert tables
    for message in tables:
        assert (set(message["columns"]), set(message["scalars"])) == ({"p", "w_dual"}, {"left_min"})


def test_all_features_cross(run: Any, recorder: Any) -> None:
    run(EVALUATOR, [instance(THREE)], f"def priority({', '.join(NAMES)}): return p", session=recorder)
    [table] = [message for message in recorder.messages if message["op"] == "priority"]
    assert set(table["columns"]) | set(table["scalars"]) == set(NAMES)


def test_relabelling_does_not_change_a_rule_without_ties(run: Any) -> None:
    made = EVALUATOR.instances("relabel", sizes=[[30, 4]], per_class=2)
    source = "def priority(p, w_need): return w_need / p"
    first, second = run(EVALUATOR, made, source, 1), run(EVALUATOR, made, source, 2)
    assert [a.outcome.decisions for a in first] == [b.outcome.decisions for b in second]


def test_ties_go_by_the_true_item(run: Any) -> None:
    same = Knapsack(np.array([5] * 5), np.array([[2] * 5]), np.array([6]))
    for relabelling in range(4):
        [played] = run(EVALUATOR, [instance(same, "same")], "def priority(): return 0.0", relabelling)
        assert played.outcome.decisions == [0, 1, 2]
