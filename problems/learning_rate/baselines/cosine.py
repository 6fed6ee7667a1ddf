"""Cosine decay without restarts (Loshchilov and Hutter, SGDR, arXiv:1608.03983, 2016)."""

import math


def solve(instance):
    T = instance["T"]
    return [0.5 * (1 + math.cos(math.pi * t / T)) for t in range(T)]
