"""Starts from the greedy set and asks for neighbours (a road more, less or exchanged) in order of benefit per cost."""

import numpy as np


def decide(obs):
    cost, tried = obs["road_cost"], obs["tried"]
    score = benefit(obs) / cost
    if not tried:
        return {"evaluate": fill([], score, cost, obs["budget"])}
    best = set(tried[int(np.argmin(obs["totals"]))])
    known = {tuple(sorted(one)) for one in tried}
    if obs["calls_left"]:
        order = np.argsort(-score).tolist()
        for add in [None, *[road for road in order if road not in best]]:
            for drop in [None, *[road for road in reversed(order) if road in best]]:
                new = (best | {add}) - {drop, None}
                if tuple(sorted(new)) not in known and cost[list(new)].sum() <= obs["budget"] and new:
                    return {"evaluate": sorted(new)}
    return {"build": sorted(best)}


def fill(chosen, score, cost, budget):
    """Roads by score, as long as the budget lasts."""
    left = budget - sum(cost[road] for road in chosen)
    for road in np.argsort(-score).tolist():
        if road not in chosen and cost[road] <= left and score[road] > 0:
            left -= cost[road]
            chosen = [*chosen, road]
    return chosen


def benefit(obs):
    """What all drivers would save if each road alone were there and nobody's flow changed any time."""
    distance, demand = obs["distance"], obs["demand"]
    saved = []
    for a, b, t in zip(obs["road_from"], obs["road_to"], obs["road_free"], strict=True):
        through = np.minimum(
            distance[:, a, None] + t + distance[None, b, :], distance[:, b, None] + t + distance[None, a, :]
        )
        saved.append(float((demand * np.maximum(distance - through, 0)).sum()))
    return np.array(saved)
