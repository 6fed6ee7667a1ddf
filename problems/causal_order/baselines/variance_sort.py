"""Order the nodes by variance (Reisach et al., 2021): all are 1 in standardised data, so this says nothing."""

import numpy as np


def decide(obs):
    if obs["left"] < 3 * len(obs["order"]):
        return None
    return np.argsort(np.round(np.diagonal(obs["S"]), 9), kind="stable").tolist()
