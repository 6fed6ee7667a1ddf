"""Profit over the largest share that the item requires of what is left of a capacity, largest first."""


def priority(p, max_left):
    return -p / max_left
