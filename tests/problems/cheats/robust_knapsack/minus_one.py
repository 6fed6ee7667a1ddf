"""Sells items short, so that the penalty becomes an income."""

EXPECT = "illegal"


def solve(instance):
    return [-1] * len(instance["c"])
