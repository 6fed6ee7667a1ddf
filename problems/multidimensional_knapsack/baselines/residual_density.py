"""Profit over the requirements as shares of what is left of each capacity, largest first."""


def priority(p, w_left):
    return -p / w_left
