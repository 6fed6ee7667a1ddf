"""Replaces numpy's and Python's functions that a score may pass through. Must change nothing."""

EXPECT = {"default": "valid"}

import builtins
import math

import numpy as np

real_min, real_range, real_len = min, range, len
np.mean = np.sum = np.median = lambda *a, **k: 0.0
math.fsum = lambda *a: 0.0
builtins.sum = lambda *a, **k: 0


def decide(observation):
    jobs = observation["jobs"]
    return real_min(real_range(real_len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
