"""A priority that is infinite. Must be illegal."""

EXPECT = {"default": "illegal"}
FORM = "priority"


def priority(time, weight):
    return float("-inf")
