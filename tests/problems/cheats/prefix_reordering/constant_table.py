"""Sends the first row again and again: a table of one repeated row is hit nearly whole."""

EXPECT = "illegal"


def solve(instance):
    columns = instance["columns"]
    return [0] * len(columns[0]), list(range(len(columns)))
