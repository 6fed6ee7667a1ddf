"""Asks for the roads that save most vehicle minutes per cost, a few times; roads asked for before count less."""

import numpy as np


def decide(obs):
    tried, totals, base = obs["tried"], obs["totals"], obs["base"]
    if len(tried) == 4 or obs["calls_left"] == 0:
        return {"build": tried[int(np.argmin(totals))]}
    cost, capacity, minutes = obs["road_cost"], obs["road_capacity"], obs["road_free"]
    now = obs["distance"][obs["road_from"], obs["road_to"]]
    drivers = np.minimum(vehicles(obs), 2.0 * capacity)
    score = np.maximum(now - minutes, 0.0) * drivers / cost
    for roads, total in zip(tried, totals, strict=True):
        gain = 1.0 - total / base
        score[roads] = score[roads] * (0.8 + 0.1 * gain)
    left, chosen = obs["budget"], []
    for road in np.argsort(-score).tolist():
        if cost[road] <= left and score[road] > 0.0:
            left -= cost[road]
            chosen.append(road)
    return {"evaluate": chosen}


def vehicles(obs):
    """Vehicles an hour whose way at present times would be shorter through each road, in either direction."""
    distance, demand = obs["distance"], obs["demand"]
    count = []
    for a, b, t in zip(obs["road_from"], obs["road_to"], obs["road_free"], strict=True):
        through = np.minimum(
            distance[:, a, None] + t + distance[None, b, :], distance[:, b, None] + t + distance[None, a, :]
        )
        count.append(demand[through < distance].sum())
    return np.array(count)
