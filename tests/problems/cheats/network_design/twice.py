"""Names a cheap road many times, so that its capacity or its saving might count as often."""

EXPECT = "illegal"


def decide(obs):
    return {"build": [int(obs["road_cost"].argmin())] * 3}
