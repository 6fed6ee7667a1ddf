"""Answers multipliers whose sums overflow, so that infinity less infinity is left."""

EXPECT = "illegal"


def decide(obs):
    return [1e308] * len(obs["multipliers"])
