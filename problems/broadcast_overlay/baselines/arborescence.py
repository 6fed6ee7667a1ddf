"""The cheapest directed tree over source and destinations alone (Chu and Liu 1965, Edmonds 1967); no relays."""

import numpy as np


def solve(instance):
    places = [instance["source"], *instance["destinations"]]
    cost = instance["price"][np.ix_(places, places)]
    np.fill_diagonal(cost, np.inf)
    parent = [-1] * len(instance["price"])
    for child, above in enumerate(cheapest(cost)):
        if child:
            parent[places[child]] = places[above]
    return [parent] * instance["partitions"]


def cheapest(cost):
    """Parents in the cheapest tree that is rooted at node 0."""
    n = len(cost)
    above = cost.argmin(axis=0)
    above[0] = 0
    circle = find_circle(above)
    if not circle:
        return above.tolist()
    outside = [v for v in range(n) if v not in circle]
    small = np.full((len(outside) + 1, len(outside) + 1), np.inf)
    small[:-1, :-1] = cost[np.ix_(outside, outside)]
    extra = cost[np.ix_(outside, circle)] - cost[above[circle], circle]
    small[:-1, -1] = extra.min(axis=1)
    small[-1, :-1] = cost[np.ix_(circle, outside)].min(axis=0)
    entry = [circle[k] for k in extra.argmin(axis=1)]
    leave = [circle[k] for k in cost[np.ix_(circle, outside)].argmin(axis=0)]
    made = cheapest(small)
    for k in range(1, len(outside)):
        above[outside[k]] = leave[k] if made[k] == len(outside) else outside[made[k]]
    above[entry[made[-1]]] = outside[made[-1]]
    return above.tolist()


def find_circle(above):
    """Nodes of a circle among the parents, if there is one."""
    for start in range(1, len(above)):
        way = []
        node = start
        while node != 0 and node not in way:
            way.append(node)
            node = int(above[node])
        if node != 0:
            return way[way.index(node) :]
    return []
