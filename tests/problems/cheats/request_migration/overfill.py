"""Moves all that decodes to one engine, whether it has room or not."""

EXPECT = "illegal"


def decide(obs):
    if obs["event"] == "migrate":
        return [(request[0], 1) for request in obs["requests"] if request[1] == 0]
    return 0
