"""Accepts by truth values."""

EXPECT = "illegal"


def solve(instance):
    return [True] * len(instance["c"])
