"""Sends the worst-case profit that it would like to have."""

EXPECT = "illegal"


def solve(instance):
    return {"x": [1] * len(instance["c"]), "profit": 1e9}
