"""Asks for a share of each side, 90 % both."""

EXPECT = "illegal"


def decide(obs):
    return {"prefill": 90, "decode": 90}
