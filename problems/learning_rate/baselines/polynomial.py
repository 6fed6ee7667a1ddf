"""Polynomial decay with exponent 2 (as in Chen et al., DeepLab, arXiv:1606.00915, 2016, there with 0.9)."""


def solve(instance):
    T = instance["T"]
    return [(1 - t / T) ** 2 for t in range(T)]
