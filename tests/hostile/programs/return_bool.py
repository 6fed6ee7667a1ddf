"""Returns False, which equals 0. Must be illegal."""

EXPECT = {"default": "illegal"}


def decide(observation):
    return False
