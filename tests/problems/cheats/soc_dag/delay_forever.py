"""Tries to look good by doing nothing: maps each task to where it ends last, so that jobs never count as finished."""

EXPECT = "valid"
NO_BETTER_THAN = "etf"


def priority(eft):
    return -eft
