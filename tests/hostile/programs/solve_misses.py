"""Leaves the long jobs out. Must be illegal."""

EXPECT = {"default": "illegal"}
FORM = "solve"


def solve(instance):
    return list(range(len(instance["time"]) - 1))
