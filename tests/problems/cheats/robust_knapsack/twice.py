"""Accepts every item twice."""

EXPECT = "illegal"


def solve(instance):
    return [2] * len(instance["c"])
