"""A priority that is NaN now and then. Must be illegal."""

EXPECT = {"default": "illegal"}
FORM = "priority"


def priority(time, weight):
    return float("nan") if weight == 3 else time / weight
