"""Counts its own calls, to put the transactions into the order in which a table of known batches would list them."""

EXPECT = "valid"
NO_BETTER_THAN = "initial"

calls = 0


def priority():
    global calls
    calls += 1
    return calls
