"""True for a machine: equal to 1, and no machine."""

EXPECT = "illegal"


def decide(obs):
    return True, 0
