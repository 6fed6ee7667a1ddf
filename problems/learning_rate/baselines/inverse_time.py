"""Inverse time decay, 1 / (1 + 10 z) at progress z (Robbins and Monro, 1951, scaled to the budget)."""


def solve(instance):
    T = instance["T"]
    return [1 / (1 + 10 * t / T) for t in range(T)]
