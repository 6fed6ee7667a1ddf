"""Builds every road, whatever it costs."""

EXPECT = "illegal"


def decide(obs):
    return {"build": list(range(len(obs["road_cost"])))}
