"""Answers NaN, which is smaller than nothing and larger than nothing."""

EXPECT = "illegal"


def priority(start):
    return float("nan")
