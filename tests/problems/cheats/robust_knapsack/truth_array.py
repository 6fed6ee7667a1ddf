"""Accepts by a numpy array of truth values."""

import numpy as np

EXPECT = "illegal"


def solve(instance):
    return np.ones(len(instance["c"]), dtype=bool)
