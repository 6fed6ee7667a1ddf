"""Order greedily by least residual variance, as if noise variances were equal (Chen, Drton and Wang, 2019)."""

import numpy as np


def decide(obs):
    if obs["left"] < 3 * len(obs["order"]):
        return None
    rest = obs["S"].copy()
    left = list(range(len(rest)))
    order = []
    while left:
        node = min(left, key=lambda j: round(rest[j, j], 9))
        order.append(node)
        left.remove(node)
        rest -= np.outer(rest[node], rest[node]) / rest[node, node]
    return order
