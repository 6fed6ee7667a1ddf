"""Wants all to be resident at once, whatever the memory is; what fits is first come, first served."""

EXPECT = "valid"
NO_BETTER_THAN = "fastswitch"


def decide(obs):
    return list(range(len(obs["priority"])))
