"""Answers minus infinity for what it likes."""

EXPECT = "illegal"


def priority(p):
    return float("-inf") if p > 600 else 0.0
