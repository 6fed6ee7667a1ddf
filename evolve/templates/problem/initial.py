"""The program that a search starts from: weighted shortest processing time first."""


def priority(p, due, weight, t):
    return p / weight
