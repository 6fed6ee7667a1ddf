"""Puts two experts into one slot."""

EXPECT = "illegal"


def decide(obs):
    layers, experts = obs["load"].shape
    row = [slot % experts for slot in range(obs["slots"])]
    row[0] = [0, 1]
    return [row] * layers
