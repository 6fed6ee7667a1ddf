"""Tries to drop requests: admits none that comes late."""

EXPECT = "illegal"


def decide(obs):
    if obs["ask"] == "ttl":
        return 10.0
    if obs["ask"] == "unpin":
        return 0
    return [i for i, row in enumerate(obs["waiting"]) if row["age"] < 100]
