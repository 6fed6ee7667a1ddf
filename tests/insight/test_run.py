"""What a run shows, by hand. The curve itself is tested with the bench's (tests/bench/test_curves.py)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from evolve.archive import Usage
from evolve.insight import (
    Ancestor,
    Ending,
    ancestry,
    anytime,
    by_model,
    by_operator,
    endings,
    pareto,
    spent,
    writers,
)
from evolve.records import BUILT_IN, Call, Candidate, Status
from tests.archive.samples import candidate


def told(number: int, train: float | None, status: Status = "valid", **fields: Any) -> Candidate:
    gaps = {} if train is None else {"train": train}
    return candidate(number, status=status, gaps=gaps, told=number, evaluations=1.0, finished=10.0 * number, **fields)


RUN = [
    candidate(-1, status="valid", name="edd", operator="baseline", proposer="human", gaps={"train": 1.0}),
    candidate(0, status="valid", operator="initial", proposer="human", gaps={"train": 50.0, "validation": 60.0}),
    told(1, 40.0, operator="explore", model="large"),
    told(2, 45.0, operator="explore", model="small"),
    told(3, None, "invalid", operator="repair", model="small", failure_kind="timeout"),
    told(4, 37.5, operator="simplify"),
    told(5, 37.5, "duplicate", operator="explore", model="large", failure_kind="timeout"),
    told(6, 30.0, operator="explore", model="large"),
    candidate(7, operator="explore", model="large"),
    candidate(8, status="valid", operator="refine", proposer=BUILT_IN, gaps={"train": 5.0}),
]
CALLS = [
    Call(1, 0, "large", 9.0, 100, 0.5, 1.0, True),
    Call(2, 0, "small", 12.0, 10, None, 1.0, True),
    Call(3, 0, "small", 25.0, 20, 0.0, 1.0, True),
    Call(6, 0, "large", 50.0, 0, None, 1.0, False),
    Call(6, 1, "large", 55.0, 200, 0.25, 1.0, True),
]


def test_what_operators_contributed() -> None:
    rows = by_operator(RUN, CALLS)
    assert [row.name for row in rows] == ["explore", "simplify", "repair"], "by gain; none of what a run's end makes"
    explore = rows[0]
    assert (explore.candidates, explore.valid, explore.ran, explore.improvements) == (5, 3, 4, 2)
    assert explore.gain == 10.0 + 7.5  # 50 to 40, and 37.5 to 30; the duplicate's is none
    assert (explore.best, explore.evaluations, explore.valid_share, explore.ran_share) == (30.0, 4.0, 0.6, 0.8)
    assert (explore.calls, explore.tokens, explore.cost) == (4, 310, None), "the price of one answer is not known"
    assert (rows[1].gain, rows[1].calls, rows[1].cost) == (2.5, 0, 0.0)
    assert (rows[2].valid, rows[2].best, rows[2].gain) == (0, None, 0.0)


def test_what_models_contributed() -> None:
    rows = {row.name: row for row in by_model(RUN, CALLS)}
    assert list(rows) == ["large", "mutator", "small"]
    assert (rows["large"].gain, rows["large"].cost) == (17.5, 0.75), "a call without an answer costs nothing"
    assert (rows["small"].candidates, rows["small"].valid, rows["small"].tokens) == (2, 1, 30)


def test_the_gains_are_what_the_run_gained_in_all() -> None:
    assert sum(row.gain for row in by_operator(RUN)) == 50.0 - 30.0
    assert sum(row.candidates for row in by_model(RUN)) == sum(row.count for row in endings(RUN)) == 7


def test_a_run_whose_initial_program_fails() -> None:
    run = [candidate(0, status="invalid", operator="initial", proposer="human"), *RUN[2:4]]
    [explore] = by_operator(run)
    assert (explore.improvements, explore.gain) == (1, 0.0)
    assert [step.train for step in anytime(run, [], [])] == [None, 40.0, 40.0]


def test_steps_name_who_made_them() -> None:
    steps = anytime(RUN, CALLS, [(0.0, 30.0), (40.0, 100.0)])
    assert [step.candidate for step in steps] == ["k3f9qz-0", "k3f9qz-1", "k3f9qz-4", "k3f9qz-6"]
    assert [step.train for step in steps] == [50.0, 40.0, 37.5, 30.0]
    assert [step.seconds for step in steps] == [0.0, 10.0, 30.0, 50.0]
    assert [step.calls for step in steps] == [0, 1, 3, 5]
    assert [step.cost for step in steps] == [0.0, 0.5, None, None]
    assert steps[-1].validation == 60.0


def test_endings() -> None:
    assert endings(RUN) == [
        Ending("pending", None, 1, 1 / 7),
        Ending("valid", None, 4, 4 / 7),
        Ending("invalid", "timeout", 1, 1 / 7),
        Ending("duplicate", None, 1, 1 / 7),
    ]
    [_, valid, timeout, _] = endings(RUN)
    assert (valid.name, valid.meaning) == ("valid", "ran on every train instance")
    assert (timeout.name, timeout.meaning) == ("timeout", "the program exceeded its time limit")
    assert endings([]) == []


def test_what_is_spent() -> None:
    config = {"proposer": "openai", "candidates": 10, "cost": 2.5, "hours": None}
    run = [*RUN[:2], told(1, 40.0, operator="explore", model="large")]
    run[-1].proposer = "openai"
    rows = {row.name: row for row in spent(config, [*run, RUN[5]], Usage(calls=3, input_tokens=5, cost=0.5), 1800.0)}
    assert (rows["candidates"].used, rows["candidates"].limit) == (1, 10), "the mutator's are not budgeted"
    assert (rows["cost"].used, rows["cost"].limit, rows["cost"].unit) == (0.5, 2.5, "US dollars")
    assert (rows["hours"].used, rows["hours"].limit, rows["calls"].used, rows["tokens"].used) == (0.5, None, 3, 5)
    assert rows["evaluations"].used == 2.0
    assert spent(config, run, Usage(unpriced_calls=1), 0.0)[3].used is None


def test_ancestry_follows_the_parent_that_a_program_was_made_of() -> None:
    family = {
        one.id: one
        for one in (
            candidate(0, operator="initial", proposer="human", gaps={"train": 9.0}),
            candidate(1, parents=("k3f9qz-0",), model="large"),
            candidate(2, parents=("k3f9qz-0", "k3f9qz-1"), gaps={"train": 5.0}),
        )
    }
    line = ancestry(family["k3f9qz-2"], family.__getitem__)
    assert [one.candidate for one in line] == ["k3f9qz-0", "k3f9qz-1", "k3f9qz-2"]
    assert line[1] == Ancestor("k3f9qz-1", "explore", "large", None, ("k3f9qz-0",))


def test_writers_are_those_of_all_ancestors() -> None:
    family = {
        one.id: one
        for one in (
            candidate(0, operator="initial", proposer="human"),
            candidate(1, parents=("k3f9qz-0",), model="large"),
            candidate(2, parents=("k3f9qz-1", "k3f9qz-0"), proposer="mutator"),
            candidate(3, parents=("k3f9qz-2", "k3f9qz-2"), proposer="mutator"),
        )
    }
    find = family.__getitem__
    assert "large" not in [one.by for one in ancestry(family["k3f9qz-2"], find)], "it is the other parent"
    assert writers(family["k3f9qz-3"], find) == ["mutator", "large", "human"]
    assert writers(family["k3f9qz-0"], find) == ["human"]


def board(*rows: tuple[float | None, float | None, int | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["gap_validation", "decision_seconds", "size"])


def test_pareto_by_hand() -> None:
    found = board((5.0, 1.0, 10), (5.0, 1.0, 10), (6.0, 1.0, 10), (9.0, 0.1, 50), (9.5, 0.5, 5), (9.5, 3.0, 6))
    assert pareto(found) == [True, True, False, True, True, False], "equal rows stand together"
    assert pareto(board((5.0, 1.0, 10), (5.1, 0.75, 10))) == [True, False], "times so close are the same"
    assert pareto(board((5.0, 1.0, 10), (5.1, 0.4, 10))) == [True, True]
    assert pareto(board((None, 1.0, 1), (9.0, None, 1), (7.0, 2.0, None), (8.0, 1.0, 5))) == [False, False, False, True]
    assert pareto(board()) == []


@pytest.mark.parametrize("seed", range(5))
def test_pareto_against_all_pairs(seed: int) -> None:
    import numpy as np

    values = np.random.default_rng(seed).integers(1, 6, (60, 3)).astype(float)
    values[:, 1] = 2.0 ** values[:, 1]
    expected = [not any((other <= row).all() and (other < row).any() for other in values) for row in values]
    assert pareto(pd.DataFrame(values, columns=["gap_validation", "decision_seconds", "size"])) == expected
