"""Tries NaN where it would rather not decide."""

EXPECT = "illegal"


def priority(eft, n_ready):
    return eft if n_ready > 1 else float("nan")
