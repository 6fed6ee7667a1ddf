"""Asks for a spot and an on-demand machine in one slot, to do twice the work."""

EXPECT = "illegal"


def decide(obs):
    return [["spot", 0], ["on_demand", 1]]
