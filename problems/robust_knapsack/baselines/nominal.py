"""The optimal knapsack if nothing is degraded, by dynamic programming."""

import numpy as np


def solve(instance):
    C, pbar, c = instance["C"], instance["pbar"], instance["c"]
    best = np.zeros(C + 1)
    took = np.zeros((len(c), C + 1), dtype=bool)
    for i, (profit, weight) in enumerate(zip(pbar, c, strict=True)):
        if weight <= C:
            made = best[: C + 1 - weight] + profit
            took[i, weight:] = made > best[weight:]
            best = np.concatenate([best[:weight], np.maximum(best[weight:], made)])
    x, at = [0] * len(c), C
    for i in reversed(range(len(c))):
        if took[i, at]:
            x[i] = 1
            at -= c[i]
    return x
