"""The cheapest path by price to each destination (Dijkstra): the human rule that published searches start from."""

import numpy as np


def solve(instance):
    weight, source = instance["price"], instance["source"]
    n = len(weight)
    cost = np.full(n, np.inf)
    cost[source] = 0.0
    parent = np.full(n, -1)
    waiting = np.ones(n, dtype=bool)
    for _ in range(n):
        region = int(np.argmin(np.where(waiting, cost, np.inf)))
        waiting[region] = False
        offer = cost[region] + weight[region]
        better = waiting & (offer < cost)
        cost[better] = offer[better]
        parent[better] = region
    return [parent.tolist()] * instance["partitions"]
