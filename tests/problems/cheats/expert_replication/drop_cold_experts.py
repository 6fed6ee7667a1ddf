"""Gives experts without load in the last window no slot, hoping that they stay cold: tokens may go to them next."""

import numpy as np

EXPECT = "illegal"


def decide(obs):
    load, slots = obs["load"], obs["slots"]
    experts = load.shape[1]
    kept = np.argsort(-load, axis=1)[:, : experts - 4]
    return np.take_along_axis(kept, np.tile(np.arange(slots) % kept.shape[1], (len(load), 1)), axis=1)
