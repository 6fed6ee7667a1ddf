"""Tries a position from the end, and with it whose cache is not held."""

EXPECT = "illegal"


def decide(obs):
    if obs["ask"] == "ttl":
        return 86400.0
    if obs["ask"] == "unpin":
        return -1
    return list(range(len(obs["waiting"])))
