"""Returns one more slot on every GPU than there is."""

import numpy as np

EXPECT = "illegal"


def decide(obs):
    layers, experts = obs["load"].shape
    return np.tile(np.arange(obs["slots"] + obs["gpus"]) % experts, (layers, 1))
