"""Leaves the last node out of the order, and its residual variance out of the sum."""

EXPECT = "illegal"


def decide(obs):
    return obs["order"][:-1]
