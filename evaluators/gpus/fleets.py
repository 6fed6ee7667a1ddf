"""Language models to be placed on GPUs: what an instance is, the published ones, and two generators of larger ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MEMORY = 80  # GB of a GPU
UNIT = 2520  # loads are counted in 1 / UNIT requests per second and second: every whole slo up to 10 divides it


@dataclass(frozen=True)
class Fleet:
    """`gpus` equal GPUs of `memory` GB, and models: size in GB, rate in requests/s, slo in s, all of them integers.

    size[j] < memory; 1 <= slo[j] <= 10.
    """

    gpus: int
    memory: int
    size: Sequence[int]
    rate: Sequence[int]
    slo: Sequence[int]

    @property
    def load(self) -> list[int]:
        """rate / slo of every model, exactly, in 1 / UNIT."""
        return [rate * UNIT // slo for rate, slo in zip(self.rate, self.slo, strict=True)]


def published() -> list[Fleet]:
    """The 50 cases of the leaderboard of arXiv:2510.06189, from numpy's legacy generator with seed 42.

    5 to 9 GPUs of 80 GB, two models a GPU; sizes 10 to 29, rates 1 to 9, slo 5 to 9, drawn model by model.
    """
    rng = np.random.RandomState(42)
    fleets = []
    for _ in range(50):
        gpus = int(rng.randint(5, 10))
        models = [(rng.randint(10, 30), rng.randint(1, 10), rng.randint(5, 10)) for _ in range(2 * gpus)]
        size, rate, slo = ([int(value) for value in column] for column in zip(*models, strict=True))
        fleets.append(Fleet(gpus, MEMORY, size, rate, slo))
    return fleets


def generate(
    name: str, gpus: Sequence[int], per_gpu: Sequence[int], fill: Sequence[float], sizes: str = "lognormal"
) -> Fleet:
    """A fleet; each pair is a least and a largest value, drawn uniformly. `name` seeds it.

    per_gpu: models a GPU; fill: share of all memory that the models take, roughly. sizes: "lognormal" (sigma 0.6), or
    "bimodal", where one model in six is five times as large as the others (each +-20 %). Rates are lognormal (median
    12, sigma 0.9, 1 to 200), slo is 5 to 9. Drawn again until largest-first placement fits, both on the first GPU with
    room and on the emptiest.
    """
    rng = random.Random(name)
    while True:
        count = rng.randint(*gpus)
        n = round(count * rng.uniform(*per_gpu))
        if sizes == "lognormal":
            raw = [rng.lognormvariate(0.0, 0.6) for _ in range(n)]
        elif sizes == "bimodal":
            raw = [rng.uniform(0.8, 1.2) * (5.0 if rng.random() < 1 / 6 else 1.0) for _ in range(n)]
        else:
            raise ValueError(f"sizes are 'lognormal' or 'bimodal', not {sizes!r}")
        scale = rng.uniform(*fill) * count * MEMORY / sum(raw)
        size = [min(max(1, round(value * scale)), MEMORY // 2) for value in raw]
        rate = [min(max(1, round(12 * rng.lognormvariate(0.0, 0.9))), 200) for _ in range(n)]
        fleet = Fleet(count, MEMORY, size, rate, [rng.randint(5, 9) for _ in range(n)])
        if _fits(fleet, emptiest=False) and _fits(fleet, emptiest=True):
            return fleet


def _fits(fleet: Fleet, emptiest: bool) -> bool:
    """Whether the models, largest first, all find room, with at least 1 GB to spare on every GPU."""
    used = [0] * fleet.gpus
    for size in sorted(fleet.size, reverse=True):
        room = [g for g in range(fleet.gpus) if used[g] + size < fleet.memory]
        if not room:
            return False
        used[min(room, key=used.__getitem__) if emptiest else room[0]] += size
    return True
