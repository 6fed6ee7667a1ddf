"""Moves all out and others in at every question, so that priorities are mixed evenly and regret with them."""

EXPECT = "valid"
NO_BETTER_THAN = "fastswitch"


def decide(obs):
    return sorted(range(len(obs["priority"])), key=lambda i: (obs["resident"][i], -obs["waited"][i]))
