"""Local search: 1,000 random insertions from the earliest-end order, kept unless they make the makespan longer."""

import random

import numpy as np

STEPS = 1000
NONE = -(10**6)


def solve(instance):
    transactions = instance["transactions"]
    n = len(transactions)
    length = np.array([len(t) for t in transactions])
    separation = separations(transactions)
    rng = random.Random(1)
    order = earliest_end(length, separation)
    cost = evaluate(order, length, separation)
    for _ in range(STEPS):
        changed = order[:]
        changed.insert(rng.randrange(n), changed.pop(rng.randrange(n)))
        new = evaluate(changed, length, separation)
        if new <= cost:
            order, cost = changed, new
    return order


def separations(transactions):
    """By how many slots transaction j must start after i, if i comes before it."""
    n = len(transactions)
    result = np.full((n, n), NONE)
    keys = {}
    for i, transaction in enumerate(transactions):
        for slot, operation in enumerate(transaction):
            if operation:
                keys.setdefault(abs(operation), []).append((i, slot, operation < 0))
    for used in keys.values():
        for i, first, written in used:
            for j, second, writes in used:
                if i != j and (written or writes):
                    result[i, j] = max(result[i, j], first - second + 1)
    return result


def earliest_end(length, separation):
    n = len(length)
    earliest = np.ones(n)
    left = np.zeros(n)
    order = []
    for _ in range(n):
        i = int((earliest + length + left).argmin())
        order.append(i)
        left[i] = np.inf
        earliest = np.maximum(earliest, earliest[i] + separation[i])
    return order


def evaluate(order, length, separation):
    """Makespan, and a little of the sum of ends."""
    earliest = np.ones(len(length))
    makespan = total = 0
    for i in order:
        start = earliest[i]
        end = start + length[i] - 1
        makespan = max(makespan, end)
        total += end
        np.maximum(earliest, start + separation[i], out=earliest)
    return makespan + 0.2 * total / len(order)
