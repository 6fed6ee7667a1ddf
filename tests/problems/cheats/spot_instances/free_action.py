"""Answers with a kind of machine that has no price."""

EXPECT = "illegal"


def decide(obs):
    return "on_demand_free"
