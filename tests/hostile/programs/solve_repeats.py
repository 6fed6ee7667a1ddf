"""Answers with one short job again and again. Must be illegal."""

EXPECT = {"default": "illegal"}
FORM = "solve"


def solve(instance):
    return [0] * len(instance["time"])
