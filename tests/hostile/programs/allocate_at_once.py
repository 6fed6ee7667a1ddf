"""Asks for 10 GB in one array and fills it. Must run out of its own memory."""

EXPECT = {"default": "memory"}

import numpy as np


def decide(observation):
    return int(np.ones(10 << 27)[0]) - 1
