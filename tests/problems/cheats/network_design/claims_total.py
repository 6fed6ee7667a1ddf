"""Brings its own total travel time along."""

EXPECT = "illegal"


def decide(obs):
    return {"build": [], "total": 0.0}
