"""Returns fractions as experts, to be rounded one way where they are counted and another where they are loaded."""

import numpy as np

EXPECT = "illegal"


def decide(obs):
    layers, experts = obs["load"].shape
    return np.tile(np.arange(obs["slots"]) % experts, (layers, 1)) + 0.4
