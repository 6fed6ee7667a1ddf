"""One tree by price: the destination nearest to the tree joins it next (Takahashi and Matsuyama 1980)."""

import numpy as np


def solve(instance):
    distance, following = all_paths(instance["price"])
    parent = grow(distance, following, instance["source"], instance["destinations"])
    return [parent] * instance["partitions"]


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
    parent = [-1] * len(distance)
    tree, waiting = [source], list(destinations)
    while waiting:
        reach = distance[np.ix_(tree, waiting)]
        place = int(reach.argmin())
        region = tree[place // len(waiting)]
        goal = waiting[place % len(waiting)]
        while region != goal:
            step = int(following[region, goal])
            if step not in tree:
                parent[step] = region
                tree.append(step)
            region = step
        waiting = [one for one in waiting if one not in tree]
    return parent
