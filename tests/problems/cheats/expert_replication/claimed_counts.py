"""Returns a placement, a map of replicas and counts, as published programs do; the counts claim ten replicas each."""

import numpy as np

EXPECT = "illegal"


def decide(obs):
    layers, experts = obs["load"].shape
    phy2log = np.tile(np.arange(obs["slots"]) % experts, (layers, 1))
    log2phy = np.zeros((layers, experts, 10), int)
    return phy2log, log2phy, np.full((layers, experts), 10)
