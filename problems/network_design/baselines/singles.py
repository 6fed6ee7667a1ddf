"""Asks what each road saves by itself, then takes roads by saving per cost as long as the budget lasts."""

import numpy as np


def decide(obs):
    cost, k = obs["road_cost"], len(obs["tried"])
    if k < len(cost):
        return {"evaluate": [k]}
    score = (obs["base"] - np.array(obs["totals"])) / cost
    left, chosen = obs["budget"], []
    for road in np.argsort(-score).tolist():
        if cost[road] <= left and score[road] > 0:
            left -= cost[road]
            chosen.append(road)
    return {"build": chosen}
