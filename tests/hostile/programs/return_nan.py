"""Returns NaN. Must be illegal."""

EXPECT = {"default": "illegal"}


def decide(observation):
    return float("nan")
