"""EoH: its operators in turn, and how parents are drawn."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from evolve.strategies._population import Best
from evolve.strategies.eoh import PARENTS, POPULATION
from tests.strategies.telling import OPERATORS, SHIPPED, candidate, make, search, view


def test_a_population_from_scratch_then_five_operators_in_turn() -> None:
    asked, _ = search("eoh", [("valid", 90.0 - number, 9) for number in range(61)], total=90, operators=SHIPPED)
    first, rest = asked[: POPULATION + 1], asked[POPULATION + 1 :]
    assert {(proposal.operator, proposal.parents) for proposal in first} == {("explore", ("c0",))}
    assert Counter(proposal.operator for proposal in rest) == dict.fromkeys(
        ("explore", "common_idea", "mutate", "tune", "simplify"), 10
    )
    for proposal in rest:
        assert len(set(proposal.parents)) == (PARENTS if proposal.operator in ("explore", "common_idea") else 1)


def test_the_common_idea_is_combined_by_a_proposer_that_cannot_look_for_it() -> None:
    asked, _ = search("eoh", [("valid", 90.0 - number, 9) for number in range(60)], total=90, operators=OPERATORS)
    assert {proposal.operator for proposal in asked} == set(OPERATORS)


def test_a_parent_of_rank_r_among_n_is_drawn_in_proportion_to_1_by_r_plus_n() -> None:
    strategy = make("eoh")
    initial = candidate(0, "valid", 100.0, 9)
    for number in range(POPULATION):
        strategy.tell(candidate(number, "valid", float(number + 1), 9))
    draws = 6000
    drawn = Counter(
        strategy.ask(view(initial, 50, 100, {"mutate": 1}), random.Random(seed)).parents[0] for seed in range(draws)
    )
    weights = [1 / (rank + POPULATION) for rank in range(1, POPULATION + 1)]
    for rank, weight in enumerate(weights):
        assert drawn[f"c{rank}"] / draws == pytest.approx(weight / sum(weights), abs=0.02)


def test_one_program_a_gap_the_smallest() -> None:
    best = Best(limit=2)
    for number, (gap, size) in enumerate([(5.0, 9), (5.0, 7), (5.0 + 1e-12, 8), (6.0, 3), (4.0, 50), (7.0, 1)]):
        best.add(candidate(number, "valid", gap, size), number)
    assert best.ids == ["c4", "c1"]
    best.add(candidate(9, "invalid", 0.0, 1), 9)
    assert best.ids == ["c4", "c1"]
    assert best.draw(5, random.Random(1)) == ["c1", "c4"]
