"""Halves every multiplier, to try base rates between those that others get."""

EXPECT = "valid"
NO_BETTER_THAN = "linear"


def solve(instance):
    T = instance["T"]
    return [0.5 * (1 - t / T) for t in range(T)]
