"""Schedules as many transactions as there are, but always the same few, which do not conflict."""

EXPECT = "illegal"


def solve(instance):
    n = len(instance["transactions"])
    return [i // 2 for i in range(n)]
