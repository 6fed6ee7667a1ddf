"""Batches of transactions: what a transaction is, and three generators of batches.

A transaction is a tuple of operations, one a slot: key k > 0 stands for a read of k, -k for a write, 0 for work that
touches no shared key. The slot of an operation counts from 1.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

Transaction = tuple[int, ...]
KEYS = 500  # distinct keys of a skewed batch


@dataclass(frozen=True)
class Workload:
    """A batch of transactions, all of them waiting at slot 1. Keys are 1 to `keys`."""

    transactions: Sequence[Transaction]
    keys: int


def skewed(name: str, n: int, length: Sequence[int], theta: float, writes: float = 0.5) -> Workload:
    """n transactions of distinct keys, the i-th most popular of 500 drawn in proportion to i ** -theta (Zipf).

    length: the least and the largest number of operations; writes: the probability that an operation is a write. With
    16 operations and theta = 1 it resembles the skewed batch of the transaction scheduling task of arXiv:2510.06189.
    """
    rng = random.Random(name)
    cumulative = list(accumulate(i**-theta for i in range(1, KEYS + 1)))
    transactions = []
    for _ in range(n):
        keys: dict[int, None] = {}
        size = rng.randint(*length)
        while len(keys) < size:
            keys[rng.choices(range(1, KEYS + 1), cum_weights=cumulative)[0]] = None
        transactions.append(tuple(-k if rng.random() < writes else k for k in keys))
    return Workload(transactions, KEYS)


def orders_and_payments(name: str, n: int, warehouses: int = 4, districts: int = 10, filler: int = 18) -> Workload:
    """n / 2 transactions as New-Order of TPC-C and n / 2 as Payment, on random warehouses and districts.

    An order reads its warehouse, reads and writes its district, and goes on for `filler` slots; a payment reads and
    writes both, and takes one slot more. With the defaults it has the make-up of the second batch of the task of
    arXiv:2510.06189, which holds all orders before all payments; here they arrive in random order.
    """
    rng = random.Random(name)
    transactions: list[Transaction] = []
    for i in range(n):
        warehouse = rng.randint(1, warehouses)
        district = warehouses + (warehouse - 1) * districts + rng.randint(1, districts)
        if i < n // 2:
            transactions.append((warehouse, district, -district, *[0] * filler))
        else:
            transactions.append((warehouse, -warehouse, district, -district, 0))
    rng.shuffle(transactions)
    return Workload(transactions, warehouses * (1 + districts))


def crossing(name: str, n: int, side: int = 5, filler: int = 7) -> Workload:
    """n / 2 transactions that read one of `side` keys first and write one of `side` others last, n / 2 the other way.

    `filler` slots lie between. With the defaults it has the make-up of the third batch of the task of arXiv:2510.06189,
    there one kind after the other, here in random order.
    """
    rng = random.Random(name)
    transactions: list[Transaction] = []
    for i in range(n):
        low, high = rng.randint(1, side), side + rng.randint(1, side)
        read, written = (low, high) if i < n // 2 else (high, low)
        transactions.append((read, *[0] * filler, -written))
    rng.shuffle(transactions)
    return Workload(transactions, 2 * side)
