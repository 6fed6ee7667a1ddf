"""Good orders of transactions by simulated annealing: what the references are made of."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from evaluators.databases.makespan import Matrix

CHAINS = 12
STEPS = 5000
HOT, COLD = 0.6, 0.08  # first and last temperature, in slots
EARLY = 0.2  # weight of the transactions' mean end, which tells orders of the same makespan apart
RESTART = 500  # steps after which the worse half of the chains goes on from copies of the better half

Small = NDArray[np.int16]  # a quarter of the memory, twice the speed; slots and separations stay below 32,768


def anneal(name: str, lengths: Matrix, separation: Matrix, steps: int = STEPS) -> tuple[int, list[int]]:
    """The least makespan met, and its order. `name` seeds it: the same again gives the same.

    `CHAINS` chains start from greedy orders with random ties and make `steps` moves each: a transaction, or a block of
    up to five, is taken out and put back elsewhere, or two are swapped. Temperatures fall geometrically.
    """
    rng = np.random.default_rng(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big"))
    n = len(lengths)
    size, apart = lengths.astype(np.int16), np.maximum(separation, -10_000).astype(np.int16)
    if int(lengths.sum()) > 20_000:
        raise ValueError(f"{name}: {lengths.sum()} operations are more than 16 bits hold")
    orders = np.array([_greedy(lengths, separation, rng) for _ in range(CHAINS)])
    energy, spans = _energy(orders, size, apart)
    best = int(spans.argmin())
    found, order = int(spans[best]), orders[best].copy()
    for step in range(steps if n > 1 else 0):
        temperature = HOT * (COLD / HOT) ** (step / steps)
        moved = _moved(orders, rng)
        new, spans = _energy(moved, size, apart)
        accept = rng.random(CHAINS) < np.exp(np.minimum(0.0, (energy - new) / temperature))
        orders[accept], energy[accept] = moved[accept], new[accept]
        best = int(spans.argmin())
        if spans[best] < found:
            found, order = int(spans[best]), moved[best].copy()
        if step % RESTART == RESTART - 1:
            ranked = energy.argsort(kind="stable")
            half = CHAINS // 2
            orders[ranked[half:]], energy[ranked[half:]] = orders[ranked[:half]], energy[ranked[:half]]
    return found, order.tolist()


def _greedy(lengths: Matrix, separation: Matrix, rng: np.random.Generator) -> list[int]:
    """The earliest end first, ties at random."""
    n = len(lengths)
    earliest = np.ones(n)
    left = np.ones(n, dtype=bool)
    order = []
    for _ in range(n):
        i = int(np.where(left, earliest + lengths + rng.random(n), np.inf).argmin())
        order.append(i)
        left[i] = False
        earliest = np.maximum(earliest, earliest[i] + separation[i])
    return order


def _moved(orders: Matrix, rng: np.random.Generator) -> Matrix:
    """A neighbour of each row: positions get new sort keys."""
    chains, n = len(orders), orders.shape[1]
    keys = np.tile(np.arange(n, dtype=float), (chains, 1))
    a, b = rng.integers(0, n, chains), rng.integers(0, n, chains)
    kind = rng.random(chains)
    size: Matrix = np.where(kind < 0.5, 1, rng.integers(2, 6, chains))
    swap: NDArray[np.bool_] = kind >= 0.75
    offset = keys - a[:, np.newaxis]
    block = (offset >= 0) & (offset < size[:, np.newaxis]) & ~swap[:, np.newaxis]
    gap: NDArray[np.float64] = np.where(b > a, b + 0.5, b - 0.5)
    keys = np.where(block, gap[:, np.newaxis] + offset / (2 * n), keys)
    rows = np.flatnonzero(swap)
    keys[rows, a[rows]], keys[rows, b[rows]] = b[rows], a[rows]
    return np.take_along_axis(orders, keys.argsort(axis=1, kind="stable"), axis=1)


def _energy(orders: Matrix, lengths: Small, separation: Small) -> tuple[NDArray[np.float64], Small]:
    """Makespan plus a little of the mean end, and the makespan alone, of every row."""
    chains, n = len(orders), orders.shape[1]
    first = np.arange(chains) * n
    earliest = np.ones((chains, n), dtype=np.int16)
    flat = earliest.ravel()
    spans = np.zeros(chains, dtype=np.int16)
    total = np.zeros(chains, dtype=np.int64)
    for column in np.ascontiguousarray(orders.T):
        start = flat[first + column]
        end = start + lengths[column] - np.int16(1)
        np.maximum(spans, end, out=spans)
        total += end
        after = separation[column]
        after += start[:, None]
        np.maximum(earliest, after, out=earliest)
    return spans + EARLY * total / n, spans
