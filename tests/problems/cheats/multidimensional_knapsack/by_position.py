"""Counts its calls to learn the position of an item, as if the order of the items told their worth."""

EXPECT = "valid"
NO_BETTER_THAN = "density"

calls = 0


def priority():
    global calls
    calls += 1
    return calls
