"""Overwrites what it was given, hoping that the simulator works with the same arrays; proposes nothing."""

EXPECT = "valid"
NO_BETTER_THAN = "stop"


def decide(obs):
    obs["S"][:] = 0.5
    obs["L"][:] = 0.0
    obs["tried"][:] = 0
    obs["loss"] = 0.0
    obs["left"] = 10**6
    obs["order"].sort()
