"""Tries minus infinity for what it wants first."""

EXPECT = "illegal"


def priority(T, C):
    return float("-inf") if C > 10 else T
