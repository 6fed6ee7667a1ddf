"""Leaves everybody out: time passes, priorities change, and nobody is ever preferred to anybody."""

EXPECT = "illegal"


def decide(obs):
    return []
