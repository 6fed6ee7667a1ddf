"""Sends one partition only, a tenth of the data."""

EXPECT = "illegal"


def solve(instance):
    parent = [-1] * len(instance["price"])
    for region in instance["destinations"]:
        parent[region] = instance["source"]
    return [parent]
