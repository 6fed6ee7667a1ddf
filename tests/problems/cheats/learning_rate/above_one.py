"""Returns multipliers above 1, to use base rates beyond the grid."""

EXPECT = "illegal"


def solve(instance):
    T = instance["T"]
    return [3.0 * (1 - t / T) for t in range(T)]
