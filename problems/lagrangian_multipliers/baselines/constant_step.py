"""A subgradient step of constant size (Shor, Minimization Methods for Non-Differentiable Functions, 1985)."""

import numpy as np

SIZE = 0.02


def decide(obs):
    u, g = obs["multipliers"], obs["subgradient"]
    return np.maximum(0.0, u - SIZE * obs["target"] / len(u) * g)
