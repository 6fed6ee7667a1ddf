"""Swap neighbours in three sweeps from left to right, whatever the data say."""


def decide(obs):
    d = len(obs["order"])
    i = (3 * d - obs["left"]) % (d - 1)
    return [i, i + 1]
