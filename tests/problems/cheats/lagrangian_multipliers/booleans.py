"""Answers truth values for numbers."""

EXPECT = "illegal"


def decide(obs):
    return [True] * len(obs["multipliers"])
