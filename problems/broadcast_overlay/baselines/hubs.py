"""Takahashi and Matsuyama's tree by price, with relays added one by one while that makes it cheaper."""

import numpy as np


def solve(instance):
    weight, source, destinations = instance["price"], instance["source"], instance["destinations"]
    distance, following = all_paths(weight)
    parent = grow(distance, following, source, destinations)
    best = cost(weight, parent, source, destinations)
    hubs = []
    improved = True
    while improved:
        improved = False
        for hub in range(len(weight)):
            if hub == source or hub in destinations or hub in hubs:
                continue
            other = grow(distance, following, source, [*hubs, hub, *destinations])
            value = cost(weight, other, source, destinations)
            if value < best - 1e-9:
                best, parent, better, improved = value, other, hub, True
        if improved:
            hubs.append(better)
    return [parent] * instance["partitions"]


def cost(weight, parent, source, destinations):
    """Price per GB of the edges on the ways from the source to the destinations."""
    used = set()
    for region in destinations:
        while region != source and region not in used:
            used.add(region)
            region = parent[region]
    return sum(float(weight[parent[region], region]) for region in used)


def all_paths(weight):
    """Lengths of all cheapest paths, and the first step of each (Floyd and Warshall)."""
    n = len(weight)
    distance = weight.copy()
    np.fill_diagonal(distance, 0.0)
    following = np.tile(np.arange(n), (n, 1))
    for middle in range(n):
        through = distance[:, middle, None] + distance[None, middle]
        better = through < distance
        distance = np.where(better, through, distance)
        following = np.where(better, following[:, middle, None], following)
    return distance, following


def grow(distance, following, source, destinations):
    """What is first in the list joins first where distances are equal."""
    parent = [-1] * len(distance)
    waiting = list(destinations)
    reach = distance[source].copy()
    near = np.full(len(distance), source)
    while waiting:
        goal = waiting[int(reach[waiting].argmin())]
        region = int(near[goal])
        while region != goal:
            step = int(following[region, goal])
            if parent[step] < 0 and step != source:
                parent[step] = region
                closer = distance[step] < reach
                reach[closer] = distance[step][closer]
                near[closer] = step
            region = step
        waiting = [one for one in waiting if parent[one] < 0]
    return parent
