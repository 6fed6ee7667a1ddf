"""Polyak's step, its factor halved when the bound stands still (Held, Wolfe and Crowder, Math. Programming 6, 1974)."""

import numpy as np

PATIENCE = 5
factor, waited, lowest = 1.0, 0, float("inf")


def decide(obs):
    global factor, waited, lowest
    u, g = obs["multipliers"], obs["subgradient"]
    if obs["bound"] < lowest:
        lowest, waited = obs["bound"], 0
    else:
        waited += 1
        if waited == PATIENCE:
            factor, waited = factor / 2, 0
    return np.maximum(0.0, u - factor * (obs["bound"] - obs["target"]) / (g @ g + 1e-12) * g)
