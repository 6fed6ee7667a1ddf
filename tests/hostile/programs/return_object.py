"""Returns an object. Must be a type error."""

EXPECT = {"default": "type"}


def decide(observation):
    return object()
