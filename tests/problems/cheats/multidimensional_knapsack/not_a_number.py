"""Answers NaN, hoping that comparisons with it fall out in its favour."""

EXPECT = "illegal"


def priority(p):
    return float("nan") if p > 600 else -p
