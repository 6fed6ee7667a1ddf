"""Pareto: who is on the frontier, and who goes with whom."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolve.records import Candidate, Proposal
from evolve.strategies._frontier import Frontier
from evolve.strategies.base import Strategy
from tests.strategies.telling import SHIPPED, candidate, make, view

Gaps = Mapping[str, Sequence[float]]
MUTATE, COMBINE = {"mutate": 1}, {"combine": 2}


def told(gaps: Gaps, sizes: Mapping[str, int] | None = None, times: Mapping[str, float] | None = None) -> Strategy:
    """The strategy, told of programs with these gaps by instance."""
    strategy = make("pareto")
    for number, (name, mine) in enumerate(gaps.items()):
        one = candidate(number, "valid", sum(mine) / len(mine), (sizes or {}).get(name, 20))
        one.id, one.decision_seconds = name, (times or {}).get(name, 1.0)
        strategy.tell(one)
    return strategy


def asks(strategy: Strategy, gaps: Gaps, operators: Mapping[str, int] = MUTATE, times: int = 600) -> list[Proposal]:
    initial = Candidate("first", "run", 0, "initial", "mutator", "valid")
    return [strategy.ask(view(initial, 300, 1000, operators, gaps), random.Random(seed)) for seed in range(times)]


def drawn(strategy: Strategy, gaps: Gaps) -> Counter[str]:
    return Counter(proposal.parents[0] for proposal in asks(strategy, gaps))


SPECIALISTS: Gaps = {
    "first": [90, 90, 90, 90, 90, 90],
    "all-round": [10, 10, 10, 10, 10, 10],
    "early": [5, 5, 5, 40, 40, 40],
    "late": [60, 60, 60, 60, 60, 1],
    "middling": [11, 11, 11, 11, 11, 11],
}


def test_parents_are_drawn_by_the_instances_that_they_win() -> None:
    found = drawn(told(SPECIALISTS), SPECIALISTS)
    assert set(found) == {"all-round", "early", "late"}
    # all-round wins two instances, the mean, the size and the time; early three instances; late one
    for name, share in (("all-round", 5 / 9), ("early", 3 / 9), ("late", 1 / 9)):
        assert found[name] / 600 == pytest.approx(share, abs=0.06)


def test_a_program_that_wins_only_what_another_one_wins_too_is_dominated() -> None:
    gaps = {"first": [9.0, 9.0, 0.0], "good": [1.0, 9.0, 0.0], "better": [1.0, 2.0, 0.0]}
    assert set(drawn(told(gaps), gaps)) == {"better"}  # that all are perfect on the third makes none of them a parent


def test_a_second_parent_wins_where_the_first_loses() -> None:
    strategy = told(SPECIALISTS)
    pairs = {frozenset(proposal.parents) for proposal in asks(strategy, SPECIALISTS, COMBINE)}
    # early with all-round: 7.5; early with late: 16 and 5/3; all-round with late: 8.5
    assert pairs == {frozenset({"early", "all-round"}), frozenset({"late", "all-round"})}
    for proposal in asks(strategy, SPECIALISTS, SHIPPED):
        assert not set(proposal.inspirations) & set(proposal.parents)
        assert set(proposal.inspirations) <= {"early", "late", "all-round"}


def test_a_small_program_is_kept_only_while_it_is_nearly_as_good() -> None:
    gaps = {"first": [90.0] * 4, "best": [10.0] * 4, "small": [13.0] * 4, "tiny": [80.0] * 4, "minute": [16.0] * 4}
    sizes = {"first": 30, "best": 30, "small": 9, "tiny": 1, "minute": 2}
    found = drawn(told(gaps, sizes), gaps)
    assert set(found) == {"best", "small"}
    assert found["small"] / 600 == pytest.approx(1 / 7, abs=0.05)  # one vote, as an instance has
    gaps = {**gaps, "new": [2.0] * 4}  # now small lacks an eighth of the gain
    assert set(drawn(told(gaps, {**sizes, "new": 40}), gaps)) == {"new"}


def test_a_program_is_quicker_only_if_it_takes_less_than_half_the_time() -> None:
    gaps = {"first": [90.0] * 4, "best": [10.0] * 4, "quick": [13.0] * 4}
    for seconds, parents in ((0.55, {"best"}), (0.4, {"best", "quick"})):
        assert set(drawn(told(gaps, times={"quick": seconds}), gaps)) == parents


def test_gaps_are_read_when_they_are_wanted_and_once() -> None:
    read: Counter[str] = Counter()

    class Reading(dict[str, Sequence[float]]):
        def __getitem__(self, name: str) -> Sequence[float]:
            read[name] += 1
            return super().__getitem__(name)

    strategy = told(SPECIALISTS)
    assert not read
    asks(strategy, Reading(SPECIALISTS), times=1)
    assert read["middling"] == read["first"] == 1


@given(st.lists(st.lists(st.integers(0, 3).map(float), min_size=4, max_size=4), min_size=1, max_size=30))
def test_the_frontier_has_the_best_of_every_instance_and_nobody_in_vain(rows: list[list[float]]) -> None:
    frontier = Frontier()
    for number, row in enumerate(rows):
        frontier.add((sum(row), 9, number, f"c{number}"), row)
    kept = list(frontier.gaps.values())
    best = [min(column) for column in zip(*rows, strict=True)]
    assert [min(column) for column in zip(*kept, strict=True)] == best
    for place, row in enumerate(kept):
        others = kept[:place] + kept[place + 1 :]
        assert any(
            gap == best[instance] and all(other[instance] > gap for other in others) for instance, gap in enumerate(row)
        )
    assert all(wins > 0 for wins in frontier.wins().values())
