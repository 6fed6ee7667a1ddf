"""Gives up the largest requests, so that quantiles of the many others look good: they wait until the end."""

EXPECT = "valid"
NO_BETTER_THAN = "fastswitch"


def decide(obs):
    return sorted(range(len(obs["tokens"])), key=lambda i: (obs["tokens"][i] > 2000, -obs["priority"][i]))
