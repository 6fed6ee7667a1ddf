"""The exact method for total tardiness, against all permutations."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.machines.lawler import optimal_sequence, optimal_tardiness


def tardiness(p: list[int], d: list[int], sequence: list[int] | tuple[int, ...]) -> int:
    t = total = 0
    for j in sequence:
        t += p[j]
        total += max(0, t - d[j])
    return total


jobs = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 60)), min_size=1, max_size=7)


@given(jobs)
@settings(max_examples=150, deadline=None)
def test_no_permutation_is_better_and_the_sequence_attains_the_value(pairs: list[tuple[int, int]]) -> None:
    p, d = [a for a, _ in pairs], [b for _, b in pairs]
    best = min(tardiness(p, d, order) for order in permutations(range(len(p))))
    value, sequence = optimal_sequence(p, d)
    assert value == best
    assert sorted(sequence) == list(range(len(p)))
    assert tardiness(p, d, sequence) == best


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9)), min_size=6, max_size=7))
@settings(max_examples=60, deadline=None)
def test_equal_lengths_and_due_dates_are_no_trouble(pairs: list[tuple[int, int]]) -> None:
    p, d = [a for a, _ in pairs], [b for _, b in pairs]
    assert optimal_tardiness(p, d) == min(tardiness(p, d, order) for order in permutations(range(len(p))))


@pytest.mark.parametrize(
    ("p", "d", "value"),
    [
        ([5], [9], 0),
        ([5], [3], 2),
        ([3, 2], [2, 2], 3),  # the short one first: 0 + 3
        ([121, 79, 147, 83, 130, 102, 96, 88], [260, 266, 269, 336, 337, 400, 683, 719], 755),  # Baker, eight jobs
        ([10, 11, 10, 10, 11, 10], [15, 11, 13, 11, 12, 11], 141),  # the six-job example of arXiv:2510.24013
    ],
)
def test_known_optima(p: list[int], d: list[int], value: int) -> None:
    assert optimal_tardiness(p, d) == value


def test_no_jobs_and_a_long_chain() -> None:
    assert optimal_tardiness([], []) == 0
    assert optimal_tardiness([1] * 300, list(range(1, 301))) == 0
