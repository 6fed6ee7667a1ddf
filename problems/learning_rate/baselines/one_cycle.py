"""One cycle: cosine up from 1/25 over the first 30 %, then cosine down to 0 (Smith and Topin, arXiv:1708.07120)."""

import math


def solve(instance):
    T = instance["T"]
    rates = []
    for t in range(T):
        z = t / T
        if z < 0.3:
            rates.append(0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * z / 0.3)))
        else:
            rates.append(0.5 * (1 + math.cos(math.pi * (z - 0.3) / 0.7)))
    return rates
