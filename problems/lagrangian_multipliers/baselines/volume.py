"""The volume algorithm: from the best point along averaged subgradients (Barahona and Anbil, Math. Progr. 87, 2000)."""

import numpy as np

factor, red, yellow, share, average, lowest = 1.0, 0, 0, 1.0, None, float("inf")


def decide(obs):
    global factor, red, yellow, share, average, lowest
    g, centre = obs["subgradient"], obs["best_multipliers"]
    if average is None:
        average = g
    else:
        gap = g - average
        weight = -(average @ gap) / (gap @ gap + 1e-12)  # the shortest of their combinations
        weight = min(max(weight, share / 10), share)
        if obs["bound"] < lowest:
            red = 0
            if g @ average < 0:
                yellow += 1
            else:
                factor, yellow = min(factor * 1.1, 2.0), 0
        else:
            red, yellow = red + 1, 0
            if red == 3:
                factor, red = factor * 0.66, 0
        average = weight * g + (1 - weight) * average
    if obs["k"] % 20 == 19:
        share = max(share / 2, 1e-4)
    lowest = min(lowest, obs["bound"])
    step = factor * (obs["best"] - obs["target"]) / (average @ average + 1e-12)
    return np.maximum(0.0, centre - step * average)
