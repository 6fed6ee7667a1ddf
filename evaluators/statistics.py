"""Intervals and tests on common instances. Everything is deterministic: resampling is seeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000


def bootstrap_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean over instances."""
    data = np.asarray(values, dtype=float)
    if len(data) < 2 or np.ptp(data) == 0:
        mean = float(data.mean())
        return mean, mean
    draws = np.random.default_rng(0).integers(0, len(data), (RESAMPLES, len(data)))
    low, high = np.quantile(data[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class PairedTest:
    """a against b on common instances. `difference` is mean(a - b): negative when a is better; wins and losses count
    the instances on which a is better and worse; p is two-sided."""

    difference: float
    interval: tuple[float, float]
    wins: int
    losses: int
    p_value: float


def paired_test(a: Sequence[float], b: Sequence[float]) -> PairedTest:
    """Sign-flip permutation test of the mean difference, with a bootstrap interval."""
    if len(a) != len(b):
        raise ValueError(f"a paired test needs common instances: {len(a)} against {len(b)}")
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    observed = abs(difference.mean())
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (RESAMPLES, len(difference)))
    extreme = int((np.abs(signs @ difference) / len(difference) >= observed - 1e-12).sum())
    return PairedTest(
        float(difference.mean()),
        bootstrap_interval(difference.tolist()),
        int((difference < 0).sum()),
        int((difference > 0).sum()),
        (extreme + 1) / (RESAMPLES + 1),
    )
