"""Names item 1 by True."""

EXPECT = "illegal"


def solve(instance):
    return [0, True]
