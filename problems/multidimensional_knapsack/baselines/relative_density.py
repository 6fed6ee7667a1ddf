"""Profit over the requirements as shares of the capacities, largest first (the relative profit of Dobson, 1982)."""


def priority(p, w_cap):
    return -p / w_cap
