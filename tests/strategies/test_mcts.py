"""MCTS-AHD: where in the tree a child is asked for, and by which action."""

from __future__ import annotations

import random
from collections import Counter

from evolve.records import Proposal
from evolve.strategies.base import Strategy, finalists
from evolve.strategies.mcts import DEPTH, EXPANSION, FIRST, SHOWN
from tests.strategies.telling import OPERATORS, SHIPPED, candidate, make, search, view

INITIAL = candidate(0, "valid", 100.0, 20)
WHOLE = sum(EXPANSION.values())


def tell(strategy: Strategy, number: int, gap: float, under: str, status: str = "valid") -> None:
    strategy.tell(candidate(number, status, gap, 9, Proposal("mutate", (), note={"under": under})))


def asks(strategy: Strategy, progress: float = 0.0, times: int = 200) -> list[Proposal]:
    number = round(progress * 1000)
    return [strategy.ask(view(INITIAL, number, 1000, SHIPPED), random.Random(seed)) for seed in range(times)]


def rooted(*gaps: float) -> Strategy:
    """A tree whose root has the initial program and programs with these gaps below it: c1, c2, …"""
    strategy = make("mcts")
    strategy.tell(INITIAL)
    for number, gap in enumerate(gaps, 1):
        tell(strategy, number, gap, "")
    return strategy


def test_the_root_gets_its_first_children_by_differing_from_those_there_are() -> None:
    strategy = rooted(*(50.0 + number for number in range(FIRST - 2)))
    for proposal in asks(strategy, times=20):
        assert proposal.operator == "explore"
        assert proposal.note == {"under": ""}
        assert set(proposal.parents) == {"c0", "c1", "c2"}
    tell(strategy, 9, 60.0, "")
    assert {proposal.note["under"] for proposal in asks(strategy)} == {"c1"}  # the best of them


def test_a_new_node_is_expanded_by_every_action_in_its_share() -> None:
    strategy = rooted(10.0, 60.0, 60.5)
    for number in range(10, 10 + WHOLE - 1):
        tell(strategy, number, 0.0, "c1", "invalid")
        drawn = Counter(proposal.operator for proposal in asks(strategy, times=400))
        assert set(drawn) == {"common_idea", "mutate", "tune"}  # a path needs a program above the node
        assert drawn["mutate"] > 1.4 * drawn["common_idea"] < drawn["tune"]


def test_a_path_holds_what_lies_between_the_root_and_the_node() -> None:
    strategy = rooted(50.0, 90.0, 91.0)
    above = "c1"
    for number, gap in ((10, 40.0), (11, 45.0), (12, 5.0)):
        tell(strategy, number, gap, above)
        for fill in range(1, WHOLE):  # so that the node's expansion is over
            tell(strategy, 100 * number + fill, 0.0, above, "failed")
        above = f"c{number}"
    paths = [proposal for proposal in asks(strategy, progress=0.9) if proposal.operator == "path"]
    assert paths
    assert {proposal.note["under"] for proposal in paths} == {"c12"}
    assert {proposal.parents for proposal in paths} == {("c1", "c11", "c10", "c12")}


def test_a_path_that_is_long_shows_the_node_and_the_best_above_it() -> None:
    strategy = make("mcts")
    strategy.tell(INITIAL)
    for number in range(1, DEPTH):
        tell(strategy, number, 90.0 - number, f"c{number - 1}")
    node = strategy._nodes[f"c{DEPTH - 1}"]  # type: ignore[attr-defined]
    shown = strategy._parents(node, "path", random.Random(0))  # type: ignore[attr-defined]
    assert [one.id for one in shown] == ["c8", "c7", "c6", "c5", "c9"]
    assert len(shown) == SHOWN


def test_older_nodes_get_further_children_as_their_visits_allow() -> None:
    strategy = rooted(10.0, 90.0, 91.0)
    for number in range(10, 10 + WHOLE):
        tell(strategy, number, 11.0 + number, "c1")
    assert not {"", "c1"} & {proposal.note["under"] for proposal in asks(strategy)}
    below = 0
    while strategy._nodes["c1"].visits < (WHOLE + 1) ** 2:  # type: ignore[attr-defined]
        below += 1
        tell(strategy, 1000 + below, 70.0, "c10", "failed")
    # the root has fewer children for its visits, so it comes first
    assert {(proposal.note["under"], proposal.operator) for proposal in asks(strategy)} == {("", "explore")}
    for number in range(3):
        tell(strategy, 2000 + number, 0.0, "", "failed")
    asked = asks(strategy)
    assert {(proposal.note["under"], proposal.operator) for proposal in asked} == {("c1", "common_idea")}
    for proposal in asked:
        assert "c1" in proposal.parents
        assert len(set(proposal.parents)) == 2


def test_the_wish_to_explore_falls_with_the_budget() -> None:
    strategy = rooted(10.0, 12.0, 99.0)
    for number in range(WHOLE):
        tell(strategy, 20 + number, 10.5 if number == 0 else 0.0, "c1", "valid" if number == 0 else "failed")
    for number in range(4 * WHOLE):
        tell(strategy, 40 + number, 0.0, "c20", "failed")
    strategy._root.tried = 99  # type: ignore[attr-defined]  # the root is out of the question
    strategy._nodes["c1"].tried = 99  # type: ignore[attr-defined]
    assert {proposal.note["under"] for proposal in asks(strategy, 0.0)} == {"c2"}
    assert {proposal.note["under"] for proposal in asks(strategy, 0.99)} == {"c20"}


def test_several_final_solutions_the_best_of_each_subtree() -> None:
    strategy = rooted(50.0, 60.0)
    tell(strategy, 10, 20.0, "c2")
    tell(strategy, 11, 30.0, "c2")
    assert finalists(strategy) == ["c10", "c1", "c0"]
    assert finalists(make("greedy")) == ()


def test_with_the_mutators_operators_it_combines_instead() -> None:
    draw = random.Random(4)
    asked, _ = search("mcts", [("valid", draw.uniform(0, 90), 9) for _ in range(200)], total=200, operators=OPERATORS)
    assert {proposal.operator for proposal in asked} == {"explore", "combine", "mutate", "tune"}


def test_a_long_failure_does_not_stop_the_walk() -> None:
    asked, _ = search("mcts", [("failed", 0.0, 9)] * 300, total=300, operators=SHIPPED)
    assert len(asked) == 300
