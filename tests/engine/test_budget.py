"""Budgets: whichever ends first, with what is in flight counted in."""

from __future__ import annotations

import pytest

from evolve.budget import FIRST_CALL_TOKENS, Budget, Limits


def test_candidates() -> None:
    budget = Budget(Limits(candidates=2))
    assert budget.exhausted() is None
    budget.candidates = 2
    assert budget.exhausted() == "2 candidates"
    assert budget.exhausted(calling=True) is None  # a repair of one of the two may still be asked for


def test_tokens_count_what_is_in_flight() -> None:
    budget = Budget(Limits(tokens=10_000))
    budget.spend(1_000, None)
    budget.in_flight = 8
    assert budget.exhausted() is None  # 1000 used, 8 + 1 calls of 1000 each
    budget.in_flight = 9
    assert budget.exhausted() == "10000 tokens"


def test_the_first_calls_are_assumed_to_cost_something() -> None:
    budget = Budget(Limits(tokens=FIRST_CALL_TOKENS))
    assert budget.exhausted() is None
    budget.in_flight = 1
    assert budget.exhausted() is not None


def test_money_and_unpriced_calls() -> None:
    budget = Budget(Limits(cost=1.0))
    budget.spend(100, 0.4)
    assert budget.exhausted() is None
    budget.spend(100, 0.4)
    assert budget.exhausted() == "$1"
    budget.spend(100, None)
    assert (budget.calls, budget.tokens, budget.cost) == (3, 300, 0.8)


def test_time_includes_earlier_sessions() -> None:
    budget = Budget(Limits(hours=1.0), seconds_before=3599.9999)
    assert budget.progress == pytest.approx(1.0, abs=1e-3)
    assert Budget(Limits(hours=1.0), seconds_before=3601).exhausted() == "1 h"
    assert Budget(Limits(hours=1.0)).seconds_to_deadline(10) == pytest.approx(3610, abs=1)
    assert Budget(Limits()).seconds_to_deadline(10) is None


def test_a_closed_budget_starts_nothing() -> None:
    budget = Budget(Limits())
    assert budget.exhausted() is None
    budget.closed = "stopped by the user"
    assert budget.exhausted() == budget.exhausted(calling=True) == "stopped by the user"


def test_progress_is_that_of_the_nearest_limit() -> None:
    budget = Budget(Limits(candidates=10, tokens=1000))
    budget.candidates = 2
    budget.spend(600, 0.0)
    assert budget.progress == pytest.approx(0.6)
