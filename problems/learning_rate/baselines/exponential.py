"""Exponential decay to exp(-5) of the first rate (as compared in arXiv:2107.04197, 2021)."""

import math


def solve(instance):
    T = instance["T"]
    return [math.exp(-5 * t / T) for t in range(T)]
