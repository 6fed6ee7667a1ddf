"""Polyak's step, from the bound down to the target, without a factor that shrinks (USSR Comput. Math. 9, 1969)."""

import numpy as np


def decide(obs):
    u, g = obs["multipliers"], obs["subgradient"]
    return np.maximum(0.0, u - (obs["bound"] - obs["target"]) / (g @ g + 1e-12) * g)
