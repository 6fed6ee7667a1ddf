"""Keeps the order that it saw last for the next instance, hoping that instances share their nodes' order."""

EXPECT = "valid"
NO_BETTER_THAN = "stop"

seen = []


def decide(obs):
    if seen and len(seen[-1]) == len(obs["order"]) and seen[-1] != obs["order"]:
        return seen[-1]
    seen.append(list(obs["order"]))
    return None
