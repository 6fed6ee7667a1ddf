"""Cheapest paths from the source by price, with a little for time: the next partition avoids edges in use."""

import numpy as np


def solve(instance):
    price, gbps = instance["price"], instance["throughput"]
    source, size = instance["source"], instance["partition_gb"]
    n = len(price)
    hurry = instance["delay_price"] + instance["vm_price"] * n
    relay = np.ones(n)
    relay[instance["destinations"]] = 0.0
    sent = np.zeros((n, n))
    plan = []
    for _ in range(instance["partitions"]):
        dollars = size * price
        seconds = 8.0 * size * (sent + 1.0) / np.maximum(gbps, 0.001)
        weight = dollars + 0.02 * hurry * seconds + 0.5 * relay
        parent = grow(weight, source, 1.0)
        for region in instance["destinations"]:
            sent[parent[region], region] += 1.0
        plan.append(parent)
    return plan


def grow(weight, source, share):
    """A tree of all regions. share = 1: cheapest paths (Dijkstra); share = 0: cheapest edges (Prim)."""
    n = len(weight)
    key = np.full(n, np.inf)
    key[source] = 0.0
    parent = np.full(n, -1)
    waiting = np.ones(n, dtype=bool)
    for _ in range(n):
        region = int(np.argmin(np.where(waiting, key, np.inf)))
        waiting[region] = False
        offer = share * key[region] + weight[region]
        better = waiting & (offer < key)
        key[better] = offer[better]
        parent[better] = region
    return parent.tolist()
