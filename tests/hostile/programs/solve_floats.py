"""Answers with floats that equal the indices. Must be illegal."""

EXPECT = {"default": "illegal"}
FORM = "solve"


def solve(instance):
    return [float(i) for i in range(len(instance["time"]))]
