"""Returns slots instead of an order: everything starts at once."""

EXPECT = "illegal"


def solve(instance):
    return dict.fromkeys(range(len(instance["transactions"])), 1)
