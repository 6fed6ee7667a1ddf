"""Sends ten rows only."""

EXPECT = "illegal"


def solve(instance):
    return list(range(10)), list(range(len(instance["columns"])))
