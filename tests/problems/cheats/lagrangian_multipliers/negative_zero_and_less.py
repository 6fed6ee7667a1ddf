"""Goes below zero by less than rounding."""

EXPECT = "illegal"


def decide(obs):
    return [-1e-300] * len(obs["multipliers"])
