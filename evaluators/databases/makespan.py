"""When transactions run in a given order, and how early the last one can end in any order.

Transactions are appended one after the other. Each takes as many consecutive slots as it has operations, and starts in
the earliest slot, 1 or later, at which every operation of it respects those of the transactions before it: a read comes
after the last write of its key, a write after the last read or write (Cheng et al., Towards Optimal Transaction
Scheduling, PVLDB 17, 2024, section 3, with keys locked for a slot). Operations of the same transaction do not hold each
other up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evaluators.databases.workloads import Transaction, Workload
from evaluators.machines.one_machine import preemptive_makespan

NONE = -1_000_000  # the separation of transactions without a conflict: it never binds

Matrix = NDArray[np.int64]


class Uses(NamedTuple):
    """Where a transaction uses a key: slots of its first and last access and write, 0 where it does not write."""

    first: int
    last: int
    first_write: int
    last_write: int
    first_read: int


def uses(transaction: Transaction) -> dict[int, Uses]:
    """The uses of every key of a transaction."""
    found: dict[int, Uses] = {}
    for slot, operation in enumerate(transaction, start=1):
        if operation == 0:
            continue
        key, written = abs(operation), operation < 0
        one = found.get(key, Uses(slot, slot, 0, 0, 0))
        found[key] = Uses(
            one.first,
            slot,
            one.first_write or (slot if written else 0),
            slot if written else one.last_write,
            one.first_read or (0 if written else slot),
        )
    return found


def separations(transactions: Sequence[Transaction]) -> Matrix:
    """`result[i, j]`: by how many slots j must start after i, if i comes before j; NONE where they do not conflict.

    It may be negative: then j may start before i, as long as its operations come later.
    """
    n = len(transactions)
    users: dict[int, list[tuple[int, Uses]]] = {}
    for i, transaction in enumerate(transactions):
        for key, use in uses(transaction).items():
            users.setdefault(key, []).append((i, use))
    result = np.full((n, n), NONE)
    for found in users.values():
        for i, before in found:
            for j, after in found:
                if i == j:
                    continue
                if before.last_write and after.first_read:
                    result[i, j] = max(result[i, j], before.last_write - after.first_read + 1)
                if after.first_write:
                    result[i, j] = max(result[i, j], before.last - after.first_write + 1)
    return result


def starts(separation: Matrix, order: Sequence[int]) -> Iterator[int]:
    """The first slot of each transaction, in the given order."""
    earliest = np.ones(len(separation), dtype=np.int64)
    for i in order:
        start = int(earliest[i])
        yield start
        np.maximum(earliest, start + separation[i], out=earliest)


def makespan_bound(workload: Workload) -> int:
    """A proven lower bound of the makespan: the longest transaction, and every key taken alone.

    Between transactions that write a key, the spans from first access to last write are disjoint. So are spans from
    first to last write, and the slots of pure readers lie outside them. Either is one machine with heads and tails.
    """
    users: dict[int, list[tuple[int, Uses]]] = {}
    for transaction in workload.transactions:
        for key, use in uses(transaction).items():
            users.setdefault(key, []).append((len(transaction), use))
    return max(max(map(len, workload.transactions)), *(_key_bound(found) for found in users.values()), 0)


def _key_bound(users: Sequence[tuple[int, Uses]]) -> int:
    writers = [(length, use) for length, use in users if use.last_write]
    readers = [(length, use) for length, use in users if not use.last_write]
    if not writers:
        return 0
    tails = [length - use.last_write for length, use in writers]
    heads = [use.first - 1 for _, use in writers]
    spans = [use.last_write - use.first + 1 for _, use in writers]
    bound = preemptive_makespan(heads, spans, tails)
    if readers:  # one of them, say, whose read comes as early as any and is followed by as little as any
        heads = [use.first_write - 1 for _, use in writers] + [min(use.first for _, use in readers) - 1]
        spans = [use.last_write - use.first_write + 1 for _, use in writers] + [1]
        tails += [min(length - use.last for length, use in readers)]
        bound = max(bound, preemptive_makespan(heads, spans, tails))
    return bound
