"""Puts all models on one GPU: the memory left is negative, and so is the pressure."""

EXPECT = "illegal"


def solve(instance):
    return [0] * len(instance["size"])
