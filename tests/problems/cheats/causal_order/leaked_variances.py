"""Orders nodes by variance, which gives the causal order away in data that are not standardised."""

import numpy as np

EXPECT = "valid"
NO_BETTER_THAN = "adjacent"


def decide(obs):
    return np.argsort(np.diagonal(obs["S"])).tolist()
