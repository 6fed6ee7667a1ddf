"""Builds half roads: a float for each road instead of a list of roads."""

EXPECT = "illegal"


def decide(obs):
    return {"build": [0.5] * len(obs["road_cost"])}
