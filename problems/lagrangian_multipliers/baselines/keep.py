"""Leaves the multipliers at 0: the bound is the profit of all items."""


def decide(obs):
    return obs["multipliers"]
