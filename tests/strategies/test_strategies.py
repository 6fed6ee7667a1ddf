"""Strategies: what they ask for, given what they were told."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve import plugins
from evolve.records import Proposal
from tests.strategies.telling import OPERATORS, SHIPPED, History, candidate, histories, make, search, view

NAMES = plugins.names("strategies")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50, deadline=None)
@given(
    history=histories, initial=st.sampled_from(["valid", "invalid"]), operators=st.sampled_from([OPERATORS, SHIPPED])
)
def test_proposals_are_sound(name: str, history: History, initial: str, operators: Mapping[str, int]) -> None:
    asked, told = search(name, history, initial, operators=operators)
    known = {one.id: one for one in told}
    for number, proposal in enumerate(asked):
        assert proposal.operator in operators
        assert len(proposal.parents) >= operators[proposal.operator]
        assert proposal.model in ("small", "large")
        before = {one.id for one in told[: number + 1]}
        assert {*proposal.parents, *proposal.inspirations} <= before
        assert len(proposal.inspirations) <= 2
        assert not set(proposal.parents) & set(proposal.inspirations)
        valid = [known[parent] for parent in proposal.parents if known[parent].status == "valid"]
        if len(valid) < len(proposal.parents):
            assert proposal.operator == "explore"
            assert set(proposal.parents) == {"c0"}
        gaps = [float(f"{one.train:.3g}") for one in valid if one.train is not None]
        assert gaps == sorted(gaps, reverse=True), "best last"


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(history=histories, again=st.integers(0, 3))
def test_replayed_tells_give_the_same_asks(name: str, history: History, again: int) -> None:
    _, told = search(name, history, operators=SHIPPED)
    one, two = make(name), make(name)
    for item in told:
        one.tell(replace(item, note=json.loads(json.dumps(item.note))))  # as it comes back from an archive
    for item in told:
        two.tell(item)
        two.ask(view(told[0], again, 80, SHIPPED), random.Random(again))  # asking changes nothing
    for number in range(20):
        asked = [one.ask(view(told[0], 4 * number, 80, SHIPPED), random.Random(number)) for one in (one, two)]
        assert asked[0] == asked[1]


USUAL = {"explore", "mutate", "combine", "tune", "simplify"}
OWN = {
    "eoh": {"explore", "common_idea", "mutate", "tune", "simplify"},
    "mcts": {"explore", "common_idea", "mutate", "tune", "path"},
    "reevo": {"explore", "crossover", "elitist"},
    "best_of_n": {"explore"},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_strategy_asks_for_its_own_operators_alone(name: str) -> None:
    draw = random.Random(3)
    history = [("valid", draw.uniform(0, 50), 9 + number % 20) for number in range(200)]
    asked, _ = search(name, history, total=200, operators=SHIPPED)
    assert {proposal.operator for proposal in asked} == OWN.get(name, USUAL)


@pytest.mark.parametrize("name", ["adaptive", "islands", "greedy", "map_elites", "pareto"])
def test_operators_of_the_users_own_are_asked_for_beside_the_usual_mix(name: str) -> None:
    strategy, first = make(name), candidate(0, "valid", 100.0, 20)
    strategy.tell(first)
    operators = SHIPPED | {"shake": 1, "never": 1}
    drawn: Counter[str] = Counter()
    for number in range(300):
        seen = replace(view(first, number, 300, operators), weights={"shake": 1.0, "never": 0.0})
        drawn[strategy.ask(seen, random.Random(number)).operator] += 1
    assert 10 < drawn["shake"] < 100
    assert drawn["never"] == 0
    assert set(drawn) <= USUAL | {"shake"}


@pytest.mark.parametrize("name", NAMES)
def test_only_the_proposers_operators_are_asked_for(name: str) -> None:
    for operators in ({"mutate": 1}, {"combine": 2}, {"explore": 0}, {"repair": 1, "crossover": 2}):
        strategy = make(name)
        initial = candidate(0, "valid", 5.0, 9)
        strategy.tell(initial)
        for number in range(60):
            proposal = strategy.ask(view(initial, number, 60, operators), random.Random(number))
            assert proposal.operator in operators
            assert len(proposal.parents) >= operators[proposal.operator]
            strategy.tell(candidate(number + 1, "valid", 5.0 - number, 9, proposal))


def test_best_of_n_always_explores_from_the_initial_program() -> None:
    asked, _ = search("best_of_n", [("valid", 1.0, 5)] * 30)
    assert {(proposal.operator, proposal.parents) for proposal in asked} == {("explore", ("c0",))}


@pytest.mark.parametrize("initial", ["valid", "invalid"])
def test_islands_explore_while_nothing_is_valid(initial: str) -> None:
    asked, _ = search("islands", [("invalid", 0.0, 5)] * 80, initial)
    explored = sum(proposal.operator == "explore" for proposal in asked)
    assert explored == 80 if initial == "invalid" else explored < 80
    assert {parent for proposal in asked for parent in proposal.parents} == {"c0"}


def test_islands_shift_from_new_ideas_to_polishing_the_best() -> None:
    draw = random.Random(1)
    asked, told = search("islands", [("valid", draw.uniform(0, 100), 9 + number) for number in range(400)], total=400)
    early, late = asked[:100], asked[-80:]
    new, polish = ("explore", "mutate"), ("tune", "simplify")
    assert sum(proposal.operator in new for proposal in early) > 60
    assert sum(proposal.operator in polish for proposal in late) > 45
    best = sorted(told, key=lambda one: one.train or 0)[:30]
    assert sum(proposal.parents[-1] in {one.id for one in best} for proposal in late) > 60


def test_the_weaker_islands_start_again_from_the_stronger() -> None:
    strategy = make("islands")
    initial = candidate(0, "valid", 100.0, 20)
    strategy.tell(initial)
    for number in range(1, 7):
        note = {"island": number - 1, "resets": 0}
        strategy.tell(candidate(number, "valid", 10.0 * number, 8, Proposal("mutate", ("c0",), (), None, note)))
    strategy.tell(candidate(9, "failed", 0.0, 8, Proposal("mutate", ("c0",), (), None, {"island": 0, "resets": 1})))
    parents = {
        strategy.ask(view(initial, 26, 100, {"mutate": 1}), random.Random(number)).parents[0] for number in range(200)
    }
    assert parents == {"c0", "c1", "c2", "c3"}


def test_of_equal_programs_the_smaller_is_preferred() -> None:
    strategy = make("islands")
    initial = candidate(0, "valid", 100.0, 20)
    strategy.tell(initial)
    for number, size in ((1, 40), (2, 8)):
        strategy.tell(candidate(number, "valid", 10.001 - number / 1e4 * -1, size))
    parents = [strategy.ask(view(initial, 95, 100, {"tune": 1}), random.Random(k)).parents[0] for k in range(100)]
    assert parents.count("c2") > parents.count("c1")


def test_cost_does_not_grow_with_the_history() -> None:
    asked, _ = search("islands", [("valid", 1e4 / (1 + k), 9 + k % 40) for k in range(2000)], total=2000)
    assert len(asked) == 2000
    strategy = make("islands")
    for k in range(2000):
        strategy.tell(candidate(k, "valid", 1e4 / (1 + k), 9 + k % 40))
    kept = sum(len(cluster) for island in strategy._islands for cluster in island.clusters)  # type: ignore[attr-defined]
    assert kept < 500
