"""Synthetic spot markets of several regions: availability and prices that move together.

The availability and price logs of February to April 2023 behind the published figures are not redistributable. Here a
region's capacity is smooth mean-reverting noise, part of it common to all regions; there are spot machines while it is
above a threshold, and prices fall, at times of their own, when it is high.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import exp, sqrt
from typing import Any

import numpy as np

from evaluators.clouds.spot_run import Market

SAMPLES = 1107  # of 195 s: 60 hours, as in the published traces
TICK = 195
MEMORY, SMOOTHING = 5.0, 0.25  # hours: what drives capacity has the first memory, capacity follows it with the second
PRICES = (0.918, 1.75)  # $/h, the published range of first prices
HOURS_BETWEEN_PRICES = 4.0

Series = np.ndarray[Any, np.dtype[np.float64]]


def market(key: str, availability: Sequence[float], correlation: float, samples: int = SAMPLES) -> Market:
    """Region r has spot machines in exactly a share of `availability[r]` of all samples (rounded).

    correlation: the share of the variance of a region's capacity that all regions have in common.
    """
    common = _capacity(f"{key}|common", samples)
    up, price = [], []
    for region, share in enumerate(availability):
        own = _capacity(f"{key}|region {region}", samples)
        capacity = sqrt(correlation) * common + sqrt(1 - correlation) * own
        best = np.argsort(-capacity, kind="stable")[: round(share * samples)]
        available = np.zeros(samples, dtype=bool)
        available[best] = True
        up.append(available.tolist())
        price.append(_prices(f"{key}|price {region}", capacity))
    return Market(up, price)


def _capacity(key: str, samples: int) -> Series:
    """Ornstein-Uhlenbeck noise, low-pass filtered: of variance 1, without the flicker of unfiltered noise."""
    rng = random.Random(key)
    kept, followed = exp(-TICK / 3600 / MEMORY), 1 - exp(-TICK / 3600 / SMOOTHING)
    driver = capacity = rng.gauss(0, 1)
    values = []
    for _ in range(samples):
        values.append(capacity)
        driver = kept * driver + sqrt(1 - kept * kept) * rng.gauss(0, 1)
        capacity += followed * (driver - capacity)
    return np.array(values) * sqrt((MEMORY + SMOOTHING) / MEMORY)


def _prices(key: str, capacity: Series) -> list[float]:
    """A step function: a new price every four hours on average, lower where capacity is high, in $/h to four digits."""
    rng = random.Random(key)
    usual = rng.uniform(*PRICES)
    prices: list[float] = []
    for value in capacity:
        if not prices or rng.random() < TICK / 3600 / HOURS_BETWEEN_PRICES:
            now = round(usual * exp(rng.gauss(0, 0.08) - 0.08 * float(value)), 4)
        prices.append(now)
    return prices
