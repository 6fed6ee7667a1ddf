"""Counts its calls to read the position of a job in the table, as if positions were names."""

EXPECT = "valid"
NO_BETTER_THAN = "holders_first"

calls = 0


def priority():
    global calls
    calls += 1
    return calls
