"""Synthetic availability of spot machines in single zones, and the published recipe that cuts runs out of them.

The AWS ping logs of October and November 2022 behind the published figures are not redistributable, so zones are drawn
here: as many samples, the same mean availability, and spells whose number and tails were fitted to the published mean
costs of three policies (see the problem's README).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

SAMPLES = 1781  # of 600 s: 12.4 days
WINDOW = 554  # samples of a slice: 92.3 hours
TICK = 600


def zone(key: str, availability: float, cycles: int, sigma: float, samples: int = SAMPLES) -> list[bool]:
    """Whether spot machines are available, by sample: `cycles` spells of each kind in turn, which kind first by a coin.

    The lengths of a kind's spells are log-normal with shape sigma, scaled so that exactly `availability` of all
    samples are up; no spell is shorter than one sample.
    """
    rng = random.Random(key)
    ups = round(availability * samples)
    cycles = min(cycles, ups, samples - ups)
    lengths = {up: _spells(rng, total, cycles, sigma) for up, total in ((True, ups), (False, samples - ups))}
    first = rng.random() < 0.5
    made: list[bool] = []
    for one, other in zip(lengths[first], lengths[not first], strict=True):
        made += [first] * one + [not first] * other
    return made


def _spells(rng: random.Random, total: int, count: int, sigma: float) -> list[int]:
    """`count` lengths of at least 1 that add up to `total`."""
    weights = list(accumulate(rng.lognormvariate(0.0, sigma) for _ in range(count)))
    ends = [round((total - count) * weight / weights[-1]) for weight in weights]
    return [1 + end - start for start, end in zip([0, *ends], ends, strict=False)]


def start_of_slice(number: int) -> int:
    """First sample of slice `number`: numpy's legacy generator with that seed, as the published traces were cut."""
    return int(np.random.RandomState(number).randint(0, SAMPLES - WINDOW))


def slice_of(samples: Sequence[bool], number: int) -> list[bool]:
    """Slice `number` of a zone."""
    start = start_of_slice(number)
    return list(samples[start : start + WINDOW])
