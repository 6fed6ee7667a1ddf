"""Counts machines from the end, as Python's lists would."""

EXPECT = "illegal"


def decide(obs):
    return -1, 0
