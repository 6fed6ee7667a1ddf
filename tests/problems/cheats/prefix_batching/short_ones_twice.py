"""Serves the first request again and again instead of all others."""

EXPECT = "illegal"


def solve(instance):
    return {"order": [0] * len(instance["group"]), "reserve": 0.1}
