"""ReEvo: pairs that score differently, and what becomes of the hints."""

from __future__ import annotations

import random
from dataclasses import replace

from evolve.records import Candidate, Proposal
from evolve.strategies.base import Strategy
from evolve.strategies.reevo import ELITIST_EVERY, MERGED_FROM, POPULATION
from tests.strategies.telling import OPERATORS, SHIPPED, candidate, make, search, view

INITIAL = candidate(0, "valid", 100.0, 20)
ELITIST = ELITIST_EVERY * POPULATION  # a number at which the best is mutated


def grown(hints: int) -> Strategy:
    """The strategy after a population and so many crossovers with hints."""
    strategy = make("reevo")
    strategy.tell(INITIAL)
    for number in range(1, POPULATION + hints + 1):
        proposal = Proposal("crossover" if number > POPULATION else "explore", ("c0",))
        strategy.tell(candidate(number, "valid", 100.0 - number, 9, proposal))
    return strategy


def ask(strategy: Strategy, number: int) -> Proposal:
    return strategy.ask(view(INITIAL, number, 1000, SHIPPED), random.Random(number))


def told(strategy: Strategy, number: int, proposal: Proposal, hint: str | None) -> Candidate:
    one = candidate(number, "valid", 50.0, 9, replace(proposal, note={}))
    one.note = {**proposal.note, **({"hint": hint} if hint else {})}
    strategy.tell(one)
    return one


def test_a_pair_differs_and_the_better_one_is_last() -> None:
    rng = random.Random(2)
    history = [("valid", float(rng.randrange(6)), 9) for _ in range(90)]  # most score as another one does
    asked, programs = search("reevo", history, total=90, operators=SHIPPED)
    gaps = {one.id: one.train for one in programs}
    crossed = [proposal for proposal in asked if proposal.operator == "crossover"]
    assert len(crossed) > 40
    for worse, better in (proposal.parents for proposal in crossed):
        assert (gaps[worse] or 0) > (gaps[better] or 0)
    assert len({proposal.parents for proposal in crossed}) > 10


def test_the_best_program_is_mutated_one_time_in_three() -> None:
    history = [("valid", 90.0 - number, 9) for number in range(70)]
    asked, programs = search("reevo", history, total=90, operators=SHIPPED)
    for number, proposal in enumerate(asked):
        if number > POPULATION:
            assert (proposal.operator == "elitist") == (number % ELITIST_EVERY == 0)
        if proposal.operator == "elitist":
            assert proposal.parents == (programs[number].id,)  # the latest is the best


def test_short_hints_are_merged_into_a_long_one_which_is_then_used_again() -> None:
    strategy = grown(hints=2)
    first = ask(strategy, ELITIST)
    assert first.note == {"hints": ["hint 11", "hint 12"]}
    late = Proposal("crossover", ("c1", "c2"))
    told(strategy, 40, late, "came meanwhile")
    told(strategy, 41, first, "the long one")
    assert ask(strategy, ELITIST).note == {"hint": "the long one"}  # one new hint is not worth a call
    for number in range(MERGED_FROM - 1):
        told(strategy, 50 + number, late, f"new {number}")
    merged = ask(strategy, ELITIST).note["hints"]
    assert merged == ["the long one", "came meanwhile", *(f"new {number}" for number in range(MERGED_FROM - 1))]


def test_a_reflection_that_failed_is_asked_for_again() -> None:
    strategy = grown(hints=2)
    first = ask(strategy, ELITIST)
    told(strategy, 40, first, None)
    assert ask(strategy, ELITIST).note == first.note


def test_what_was_learnt_does_not_grow_without_end() -> None:
    strategy = grown(hints=300)
    assert len(ask(strategy, ELITIST).note["hints"]) <= 11


def test_without_hints_or_operators_of_its_own_it_does_what_comes_nearest() -> None:
    assert ask(grown(hints=0), ELITIST).operator == "mutate"
    asked, _ = search("reevo", [("valid", 90.0 - number, 9) for number in range(60)], total=90, operators=OPERATORS)
    assert {proposal.operator for proposal in asked[POPULATION + 1 :]} == {"combine", "mutate"}
