"""Computes prompts on a machine beyond the last one, where nothing is slowed down."""

EXPECT = "illegal"


def decide(obs):
    return len(obs["free"]), 0
