"""The optimal knapsack if every item is degraded in full (Soyster, Operations Research 21, 1973)."""

import numpy as np


def solve(instance):
    C, c, t = instance["C"], instance["c"], instance["t"]
    best = np.zeros(C + 1)
    size = np.zeros((len(c), C + 1), dtype=int)
    for i in range(len(c)):
        after = best.copy()
        profit, lost = instance["pbar"][i], instance["phat"][i]
        for weight, value in ((c[i], profit - lost), (c[i] + t[i], profit)):
            if weight <= C:
                made = best[: C + 1 - weight] + value
                better = made > after[weight:]
                after[weight:][better] = made[better]
                size[i, weight:][better] = weight
        best = after
    x, at = [0] * len(c), C
    for i in reversed(range(len(c))):
        if size[i, at]:
            x[i] = 1
            at -= size[i, at]
    return x
