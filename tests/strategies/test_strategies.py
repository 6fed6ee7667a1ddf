"""Strategies: what they ask for, given what they were told."""

from __future__ import annotations

import importlib
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve import plugins
from evolve.records import Candidate, Proposal, Status
from evolve.strategies.base import Strategy, View

OPERATORS = {"explore": 1, "mutate": 1, "combine": 2, "tune": 1, "simplify": 1}
NAMES = plugins.names("strategies")
History = Sequence[tuple[str, float, int]]

histories = st.lists(
    st.tuples(st.sampled_from(["valid", "valid", "invalid", "duplicate", "unparsed", "failed"]),
              st.floats(-50, 500), st.integers(3, 60)),
    max_size=80,
)  # fmt: skip


def make(name: str) -> Strategy:
    made: Strategy = importlib.import_module(f"evolve.strategies.{name}").STRATEGY()
    return made


def candidate(number: int, status: str, gap: float, size: int, proposal: Proposal | None = None) -> Candidate:
    kind: Status = status  # type: ignore[assignment]
    source = f"def priority(p, d):\n    return {'p + ' * (size // 4)}{number} * d\n" if status != "unparsed" else None
    gaps = {"train": gap} if status == "valid" else {}
    made = Candidate(f"c{number}", "run", number, "initial", "mutator", kind, source=source, size=size, gaps=gaps)
    if proposal:
        made.operator, made.parents, made.note = proposal.operator, proposal.parents, proposal.note
    return made


def view(initial: Candidate, number: int, total: int, operators: dict[str, int] | None = None) -> View:
    return View(initial, number / total, OPERATORS if operators is None else operators, ("small", "large"), number)


def search(
    name: str, history: History, initial: str = "valid", total: int = 80
) -> tuple[list[Proposal], list[Candidate]]:
    """Run a strategy against results that are given beforehand."""
    strategy = make(name)
    told = [candidate(0, initial, 100.0, 20)]
    strategy.tell(told[0])
    asked = []
    for number, (status, gap, size) in enumerate(history, 1):
        asked.append(strategy.ask(view(told[0], number - 1, total), random.Random(number)))
        told.append(candidate(number, status, gap, size, asked[-1]))
        strategy.tell(told[-1])
    return asked, told


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50, deadline=None)
@given(history=histories, initial=st.sampled_from(["valid", "invalid"]))
def test_proposals_are_sound(name: str, history: History, initial: str) -> None:
    asked, told = search(name, history, initial)
    known = {one.id: one for one in told}
    for number, proposal in enumerate(asked):
        assert proposal.operator in OPERATORS
        assert len(proposal.parents) >= OPERATORS[proposal.operator]
        assert proposal.model in ("small", "large")
        before = {one.id for one in told[: number + 1]}
        assert {*proposal.parents, *proposal.inspirations} <= before
        assert len(proposal.inspirations) <= 2
        assert not set(proposal.parents) & set(proposal.inspirations)
        valid = [known[parent] for parent in proposal.parents if known[parent].status == "valid"]
        if len(valid) < len(proposal.parents):
            assert proposal.operator == "explore"
            assert proposal.parents == ("c0",)
        gaps = [float(f"{one.train:.3g}") for one in valid if one.train is not None]
        assert gaps == sorted(gaps, reverse=True), "best last"


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(history=histories, again=st.integers(0, 3))
def test_replayed_tells_give_the_same_asks(name: str, history: History, again: int) -> None:
    _, told = search(name, history)
    one, two = make(name), make(name)
    for item in told:
        one.tell(item)
    for item in told:
        two.tell(item)
        two.ask(view(told[0], again, 80), random.Random(again))  # asking changes nothing
    for number in range(20):
        asked = [one.ask(view(told[0], 4 * number, 80), random.Random(number)) for one in (one, two)]
        assert asked[0] == asked[1]


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
