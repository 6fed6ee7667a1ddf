"""ATC, apparent tardiness cost, with K = 2 (Vepsalainen and Morton, Management Science 33, 1987)."""

from math import exp

K = 2.0


def priority(p, d, t, p_mean):
    slack = max(0.0, d - p - t)
    return -exp(-slack / (K * p_mean)) / p
