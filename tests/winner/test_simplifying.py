"""Simplifying, rounding and ablating, with a measure that is arithmetic."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.problem import load_problem
from evolve.proposers.mutation.render import render
from evolve.proposers.mutation.terms import Terms
from evolve.syntax import constants
from evolve.winner.simplifying import TOLERANCE, Bar, ablate, round_constants, simplify

NAMES = ("p", "d", "t", "P_rem", "p_max")
TRUTH = "def priority(p, d, t):\n    return max(d, t + p)\n"


def values(source: str, split: str) -> list[list[float]] | None:
    """What a rule of these tests makes of ten instances with eight items each."""
    space: dict[str, Any] = {}
    exec(source, space)
    rule = space["priority"]
    taken = rule.__code__.co_varnames[: rule.__code__.co_argcount]
    rng = random.Random(split)
    instances = [[{name: rng.randint(1, 100) for name in NAMES} for _ in range(8)] for _ in range(10)]
    try:
        return [[float(rule(*(item[name] for name in taken))) for item in items] for items in instances]
    except (ArithmeticError, ValueError):
        return None


class Synthetic:
    """The gap on an instance grows with the distance to what another rule says; one rule has the gap 10."""

    def __init__(self, truth: str) -> None:
        self.truth = truth
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, source: str, split: str) -> Sequence[float] | None:
        self.asked.append((source, split))
        mine, theirs = values(source, split), values(self.truth, split)
        if mine is None or theirs is None:
            return None
        return [
            10 + math.log1p(sum(abs(a - b) for a, b in zip(*both, strict=True)))
            for both in zip(mine, theirs, strict=True)
        ]


def mean(gaps: Sequence[float] | None) -> float:
    assert gaps is not None
    return sum(gaps) / len(gaps)


async def bar_for(source: str, measure: Synthetic) -> Bar | None:
    train, validation = await measure(source, "train"), await measure(source, "validation")
    return Bar(measure, train, validation) if train is not None and validation is not None else None


def simplified(source: str, tries: int = 200) -> tuple[str, Sequence[str]]:
    async def run() -> tuple[str, Sequence[str]]:
        bar = await bar_for(source, Synthetic(TRUTH))
        assert bar is not None
        made = await simplify(source, bar, tries)
        return made.source, made.removed

    return asyncio.run(run())


@pytest.mark.parametrize(
    "useless",
    [
        "max(d, t + p) + 0 * P_rem",
        "max(d, t + p, 0.001 * p_max)",
        "max(d, t + p) * (1 + 0 * (p_max - p))",
        "max(d, t + p) + min(0, p)",
    ],
)
def test_what_is_useless_goes_and_what_matters_stays(useless: str) -> None:
    body = '    """Modified due date."""\n    return'
    made, removed = simplified(f"def priority(p, d, t, P_rem, p_max):\n{body} {useless}\n")
    assert made == f"def priority(p, d, t):\n{body} max(d, t + p)\n"
    assert removed


def test_a_program_that_needs_all_it_has_stays_as_it_is() -> None:
    assert simplified(TRUTH) == (TRUTH, [])


def test_no_more_programs_are_tried_than_allowed() -> None:
    source = "def priority(p, d, t, P_rem, p_max):\n    return max(d, t + p) + 0 * P_rem + 0 * p_max + 0 * p + 0 * t\n"
    measure = Synthetic(TRUTH)

    async def run() -> None:
        bar = await bar_for(source, measure)
        assert bar is not None
        await simplify(source, bar, 7)

    asyncio.run(run())
    assert len({program for program, split in measure.asked if split == "train"}) <= 1 + 7


def test_a_small_but_certain_loss_is_not_taken() -> None:
    class Slightly(Synthetic):
        async def __call__(self, source: str, split: str) -> Sequence[float] | None:
            return [10.0 + n + (0.01 if "d + 0.5 * p" not in source else 0) for n in range(40)]

    source = "def priority(p, d):\n    return d + 0.5 * p\n"

    async def run() -> str:
        bar = await bar_for(source, Slightly(TRUTH))
        assert bar is not None
        return (await simplify(source, bar, 50)).source

    assert asyncio.run(run()) == source


FEATURES = load_problem("single_machine_tardiness").evaluator.features


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_whatever_one_starts_from_no_more_is_lost_than_the_tolerance_says(seed: int, other: int) -> None:
    def drawn(number: int) -> str:
        known = [feature for feature in FEATURES if feature.name in NAMES]
        return render(Terms(known, random.Random(number)).whole(), [one.name for one in known], "A rule")

    async def run() -> None:
        measure = Synthetic(drawn(other))
        source = drawn(seed)
        bar = await bar_for(source, measure)
        if bar is None:
            return
        shorter = await round_constants((await simplify(source, bar, 60)).source, bar)
        for split, of in (("train", bar.train), ("validation", bar.validation)):
            assert mean(await measure(shorter, split)) <= mean(of) * (1 + TOLERANCE) + 1e-12

    asyncio.run(run())


def rounded(source: str, measure: Synthetic) -> list[float]:
    async def run() -> str:
        bar = await bar_for(source, measure)
        assert bar is not None
        return await round_constants(source, bar)

    return [item.value for item in constants(asyncio.run(run()))]


def test_constants_keep_the_digits_that_count() -> None:
    class Counts(Synthetic):
        """The first constant counts to two digits, the second hardly: the larger the better."""

        async def __call__(self, source: str, split: str) -> Sequence[float] | None:
            first, second = (item.value for item in constants(source))
            worse = 10 * abs(first - 0.2513) - 0.001 * second  # on all instances alike, and by chance on some
            return [10 + worse + (-1) ** n * 50 * (first - 0.2513) for n in range(10)]

    assert rounded("def priority(p, d):\n    return 0.2513 * p + 3.77 * d\n", Counts(TRUTH)) == [0.25, 4.0]


def test_constants_that_count_are_not_rounded() -> None:
    class Exact(Synthetic):
        async def __call__(self, source: str, split: str) -> Sequence[float] | None:
            return [10 + 100 * abs(constants(source)[0].value - 0.12345)] * 10

    assert rounded("def priority(p):\n    return 0.12345 * p\n", Exact(TRUTH)) == [0.12345]


def test_the_table_says_what_each_term_is_worth() -> None:
    source = "def priority(p, d, t, P_rem):\n    return max(d, t + p) + 0 * P_rem\n"

    async def run() -> list[dict[str, Any]]:
        bar = await bar_for(source, Synthetic(TRUTH))
        assert bar is not None
        return await ablate(source, bar, 50)

    rows = {row["term"]: row for row in asyncio.run(run())}
    assert rows["+ 0 * P_rem"]["train"] == rows["+ 0 * P_rem"]["validation"] == 0
    assert rows["max with d"]["train"] > 1
    assert rows["+ p"]["validation"] > 1
    trains = [row["train"] for row in rows.values()]
    assert trains == sorted(trains, reverse=True)


MOVES = """def decide(obs):
    room = obs["free"] - obs["margin"] - obs["other"]
    order = sorted(obs["requests"], key=lambda length: 2 * length)
    return [length for length in order if length <= room]
"""


def test_an_idle_term_of_a_condition_stays_and_one_that_does_harm_goes() -> None:
    async def measure(source: str, split: str) -> Sequence[float]:
        return [5.0, 5.0] if "other" in source else [4.0, 4.0]

    bar = Bar(measure, [5.0, 5.0], [5.0, 5.0])
    made = asyncio.run(simplify(MOVES, bar, 40)).source
    assert 'room = obs["free"] - obs["margin"]' in made.replace("'", '"')
    assert "other" not in made
    assert "2 *" not in made
