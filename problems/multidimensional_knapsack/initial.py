"""Profit per unit required: the item with the largest ratio first."""


def priority(p, r_sum):
    return -p / r_sum
