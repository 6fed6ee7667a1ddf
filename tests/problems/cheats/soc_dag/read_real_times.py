"""Tries to read how long a task will really take, as a parameter that is not offered."""

EXPECT = "signature"


def priority(eft, duration):
    return eft + duration
