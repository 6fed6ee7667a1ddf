"""Instances of the two-stage robust knapsack problem (Arslan and Detienne, INFORMS Journal on Computing 34, 2022)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from evaluators.protocol import Instance

Array = np.ndarray[Any, np.dtype[Any]]

R = 1000  # the largest weight, and the scale of profits
CLASSES = ("UN", "WC", "ASC", "SC")  # uncorrelated; weakly, almost strongly and strongly correlated


@dataclass(frozen=True)
class Items:
    """n items, integer arrays of length n; capacity C >= 0; budget Gamma of the adversary, in whole degradations.

    profit: pbar, of an item that is produced and not degraded; degradation: phat, what it loses at most; weight: c;
    repair: t, the capacity it takes to undo a degradation; penalty: f > pbar, what it costs to buy the item elsewhere.
    """

    profit: Array
    degradation: Array
    weight: Array
    repair: Array
    penalty: Array
    capacity: int
    budget: float

    @property
    def n(self) -> int:
        return len(self.profit)


def make(
    split: str, n: Sequence[int], h: Sequence[int], dev: Sequence[float], d: Sequence[float], per_class: int
) -> list[Instance]:
    """`per_class` instances for each combination of class, size n, capacity h, budget dev and spread d."""
    made = []
    for size, kind, height, share, spread, k in product(n, CLASSES, h, dev, d, range(per_class)):
        key = f"robust_knapsack|{split}|{kind}|{size}|{height}|{share}|{spread}|{k}"
        items = generate(key, kind, size, height, share, spread)
        made.append(Instance(key, f"{kind} n={size} h={height} dev={share} d={spread}", items))
    return made


def generate(key: str, kind: str, n: int, h: float, dev: float, d: float) -> Items:
    """The published generator with R = 1000 and H = 100, rounded to integers; `key` seeds it.

    c ~ U(1, R), C = h / 101 sum c, phat ~ pbar U((1 - d) / 2, (1 + d) / 2), f ~ pbar U(1.1, 1.5), Gamma = dev n, and by
    class: pbar ~ U(1, R), c + U(-R/20, R/20), c + R/10 + U(-R/1000, R/1000), c + R/10; t ~ U(1, c),
    phat / 2 + U(-R/40, R/40), phat / 2 + c/10 + U(-R/1000, R/1000), phat / 2 + c/10.
    """
    if kind not in CLASSES:
        raise ValueError(f"classes are {', '.join(CLASSES)}, not {kind!r}")
    rng = random.Random(key)
    # what pbar and t add to a share of the weight and of the degradation, and how far they spread around it
    plus, spread, plus_repair, spread_repair = {
        "UN": (0.0, 0.0, 0.0, 0.0),
        "WC": (0.0, R / 20, 0.0, R / 40),
        "ASC": (R / 10, R / 1000, 0.1, R / 1000),
        "SC": (R / 10, 0.0, 0.1, 0.0),
    }[kind]

    def around(centre: float, spread: float) -> float:
        return centre + rng.uniform(-spread, spread) if spread else centre

    rows = []
    for _ in range(n):
        c = rng.randint(1, R)
        pbar = max(1, round(rng.uniform(1, R) if kind == "UN" else around(c + plus, spread)))
        phat = pbar * rng.uniform((1 - d) / 2, (1 + d) / 2)
        t = rng.uniform(1, c) if kind == "UN" else around(phat / 2 + plus_repair * c, spread_repair)
        f = pbar * rng.uniform(1.1, 1.5)
        rows.append((pbar, round(phat), c, max(1, round(t)), max(pbar + 1, round(f))))
    profit, degradation, weight, repair, penalty = (np.array(column) for column in zip(*rows, strict=True))
    return Items(profit, degradation, weight, repair, penalty, int(h * int(weight.sum()) / 101), dev * n)
