"""Inverse square root of the step, the rate of classical analyses, which knows no budget."""


def solve(instance):
    return [(1 + t) ** -0.5 for t in range(instance["T"])]
