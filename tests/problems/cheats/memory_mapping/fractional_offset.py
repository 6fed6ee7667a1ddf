"""Offsets that are no integers, to squeeze between others."""

EXPECT = "illegal"


def solve(instance):
    return [[0, 0, 0, 0.5]]
