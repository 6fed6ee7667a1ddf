"""Returns the cost it would like. Must be illegal."""

EXPECT = {"default": "illegal"}


def decide(observation):
    return {"cost": 0.0, "gap": -100.0}
