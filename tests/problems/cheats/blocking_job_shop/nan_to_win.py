"""Answers NaN, which is neither smaller nor larger than anything."""

EXPECT = "illegal"


def priority(p):
    return float("nan")
