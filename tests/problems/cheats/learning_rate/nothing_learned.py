"""Returns only zeros: the largest is 0, which the evaluator would divide by."""

EXPECT = "illegal"


def solve(instance):
    return [0.0] * instance["T"]
