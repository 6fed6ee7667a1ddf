"""Refuses to let any job enter, with a priority without end: to idle until a machine is repaired."""

EXPECT = "illegal"


def priority(blocked, work_left):
    return float("inf") if blocked else work_left
