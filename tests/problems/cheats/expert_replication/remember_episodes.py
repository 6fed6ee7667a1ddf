"""Keeps the windows of all episodes in `sys`, and looks there for what followed a window that it has seen before."""

import sys

import numpy as np

EXPECT = "valid"
NO_BETTER_THAN = "greedy_snake"


def decide(obs):
    history = obs["history"]
    if not hasattr(sys, "followed"):
        sys.followed = {}
    if len(history) > 1:
        sys.followed[history[-2].tobytes()] = history[-1]
    return greedy(sys.followed.get(obs["load"].tobytes(), obs["load"]), obs["slots"])


def greedy(load, slots):
    """Each expert once, then the experts with the most load a replica."""
    layers, experts = load.shape
    count = np.ones((layers, experts))
    placed = np.tile(np.arange(slots) % experts, (layers, 1))
    for slot in range(experts, slots):
        placed[:, slot] = (load / count).argmax(axis=1)
        count[np.arange(layers), placed[:, slot]] += 1
    return placed
