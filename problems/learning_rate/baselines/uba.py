"""UBA, unified budget-aware decay with phi = 1, as recalled; phi = 2 gives cosine decay."""

import math


def solve(instance, phi=1.0):
    T = instance["T"]
    c = [1 + math.cos(math.pi * t / T) for t in range(T)]
    return [2 * u / (2 * phi + (2 - phi) * u) for u in c]
