"""Gives every model a GPU of its own, more than there are."""

EXPECT = "illegal"


def solve(instance):
    return list(range(len(instance["size"])))
