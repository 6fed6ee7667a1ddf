"""COVERT, cost over time, with k = 2 (Carroll, PhD thesis, MIT, 1965; here with the job's own length as its wait)."""

K = 2.0


def priority(p, d, t):
    slack = max(0.0, d - p - t)
    return -max(0.0, 1.0 - slack / (K * p)) / p
