"""MOR, most operations remaining (Panwalkar and Iskander, Operations Research 25, 1977)."""


def priority(ops_left):
    return -ops_left
