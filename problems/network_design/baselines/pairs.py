"""Fits savings of roads and of pairs to all answers so far; asks for the best set by that fit, builds the best seen."""

import numpy as np


def decide(obs):
    cost, tried = obs["road_cost"], obs["tried"]
    roads = len(cost)
    if len(tried) < roads:
        return {"evaluate": [len(tried)]}
    known = {tuple(sorted(one)): total for one, total in zip(tried, obs["totals"], strict=True)}
    if obs["calls_left"]:
        sets = (np.arange(2**roads)[:, None] >> np.arange(roads)) & 1
        sets = sets[sets @ cost <= obs["budget"]]
        rows = np.zeros((len(tried), roads))
        for k, one in enumerate(tried):
            rows[k, one] = 1
        saving = obs["base"] - np.array(obs["totals"])
        for k in np.argsort(-predict(rows, saving, sets, cost)).tolist():
            chosen = tuple(np.flatnonzero(sets[k]).tolist())
            if chosen not in known:
                return {"evaluate": list(chosen)}
    legal = [one for one in known if cost[list(one)].sum() <= obs["budget"]]
    return {"build": list(min(legal, key=known.get))}


def predict(rows, saving, sets, cost):
    """The savings of `sets`: a ridge regression on roads and pairs, with a small penalty for the size of pairs."""
    a, b = np.triu_indices(rows.shape[1], 1)
    penalty = np.diag([1e-6] * rows.shape[1] + [1e-2] * len(a))
    features = np.hstack([rows, rows[:, a] * rows[:, b]])
    weights = np.linalg.solve(features.T @ features + penalty, features.T @ saving)
    return np.hstack([sets, sets[:, a] * sets[:, b]]) @ weights
