"""Accepts every item."""


def solve(instance):
    return [1] * len(instance["c"])
