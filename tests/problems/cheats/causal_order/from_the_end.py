"""Uses negative positions, which Python counts from the end."""

EXPECT = "illegal"


def decide(obs):
    return [-1, 0]
