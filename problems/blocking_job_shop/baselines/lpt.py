"""LPT, longest processing time first (Panwalkar and Iskander, Operations Research 25, 1977)."""


def priority(p):
    return -p
