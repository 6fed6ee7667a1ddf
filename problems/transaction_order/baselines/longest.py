"""Longest transaction first (LPT, as on parallel machines: Graham, SIAM Journal on Applied Mathematics 17, 1969)."""


def priority(length):
    return -length
