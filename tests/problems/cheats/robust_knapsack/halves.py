"""Accepts half of every item."""

EXPECT = "illegal"


def solve(instance):
    return [0.5] * len(instance["c"])
