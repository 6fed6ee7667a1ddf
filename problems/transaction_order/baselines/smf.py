"""SMF, shortest makespan first: the cheapest of ten random transactions next (Cheng et al., PVLDB 17, 2024)."""

import random

SAMPLE = 10


def solve(instance):
    transactions = instance["transactions"]
    rng = random.Random(42)
    remaining = list(range(len(transactions)))
    chosen = rng.choice(remaining)
    order = []
    last_write, last_access = {}, {}
    makespan = 0
    while True:
        remaining.remove(chosen)
        order.append(chosen)
        makespan = append(transactions[chosen], last_write, last_access, makespan)
        if not remaining:
            return order
        sample = rng.sample(remaining, min(SAMPLE, len(remaining)))
        chosen = min(sample, key=lambda i: max(makespan, end(transactions[i], last_write, last_access)))


def start(transaction, last_write, last_access):
    """The first slot in which a transaction may start: reads wait for writes, writes for any access."""
    earliest = 1
    for slot, operation in enumerate(transaction):
        if operation > 0:
            earliest = max(earliest, last_write.get(operation, 0) + 1 - slot)
        elif operation < 0:
            earliest = max(earliest, last_access.get(-operation, 0) + 1 - slot)
    return earliest


def end(transaction, last_write, last_access):
    return start(transaction, last_write, last_access) + len(transaction) - 1


def append(transaction, last_write, last_access, makespan):
    """Run a transaction: note when its keys are used, and return the makespan."""
    first = start(transaction, last_write, last_access)
    for slot, operation in enumerate(transaction, start=first):
        if operation != 0:
            key = abs(operation)
            last_access[key] = max(last_access.get(key, 0), slot)
            if operation < 0:
                last_write[key] = max(last_write.get(key, 0), slot)
    return max(makespan, first + len(transaction) - 1)
