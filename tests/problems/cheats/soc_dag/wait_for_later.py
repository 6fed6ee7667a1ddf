"""Tries to map no task at all by returning None."""

EXPECT = "type"


def priority(eft):
    return None
