"""Who may become champion."""

from __future__ import annotations

import random

from evolve.records import Candidate
from evolve.winner.finalists import ALIKE, BEST, finalists


def candidate(number: int, train: float, source: str | None = None) -> Candidate:
    source = source or f"def priority(p, d):\n    return p + d{' + p' * number}\n"
    one = Candidate(f"r-{number}", "r", number, "mutate", "x", "valid", source=source, told=number)
    one.gaps["train"] = train
    return one


def test_of_programs_that_differ_in_constants_only_two_are_among_the_best() -> None:
    copies = [candidate(n, 1.0 + n / 100, f"def priority(p, d):\n    return 0.{n}1 * p + d\n") for n in range(1, 9)]
    others = [candidate(n, 50.0 - n / 100) for n in range(20, 40)]
    found = [one.number for one in finalists([*copies[::-1], *others])][:BEST]
    assert found[:ALIKE] == [1, 2]
    assert len([number for number in found if number < 9]) == ALIKE


def test_those_that_led_when_they_were_told_in_whatever_order_they_stand() -> None:
    made = [candidate(n, 100.0 - n) for n in range(1, 30)]
    shuffled = random.Random(1).sample(made, len(made))
    found = {one.number for one in finalists(made)}
    assert found == {one.number for one in finalists(shuffled)} == set(range(1, 30))


def test_a_strategy_may_name_some_but_none_that_is_invalid() -> None:
    made = [candidate(n, float(n)) for n in range(1, 40)]
    made[30].status = "invalid"
    assert {39} == {c.number for c in finalists(made, ["r-39", "r-31"])} - {c.number for c in finalists(made)}
