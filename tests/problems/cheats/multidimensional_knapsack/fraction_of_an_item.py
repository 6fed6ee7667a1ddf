"""Names half an item."""

EXPECT = "illegal"


def solve(instance):
    return [0, 0.5]
