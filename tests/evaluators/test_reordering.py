"""Prefix reordering: the verifier, the tables, and what a candidate gets to see."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.databases.reordering import PrefixReordering
from evaluators.databases.tables import OTHERS, SHAPES, make_table
from evaluators.protocol import Illegal, Instance, Labels, Reference

EVALUATOR = PrefixReordering()
EXAMPLE = Instance(
    "example", "example", [["Rotten", "Fresh", "Rotten"], ["A long story", "Another one", "A long story"]]
)

tables = st.tuples(st.integers(1, 6), st.integers(1, 4)).flatmap(
    lambda size: st.lists(
        st.lists(st.text("ab ", max_size=4), min_size=size[0], max_size=size[0]), min_size=size[1], max_size=size[1]
    )
)


def labelled(rows: list[int], orders: list[list[int]], seed: int = 0) -> Any:
    """True indices as an answer in the labels of an evaluation of EXAMPLE."""
    labels = Labels(seed, EXAMPLE)
    row_of, column_of = labels.permutation("row", 3), labels.permutation("column", 2)
    return [row_of.index(row) for row in rows], [[column_of.index(column) for column in order] for order in orders]


def test_a_table_by_hand() -> None:
    """Prompts of rows 1 0 2, text first: "Another one/Fresh/", then twice "A long story/Rotten/". Hits 0, 1 and
    12 + 1 + 6 + 1 = 20, of 18 + 20 + 20 = 58 characters. In the order 0 1 2 the third has no more than A in common with
    the one before it, but all with the first."""
    for seed in range(3):
        outcome = EVALUATOR.verify(EXAMPLE, labelled([1, 0, 2], [[1, 0]] * 3, seed), Labels(seed, EXAMPLE))
        assert outcome.cost == pytest.approx(1 - 21 / 58)
        assert outcome.metrics == {"hit": 21 / 58, "hit_any": 21 / 58}
        assert outcome.decisions == [[1, 0, 2], [[1, 0]] * 3]
    outcome = EVALUATOR.verify(EXAMPLE, labelled([0, 1, 2], [[1, 0]] * 3), Labels(0, EXAMPLE))
    assert outcome.metrics == {"hit": 2 / 58, "hit_any": 21 / 58}


def test_orders_belong_to_the_places_of_the_rows() -> None:
    """Row 1 is sent first, "Fresh/Another one/"; rows 0 and 2 with the text first."""
    outcome = EVALUATOR.verify(EXAMPLE, labelled([1, 0, 2], [[0, 1], [1, 0], [1, 0]]), Labels(0, EXAMPLE))
    assert outcome.metrics["hit"] == 20 / 58


@given(tables, st.randoms(use_true_random=False), st.integers(0, 5), st.booleans())
def test_any_legal_answer_is_costed_as_slowly_counted(table: Any, random: Any, seed: int, arrays: bool) -> None:
    instance = Instance("drawn", "drawn", table)
    labels = Labels(seed, instance)
    given_ = EVALUATOR.question(instance, labels)["columns"]
    n, m = len(given_[0]), len(given_)
    rows = random.sample(range(n), n)
    orders = [random.sample(range(m), m) for _ in rows]
    prompts = ["".join(given_[j][i] + "\n" for j in order) for i, order in zip(rows, orders, strict=True)]
    hits = sum(
        next((k for k, (a, b) in enumerate(zip(*both, strict=False)) if a != b), min(map(len, both)))
        for both in pairwise(prompts)
    )
    answer = (np.array(rows), np.array(orders)) if arrays else [rows, orders]
    outcome = EVALUATOR.verify(instance, answer, labels)
    assert outcome.metrics["hit"] == pytest.approx(hits / sum(map(len, prompts)))
    assert outcome.cost == 1 - outcome.metrics["hit"]
    assert outcome.metrics["hit"] <= outcome.metrics["hit_any"]
    assert outcome.cost >= EVALUATOR.reference(instance).value - 1e-12
    true_rows, true_orders = outcome.decisions
    assert [
        "".join(table[j][i] + "\n" for j in order) for i, order in zip(true_rows, true_orders, strict=True)
    ] == prompts


@given(tables, st.integers(0, 5))
def test_one_order_for_all_rows_is_that_order_for_each(table: Any, seed: int) -> None:
    instance = Instance("drawn", "drawn", table)
    rows, order = list(range(len(table[0]))), list(range(len(table)))
    one = EVALUATOR.verify(instance, (rows, order), Labels(seed, instance))
    assert one == EVALUATOR.verify(instance, (rows, [order] * len(rows)), Labels(seed, instance))


ROWS, ORDER = [0, 1, 2], [0, 1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "returned a NoneType; expected two"),
        ({"rows": ROWS, "columns": ORDER}, "returned a dict"),
        (ROWS, "returned 3 items; expected two"),
        ((ROWS, None), "orders of columns are a NoneType"),
        ((None, ORDER), "order of rows is a NoneType"),
        ((ROWS[:2], ORDER), "order of rows has 2 items; expected 3"),
        (([*ROWS, 0], ORDER), "order of rows has 4 items"),
        (([0, 1, 1], ORDER), "holds row 1 twice; the second time at 2"),
        (([0, 1, 3], ORDER), "holds row 3; rows are numbered 0 to 2"),
        (([0, 1, -1], ORDER), "holds row -1"),
        (([0, 1, True], ORDER), "holds a bool at 2"),
        (([0, 1, 2.0], ORDER), "holds a float at 2"),
        (([0, 1, "2"], ORDER), "holds a str at 2"),
        ((np.array([0.0, 1, 2]), ORDER), "an array of float64 is no order"),
        ((np.array([[0, 1, 2]]), ORDER), "order of rows has 1 items"),
        ((ROWS, []), "there are 0 orders of columns; expected one for each of the 3 rows"),
        ((ROWS, [0]), "order of columns has 1 items; expected 2"),
        ((ROWS, [0, 0]), "holds column 0 twice"),
        ((ROWS, [0, 2]), "holds column 2; columns are numbered 0 to 1"),
        ((ROWS, [ORDER] * 2), "there are 2 orders of columns"),
        ((ROWS, [ORDER, ORDER, [1]]), "columns at position 2 has 1 items"),
        ((ROWS, [ORDER, ORDER, [1, 1]]), "columns at position 2 holds column 1 twice"),
        ((ROWS, [ORDER, ORDER, None]), "columns at position 2 is a NoneType"),
        ((ROWS, [ORDER, ORDER, 0]), "columns at position 2 is a int"),
        ((ROWS, [ORDER, ORDER, ["Fresh", "A"]]), "columns at position 2 holds a str"),
        ((ROWS, np.zeros((3, 2))), "an array of float64 is no order"),
        ((ROWS, np.zeros((3, 2), int)), "holds column 0 twice"),
    ],
)
def test_a_corrupted_answer_is_refused_with_the_reason(answer: Any, reason: str) -> None:
    EVALUATOR.verify(EXAMPLE, (ROWS, ORDER), Labels(0, EXAMPLE))
    with pytest.raises(Illegal, match=reason):
        EVALUATOR.verify(EXAMPLE, answer, Labels(0, EXAMPLE))


@given(tables, st.data())
def test_any_single_corruption_is_refused(table: Any, data: Any) -> None:
    instance = Instance("drawn", "drawn", table)
    n, m = len(table[0]), len(table)
    rows: list[Any] = list(range(n))
    orders: list[Any] = [list(range(m)) for _ in rows]
    spoilt, size = data.draw(st.sampled_from([(rows, n), *((order, m) for order in orders)]))
    bad = [st.integers(size, 2**70), st.integers(max_value=-1), st.booleans(), st.floats(), st.none(), st.text()]
    place = data.draw(st.integers(0, size - 1))
    spoilt[place] = data.draw(st.one_of(*bad, *([st.just(spoilt[place - 1])] if size > 1 else [])))
    with pytest.raises(Illegal):
        EVALUATOR.verify(instance, (rows, orders), Labels(0, instance))


def test_the_question_is_the_relabelled_table_and_nothing_else(run: Any, recorder: Any) -> None:
    made = EVALUATOR.instances("wire", rows=60, shapes=["films"])
    source = "def solve(instance):\n c = instance['columns']\n return list(range(len(c[0]))), list(range(len(c)))"
    run(EVALUATOR, made, source, session=recorder)
    [message] = [message for message in recorder.messages if message["op"] == "call"]
    assert set(message) == {"op", "episodes", "over", "arguments"}
    [question] = message["arguments"]
    assert set(question) == {"columns"}
    told, true = question["columns"], made[0].data
    assert sorted(map(sorted, told)) == sorted(map(sorted, true))
    assert sorted(map(sorted, zip(*told, strict=True))) == sorted(map(sorted, zip(*true, strict=True)))
    assert list(map(sorted, told)) != list(map(sorted, true)), "columns are in another order"


def test_tables_reproduce_and_are_as_described() -> None:
    """Functional dependencies hold as each shape says; texts are unique; no cell holds a newline."""
    for shape in SHAPES | OTHERS:
        columns = make_table("golden", shape, 240)
        assert columns == make_table("golden", shape, 240)
        assert {len(column) for column in columns} == {240}
        assert not any("\n" in cell for column in columns for cell in column)
    films, scores, products = (make_table("golden", shape, 240) for shape in ("films", "scores", "products"))
    assert determines(films, 0, 1)
    assert determines(films, 1, 2)
    assert not determines(films, 3, 4), "critics publish elsewhere now and then"
    assert len(set(films[8])) == 240
    assert len(set(scores[0])) == 240
    assert "" in scores[8]
    assert determines(products, 3, 4)
    assert not determines(products, 3, 5)
    assert [films[1][0], products[3][0]] == ["Stommiom dilgind", "B0162816A5"]


def determines(columns: list[list[str]], a: int, b: int) -> bool:
    return len(set(zip(columns[a], columns[b], strict=True))) == len(set(columns[a]))


def test_the_gap_is_in_points_of_hit_rate() -> None:
    assert EVALUATOR.gap(EXAMPLE, 0.5, Reference(0.25, "bound")) == 25.0
