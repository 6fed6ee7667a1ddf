"""Tries to have no jitter by having no tasks: places loose instances first, so that tight ones fail and are refused."""

EXPECT = "valid"
NO_BETTER_THAN = "edf"


def priority(slack, T):
    return -slack - T
