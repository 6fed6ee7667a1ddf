"""Intervals and tests: deterministic, and right where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.statistics import bootstrap_interval, paired_test


def test_the_interval_holds_the_mean_and_narrows_with_more_data() -> None:
    data = np.random.default_rng(1).normal(5, 1, 400).tolist()
    low, high = bootstrap_interval(data)
    assert low < float(np.mean(data)) < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.2)
    assert bootstrap_interval(data) == (low, high)
    assert bootstrap_interval([3.0]) == bootstrap_interval([3.0, 3.0]) == (3.0, 3.0)


def test_paired_test_sees_a_difference_and_only_a_difference() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(10, 5, 60)
    better = paired_test((base - 1 + rng.normal(0, 0.5, 60)).tolist(), base.tolist())
    assert better.difference == pytest.approx(-1, abs=0.3)
    assert better.p_value < 0.001
    assert better.interval[1] < 0
    assert better.wins > 50
    assert paired_test(base.tolist(), base.tolist()).p_value == 1
    noise = paired_test((base + rng.normal(0, 1, 60)).tolist(), base.tolist())
    assert noise.p_value > 0.05


def test_common_instances_are_needed() -> None:
    with pytest.raises(ValueError, match="3 against 2"):
        paired_test([1, 2, 3], [1, 2])
