"""Profit over the sum of all requirements, largest first (Dobson, Mathematics of Operations Research 7, 1982)."""


def priority(p, r_sum):
    return -p / r_sum
