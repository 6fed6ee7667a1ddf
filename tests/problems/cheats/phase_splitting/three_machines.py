"""Generates one output on two machines, to have it in half the time."""

EXPECT = "illegal"


def decide(obs):
    return 0, 1, 2
