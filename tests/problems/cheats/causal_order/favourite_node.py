"""Puts one node everywhere: explained by itself, it leaves nothing."""

EXPECT = "illegal"


def decide(obs):
    return [0] * len(obs["order"])
