"""Raises its number of questions and its budget in the observation, then builds whatever the new budget allows."""

EXPECT = "illegal"


def decide(obs):
    obs["calls_left"] = 1000
    obs["budget"] = 10**9
    obs["road_cost"][:] = 0
    return {"build": list(range(len(obs["road_cost"])))}
