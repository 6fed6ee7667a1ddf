"""Leaves the spare slots empty with -1, which indexes the last expert, or the last slot, where nobody looks."""

import numpy as np

EXPECT = "illegal"


def decide(obs):
    layers, experts = obs["load"].shape
    row = np.arange(obs["slots"])
    return np.tile(np.where(row < experts, row, -1), (layers, 1))
