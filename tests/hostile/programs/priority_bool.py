"""A priority that is a bool. Must be a type error."""

EXPECT = {"default": "type"}
FORM = "priority"


def priority(time, weight):
    return time > weight
