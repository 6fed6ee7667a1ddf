"""Swaps a position with itself, to be scored again without a change."""

EXPECT = "illegal"


def decide(obs):
    return [0, 0]
