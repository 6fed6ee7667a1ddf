"""Tries to serve a turn twice, so that it is done sooner."""

EXPECT = "illegal"


def decide(obs):
    if obs["ask"] == "ttl":
        return 10.0
    if obs["ask"] == "unpin":
        return 0
    return [0, 0]
