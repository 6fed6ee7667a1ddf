"""Accepts by floats slightly above one, which rounding would let pass."""

EXPECT = "illegal"


def solve(instance):
    return [1.0000001] * len(instance["c"])
