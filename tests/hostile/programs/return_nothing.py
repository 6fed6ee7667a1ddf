"""Returns nothing. Must be illegal."""

EXPECT = {"default": "illegal"}


def decide(observation):
    return None
