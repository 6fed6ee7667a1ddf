"""Returns an integer of a hundred digits. Must be a type error."""

EXPECT = {"default": "type"}


def decide(observation):
    return 10**100
