"""HEFT, CPOP and PEFT on the published graph of ten tasks, and against an independent check on random ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from evaluators.dags.graph import CANONICAL, Graph, longest_path
from evaluators.dags.heft import Placed, cpop, heft, makespan, peft
from evaluators.dags.soc_instances import graph_named

Algorithm = Callable[[Graph], Sequence[Placed]]
PUBLISHED = [(heft, 80), (cpop, 86), (peft, 85)]  # Topcuoglu et al. 2002, figure 3, for the first two


@pytest.mark.parametrize(("algorithm", "length"), PUBLISHED)
def test_published_makespans(algorithm: Algorithm, length: int) -> None:
    assert makespan(algorithm(CANONICAL)) == length


def test_published_upward_ranks() -> None:
    """Table 2 of Topcuoglu et al. 2002, rounded as there."""
    ranks = [108.0, 77.0, 80.0, 80.0, 69.0, 63.333, 42.667, 35.667, 44.333, 14.667]
    assert [round(value, 3) for value in CANONICAL.upward] == ranks


def test_the_critical_path_is_the_published_one() -> None:
    """Tasks 1, 2, 9 and 10 have the sum of ranks of the first, 108 (section 4.2 of the paper)."""
    sums = [up + down for up, down in zip(CANONICAL.upward, CANONICAL.downward, strict=True)]
    assert [i + 1 for i, value in enumerate(sums) if value == pytest.approx(108)] == [1, 2, 9, 10]


def test_optimistic_costs_by_hand() -> None:
    """Tasks 8 and 9 (rows 7 and 8) lead to task 10 alone, which takes 21, 7, 16 and needs 11 or 13 to move.

    Row 7: min(21, 11 + 7) = 18, 7, min(11 + 7, 16) = 16. Row 8: min(21, 13 + 7) = 20, 7, min(13 + 7, 16) = 16.
    """
    assert CANONICAL.optimistic[7:] == [[18, 7, 16], [20, 7, 16], [0, 0, 0]]


@pytest.mark.parametrize("algorithm", [heft, cpop, peft])
@pytest.mark.parametrize("name", ["canonical", "top-1", "top-5", "layered-1", "layered-4", "wifi-3"])
def test_schedules_are_feasible(algorithm: Algorithm, name: str) -> None:
    graph = graph_named(name)
    schedule = algorithm(graph)
    assert [one.task for one in schedule] == list(range(graph.n))
    for one in schedule:
        assert one.end - one.start == graph.w[one.task][one.pe]
        for parent, c in graph.parents[one.task]:
            before = schedule[parent]
            assert one.start >= before.end + (c if before.pe != one.pe else 0)
    for pe in range(graph.m):
        for first, second in pairwise(sorted((one for one in schedule if one.pe == pe), key=lambda one: one.start)):
            assert first.end <= second.start
    assert makespan(schedule) >= longest_path(graph, [min(row) for row in graph.w])


def test_a_gap_is_used() -> None:
    """Ranks 31, 15.5, 11.5. Task 0 ends at 2 on PE 0; task 1 waits for its data on PE 1 until 12; task 2, placed last,
    ends at 3 on PE 1 before that, and would end at 22 on PE 0."""
    graph = Graph("gap", ((2, 9), (30, 1), (20, 3)), ((0, 1, 10),))
    assert heft(graph) == [(0, 0, 0, 2), (1, 1, 12, 13), (2, 1, 0, 3)]
