"""Adaptive: new starts from the initial program are an arm that is paid like the others."""

from __future__ import annotations

import random

from evolve.records import Proposal
from evolve.strategies.base import Strategy
from tests.strategies.telling import candidate, make, view

INITIAL = candidate(0, "valid", 100.0, 20)


def begun(rewarded: str) -> Strategy:
    """A strategy that was told of sixty candidates, of which those by one kind of arm have each improved all."""
    strategy = make("adaptive")
    strategy.tell(INITIAL)
    gap = 100.0
    for number in range(1, 61):
        new_start = number % 2 == 0
        if (rewarded == "begin") == new_start:
            gap -= 1.0
        note = {"island": number % 4, "patience": 1000} | ({"arm": "begin"} if new_start else {})
        mine = gap if (rewarded == "begin") == new_start else 200.0
        operator = "explore" if new_start else "mutate"
        made = candidate(number, "valid", mine, 20 + 4 * number, Proposal(operator, ("c0",), note=note))
        made.model = ("small", "large")[number // 2 % 2]
        strategy.tell(made)
    return strategy


def starts(strategy: Strategy, number: int, asks: int = 400) -> float:
    """Share of the proposals that start from the initial program as if nothing else were known."""
    made = [strategy.ask(view(INITIAL, number, 1000), random.Random(seed)) for seed in range(asks)]
    anew = [one for one in made if one.note.get("arm") == "begin"]
    assert all((one.operator, one.parents, one.inspirations) == ("explore", ("c0",), ()) for one in anew)
    return len(anew) / asks


def test_new_starts_go_on_as_long_as_they_pay() -> None:
    assert starts(begun("begin"), 100) > 2 * starts(begun("mutate"), 100) > 0


def test_there_are_none_when_the_best_are_polished() -> None:
    assert starts(begun("begin"), 900) == 0
