"""Answers a single multiplier, which arrays would spread over all resources."""

EXPECT = "illegal"


def decide(obs):
    return [obs["target"]]
