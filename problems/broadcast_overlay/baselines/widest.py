"""The path of the largest throughput to each destination, whatever it costs (widest paths)."""

import numpy as np


def solve(instance):
    gbps, source = instance["throughput"], instance["source"]
    n = len(gbps)
    width = np.zeros(n)
    width[source] = np.inf
    parent = np.full(n, -1)
    waiting = np.ones(n, dtype=bool)
    for _ in range(n):
        region = int(np.argmax(np.where(waiting, width, -1.0)))
        waiting[region] = False
        offer = np.minimum(width[region], gbps[region])
        better = waiting & (offer > width)
        width[better] = offer[better]
        parent[better] = region
    return [parent.tolist()] * instance["partitions"]
