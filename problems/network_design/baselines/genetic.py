"""A genetic algorithm that spends all questions: tournament parents, uniform crossover, one flip; sets made to fit."""

import random

import numpy as np


def decide(obs):
    cost, tried, totals = obs["road_cost"].tolist(), obs["tried"], obs["totals"]
    if not obs["calls_left"]:
        return {"build": tried[int(np.argmin(totals))]}
    rng = random.Random(f"{sorted(cost)} {len(tried)}")
    order = sorted(range(len(cost)), key=lambda road: cost[road])
    for _ in range(50):
        if len(tried) < 8:
            chosen = {road for road in order if rng.random() < 0.5}
        else:
            mother, father = (min(rng.sample(range(len(tried)), 2), key=totals.__getitem__) for _ in range(2))
            chosen = {road for road in order if road in tried[mother if rng.random() < 0.5 else father]}
            chosen ^= {rng.choice(order)}
        child = fit(chosen, order, cost, obs["budget"], rng)
        if child not in [sorted(one) for one in tried]:
            break
    return {"evaluate": child}


def fit(chosen, order, cost, budget, rng):
    """Drop random roads until the rest is within the budget, then add random ones that fit."""
    chosen = [road for road in order if road in chosen]
    while sum(cost[road] for road in chosen) > budget:
        chosen.remove(rng.choice(chosen))
    for road in rng.sample(order, len(order)):
        if road not in chosen and sum(cost[one] for one in chosen) + cost[road] <= budget:
            chosen.append(road)
    return sorted(chosen)
