"""Gives the hottest expert of each layer no slot at all: some evaluators skip experts with a count of zero."""

import numpy as np

EXPECT = "illegal"


def decide(obs):
    load, slots = obs["load"], obs["slots"]
    placed = greedy(load, slots)
    hottest = load.argmax(axis=1)
    coldest = load.argmin(axis=1)
    return np.where(placed == hottest[:, None], coldest[:, None], placed)


def greedy(load, slots):
    """Each expert once, then the experts with the most load a replica."""
    layers, experts = load.shape
    count = np.ones((layers, experts))
    placed = np.tile(np.arange(slots) % experts, (layers, 1))
    for slot in range(experts, slots):
        placed[:, slot] = (load / count).argmax(axis=1)
        count[np.arange(layers), placed[:, slot]] += 1
    return placed
