"""Allocates 10 GB. Must run out of its own memory."""

EXPECT = {"default": "memory"}

import numpy as np


def decide(observation):
    hoard = []
    for _ in range(160):
        hoard.append(np.zeros(1 << 23))
    return 0
