"""Polyak's step along a deflected direction (Camerini, Fratta and Maffioli, Math. Programming Study 3, 1975)."""

import numpy as np

GAMMA, PATIENCE = 1.5, 5
factor, waited, lowest, direction = 1.0, 0, float("inf"), None


def decide(obs):
    global factor, waited, lowest, direction
    u, g = obs["multipliers"], obs["subgradient"]
    if direction is None:
        direction = g
    else:
        turn = g @ direction
        weight = -GAMMA * turn / (direction @ direction + 1e-12) if turn < 0 else 0.0
        direction = g + weight * direction
    if obs["bound"] < lowest:
        lowest, waited = obs["bound"], 0
    else:
        waited += 1
        if waited == PATIENCE:
            factor, waited = factor / 2, 0
    step = factor * (obs["bound"] - obs["target"]) / (direction @ direction + 1e-12)
    return np.maximum(0.0, u - step * direction)
