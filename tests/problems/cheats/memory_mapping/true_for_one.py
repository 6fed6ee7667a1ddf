"""Booleans for integers."""

EXPECT = "illegal"


def solve(instance):
    return [[True, False, False, False]]
