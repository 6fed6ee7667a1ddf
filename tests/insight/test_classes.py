"""Figures by class of instances, by hand."""

from __future__ import annotations

from evaluators.evaluate import InstanceResult
from evolve.figures import against
from evolve.insight import classes, classes_versus


def results(**gaps: list[float]) -> list[InstanceResult]:
    """gaps by class; instances are named after their class and place."""
    return [
        InstanceResult(f"{group}{place}", group, 100 + gap, 100.0, gap)
        for group, values in gaps.items()
        for place, gap in enumerate(values)
    ]


def test_classes() -> None:
    large, small = classes(results(large=[1.0, 3.0], small=[7.0]))
    assert (large.name, large.instances, large.mean, large.lowest, large.highest) == ("large", 2, 2.0, 1.0, 3.0)
    assert large.interval == (1.0, 3.0)
    assert (small.name, small.mean, small.interval) == ("small", 7.0, (7.0, 7.0))


def test_classes_against_another_program() -> None:
    mine, theirs = results(a=[1.0, 2.0, 3.0], b=[5.0], c=[0.0]), results(b=[4.0], a=[2.0, 2.0, 1.0])
    first, second = classes_versus("test", mine, "other", theirs)
    assert (first.name, first.instances, first.mine, first.theirs) == ("a", 3, 2.0, 5 / 3)
    assert (first.test.wins, first.test.ties, first.test.losses) == (1, 1, 1)
    assert first.test == against("test", mine[:3], "other", theirs[1:])
    assert (second.name, second.test.difference, second.test.wins, second.test.losses) == ("b", 1.0, 0, 1)


def test_all_wins_ties_and_losses_are_all_instances() -> None:
    mine, theirs = results(a=[1.0, 2.0, 3.0, 4.0]), results(a=[1.0, 9.0, 9.0, 0.0])
    found = against("test", mine, "other", theirs)
    assert (found.wins, found.ties, found.losses) == (2, 1, 1)
