"""Tries True and False as priorities."""

EXPECT = "type"


def priority(T):
    return T < 64
