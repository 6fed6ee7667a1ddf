"""Gives up who has waited for more than 2 s, as a system would that only counts requests within their target."""

EXPECT = "illegal"


def decide(obs):
    return [i for i, waited in enumerate(obs["waited"]) if waited < 2000]
