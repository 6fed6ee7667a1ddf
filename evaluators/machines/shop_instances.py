"""The job shops of each split, and what is published about the published ones."""

from __future__ import annotations

import random
from collections.abc import Sequence

from evaluators.machines import taillard
from evaluators.machines.shop import Shop
from evaluators.protocol import Instance, Reference


def make(split: str, generator: str, sizes: Sequence[Sequence[int]]) -> list[Instance]:
    """The instances of a split: [n, m, how many] per size, or all published ones. Raises ValueError."""
    if generator == "taillard published":
        shops = [(name, row.shop()) for name, row in taillard.published().items()]
    elif generator in ("taillard", "two sets"):
        shops = []
        for n, m, count in sizes:
            for k in range(count):
                key = f"jssp|{split}|{generator}|{n}x{m}|{k}"
                shops.append((key, _taillard(key, n, m) if generator == "taillard" else two_sets(key, n, m)))
    else:
        raise ValueError(f"generator is 'taillard', 'two sets' or 'taillard published', not {generator!r}")
    return [Instance(key, f"{shop.n}x{shop.m}", shop) for key, shop in shops]


def _taillard(key: str, n: int, m: int) -> Shop:
    """Taillard's generator, with seeds of our own."""
    seeds = random.Random(key)
    return taillard.generate(n, m, seeds.randrange(1, taillard.MODULUS), seeds.randrange(1, taillard.MODULUS))


def two_sets(key: str, n: int, m: int) -> Shop:
    """Jobs pass the first half of the machines before the second half, each half in random order; times U{1, ..., 200}.

    The harder of the two families of Demirkol, Mehta and Uzsoy, Benchmarks for shop scheduling problems, European
    Journal of Operational Research 109, 1998 (J|2SETS|C_max, dmu41 to dmu80), with seeds of our own.
    """
    rng = random.Random(key)
    p = tuple(tuple(rng.randint(1, 200) for _ in range(m)) for _ in range(n))
    routes = []
    for _ in range(n):
        first, second = list(range(m // 2)), list(range(m // 2, m))
        rng.shuffle(first)
        rng.shuffle(second)
        routes.append((*first, *second))
    return Shop(p, tuple(routes))


def published_reference(key: str) -> Reference | None:
    """The best known makespan of ta01 to ta80, None for other instances; the optimum where the lower bound meets it."""
    if (row := taillard.published().get(key)) is None:
        return None
    value = float(row.upper)
    return Reference(value, "optimal") if row.lower == row.upper else Reference(value, "best known", float(row.lower))
