"""Answers True for region 1."""

EXPECT = "illegal"


def decide(obs):
    return "on_demand", True
