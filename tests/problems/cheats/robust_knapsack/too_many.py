"""Returns more values than there are items."""

EXPECT = "illegal"


def solve(instance):
    return [1] * (len(instance["c"]) + 1)
