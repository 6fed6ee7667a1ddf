"""Returns bools instead of numbers."""

EXPECT = "illegal"


def solve(instance):
    return [True] * instance["T"]
